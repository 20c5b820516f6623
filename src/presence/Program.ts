/** The words that start this program, for a daemon. Without any, the daemons that run can be used, and no other (`DaemonMissing`). */
import * as Context from "effect/Context"

export class Program extends Context.Reference<Program>()("kata/daemon/Program", {
  defaultValue: (): ReadonlyArray<string> => []
}) {}
