import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { spawnSync } from "node:child_process"
import { closeSync, constants, openSync, writeSync } from "node:fs"
import { write } from "../../src/files/Atomic.ts"
import { open } from "../../src/files/source.ts"
import { spool } from "../../src/files/Spool.ts"
import { layerFaultyFileSystem } from "../../src/testing/faults.ts"
import { temporaryDirectory } from "./temp.ts"

const text = <E, R>(bytes: Stream.Stream<Uint8Array, E, R>) =>
  Effect.map(Stream.runFold(bytes, "", (all, piece) => all + Buffer.from(piece).toString("latin1")), (all) => all)

const fifoIn = (directory: string) => {
  const path = `${directory}/pipe`
  assert.strictEqual(spawnSync("mkfifo", [path]).status, 0)
  return path
}

const openDescriptor = (path: string, flags: string | number) =>
  Effect.acquireRelease(Effect.sync(() => openSync(path, flags)), (fd) => Effect.sync(() => closeSync(fd)))

const big = Buffer.alloc(3_000_000, "0123456789")

layer(NodeContext.layer, { excludeTestServices: true })("source, spool and pipes", (it) => {
  it.scoped("a regular file can be read again", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* temporaryDirectory
      yield* fs.writeFile(`${directory}/in`, big)
      yield* fs.symlink("in", `${directory}/link`)
      const source = yield* open(`${directory}/link`)
      assert.deepStrictEqual(
        [source.name, source.isRegular, source.size],
        [`${directory}/link`, true, Option.some(big.length)]
      )
      for (let time = 0; time < 2; time += 1) assert.strictEqual(yield* text(source.bytes), big.toString())
    }))

  it.scoped("what is no input says so", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* temporaryDirectory
      const wrong = yield* Effect.flip(open(directory))
      assert.deepStrictEqual([wrong.kind, wrong.message], ["validation", `${directory} is a directory, not a file`])
      const missing = yield* Effect.flip(open(`${directory}/none`))
      assert.deepStrictEqual([missing.kind, missing.message], ["not_found", `no such file: ${directory}/none`])
      yield* fs.writeFile(`${directory}/in`, big)
      const faulty = layerFaultyFileSystem([{ operation: "read", call: 2, code: "EIO" }])
      const failed = yield* open(`${directory}/in`).pipe(
        Effect.flatMap((source) => Stream.runDrain(source.bytes)),
        Effect.provide(faulty),
        Effect.flip
      )
      assert.strictEqual(failed.message, `cannot read ${directory}/in: the device reports an error (EIO)`)
    }))

  it.scoped("a directory that is not readable", () =>
    Effect.gen(function*() {
      if (process.getuid?.() === 0) return console.log("skipped: permissions do not bind root, which runs this test")
      const fs = yield* FileSystem.FileSystem
      const directory = yield* temporaryDirectory
      yield* fs.writeFile(`${directory}/in`, big, { mode: 0o000 })
      const source = yield* open(`${directory}/in`)
      assert.strictEqual((yield* Effect.flip(Stream.runDrain(source.bytes))).code, "EACCES")
      yield* fs.chmod(directory, 0o500)
      assert.strictEqual((yield* Effect.flip(write(`${directory}/out`, Stream.make(big))))._tag, "FileError")
      yield* fs.chmod(directory, 0o700)
    }))

  it.scoped("files that the kernel makes up and devices are no regular ones, and are read all the same", () =>
    Effect.gen(function*() {
      if (process.platform !== "linux") return console.log("skipped: there is no /proc here")
      const made = yield* open("/proc/self/status")
      assert.isFalse(made.isRegular)
      assert.include(yield* text(made.bytes), "Pid:")
      const zeros = yield* open("/dev/zero")
      assert.deepStrictEqual([zeros.isRegular, zeros.size], [false, Option.none()])
      assert.strictEqual(yield* text(Stream.take(zeros.bytes, 1)), "\0".repeat(65536))
      assert.strictEqual(yield* text((yield* open("/dev/null")).bytes), "")
    }))

  it.scoped("a spool is private, can be read again, and goes with its scope", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* temporaryDirectory
      const scope = yield* Scope.make()
      const pieces = Stream.fromIterable([big.subarray(0, 5), big.subarray(5)])
      const spooled = yield* spool(pieces, { directory }).pipe(Scope.extend(scope))
      const [name = ""] = yield* fs.readDirectory(directory)
      assert.match(name, /^kata-spool-\d+-\w{6}$/)
      assert.strictEqual((yield* fs.stat(`${directory}/${name}`)).mode & 0o777, 0o700)
      assert.strictEqual((yield* fs.stat(spooled.path)).mode & 0o777, 0o600)
      assert.strictEqual(spooled.size, big.length)
      for (let time = 0; time < 2; time += 1) assert.strictEqual(yield* text(spooled.bytes), big.toString())
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(yield* fs.readDirectory(directory), [])
    }))

  it.scoped("a spool that fails leaves nothing", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* temporaryDirectory
      const source = Stream.make(big, big)
      const full = layerFaultyFileSystem([{ operation: "write", call: 2, code: "ENOSPC", how: "torn" }])
      const failed = yield* spool(source, { directory }).pipe(Effect.scoped, Effect.provide(full), Effect.flip)
      assert.strictEqual(failed.code, "ENOSPC")
      const lost = yield* Effect.flip(Effect.scoped(spool(source, { directory: `${directory}/none` })))
      assert.strictEqual(lost.kind, "not_found")
      assert.include(lost.message, `cannot create temporary files in ${directory}/none: no such directory`)
      assert.include(lost.hint ?? "", "TMPDIR")
      const fiber = yield* Effect.fork(Effect.scoped(spool(Stream.concat(source, Stream.never), { directory })))
      yield* Effect.sleep("30 millis")
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(yield* fs.readDirectory(directory), [])
    }))

  it.scoped("a named pipe takes the bytes when all of them are there, and gives them", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = fifoIn(yield* temporaryDirectory)
      const writer = yield* Effect.fork(write(path, Stream.make(big, big)))
      yield* Effect.sleep("30 millis")
      const source = yield* open(path)
      assert.isFalse(source.isRegular)
      assert.strictEqual(yield* text(source.bytes), big.toString() + big.toString())
      assert.deepStrictEqual(yield* Fiber.join(writer), { bytes: 2 * big.length, path })
      assert.strictEqual((yield* fs.stat(path)).type, "FIFO")
    }))

  it.scoped("a failing export writes nothing into a pipe", () =>
    Effect.gen(function*() {
      const path = fifoIn(yield* temporaryDirectory)
      const failing = Stream.concat(Stream.make(big), Stream.fail("boom"))
      assert.strictEqual(yield* Effect.flip(write(path, failing)), "boom")
      const refused = write(path, Stream.make(big), { verify: () => Effect.fail("refused") })
      assert.strictEqual(yield* Effect.flip(refused), "refused")
    }))

  it.scoped("waiting for the other end of a pipe can be interrupted", () =>
    Effect.gen(function*() {
      const path = fifoIn(yield* temporaryDirectory)
      const reading = Effect.flatMap(open(path), (source) => Stream.runDrain(source.bytes))
      const alone = [Effect.asVoid(write(path, Stream.make(big))), reading]
      for (const waiting of alone) {
        const fiber = yield* Effect.fork(waiting)
        yield* Effect.sleep("50 millis")
        assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(fiber)))
      }
      // A reader that came, and does nothing.
      const idle = yield* openDescriptor(path, constants.O_RDONLY | constants.O_NONBLOCK)
      const fiber = yield* Effect.fork(write(path, Stream.make(big)))
      yield* Effect.sleep("50 millis")
      assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(fiber)), `${idle}`)
    }))

  it.scoped("a descriptor is written where it stands, as /dev/stdout is", () =>
    Effect.gen(function*() {
      if (process.platform !== "linux") return console.log("skipped: there is no /proc here")
      const fs = yield* FileSystem.FileSystem
      const directory = yield* temporaryDirectory
      const fd = yield* openDescriptor(`${directory}/out`, "w")
      writeSync(fd, "before ")
      yield* fs.symlink(`/proc/self/fd/${fd}`, `${directory}/stdout`)
      const written = yield* write(`${directory}/stdout`, Stream.make(Buffer.from("between ")))
      assert.deepStrictEqual(written, { bytes: 8, path: `/proc/${process.pid}/fd/${fd}` })
      writeSync(fd, "after")
      assert.strictEqual(yield* fs.readFileString(`${directory}/out`), "before between after")
      assert.deepStrictEqual(yield* fs.readDirectory(directory), ["out", "stdout"])
    }))

  it.scoped("a descriptor of a pipe without readers is an error", () =>
    Effect.gen(function*() {
      if (process.platform !== "linux") return console.log("skipped: there is no /proc here")
      const path = fifoIn(yield* temporaryDirectory)
      const reading = yield* Scope.make()
      yield* openDescriptor(path, constants.O_RDONLY | constants.O_NONBLOCK).pipe(Scope.extend(reading))
      const fd = yield* openDescriptor(path, "w")
      yield* Scope.close(reading, Exit.void)
      const failed = yield* Effect.flip(write(`/dev/fd/${fd}`, Stream.make(big)))
      assert.strictEqual(failed.message, `cannot write /dev/fd/${fd}: the reader went away (EPIPE)`)
    }))

  it.scoped("a reader that goes away is an error, not the end of the process", () =>
    Effect.gen(function*() {
      const path = fifoIn(yield* temporaryDirectory)
      const writer = yield* Effect.fork(Effect.flip(write(path, Stream.make(big))))
      const source = yield* open(path)
      yield* Stream.runDrain(Stream.take(source.bytes, 1))
      const failed = yield* Fiber.join(writer)
      assert.strictEqual(failed.message, `cannot write ${path}: the reader went away (EPIPE)`)
    }))

  it.scoped("devices are written as they are", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      assert.deepStrictEqual(yield* write("/dev/null", Stream.make(big)), { bytes: big.length, path: "/dev/null" })
      assert.strictEqual((yield* fs.stat("/dev/null")).type, "CharacterDevice")
      const full = yield* Effect.flip(write("/dev/full", Stream.make(big)))
      assert.strictEqual(full.message, "cannot write /dev/full: no space left on device (ENOSPC)")
    }))
})
