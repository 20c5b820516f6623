/** A disk that cannot read some places of a database any more. */
import * as PlatformError from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Sqlite from "../../src/database/sqlite.ts"
import * as Export from "../../src/export/Export.ts"
import * as Processes from "../../src/host/Processes.ts"
import * as kit from "../snapshot/kit.ts"

const failed = (path: string) =>
  new PlatformError.SystemError({
    reason: "Unknown",
    module: "FileSystem",
    method: "read",
    pathOrDescriptor: path,
    cause: Object.assign(new Error("EIO: i/o error, read"), { code: "EIO" })
  })

/** The filesystem, but for some bytes of the file of that name. */
const layerBadSectors = (name: string, from: number, to: number) =>
  Layer.effect(
    FileSystem.FileSystem,
    Effect.map(FileSystem.FileSystem, (fs) =>
      FileSystem.make({
        ...fs,
        copyFile: (path, target) => path.endsWith(name) ? Effect.fail(failed(path)) : fs.copyFile(path, target),
        open: (path, options) =>
          Effect.map(fs.open(path, options), (file) => {
            if (!path.endsWith(name)) return file
            let at = 0
            const own: Pick<FileSystem.File, "seek" | "readAlloc"> = {
              seek: (offset, whence) =>
                Effect.zipRight(Effect.sync(() => void (at = Number(offset))), file.seek(offset, whence)),
              readAlloc: (size) =>
                Effect.suspend(() =>
                  at < to && at + Number(size) > from ? Effect.fail(failed(path)) : file.readAlloc(size)
                )
            }
            return Object.assign(Object.create(file), own)
          })
      }))
  )

it.scopedLive("found L3: what the disk cannot read is a gap, and the rest of the file is salvaged", () =>
  Effect.gen(function*() {
    const directory = yield* kit.temporary
    const database = `${directory}/kata.db`
    yield* kit.copyTo(database, "rich.db")
    const before = yield* kit.exported(database, { plain: true })
    const [page] = yield* kit.query(database, "SELECT rootpage AS page FROM sqlite_schema WHERE name = 'comments'")
    const at = (Number(page?.["page"]) - 1) * 4096
    const broken = Layer.mergeAll(Layer.fresh(Sqlite.layer), Processes.layer).pipe(
      Layer.provideMerge(layerBadSectors("kata.db", at + 512, at + 700)),
      Layer.provideMerge(kit.services)
    )
    const output = `${directory}/out.jsonl`
    const report = yield* Effect.provide(
      Export.toFile({ database, output, salvage: true, plain: true }),
      broken
    )
    assert.include(report.findings.map(({ rule }) => rule), "mended")
    const after = new Set(kit.lines(yield* kit.textOf(output)))
    const lost = kit.lines(before).filter((line) => !after.has(line))
    assert.deepStrictEqual(lost.filter((line) => !line.startsWith("{\"kind\":\"comment\"")), [])
    assert.isAtLeast(report.rejected, lost.length)
  }).pipe(Effect.provide(kit.services)))
