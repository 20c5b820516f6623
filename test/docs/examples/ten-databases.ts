import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Merge, Processes, Sqlite } from "kata"

const layer = Layer.mergeAll(Sqlite.layer, Processes.layer).pipe(Layer.provideMerge(NodeContext.layer))

/** Brings databases together in one that is there: all of them, or none. Who is right where two have changed the same is decided here. */
const gather = (databases: ReadonlyArray<string>, target: string) =>
  Merge.merge({
    target,
    sources: databases.map((database) => ({ database })),
    actor: "migration",
    homes: { kataHome: `${process.env["HOME"]}/.kata`, userHome: `${process.env["HOME"]}` }
  }).pipe(
    Effect.map(({ counts, notes, unchanged }) => ({
      unchanged,
      issues: counts["issue"]?.new ?? 0,
      notes: notes.map(({ detail, what }) => `${what}: ${detail}`)
    })),
    // Nothing was changed; the error has each conflict with both values.
    Effect.tapErrorTag("MergeConflicts", ({ conflicts }) =>
      Effect.logError(conflicts.map(({ facet, name }) => `${facet} of ${name}`).join("; ")))
  )

export const main = (databases: ReadonlyArray<string>, target: string) =>
  Effect.runPromise(Effect.provide(gather(databases, target), layer))
