import * as Effect from "effect/Effect"

/**
 * One turn of the event loop: between two long statements signals and other clients are heard. A timer, also one of no time, waits for a
 * millisecond, which is what many a statement takes.
 */
export const turn: Effect.Effect<void> = Effect.async((resume) => {
  const immediate = setImmediate(() => resume(Effect.void))
  return Effect.sync(() => clearImmediate(immediate))
})
