import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Export, Processes, Sqlite } from "kata"
import { Faults } from "kata/testing"
import { readFile, writeFile } from "node:fs/promises"

/** The real filesystem, on which every write to a file with that in its name finds the disk full. */
const fullDisk = (name: string) =>
  Faults.layerFaultyFileSystem([{ operation: "write", call: 1, onwards: true, code: "ENOSPC", path: name }]).pipe(
    Layer.provideMerge(NodeContext.layer)
  )

/** An export onto a full disk fails with a typed error, and the last backup is still there. */
export const main = async (database: string, output: string) => {
  await writeFile(output, "the last backup\n")
  const failed = Export.toFile({ database, output }).pipe(Effect.flip)
  const layer = Layer.mergeAll(Sqlite.layer, Processes.layer).pipe(Layer.provideMerge(fullDisk("backup.jsonl")))
  const { kind, message } = await Effect.runPromise(Effect.provide(failed, layer))
  return { kind, message, file: await readFile(output, "utf8") }
}
