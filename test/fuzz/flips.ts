/** Sealed files with one bit changed, or cut after any byte, plain and compressed: none of them is ever taken for what was written. */
import * as Channel from "effect/Channel"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { gzipSync } from "node:zlib"
import { version10 } from "../../src/records/kinds.ts"
import * as Input from "../../src/snapshot/input.ts"
import { verify } from "../../src/snapshot/verify.ts"
import { Random } from "../../src/testing/random.ts"

export interface Sample {
  readonly name: string
  readonly bytes: Uint8Array
  readonly compressed: boolean
}

/** Both forms of a sealed snapshot. */
export const samples = (name: string, sealed: string): ReadonlyArray<Sample> => [
  { name, bytes: Buffer.from(sealed), compressed: false },
  { name: `${name}.gz`, bytes: gzipSync(sealed), compressed: true }
]

export interface Tally {
  flips: number
  truncations: number
  /** How often each kind of failure came of it; `same`: a bit of the compressor's own, and the same records. */
  readonly outcomes: Map<string, number>
  readonly violations: Array<string>
}

export const tally = (): Tally => ({ flips: 0, truncations: 0, outcomes: new Map(), violations: [] })

const digestOf = (bytes: Uint8Array) =>
  Effect.gen(function*() {
    const input = Input.opened("the file", { size: bytes.length, bytes: Stream.make(bytes) })
    const reading = yield* Channel.runDrain(Input.records(input, { format: version10 }))
    return reading.sealed ? reading.sha256 : "not sealed"
  })

/** One changed file; `whole` is the digest of the seal that it had. */
const judge = (what: string, sample: Sample, bytes: Uint8Array, whole: string | undefined, all: Tally) =>
  Effect.map(Effect.exit(digestOf(bytes)), (exit) => {
    const count = (outcome: string) => void all.outcomes.set(outcome, (all.outcomes.get(outcome) ?? 0) + 1)
    if (exit._tag === "Success") {
      if (sample.compressed && exit.value === whole) return count("same")
      return void all.violations.push(`${what}: was taken`)
    }
    if (exit.cause._tag !== "Fail") return void all.violations.push(`${what}: ${String(exit.cause)}`)
    const { hint, kind, message } = exit.cause.error
    count(kind)
    if (kind !== "damaged" && kind !== "validation") all.violations.push(`${what}: ${kind}: ${message}`)
    if (!message.startsWith("the file: ") || message.length > 1000 || !hint) {
      all.violations.push(`${what}: says ${message.slice(0, 200)}`)
    }
  })

export const truncations = Effect.fnUntraced(function*(of: ReadonlyArray<Sample>, all: Tally) {
  for (const sample of of) {
    const whole = yield* digestOf(sample.bytes)
    for (let length = 0; length < sample.bytes.length; length++) {
      all.truncations++
      yield* judge(`${sample.name} cut after ${length} bytes`, sample, sample.bytes.subarray(0, length), whole, all)
    }
  }
})

/** One of so many flips is also seen through `verify`, with everything behind it. */
const verifyEvery = 100

export const flips = Effect.fnUntraced(function*(
  of: ReadonlyArray<Sample>,
  count: number,
  seed: number,
  all: Tally
) {
  const random = new Random(seed)
  const digests = yield* Effect.forEach(of, ({ bytes }) => digestOf(bytes))
  for (let n = 0; n < count; n++) {
    const at = n % of.length
    const sample = of[at]!
    const bit = random.below(sample.bytes.length * 8)
    const bytes = new Uint8Array(sample.bytes)
    bytes[bit >> 3]! ^= 1 << (bit & 7)
    const what = `${sample.name} with bit ${bit} flipped`
    all.flips++
    yield* judge(what, sample, bytes, digests[at], all)
    if (n % verifyEvery > 0) continue
    const verified = yield* Effect.either(verify({ name: "the file", bytes: Stream.make(bytes) }))
    if (verified._tag === "Right" ? !sample.compressed : !["damaged", "validation"].includes(verified.left.kind)) {
      all.violations.push(`${what}: verify says ${verified._tag === "Right" ? "ok" : verified.left.message}`)
    }
  }
})
