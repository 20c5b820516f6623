import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Stream from "effect/Stream"
import { type Block, blocks, LineTooLong } from "../../src/files/lines.ts"

const collect = <E>(stream: Stream.Stream<Block, E>) => {
  const seen: Array<Block> = []
  return Effect.map(
    Effect.either(Stream.runForEach(stream, (block) => Effect.sync(() => seen.push(block)))),
    (end) => ({ seen, end })
  )
}

const text = FastCheck.array(FastCheck.constantFrom("a", "bb", "\n", "\n\n", "\r\n", "ü", "x".repeat(40)))
  .map((parts) => Buffer.from(parts.join("")))

/** The same bytes in chunks of any sizes, empty ones too, with several in a chunk of the stream. */
const chunked = FastCheck.tuple(text, FastCheck.array(FastCheck.nat(60)), FastCheck.integer({ min: 1, max: 4 }))
  .map(([bytes, sizes, together]) => {
    const pieces: Array<Uint8Array> = []
    let at = 0
    for (const size of sizes) {
      pieces.push(bytes.subarray(at, at + size))
      at += size
    }
    pieces.push(bytes.subarray(Math.min(at, bytes.length)))
    return { bytes, stream: Stream.rechunk(Stream.fromIterable(pieces), together) }
  })

const options = { target: FastCheck.integer({ min: 1, max: 100 }), input: chunked }

it.effect.prop(
  "joined, the blocks are the input, and every number is right",
  options,
  ({ input, target }) =>
    Effect.gen(function*() {
      const { seen } = yield* collect(blocks({ target })(input.stream))
      assert.isTrue(Buffer.concat(seen.map((block) => block.bytes)).equals(input.bytes))
      const longest = Math.max(...input.bytes.toString("latin1").split("\n").map((line) => line.length + 1))
      let line = 1
      seen.forEach((block, index) => {
        const isLast = index === seen.length - 1
        const text = Buffer.from(block.bytes).toString()
        assert.strictEqual(block.line, line)
        assert.strictEqual(block.count, text.split("\n").length - (text.endsWith("\n") ? 1 : 0))
        assert.strictEqual(block.last, isLast)
        assert.isAbove(block.bytes.length, 0)
        assert.isTrue(isLast || text.endsWith("\n"))
        assert.isAtMost(block.bytes.length, target * 1.25 + longest)
        line += block.count
      })
    })
)

it.effect.prop(
  "a line over the limit is named, and all lines before it come first",
  { ...options, maxLine: FastCheck.integer({ min: 1, max: 60 }) },
  ({ input, maxLine, target }) =>
    Effect.gen(function*() {
      const { end, seen } = yield* collect(blocks({ target, maxLine })(input.stream))
      const lines = input.bytes.toString("latin1").split("\n")
      const bad = lines.findIndex((line) => line.length > maxLine)
      if (bad < 0) return assert.strictEqual(end._tag, "Right")
      assert.deepStrictEqual(
        end._tag === "Left" ? end.left : undefined,
        new LineTooLong({ line: bad + 1, limit: maxLine })
      )
      const before = lines.slice(0, bad).map((line) => `${line}\n`).join("")
      assert.strictEqual(Buffer.concat(seen.map((block) => block.bytes)).toString("latin1"), before)
    })
)

it.effect("a line over the limit fails before it has ended", () =>
  Effect.gen(function*() {
    let taken = 0
    const endless = Stream.repeatEffect(Effect.sync(() => {
      taken += 1
      return Buffer.alloc(1024, "x")
    }))
    const failed = yield* Effect.flip(Stream.runDrain(blocks({ maxLine: 10_000 })(endless)))
    assert.strictEqual(failed.message, "line 1 is longer than 10000 bytes")
    assert.strictEqual(failed.kind, "validation")
    assert.strictEqual(taken, 10)
  }))

it.effect("when the bytes fail, the whole lines before come first", () =>
  Effect.gen(function*() {
    const source = Stream.concat(Stream.make(Buffer.from("one\ntwo\nthr")), Stream.fail("boom"))
    const { end, seen } = yield* collect(blocks()(source))
    assert.deepStrictEqual(seen.map((block) => [Buffer.from(block.bytes).toString(), block.last]), [[
      "one\ntwo\n",
      false
    ]])
    assert.deepStrictEqual(end._tag === "Left" ? end.left : undefined, "boom")
  }))

for (const size of [1024 * 1024, 64 * 1024, 700_000]) {
  it.effect(`blocks are about as big as wanted from chunks of ${size}, and nothing runs ahead of who reads`, () =>
    Effect.gen(function*() {
      let taken = 0
      const source = Stream.repeatEffect(Effect.sync(() => {
        taken += size
        return Buffer.alloc(size, "line\n")
      }))
      const { seen } = yield* collect(Stream.take(blocks()(source), 4))
      for (const block of seen) {
        assert.isAtLeast(block.bytes.length, 0.6 * 1024 * 1024)
        assert.isAtMost(block.bytes.length, 1.3 * 1024 * 1024)
      }
      assert.isAtMost(taken, 6.5 * 1024 * 1024)
    }))
}

it.effect("a long line is joined once", () =>
  Effect.gen(function*() {
    const parts = Stream.repeatValue(Buffer.alloc(64, "x")).pipe(Stream.take(100_000), Stream.rechunk(1000))
    const { seen } = yield* collect(blocks()(parts))
    assert.deepStrictEqual(seen.map(({ bytes, count, last }) => [bytes.length, count, last]), [[6_400_000, 1, true]])
  }))
