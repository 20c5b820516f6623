import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { Export, Processes, Sqlite } from "kata"
import { createHash } from "node:crypto"

const layer = Layer.mergeAll(Sqlite.layer, Processes.layer).pipe(Layer.provideMerge(NodeContext.layer))

/** Sends a snapshot somewhere, here into a digest, in constant memory; the report is complete when all bytes were taken. */
const program = (database: string) =>
  Effect.gen(function*() {
    const digest = createHash("sha256")
    const report = yield* Export.into(
      { database },
      "a digest",
      Stream.runForEach((bytes) => Effect.sync(() => digest.update(bytes)))
    )
    return { sha256: digest.digest("hex"), lines: report.lines, findings: report.findings.length }
  })

export const main = (database: string) => Effect.runPromise(Effect.provide(program(database), layer))
