import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, layer } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { spawnSync } from "node:child_process"
import { write } from "../../src/files/Atomic.ts"
import { DurabilityNotConfirmed } from "../../src/files/FileError.ts"
import { type Fault, type FileCall, layerFaultyFileSystem } from "../../src/testing/faults.ts"
import { temporaryDirectory } from "./temp.ts"

const piece = (letter: string) => Buffer.alloc(600 * 1024, letter)
const content = Stream.make(piece("a"), piece("b"), piece("c"))
const size = 3 * 600 * 1024
const digest = Buffer.concat([piece("a"), piece("b"), piece("c")])

const under = (plan: ReadonlyArray<Fault>, observe?: (call: FileCall) => void) =>
  layerFaultyFileSystem(plan, observe).pipe(Layer.provideMerge(NodeContext.layer))

/** A directory with the old file, and what is in it afterwards. */
const withOld = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const directory = yield* temporaryDirectory
  const target = `${directory}/backup.jsonl`
  yield* fs.writeFileString(target, "old", { mode: 0o644 })
  return {
    target,
    directory,
    names: fs.readDirectory(directory),
    read: Effect.map(fs.readFile(target), (bytes) => Buffer.from(bytes))
  }
})

const isUnconfirmed = <E>(exit: Exit.Exit<unknown, E>) =>
  Exit.isFailure(exit) &&
  Option.exists(Cause.failureOption(exit.cause), (error) => error instanceof DurabilityNotConfirmed)

const withUmask = (umask: number) =>
  Effect.acquireRelease(Effect.sync(() => process.umask(umask)), (before) => Effect.sync(() => process.umask(before)))

const allCalls = Effect.gen(function*() {
  const calls: Array<FileCall> = []
  const { target } = yield* withOld
  yield* Effect.provide(write(target, content), under([], (call) => calls.push(call)))
  return calls
})

layer(NodeContext.layer, { excludeTestServices: true })("Atomic.write", (it) => {
  it.scoped("replaces the file, for the owner alone", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const { names, read, target } = yield* withOld
      assert.deepStrictEqual(yield* write(target, content), { bytes: size, path: yield* fs.realPath(target) })
      assert.isTrue((yield* read).equals(digest))
      assert.strictEqual((yield* fs.stat(target)).mode & 0o7777, 0o600)
      assert.deepStrictEqual(yield* names, ["backup.jsonl"])
    }))

  it.scoped("joins small pieces, and syncs before the rename and after", () =>
    Effect.gen(function*() {
      const calls: Array<FileCall> = []
      const { target } = yield* withOld
      const small = Stream.repeatValue(Buffer.alloc(1000)).pipe(Stream.take(1048))
      yield* Effect.provide(write(target, small), under([], (call) => calls.push(call)))
      const order = calls.map((call) => call.operation).filter((name) => /write|sync|close|rename/.test(name))
      assert.deepStrictEqual(order, ["write", "write", "sync", "close", "rename", "sync", "close"])
    }))

  it.scoped("has a large file synced while it is written, and again at its end", () =>
    Effect.gen(function*() {
      const calls: Array<string> = []
      const { names, read, target } = yield* withOld
      const large = Stream.repeatValue(Buffer.alloc(1024 * 1024)).pipe(Stream.take(130))
      const failed = yield* Effect.flip(
        Effect.provide(write(target, large), under([{ operation: "sync", call: 1, code: "EIO" }]))
      )
      assert.include(failed.message, `cannot confirm on disk ${target}`)
      assert.strictEqual((yield* read).toString(), "old")
      assert.deepStrictEqual(yield* names, ["backup.jsonl"])
      yield* Effect.provide(write(target, large), under([], (call) => calls.push(call.operation)))
      const lastWrite = calls.lastIndexOf("write")
      const syncs = calls.flatMap((name, i) => name === "sync" ? [i] : [])
      assert.strictEqual(syncs.filter((i) => i < lastWrite).length, 2)
      assert.isBelow(lastWrite, syncs[2]!)
      assert.isBelow(syncs[2]!, calls.indexOf("rename"))
    }))

  it.scoped(
    "any single failing call leaves the old file or the new one, and nothing else",
    () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const calls = yield* allCalls
        const { names, read, target } = yield* withOld
        const seen = new Map<string, number>()
        let plans = 0
        for (const { operation } of calls) {
          const call = (seen.get(operation) ?? 0) + 1
          seen.set(operation, call)
          for (const code of ["EIO", "EINVAL", "ENOENT"]) {
            for (const how of operation === "write" ? ["torn", "late", undefined] as const : [undefined] as const) {
              const fault: Fault = { operation, call, code, ...(how === undefined ? {} : { how }) }
              yield* fs.writeFileString(target, "old")
              const exit = yield* Effect.exit(Effect.provide(write(target, content), under([fault])))
              const name = JSON.stringify(fault)
              const now = yield* read
              const inPlace = Exit.isSuccess(exit) || isUnconfirmed(exit)
              assert.isTrue(now.equals(inPlace ? digest : Buffer.from("old")), name)
              assert.deepStrictEqual(yield* names, ["backup.jsonl"], name)
              assert.isTrue(Exit.isSuccess(exit) || Cause.isFailure(exit.cause) && !Cause.isDie(exit.cause), name)
              plans += 1
            }
          }
        }
        assert.isAbove(plans, 40)
        assert.includeMembers([...seen.keys()], ["open", "write", "sync", "close", "rename", "readLink", "stat"])
      }),
    60_000
  )

  it.scoped("a directory that cannot be confirmed is told, and the new file is in place", () =>
    Effect.gen(function*() {
      const { read, target } = yield* withOld
      const failed = yield* Effect.flip(
        Effect.provide(write(target, content), under([{ operation: "sync", call: 2, code: "EIO" }]))
      )
      assert.instanceOf(failed, DurabilityNotConfirmed)
      assert.strictEqual(failed.kind, "io")
      assert.isTrue((yield* read).equals(digest))
    }))

  it.scoped("names the path, the reason and the next step", () =>
    Effect.gen(function*() {
      const { directory, target } = yield* withOld
      const full = under([{ operation: "write", call: 2, code: "ENOSPC", how: "torn" }])
      const failed = yield* Effect.flip(Effect.provide(write(target, content), full))
      assert.strictEqual(failed.message, `cannot write ${target}: no space left on device (ENOSPC)`)
      assert.strictEqual(failed.hint, "free some space, or choose another place")
      const lost = yield* Effect.flip(write(`${directory}/a/b/c`, content))
      assert.strictEqual(lost.message, `cannot use ${directory}/a/b/c: no such directory: ${directory}/a (ENOENT)`)
      assert.strictEqual(lost.hint, `create the directory ${directory}/a first`)
      assert.strictEqual(lost.kind, "not_found")
      const wrong = yield* Effect.flip(write(directory, content))
      assert.strictEqual(wrong.message, `${directory} is a directory, not a file`)
      const slash = yield* Effect.flip(write(`${directory}/new/`, content))
      assert.strictEqual(slash.hint, `create the directory ${directory}/new first`)
      assert.strictEqual((yield* Effect.flip(write(`${target}/`, content)))._tag, "NotAFile")
      assert.strictEqual((yield* Effect.flip(write(`${directory}/a\0b`, content)))._tag, "FileError")
    }))

  it.scoped("a failing or dying source leaves the old file", () =>
    Effect.gen(function*() {
      const { names, read, target } = yield* withOld
      for (const end of [Stream.fail("boom" as const), Stream.die("bug")]) {
        assert.isTrue(Exit.isFailure(yield* Effect.exit(write(target, Stream.concat(content, end)))))
        assert.strictEqual((yield* read).toString(), "old")
        assert.deepStrictEqual(yield* names, ["backup.jsonl"])
      }
    }))

  it.scoped("verify sees the whole staged file, and can stop it", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const { names, read, target } = yield* withOld
      const verify = (staged: string) => Effect.flatMap(fs.stat(staged), (info) => Effect.fail(`refused ${info.size}`))
      assert.deepStrictEqual(yield* Effect.flip(write(target, content, { verify })), `refused ${size}`)
      assert.strictEqual((yield* read).toString(), "old")
      assert.deepStrictEqual(yield* names, ["backup.jsonl"])
    }))

  it.scoped("an interruption leaves the old file, wherever it comes", () =>
    Effect.gen(function*() {
      const { names, read, target } = yield* withOld
      const reached = yield* Deferred.make<void>()
      const stuck = Effect.zipRight(Deferred.succeed(reached, undefined), Effect.never)
      const endless = Stream.concat(content, Stream.fromEffect(stuck))
      const fiber = yield* Effect.fork(write(target, endless))
      yield* Deferred.await(reached)
      assert.strictEqual((yield* names).length, 2)
      yield* Fiber.interrupt(fiber)
      assert.strictEqual((yield* read).toString(), "old")
      assert.deepStrictEqual(yield* names, ["backup.jsonl"])
    }))

  for (const operation of ["open", "sync"] as const) {
    it.scoped(`an interruption while ${operation} hangs leaves the old file`, () =>
      Effect.gen(function*() {
        const { names, read, target } = yield* withOld
        const hanging = under([{ operation, call: 1, how: "hang" }])
        const fiber = yield* Effect.fork(Effect.provide(write(target, content), hanging))
        yield* Effect.sleep("50 millis")
        yield* Fiber.interrupt(fiber)
        assert.strictEqual((yield* read).toString(), "old")
        assert.deepStrictEqual(yield* names, ["backup.jsonl"])
      }))
  }

  it.scoped("interrupted at any moment, it is the old file or the new one", () =>
    Effect.gen(function*() {
      const { names, read, target } = yield* withOld
      for (let delay = 0; delay < 40; delay += 1) {
        const fiber = yield* Effect.fork(write(target, content))
        for (let turn = 0; turn < delay; turn += 1) yield* Effect.yieldNow()
        if (delay % 4 === 3) yield* Effect.sleep(delay / 8)
        yield* Fiber.interrupt(fiber)
        const now = yield* read
        assert.isTrue(now.equals(digest) || now.toString() === "old")
        assert.deepStrictEqual(yield* names, ["backup.jsonl"])
      }
    }))

  it.scoped("removes what dead processes left for the same target, and nothing else", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const { directory, names, target } = yield* withOld
      const dead = spawnSync(process.execPath, ["-e", ""]).pid
      const kept = [
        `.backup.jsonl.kata-${process.ppid}-0123456789ab`,
        `.backup.jsonl.kata-${process.pid}-0123456789ab`,
        `.backup.jsonl.kata-stage-${dead}`,
        `.other.jsonl.kata-${dead}-0123456789ab`,
        `.backup.jsonl.kata-${dead}-notes.txt`
      ]
      const gone = [`.backup.jsonl.kata-${dead}-0123456789ab`, `.backup.jsonl.kata-${process.pid}-aaaaaaaaaaaa`]
      for (const name of [...kept, ...gone]) yield* fs.writeFileString(`${directory}/${name}`, "left")
      // Of a dead process that had our number: older than this one.
      yield* fs.utimes(`${directory}/${gone[1]}`, new Date(0), new Date(0))
      yield* write(target, content)
      assert.deepStrictEqual((yield* names).sort(), [...kept, "backup.jsonl"].sort())
    }))

  it.scoped("two writers of one target do not disturb each other", () =>
    Effect.gen(function*() {
      const { names, read, target } = yield* withOld
      const half = yield* Deferred.make<void>()
      const slow = Stream.concat(Stream.make(piece("x")), Stream.drain(Stream.fromEffect(Deferred.await(half))))
      const fiber = yield* Effect.fork(write(target, slow))
      yield* Effect.sleep("20 millis")
      yield* write(target, content)
      yield* Deferred.succeed(half, undefined)
      yield* Fiber.join(fiber)
      assert.isTrue((yield* read).equals(piece("x")))
      assert.deepStrictEqual(yield* names, ["backup.jsonl"])
    }))

  it.scoped("follows links, also those that lead nowhere yet", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const { directory, read, target } = yield* withOld
      yield* fs.makeDirectory(`${directory}/links`)
      yield* fs.symlink("../backup.jsonl", `${directory}/links/one`)
      yield* fs.symlink("links/one", `${directory}/two`)
      yield* write(`${directory}/two`, content)
      assert.isTrue((yield* read).equals(digest))
      assert.strictEqual(yield* fs.readLink(`${directory}/two`), "links/one")
      yield* fs.symlink("../later.jsonl", `${directory}/links/dangling`)
      const written = yield* write(`${directory}/links/dangling`, content)
      assert.strictEqual(written.path, yield* fs.realPath(`${directory}/later.jsonl`))
      assert.deepStrictEqual(yield* fs.readDirectory(`${directory}/links`), ["dangling", "one"])
      assert.strictEqual(target, `${directory}/backup.jsonl`)
    }))

  it.scoped("another name of the old file keeps the old content", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const { directory, read, target } = yield* withOld
      yield* fs.link(target, `${directory}/second`)
      yield* write(target, content)
      assert.isTrue((yield* read).equals(digest))
      assert.strictEqual(yield* fs.readFileString(`${directory}/second`), "old")
    }))

  it.scoped("names of the greatest length, in any letters", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* temporaryDirectory
      for (const name of ["n".repeat(255), "ü".repeat(127), "😀".repeat(63), "a?b#c%41 \n ", " "]) {
        yield* write(`${directory}/${name}`, Stream.make(Buffer.from(name)))
        assert.strictEqual(yield* fs.readFileString(`${directory}/${name}`), name)
      }
      assert.strictEqual((yield* fs.readDirectory(directory)).length, 5)
    }))

  it.scoped("0600 whatever the umask; the umask and the old mode when asked", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const { directory, target } = yield* withOld
      for (const umask of [0o000, 0o077, 0o777]) {
        yield* Effect.scoped(Effect.zipRight(withUmask(umask), write(target, content)))
        assert.strictEqual((yield* fs.stat(target)).mode & 0o7777, 0o600)
      }
      yield* fs.chmod(target, 0o641)
      yield* write(target, content, { private: false })
      assert.strictEqual((yield* fs.stat(target)).mode & 0o7777, 0o641)
      yield* write(`${directory}/new`, content, { private: false })
      assert.strictEqual((yield* fs.stat(`${directory}/new`)).mode & 0o7777, 0o666 & ~process.umask())
    }))

  it.scoped("a filesystem that keeps no permissions is no reason to fail", () =>
    Effect.gen(function*() {
      const { read, target } = yield* withOld
      const vfat = under([{ operation: "chmod", call: 1, code: "EPERM" }])
      yield* Effect.provide(write(target, content), vfat)
      assert.isTrue((yield* read).equals(digest))
    }))
})
