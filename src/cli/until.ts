/** Work that goes on until the process is asked to stop. */
import * as Effect from "effect/Effect"
import { Environment } from "./Environment.ts"

/** A request to stop is a normal end: exit 0, without a message about an interruption. For a command that `commits`. */
export const untilStopped = <E, R>(run: Effect.Effect<void, E, R>) =>
  Effect.flatMap(
    Environment,
    ({ signal }) => Effect.raceFirst(Effect.interruptible(run), Effect.interruptible(Effect.asVoid(signal)))
  )
