/** The words that start this program, for a daemon; none where only running ones can be used. */
import * as Context from "effect/Context"

export class Program extends Context.Reference<Program>()("kata/daemon/Program", {
  defaultValue: (): ReadonlyArray<string> => []
}) {}
