/** What goes on until somebody stops it. */
import * as Effect from "effect/Effect"
import { Environment } from "./Environment.ts"

/** To be told to stop is how it ends well: exit 0, and nothing is said of an interruption. For a command that `commits`. */
export const untilStopped = <E, R>(run: Effect.Effect<void, E, R>) =>
  Effect.flatMap(
    Environment,
    ({ signal }) => Effect.raceFirst(Effect.interruptible(run), Effect.interruptible(Effect.asVoid(signal)))
  )
