/** A new ULID. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { randomBytes } from "node:crypto"
import { encodeUlid } from "../records/ulid.ts"

export const newUlid = Effect.map(
  Clock.currentTimeMillis,
  (now) => encodeUlid(now, BigInt(`0x${randomBytes(10).toString("hex")}`))
)
