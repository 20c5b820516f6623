/** Work on a database beside the daemons that serve it. */
import * as Effect from "effect/Effect"
import { DaemonRunning, running } from "../presence/daemons.ts"
import { type Homes, stopHint } from "./stopHint.ts"

/**
 * Whether a daemon of ours serves the database at a real path: it has the lock, which keeps the file from being replaced, and its writers wait for a
 * transaction of ours. An older kata knows nothing of another process that writes, and is refused.
 */
export const isServed = Effect.fnUntraced(function*(name: string, real: string, homes: Homes) {
  const { running: daemons } = yield* running({ databasePath: real, ...homes })
  const foreign = daemons.filter(({ ours }) => !ours)
  if (foreign.length > 0) {
    return yield* new DaemonRunning({ path: name, daemons: foreign, hint: yield* stopHint(name, homes) })
  }
  return daemons.length > 0
})
