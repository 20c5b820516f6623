/** A new ULID: 48 bits of milliseconds and 80 random ones, in Crockford's base 32. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { randomBytes } from "node:crypto"

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

export const newUlid = Effect.map(Clock.currentTimeMillis, (now) => {
  let rest = (BigInt(now) << 80n) | BigInt(`0x${randomBytes(10).toString("hex")}`)
  let text = ""
  for (let i = 0; i < 26; i++) {
    text = alphabet[Number(rest & 31n)] + text
    rest >>= 5n
  }
  return text
})
