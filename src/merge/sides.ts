/** The two sides of a comparison, opened: a database as it is, everything else as a private one. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { type Attachable, Database, type View } from "../database/Database.ts"
import { instanceIn } from "../database/meta.ts"
import { wholeDatabase } from "../database/Selection.ts"
import { SqliteFailure } from "../database/SqliteFailure.ts"
import { inTemporary } from "../database/temporary.ts"
import { resolve } from "../export/scope.ts"
import { parentOf } from "../files/paths.ts"
import { privateDirectory } from "../files/staleFiles.ts"
import type { Format } from "../records/Format.ts"
import { anyVersion, convert } from "../snapshot/convert.ts"
import type { Input } from "../snapshot/input.ts"
import type { Header } from "../snapshot/seal.ts"
import { opened, type VerifyReport } from "../snapshot/verify.ts"

/** One side of a comparison. */
export type Source<E = never> = { readonly database: string } | { readonly snapshot: Input<E> }

export class Side extends Schema.Class<Side>("Side")({
  name: Schema.String,
  is: Schema.Literal("snapshot", "database"),
  instance_uid: Schema.NullOr(Schema.String),
  /** The uids of the projects that it is a snapshot of; null: everything. */
  projects: Schema.NullOr(Schema.Array(Schema.String))
}) {}

export interface Opened {
  readonly attach: Attachable
  readonly side: Side
  readonly header: Header | undefined
  /** The database itself, when it was not copied. */
  readonly view: View | undefined
}

export const openSnapshot = <E>(input: Input<E>, format: Format) =>
  Effect.gen(function*() {
    const { header, report, stage } = yield* opened(input, format)
    const instance_uid = (yield* instanceIn(stage.db)) ?? null
    yield* stage.seal
    const projects = header === undefined || header.scope === "database" ? null : header.scope.projects
    return {
      attach: stage,
      header,
      view: undefined,
      side: new Side({ name: report.file, is: "snapshot", instance_uid, projects }),
      report
    } satisfies Opened & { readonly report: VerifyReport }
  })

/** A view of a database, or what it becomes in this version. */
export const openDatabase = Effect.fnUntraced(function*(path: string, format: Format) {
  const view = yield* anyVersion(path, format)
  const side = new Side({
    name: path,
    is: "database",
    instance_uid: (yield* instanceIn(view.db)) ?? null,
    projects: null
  })
  if (view.format.version === format.version) return { attach: view, side, header: undefined, view } satisfies Opened
  const directory = yield* privateDirectory("compare")
  return yield* Effect.gen(function*() {
    const stage = yield* (yield* Database).stage(`${directory}/converted.db`, format)
    yield* convert(view, stage, format)
    yield* stage.seal
    yield* view.confirm
    return { attach: stage, side, header: undefined, view: undefined } satisfies Opened
  }).pipe(Effect.mapError(inTemporary(directory)))
})

export const openSide = <E>(source: Source<E>, format: Format) =>
  "database" in source ? openDatabase(source.database, format) : openSnapshot(source.snapshot, format)

/** What of a database a partial snapshot is held against. */
export const scopeOf = (of: Opened, against: Opened, format: Format) => {
  const { header } = of
  if (header === undefined || against.view === undefined) return Effect.succeed(wholeDatabase)
  if (header.scope === "database" && header.live_only !== true) return Effect.succeed(wholeDatabase)
  const uids = header.scope === "database" ? [] : header.scope.projects
  return Effect.map(
    resolve(against.view, format, {
      projects: uids.map((uid) => ({ uid })),
      includeDeleted: header.live_only !== true
    }),
    ({ scope }) => scope
  )
}

/** The user does not know of the session: what is damaged is one of the sides, and what lacks room is its own file. */
export const ofBoth = (path: string, sides: ReadonlyArray<Opened>) => <E>(error: E) =>
  error instanceof SqliteFailure && error.path === path && error.kind === "damaged"
    ? new SqliteFailure({ ...error, path: sides.map(({ side }) => side.name).join(" or ") })
    : inTemporary(parentOf(path))(error)
