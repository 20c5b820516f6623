import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Export, Import, Merge, Processes, Snapshot, Sqlite } from "kata"

const layer = Layer.mergeAll(Sqlite.layer, Processes.layer).pipe(Layer.provideMerge(NodeContext.layer))

/** Moves a database through a file: nothing is taken for granted, and the old database is only read. */
const migrate = (from: string, file: string, to: string) =>
  Effect.gen(function*() {
    const homes = { kataHome: `${process.env["HOME"]}/.kata`, userHome: `${process.env["HOME"]}` }
    // Refused while a daemon works with the database: it would go on writing to what we leave behind.
    const exported = yield* Export.toFile({ database: from, output: file, offline: homes })
    const verified = yield* Snapshot.verify(file)
    // What breaks a rule of the schema is mended or left out, each with a line in the report.
    const imported = yield* Import.restore({ input: file, target: to, repair: !verified.restorable, homes })
    const compared = yield* Merge.verifyAgainst(file, to)
    return {
      lines: exported.lines,
      proof: imported.proof,
      changes: imported.findings.filter(({ outcome }) => outcome !== "carried").map(({ line }) => line),
      equal: compared.equal
    }
  }).pipe(
    // Nothing was put in place unless everything before it was right: running it again is always safe.
    Effect.tapError((error) => Effect.logError(`${error._tag} (${error.kind}): ${error.message}`))
  )

export const main = (from: string, file: string, to: string) =>
  Effect.runPromise(Effect.provide(migrate(from, file, to), layer))
