/**
 * A database of another version, read in one transaction, as rows of a stage of this one. Its records go the way of those of a file of that
 * version: they are the lines that an export of it would have.
 */
import * as Channel from "effect/Channel"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Stream from "effect/Stream"
import { Database, type Stage, type View } from "../database/Database.ts"
import type { Others } from "../database/inspect.ts"
import { instanceIn } from "../database/meta.ts"
import { newUlid } from "../database/newUlid.ts"
import { type Page, pages } from "../database/pages.ts"
import { RowUnreadable } from "../database/RowUnreadable.ts"
import { type Scope, wholeDatabase } from "../database/Selection.ts"
import { turn } from "../host/turn.ts"
import { advance, phase } from "../Progress.ts"
import type { Finding } from "../records/Finding.ts"
import { type Format, make as makeFormat } from "../records/Format.ts"
import { read as readLine } from "../records/line.ts"
import { unwatched } from "../records/Soundness.ts"
import { milliseconds, stableUlid } from "../records/versions/derivedUid.ts"
import { newestFor, olderThan } from "../records/versions/steps.ts"
import { storedFormat } from "../records/versions/storedNewer.ts"
import type { ContentSum } from "./digest.ts"
import { load } from "./load.ts"
import { lostTokens } from "./lostTokens.ts"
import type { Batch, Located } from "./read.ts"
import type { Versions } from "./upgrade.ts"

/** The formats of the databases that can be made one of `format`. */
export const convertible = (format: Format): Others => ({ tables, version }) =>
  version <= format.version
    ? olderThan(format, version)
    : version <= newestFor(format)
    ? storedFormat(version, tables)
    : undefined

/**
 * The formats of damaged databases from which something can be taken: the columns in the order of their tables, by which a page tells what is
 * in it.
 */
export const salvageable = (format: Format): Others => ({ tables, version }) => {
  const older = version < format.version ? olderThan(format, version) : undefined
  // The row that says the version may be the one that is damaged: tables of this version are of this version.
  const isThis = format.kinds.every(({ columns, table }) => columns.every(({ key }) => tables.get(table)?.has(key)))
  return isThis ? undefined : older && makeFormat({
    version,
    kinds: older.kinds.map((kind) => {
      const order = [...tables.get(kind.table) ?? []]
      return { ...kind, columns: kind.columns.toSorted((a, b) => order.indexOf(a.key) - order.indexOf(b.key)) }
    })
  })
}

/** Opens a database of any version that can be made one of `format`. */
export const anyVersion = (path: string, format: Format) =>
  Effect.flatMap(Database, ({ view }) => view(path, format, convertible(format)))

/** The records of a page; no line of a file is theirs. */
const batchOf = ({ format, path }: View, { bytes, kind }: Page): Either.Either<Batch, RowUnreadable> => {
  const records: Array<Located> = []
  for (const line of Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8").split("\n")) {
    if (line === "") continue
    const result = readLine(format, line)
    if (Either.isLeft(result)) {
      const { field = "", reason } = result.left
      return Either.left(new RowUnreadable({ path, table: kind.table, row: "?", field, reason, damaged: false }))
    }
    records.push({ line: 0, record: result.right.record })
  }
  return Either.right({ kind, records })
}

/** The records of a database that a scope takes, in the order of a file of its version; at their end, how many there are of each kind. */
export const storedRecords = (view: View, scope: Scope = wholeDatabase) =>
  Channel.suspend(() => {
    const read = new Map<string, number>()
    const batches = Stream.flatMap(
      Stream.fromIterable(view.format.kinds),
      (kind) => pages(view.db, view.format, kind, scope, unwatched)
    ).pipe(
      Stream.mapEffect((page) => {
        read.set(page.kind.name, (read.get(page.kind.name) ?? 0) + page.rows)
        // Neither what reads nor what stores waits for anything: a signal would not be heard before the end.
        return turn.pipe(
          Effect.zipRight(advance(page.rows, page.bytes.length)),
          Effect.zipRight(batchOf(view, page))
        )
      })
    )
    return Channel.as(Stream.toChannel(batches), read as ReadonlyMap<string, number>)
  })

/**
 * Who a database is. One of versions 1 and 2 does not say it; then it is told by its first project, always the same, so that two snapshots of
 * it are equal, and known to be of one database. Undefined when there is none either.
 */
export const identityOf = Effect.fnUntraced(function*({ db, format }: View, to: Format) {
  const known = yield* instanceIn(db)
  const project = format.kinds.find(({ table }) => table === "projects")
  if (known !== undefined || project === undefined || format.version >= to.version) return known
  const called = project.columns.find(({ key }) => key === "uid" || key === "identity")?.key
  const first = yield* db.get(
    "read the first project",
    `SELECT id, ${called} AS called, CAST(created_at AS TEXT) AS at FROM projects NOT INDEXED ORDER BY id LIMIT 1`
  )
  if (first === undefined) return undefined
  const { at, called: name, id } = first
  return stableUlid(`instance:${String(id)}:${String(name)}`, Math.max(0, milliseconds(String(at)) ?? 0))
})

/** What became of the records of a database of another version. */
export interface Converted {
  readonly versions: Versions
  /** How many there were, of the kinds of its version. */
  readonly read: ReadonlyMap<string, number>
  /** The sum of the records as they are now. */
  readonly sum: ContentSum
  /** What was done to them. */
  readonly findings: ReadonlyArray<Finding>
}

/**
 * Loads the records of the view that a scope takes into the stage, as records of its version, `to`. What they say of each other is not
 * asked: `judge` does. A record that cannot be one of that version is refused with its row.
 */
export const convert = Effect.fn("Snapshot.convert")(function*(
  view: View,
  stage: Stage,
  to: Format,
  scope: Scope = wholeDatabase
) {
  const counts = yield* view.count(scope)
  yield* phase("reading", { rows: [...counts.values()].reduce((sum, n) => sum + n, 0) })
  const versions: Versions = { from: view.format, to, instanceUid: (yield* identityOf(view, to)) ?? (yield* newUlid) }
  const { change, done, findings } = yield* load(storedRecords(view, scope), stage, view.path, { versions })
  // A table that holds rows which its own UNIQUE forbids is damaged, and they cannot be stored: none may be left out unseen.
  const double = findings.find(({ blocking, rule }) => rule === "unique" && blocking)
  if (double !== undefined) {
    return yield* new RowUnreadable({
      path: view.path,
      table: to.kinds.find(({ name }) => name === double.kind)?.table ?? double.kind,
      row: double.rows[0]?.row ?? "",
      field: double.field ?? "",
      reason: double.says,
      damaged: true
    })
  }
  const tokens = view.format.version > to.version ? yield* lostTokens(view) : []
  return { versions, read: done, sum: change, findings: [...findings, ...tokens] } satisfies Converted
})
