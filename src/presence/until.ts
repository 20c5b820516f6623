/** Waiting, also where nothing can be interrupted. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/** Asks again and again, and says whether it became true within that many milliseconds. */
export const until = <E, R>(holds: Effect.Effect<boolean, E, R>, millis: number): Effect.Effect<boolean, E, R> =>
  Effect.flatMap(Clock.currentTimeMillis, (began) => {
    const again: Effect.Effect<boolean, E, R> = Effect.flatMap(holds, (done) =>
      done
        ? Effect.succeed(true)
        : Effect.flatMap(Clock.currentTimeMillis, (now) =>
          now - began > millis ? Effect.succeed(false) : Effect.zipRight(Effect.sleep("10 millis"), again)))
    return again
  })
