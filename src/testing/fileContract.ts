/** The contract of the filesystem below kata: what the safety of a rename, a backup and a lock stands on. */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { strict as assert } from "node:assert"
import { codeOf } from "../files/FileError.ts"

export interface FileCase {
  readonly name: string
  readonly run: Effect.Effect<void, unknown, FileSystem.FileSystem | Scope.Scope>
}

const temporary = Effect.flatMap(
  FileSystem.FileSystem,
  (fs) => fs.makeTempDirectoryScoped({ prefix: "kata-contract-" })
)

/** The errno of a failure; only with it can a missing file be told from a forbidden one. */
const errno = <A, R>(effect: Effect.Effect<A, PlatformError, R>) =>
  Effect.map(Effect.flip(effect), (error) => error._tag === "SystemError" ? codeOf(error.cause) : error._tag)

const of = (
  name: string,
  run: (
    fs: FileSystem.FileSystem,
    directory: string
  ) => Effect.Effect<void, unknown, FileSystem.FileSystem | Scope.Scope>
): FileCase => ({
  name,
  run: Effect.flatMap(Effect.zip(FileSystem.FileSystem, temporary), ([fs, directory]) => run(fs, directory))
})

export const fileContract: ReadonlyArray<FileCase> = [
  of("wx makes a file that was not there, for its owner alone, or fails", (fs, directory) =>
    Effect.gen(function*() {
      const make = Effect.scoped(fs.open(`${directory}/a`, { flag: "wx", mode: 0o600 }))
      yield* make
      assert.equal((yield* fs.stat(`${directory}/a`)).mode & 0o777, 0o600)
      assert.equal(yield* errno(make), "EEXIST")
    })),
  of("a rename replaces; who has the old file open keeps it", (fs, directory) =>
    Effect.gen(function*() {
      yield* fs.writeFileString(`${directory}/old`, "old")
      yield* fs.writeFileString(`${directory}/new`, "new")
      const file = yield* fs.open(`${directory}/old`, { flag: "r" })
      yield* fs.rename(`${directory}/new`, `${directory}/old`)
      assert.equal(yield* fs.readFileString(`${directory}/old`), "new")
      const bytes = yield* file.readAlloc(10)
      assert.equal(bytes._tag === "Some" ? Buffer.from(bytes.value).toString() : "", "old")
    })),
  of("a link is a second name, and never takes one that is there", (fs, directory) =>
    Effect.gen(function*() {
      yield* fs.writeFileString(`${directory}/a`, "a")
      yield* fs.link(`${directory}/a`, `${directory}/b`)
      assert.deepEqual((yield* fs.stat(`${directory}/a`)).ino, (yield* fs.stat(`${directory}/b`)).ino)
      assert.equal(yield* errno(fs.link(`${directory}/a`, `${directory}/b`)), "EEXIST")
    })),
  of(
    "a directory can be opened and synced",
    (fs, directory) => Effect.scoped(Effect.flatMap(fs.open(directory, { flag: "r" }), (file) => file.sync))
  ),
  of("what is read is what was written, and then the end", (fs, directory) =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const file = yield* Scope.extend(fs.open(`${directory}/a`, { flag: "wx" }), scope)
      yield* file.writeAll(new Uint8Array(100_000).fill(7))
      yield* file.sync
      yield* Scope.close(scope, Exit.void)
      const again = yield* fs.open(`${directory}/a`, { flag: "r" })
      const first = yield* again.readAlloc(99_999)
      const last = yield* again.readAlloc(99_999)
      assert.deepEqual([first, last].map((part) => part._tag === "Some" ? part.value.length : 0), [99_999, 1])
      assert.equal((yield* again.readAlloc(1))._tag, "None")
    })),
  of("failures tell their errno", (fs, directory) =>
    Effect.gen(function*() {
      yield* fs.writeFileString(`${directory}/a`, "a")
      yield* fs.symlink(`${directory}/nowhere`, `${directory}/link`)
      assert.equal(yield* errno(fs.stat(`${directory}/nothing`)), "ENOENT")
      assert.equal(yield* errno(fs.stat(`${directory}/link`)), "ENOENT")
      assert.equal(yield* errno(fs.stat(`${directory}/a/b`)), "ENOTDIR")
      assert.equal(yield* errno(fs.readLink(`${directory}/a`)), "EINVAL")
      assert.equal(yield* errno(fs.rename(`${directory}/nothing`, `${directory}/a`)), "ENOENT")
      assert.equal(yield* errno(fs.readDirectory(`${directory}/a`)), "ENOTDIR")
      assert.equal(yield* errno(Effect.scoped(fs.open(`${directory}/nothing`, { flag: "r" }))), "ENOENT")
    })),
  of(
    "removing by force what is not there is fine",
    (fs, directory) => fs.remove(`${directory}/nothing`, { force: true })
  ),
  of("a name is what it says", (fs, directory) =>
    Effect.gen(function*() {
      const names = [" a ", "line\nend", "%41", "größe 🙂 e\u0301", "e\u0301", "n".repeat(255)]
      for (const name of names) yield* fs.writeFileString(`${directory}/${name}`, name)
      assert.deepEqual((yield* fs.readDirectory(directory)).toSorted(), names.toSorted())
    }))
]
