/** What the user of a command should hear of a daemon that starts for it. Silent unless somebody listens. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

/** Hears a line. */
export interface Listener {
  readonly tell: (line: string) => Effect.Effect<void>
}

export class Notices extends Context.Reference<Notices>()("kata/Notices", {
  defaultValue: (): Listener => ({ tell: () => Effect.void })
}) {}
