import { assert, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as Zlib from "node:zlib"
import { gunzip, gzip, GzipDamaged } from "../../src/files/gzip.ts"

const joined = <E>(stream: Stream.Stream<Uint8Array, E>) => {
  const parts: Array<Uint8Array> = []
  return Effect.map(
    Effect.either(Stream.runForEach(stream, (bytes) => Effect.sync(() => parts.push(bytes)))),
    (end) => ({ bytes: Buffer.concat(parts), end })
  )
}

const inPieces = (bytes: Uint8Array, sizes: ReadonlyArray<number>): Stream.Stream<Uint8Array> => {
  const pieces: Array<Uint8Array> = []
  let at = 0
  for (const size of sizes) {
    pieces.push(bytes.subarray(at, at + size))
    at += size
  }
  pieces.push(bytes.subarray(Math.min(at, bytes.length)))
  return Stream.fromIterable(pieces)
}

const content = FastCheck.oneof(
  FastCheck.uint8Array({ maxLength: 2000 }),
  FastCheck.tuple(FastCheck.nat(300_000), FastCheck.nat(255)).map(([size, byte]) => new Uint8Array(size).fill(byte))
)
const sizes = FastCheck.array(FastCheck.nat(700), { maxLength: 20 })

it.effect.prop(
  "what is compressed comes back, however it is cut",
  { content, sizes, more: sizes },
  (given) =>
    Effect.gen(function*() {
      const packed = yield* joined(gzip(inPieces(given.content, given.sizes)))
      assert.isTrue(Zlib.gunzipSync(packed.bytes).equals(given.content))
      const back = yield* joined(gunzip(inPieces(packed.bytes, given.more)))
      assert.strictEqual(back.end._tag, "Right")
      assert.isTrue(back.bytes.equals(given.content))
    }),
  { fastCheck: { numRuns: 30 } }
)

it.effect.prop("anything else is passed on as it is", { content, sizes }, (given) =>
  Effect.gen(function*() {
    if (given.content[0] === 0x1f && given.content[1] === 0x8b) return
    const back = yield* joined(gunzip(inPieces(given.content, given.sizes)))
    assert.strictEqual(back.end._tag, "Right")
    assert.isTrue(back.bytes.equals(given.content))
  }), { fastCheck: { numRuns: 30 } })

const first = Zlib.gzipSync(Buffer.from("first "))
const second = Zlib.gzipSync(Buffer.from("second"))

it.effect("several members, cut anywhere between pieces", () =>
  Effect.gen(function*() {
    const both = Buffer.concat([first, second])
    for (let at = 0; at <= both.length; at += 1) {
      const back = yield* joined(gunzip(inPieces(both, [at])))
      assert.strictEqual(back.bytes.toString(), "first second", `cut at ${at}`)
      assert.strictEqual(back.end._tag, "Right")
    }
  }))

it.effect("a single 0x1f and nothing at all are no gzip", () =>
  Effect.gen(function*() {
    assert.deepStrictEqual((yield* joined(gunzip(inPieces(Buffer.from([0x1f]), [])))).bytes, Buffer.from([0x1f]))
    assert.strictEqual((yield* joined(gunzip(Stream.empty))).bytes.length, 0)
  }))

const failureOf = (bytes: Uint8Array, cuts: ReadonlyArray<number> = []) =>
  Effect.map(joined(gunzip(inPieces(bytes, cuts))), ({ bytes, end }) => ({
    before: bytes.toString(),
    reason: end._tag === "Left" ? end.left.reason : "none",
    offset: end._tag === "Left" ? end.left.offset : -1
  }))

it.effect("a file that is cut is damaged, wherever the cut is", () =>
  Effect.gen(function*() {
    for (let length = 2; length < first.length; length += 1) {
      const failed = yield* failureOf(first.subarray(0, length))
      assert.strictEqual(failed.reason, "cut", `${length} bytes`)
      assert.strictEqual(failed.offset, failed.before.length)
    }
    const inSecond = yield* failureOf(Buffer.concat([first, second.subarray(0, 7)]))
    assert.deepStrictEqual(inSecond, { before: "first ", reason: "cut", offset: 6 })
  }))

it.effect("a changed byte of the data or its checksum is damaged", () =>
  Effect.gen(function*() {
    for (let at = 10; at < first.length; at += 1) {
      const changed = Buffer.from(first)
      changed.writeUInt8(changed.readUInt8(at) ^ 0xff, at)
      assert.include(["altered", "cut", "trailing"], (yield* failureOf(changed)).reason, `byte ${at}`)
    }
  }))

it.effect("what follows the compressed data is damage, unless it is padding with zeros", () =>
  Effect.gen(function*() {
    const zeros = Buffer.alloc(600)
    for (const cuts of [[], [first.length], [first.length + 5], [first.length, 600]]) {
      const trailing = { before: "first ", reason: "trailing", offset: 6 }
      assert.deepStrictEqual(yield* failureOf(Buffer.concat([first, zeros]), cuts), {
        before: "first ",
        reason: "none",
        offset: -1
      })
      assert.deepStrictEqual(
        yield* failureOf(Buffer.concat([first, zeros, Buffer.from("not gzip")]), cuts),
        trailing
      )
      // found W26
      assert.deepStrictEqual(yield* failureOf(Buffer.concat([first, zeros, second]), cuts), {
        ...trailing,
        reason: "padded"
      })
      assert.strictEqual((yield* failureOf(Buffer.concat([first, Buffer.from("not gzip")]), cuts)).reason, "trailing")
    }
  }))

it.effect("says what is damaged", () =>
  Effect.gen(function*() {
    const failed = yield* Effect.flip(Stream.runDrain(gunzip(Stream.make(first.subarray(0, 15)))))
    assert.instanceOf(failed, GzipDamaged)
    assert.strictEqual(failed.kind, "damaged")
    assert.match(failed.message, /^the compressed data stops before its end, after \d+ readable bytes$/)
  }))

it.effect("the header has no name and no time", () =>
  Effect.gen(function*() {
    const { bytes } = yield* joined(gzip(Stream.make(Buffer.from("x"))))
    assert.deepStrictEqual([...bytes.subarray(0, 8)], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0])
  }))

it.effect("an error upstream comes through both ways", () =>
  Effect.gen(function*() {
    const source = Stream.concat(Stream.make(first), Stream.fail("boom"))
    const expanded = yield* joined(gunzip(source))
    assert.deepStrictEqual([expanded.bytes.toString(), expanded.end._tag], ["first ", "Left"])
    assert.strictEqual(yield* Effect.flip(Stream.runDrain(gzip(source))), "boom")
  }))

const mebibytes = (bytes: number) => Math.round(bytes / 1024 / 1024)

/** 1 GiB of zeros in about a megabyte, as one member: one part flushed to a byte boundary, repeated. */
const bomb = Effect.sync(() => {
  const part = Zlib.deflateRawSync(Buffer.alloc(16 * 1024 * 1024), { finishFlush: Zlib.constants.Z_FULL_FLUSH })
  return Stream.concat(
    Stream.make<[Uint8Array]>(Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3])),
    Stream.take(Stream.repeatValue(part), 64)
  )
})

it.live("a bomb expands no further than who reads it", () =>
  Effect.gen(function*() {
    const source = yield* bomb
    let seen = 0
    const reading = yield* Deferred.make<void>()
    const slow = Stream.runForEach(gunzip(source), (bytes) => {
      seen += bytes.length
      return seen < 8 * 1024 * 1024 ? Effect.void : Effect.zipRight(Deferred.succeed(reading, undefined), Effect.never)
    })
    const before = process.memoryUsage()
    const fiber = yield* Effect.fork(slow)
    yield* Deferred.await(reading)
    yield* Effect.sleep("300 millis")
    const after = process.memoryUsage()
    assert.isBelow(mebibytes(after.arrayBuffers - before.arrayBuffers), 32)
    assert.isBelow(seen, 9 * 1024 * 1024)
    yield* Fiber.interrupt(fiber)
    const head = yield* Stream.runFold(Stream.take(gunzip(source), 3), 0, (sum, bytes) => sum + bytes.length)
    assert.isAtMost(head, 3 * 256 * 1024)
  }))

it.live(
  "a bomb that is read to its end needs little memory, and its missing end is found",
  () =>
    Effect.gen(function*() {
      const source = yield* bomb
      let seen = 0
      let most = 0
      const failed = yield* Effect.flip(Stream.runForEach(gunzip(source), (bytes) =>
        Effect.sync(() => {
          seen += bytes.length
          most = Math.max(most, process.memoryUsage().arrayBuffers)
        })))
      assert.strictEqual(seen, 1024 ** 3)
      assert.strictEqual(failed.reason, "cut")
      assert.strictEqual(failed.offset, 1024 ** 3)
      assert.isBelow(mebibytes(most), 200)
    }),
  60_000
)
