import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawnSync } from "node:child_process"
import { privateDirectory, sweepPrivate } from "../../src/files/staleFiles.ts"
import { layerFaultyFileSystem } from "../../src/testing/faults.ts"
import { temporaryDirectory } from "./temp.ts"

/** A place for temporary files of its own. */
const place = Effect.gen(function*() {
  const directory = yield* temporaryDirectory
  const before = process.env["TMPDIR"]
  yield* Effect.acquireRelease(
    Effect.sync(() => process.env["TMPDIR"] = directory),
    () =>
      Effect.sync(() => {
        if (before === undefined) delete process.env["TMPDIR"]
        else process.env["TMPDIR"] = before
      })
  )
  return directory
})

const names = (directory: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.map(fs.readDirectory(directory), (all) => all.toSorted()))

layer(NodeContext.layer, { excludeTestServices: true })("private directories", (it) => {
  it.scoped("are private, say whose they are, and go with their scope", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* place
      yield* Effect.scoped(Effect.gen(function*() {
        const path = yield* privateDirectory("view")
        assert.match(path.slice(directory.length), new RegExp(`^/kata-view-${process.pid}-\\w{6}$`))
        assert.strictEqual((yield* fs.stat(path)).mode & 0o777, 0o700)
        yield* fs.writeFileString(`${path}/it`, "it")
        yield* sweepPrivate()
        assert.isTrue(yield* fs.exists(`${path}/it`))
      }))
      assert.deepStrictEqual(yield* names(directory), [])
    }))

  it.scoped("of dead processes go at the next run, and nothing else does", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* place
      const dead = spawnSync(process.execPath, ["-e", ""]).pid
      const gone = ["spool", "view", "verify", "import"].map((purpose) => `kata-${purpose}-${dead}-AbC123`)
      const stay = [`kata-view-${process.ppid}-AbC123`, `kata-other-${dead}-AbC123`, `kata-view-${dead}-notes.txt`]
      for (const name of [...gone, ...stay]) {
        yield* fs.makeDirectory(`${directory}/${name}`)
        yield* fs.writeFileString(`${directory}/${name}/it`, "it")
      }
      const [file, link] = [`kata-spool-${dead}-aaaaaa`, `kata-spool-${dead}-bbbbbb`]
      yield* fs.writeFileString(`${directory}/${file}`, "no directory")
      yield* fs.symlink(`${directory}/kata-other-${dead}-AbC123`, `${directory}/${link}`)
      yield* sweepPrivate()
      assert.deepStrictEqual(yield* names(directory), [...stay, file, link].toSorted())
    }))

  it.scoped("that cannot be removed are no failure", () =>
    Effect.gen(function*() {
      yield* place
      const faulty = layerFaultyFileSystem([{ operation: "remove", call: 1, code: "EIO", onwards: true }])
      yield* Effect.scoped(privateDirectory("spool")).pipe(Effect.provide(faulty))
      const unlisted = layerFaultyFileSystem([{ operation: "readDirectory", call: 1, code: "EACCES" }])
      yield* Effect.provide(sweepPrivate(), unlisted)
    }))
})
