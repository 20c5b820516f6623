/** Pieces of any size reach an open file whole and in order, and what is counted is what came. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { gathered, writeSynced } from "../../src/files/output.ts"
import { layerFaultyFileSystem } from "../../src/testing/faults.ts"
import { temporaryDirectory } from "./temp.ts"

const half = 512 * 1024
const sizes: ReadonlyArray<ReadonlyArray<number>> = [
  [],
  [0],
  [1],
  [half - 1, 1],
  [half],
  [half, 1],
  [half + 1],
  [3 * half + 7, 0, 5, half - 12]
]
const piecesOf = (lengths: ReadonlyArray<number>) =>
  lengths.map((length, n) => Buffer.alloc(length, `${n}abcdefghijklmnopqrstuvwxyz`))

layer(NodeContext.layer, { excludeTestServices: true })("bytes", (it) => {
  for (const lengths of sizes) {
    const pieces = piecesOf(lengths)
    const all = Buffer.concat(pieces)

    it.effect(`in pieces of ${lengths.join(", ") || "none"} are gathered to halves of a mebibyte`, () =>
      Effect.gen(function*() {
        const got: Array<Buffer> = []
        const total = yield* gathered(
          Stream.fromIterable(pieces),
          (piece) => Effect.sync(() => void got.push(Buffer.from(piece)))
        )
        assert.strictEqual(total, all.length)
        assert.isTrue(Buffer.concat(got).equals(all))
        assert.deepStrictEqual(
          got.map(({ length }) => length),
          Array.from({ length: Math.ceil(all.length / half) }, (_, n) => Math.min(half, all.length - n * half))
        )
      }))
  }

  it.scoped("that do not fit on the disk end the writing, also where it cannot be interrupted", () =>
    Effect.gen(function*() {
      const path = `${yield* temporaryDirectory}/large`
      const pieces = Stream.repeatValue(Buffer.alloc(1024 * 1024, "x")).pipe(Stream.take(20))
      const written = Effect.flatMap(FileSystem.FileSystem, (fs) => fs.open(path, { flag: "wx" })).pipe(
        Effect.flatMap((file) => writeSynced(file, path, pieces)),
        Effect.scoped,
        Effect.uninterruptible,
        Effect.flip,
        // cut off from what could not be interrupted
        Effect.disconnect,
        Effect.timeout("20 seconds"),
        Effect.provide(
          layerFaultyFileSystem([{ operation: "write", call: 3, onwards: true, code: "ENOSPC", path: "large" }]).pipe(
            Layer.provide(NodeContext.layer)
          )
        )
      )
      assert.include((yield* written).message, "ENOSPC")
    }))

  it.scoped("that are more than what is synced at once are all there", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = `${yield* temporaryDirectory}/large`
      const piece = Buffer.alloc(1024 * 1024, "0123456789abcdef!")
      const syncs: Array<number> = []
      let written = 0
      yield* Effect.scoped(Effect.gen(function*() {
        const file = yield* fs.open(path, { flag: "w" })
        const counted: FileSystem.File = {
          ...file,
          sync: Effect.zipRight(Effect.sync(() => syncs.push(written)), file.sync),
          writeAll: (bytes) => Effect.tap(file.writeAll(bytes), () => Effect.sync(() => written += bytes.length))
        }
        const size = yield* writeSynced(counted, path, Stream.repeatValue(piece).pipe(Stream.take(130)))
        assert.strictEqual(size, 130 * piece.length)
      }))
      assert.strictEqual(Number((yield* fs.stat(path)).size), 130 * piece.length)
      // twice meanwhile, so that there is little to wait for, and once when all is written
      assert.strictEqual(syncs.length, 3)
      assert.strictEqual(syncs.at(-1), 130 * piece.length)
    }))
})
