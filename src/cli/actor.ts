/** Who makes a change. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { userName } from "../workspace/alias.ts"
import { Environment } from "./Environment.ts"
import { Globals } from "./Globals.ts"
import { isBlank } from "./refs.ts"

export interface Actor {
  readonly actor: string
  readonly source: "flag" | "env" | "user" | "git" | "fallback"
}

/** `--as`, KATA_AUTHOR, USER: the first in which there is more than blanks; undefined where no program has to be asked. */
export const namedActor = Effect.gen(function*() {
  const { as = "" } = yield* Globals
  const { variables: { KATA_AUTHOR: author = "", USER: user = "" } } = yield* Environment
  if (!isBlank(as)) return { actor: as, source: "flag" } satisfies Actor
  if (!isBlank(author)) return { actor: author, source: "env" } satisfies Actor
  return isBlank(user) ? undefined : { actor: user, source: "user" } satisfies Actor
})

/** Who asks, as an option of an operation that writes it into a history. */
export const asked = Effect.map(namedActor, (named) => named === undefined ? {} : { by: named.actor })

/** The same, else git's user, else anonymous. */
export const actor = Effect.gen(function*() {
  const { cwd } = yield* Environment
  const named = yield* namedActor
  if (named !== undefined) return named
  return Option.match(yield* userName(cwd), {
    onNone: (): Actor => ({ actor: "anonymous", source: "fallback" }),
    onSome: (actor): Actor => ({ actor, source: "git" })
  })
})
