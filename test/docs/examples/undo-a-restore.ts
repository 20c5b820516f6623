import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Import, Processes, Sqlite, Undo } from "kata"

const layer = Layer.mergeAll(Sqlite.layer, Processes.layer).pipe(Layer.provideMerge(NodeContext.layer))
const homes = { kataHome: `${process.env["HOME"]}/.kata`, userHome: `${process.env["HOME"]}` }

/** Restores a snapshot over a database, and takes that back when it took work away that nobody meant to lose. */
const program = (input: string, database: string) =>
  Effect.gen(function*() {
    const restored = yield* Import.restore({ input, target: database, force: true, by: "the night job", homes })
    const lost = restored.only_in_old?.issues ?? 0
    if (lost === 0) return { lost, undone: [] }
    // To the state before it, also when something else has replaced the database meanwhile.
    const { undone } = yield* Undo.undo({ database, to: restored.entry ?? "", homes })
    return { lost, undone: undone.map(({ words }) => words) }
  }).pipe(
    Effect.catchTag(
      "RecordedSince",
      ({ events }) => Effect.fail(`${events ?? "unknown"} events since: look at it first`)
    )
  )

export const main = (input: string, database: string) =>
  Effect.runPromise(Effect.provide(program(input, database), layer))
