/** The sources of a merge, opened. */
import * as Effect from "effect/Effect"
import { Database } from "../database/Database.ts"
import type { Row } from "../database/Session.ts"
import { inTemporary } from "../database/temporary.ts"
import { privateDirectory } from "../files/staleFiles.ts"
import type { Format } from "../records/Format.ts"
import { anyVersion, convert } from "../snapshot/convert.ts"
import { narrow } from "./narrow.ts"
import { openDatabase, type Opened, openSnapshot, Side, type Source } from "./sides.ts"

/** A private copy of a database. */
const copied = Effect.fnUntraced(function*(path: string, format: Format) {
  const opened = yield* openDatabase(path, format)
  if (opened.file !== undefined) return opened
  const directory = yield* privateDirectory("compare")
  return yield* Effect.gen(function*() {
    const view = yield* anyVersion(path, format)
    const stage = yield* (yield* Database).stage(`${directory}/copied.db`, format)
    yield* convert(view, stage, format)
    yield* stage.seal
    return { ...opened, attach: stage, view: undefined, file: stage.path } satisfies Opened
  }).pipe(Effect.mapError(inTemporary(directory)))
})

/** A source, or only some of its projects, by name or uid. */
export const openSource = Effect.fn("Merge.openSource")(
  function*<E>(source: Source<E>, projects: ReadonlyArray<string>, format: Format) {
    if (projects.length === 0) {
      return yield* "database" in source ? openDatabase(source.database, format) : openSnapshot(source.snapshot, format)
    }
    const opened: Opened = yield* "database" in source
      ? copied(source.database, format)
      : openSnapshot(source.snapshot, format)
    if (opened.file === undefined) return opened
    const scope = yield* narrow(opened.file, opened.side.name, projects, format)
    return { ...opened, side: new Side({ ...opened.side, projects: scope }) }
  }
)

/** A private database without records, with the `meta` of another: several sources are merged into it first. */
export const empty = Effect.fn("Merge.empty")(function*(meta: ReadonlyArray<Row>, format: Format) {
  const directory = yield* privateDirectory("compare")
  return yield* Effect.gen(function*() {
    const stage = yield* (yield* Database).stage(`${directory}/stitched.db`, format)
    yield* stage.db.attempt("prepare the merge", ({ prepare }) => {
      for (const { key, value } of meta) prepare("INSERT INTO meta(key, value) VALUES (?, ?)").run(key!, value!)
    })
    yield* stage.seal
    return stage
  }).pipe(Effect.mapError(inTemporary(directory)))
})

/** What several sources are together. */
export const together = (sides: ReadonlyArray<Side>): Side =>
  new Side({
    ...sides[0]!,
    name: sides.map(({ name }) => name).join(", "),
    projects: sides.some(({ projects }) => projects === null)
      ? null
      : [...new Set(sides.flatMap(({ projects }) => projects ?? []))],
    live_only: sides.some(({ live_only }) => live_only)
  })
