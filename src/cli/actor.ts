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

/** `--as`, KATA_AUTHOR, USER, git's user, anonymous: the first in which there is more than blanks. */
export const actor = Effect.gen(function*() {
  const { as = "" } = yield* Globals
  const { cwd, variables: { KATA_AUTHOR: author = "", USER: user = "" } } = yield* Environment
  if (!isBlank(as)) return { actor: as, source: "flag" } satisfies Actor
  if (!isBlank(author)) return { actor: author, source: "env" } satisfies Actor
  if (!isBlank(user)) return { actor: user, source: "user" } satisfies Actor
  return Option.match(yield* userName(cwd), {
    onNone: (): Actor => ({ actor: "anonymous", source: "fallback" }),
    onSome: (actor): Actor => ({ actor, source: "git" })
  })
})
