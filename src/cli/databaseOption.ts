/** Which database a command works on, and what named it. */
import * as Effect from "effect/Effect"
import { OpenError } from "../database/OpenError.ts"
import type { Failure } from "../Failure.ts"
import type { Homes } from "../import/stopHint.ts"
import { choose, type ChosenBy } from "../presence/databasePath.ts"
import { Environment } from "./Environment.ts"

const words: Record<ChosenBy, string> = {
  flag: "named on the command line",
  KATA_DB: "from KATA_DB",
  KATA_HOME: "kata.db in KATA_HOME",
  default: "the default, neither KATA_DB nor KATA_HOME is set"
}

/** Runs with the database of the environment; an error that is about it says what chose it. */
export const withDatabase = <A, E extends Failure, R>(
  use: (database: {
    readonly path: string
    /** What named it, as words. */
    readonly chosenBy: string
    readonly homes: Homes
  }) => Effect.Effect<A, E, R>
) =>
  Effect.gen(function*() {
    const { cwd, userHome, variables } = yield* Environment
    const { by, home, path } = yield* choose({ env: variables, home: userHome, cwd })
    return yield* Effect.mapError(
      use({ path, chosenBy: words[by], homes: { kataHome: home, userHome, database: path } }),
      (error): E | OpenError =>
        error instanceof OpenError && error.path === path
          ? new OpenError({ ...error, detail: [error.detail, words[by]].filter((part) => part !== "").join("; ") })
          : error
    )
  })
