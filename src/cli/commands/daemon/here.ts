/** What the commands about daemons begin with. */
import * as Effect from "effect/Effect"
import { choose } from "../../../presence/databasePath.ts"
import type { From } from "../../../presence/discover.ts"
import { Environment } from "../../Environment.ts"

/** The database of the environment, and where its daemons leave their records. */
export const here = Effect.gen(function*() {
  const { cwd, userHome, variables, version } = yield* Environment
  const { home, path } = yield* choose({ env: variables, home: userHome, cwd })
  return { databasePath: path, kataHome: home, userHome, version, variables, cwd } satisfies From
})
