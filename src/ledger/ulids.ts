/**
 * New ULIDs in an order: within one process each is above all before it, also when the clock goes back, which is where the older kata
 * loses the order.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { randomBytes } from "node:crypto"
import { encodeUlid, entropies } from "../records/ulid.ts"

/** A generator; its effect gives the next one. */
export const make = (): Effect.Effect<string> => {
  let time = 0
  let entropy = 0n
  return Effect.map(Clock.currentTimeMillis, (now) => {
    const next = entropy + 1n + BigInt(randomBytes(4).readUInt32BE())
    if (now > time || next >= entropies) {
      time = Math.max(now, time + (now > time ? 0 : 1))
      entropy = BigInt(`0x${randomBytes(10).toString("hex")}`)
    } else entropy = next
    return encodeUlid(time, entropy)
  })
}

/** The generator of this process. */
export class Ulids extends Context.Reference<Ulids>()("kata/Ulids", { defaultValue: make }) {}

export const nextUlid: Effect.Effect<string> = Effect.flatten(Ulids)
