/**
 * A changeset becomes what the target holds, in one transaction: nothing that the plan was made from has moved, every row is as it was planned,
 * and there are as many as there should be, or nothing is changed.
 */
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { fillFullText, reindexing, triggers } from "../database/schema.ts"
import type { Session } from "../database/Session.ts"
import type { SqliteFailure } from "../database/SqliteFailure.ts"
import type { FailureKind } from "../Failure.ts"
import { turn } from "../host/turn.ts"
import { advance } from "../Progress.ts"
import type { Format } from "../records/Format.ts"
import type { Kind } from "../records/Kind.ts"
import { changing, columnsOf, isFound, operation, quote, sameKey, sameRow } from "./changeset.ts"
import { refuseMoved, shifted } from "./moved.ts"

/** What was read back is not what was planned: a defect of kata or of the disk; nothing was changed. */
export class MergeUnproven extends Schema.TaggedError<MergeUnproven>()("MergeUnproven", {
  target: Schema.String,
  reason: Schema.String
}) {
  readonly kind = "internal" satisfies FailureKind
  override get message() {
    return `${this.target}: the changes were taken back: ${this.reason}`
  }
  get hint() {
    return "nothing was changed; run kata doctor, and report what happened"
  }
}

/** Rows of one statement. */
const window = 5_000

/** Runs a statement for the rowids of a table of the plan, window by window. */
const windows = (db: Session, table: string, where: string, sql: string): Effect.Effect<void, SqliteFailure> =>
  Effect.asVoid(Effect.iterate(-(2n ** 63n) as bigint | undefined, {
    while: (after) => after !== undefined,
    body: (after) =>
      Effect.gen(function*() {
        const found = yield* db.get(
          operation,
          `SELECT max(r) AS last, count(*) AS n FROM (SELECT rowid AS r FROM plan.${table} p WHERE rowid > ? AND ${where} ORDER BY rowid LIMIT ${window})`,
          after ?? 0n
        )
        const last = found?.["last"]
        if (typeof last !== "bigint") return undefined
        yield* db.attempt(operation, ({ prepare }) => void prepare(sql).run(after ?? 0n, last))
        yield* Effect.zipRight(advance(Number(found?.["n"]), 0), turn)
        return last
      })
  }))

const remove = (db: Session, { key, table }: Kind) => {
  const keys = key.map(quote).join(", ")
  return db.exec(
    operation,
    `DELETE FROM main.${table} WHERE ${
      key.length === 1 ? keys : `(${keys})`
    } IN (SELECT ${keys} FROM plan.drop_${table})`
  )
}

/** Rows of the target that the plan changes in one of these columns. */
const changes = (table: string, columns: ReadonlyArray<string>) =>
  `id IN (SELECT p.id FROM plan.put_${table} p JOIN main.${table} t ON t.id = p.id WHERE NOT p.fresh AND (${
    columns.map((column) => `p.${column} IS NOT t.${column}`).join(" OR ")
  }))`

/** Names that one row gives to another are given back before: SQLite looks at them row by row. A whole uid is the short id of nobody else. */
const freed = [
  "UPDATE main.projects SET name = uid WHERE id IN (SELECT id FROM plan.drop_projects)",
  `UPDATE main.issues SET short_id = lower(uid) WHERE ${changes("issues", ["project_id", "short_id"])}`,
  `UPDATE main.issues SET recurrence_id = NULL WHERE ${changes("issues", ["recurrence_id", "occurrence_key"])}`,
  `UPDATE main.import_mappings SET external_id = 'row ' || id WHERE ${
    changes("import_mappings", ["source", "external_id", "object_type", "project_id"])
  }`
].join(";")

const update = (db: Session, kind: Kind) => {
  const columns = columnsOf(kind).filter((column) => !kind.key.includes(column) && column !== "uid").map(quote)
  if (columns.length === 0) return Effect.void
  return db.exec(
    operation,
    `UPDATE main.${kind.table} AS t SET (${columns.join(", ")}) = (SELECT ${
      columns.join(", ")
    } FROM plan.put_${kind.table} p WHERE ${
      sameKey(kind, "p", "t")
    }) WHERE EXISTS (SELECT 1 FROM plan.put_${kind.table} p WHERE NOT p.fresh AND ${sameKey(kind, "p", "t")})`
  )
}

/** The issues whose comments are changed otherwise than the triggers see it, both before and after that. */
const reindexed = `CREATE TABLE plan.reindexed AS
  SELECT t.issue_id AS id FROM plan.put_comments p JOIN main.comments t ON t.id = p.id
    WHERE NOT p.fresh AND (p.body IS NOT t.body OR p.issue_id IS NOT t.issue_id)
  UNION SELECT p.issue_id FROM plan.put_comments p JOIN main.comments t ON t.id = p.id
    WHERE NOT p.fresh AND p.issue_id IS NOT t.issue_id`

const updateComments = Effect.fnUntraced(function*(db: Session, kind: Kind) {
  // what is made of several sources has no index
  if (!(yield* isFound(db, "SELECT 1 FROM main.sqlite_schema WHERE name = 'issues_fts'"))) {
    return yield* update(db, kind)
  }
  const { put, take } = reindexing("SELECT id FROM plan.reindexed")
  yield* db.exec(operation, `${reindexed}; ${take}`)
  yield* update(db, kind)
  yield* db.exec(operation, put)
})

const insert = (db: Session, kind: Kind, where = "1") => {
  const columns = columnsOf(kind).map(quote).join(", ")
  return windows(
    db,
    `put_${kind.table}`,
    `fresh AND ${where}`,
    `INSERT INTO main.${kind.table}(${columns}) SELECT ${columns} FROM plan.put_${kind.table} p WHERE p.rowid > ? AND p.rowid <= ? AND fresh AND ${where} ORDER BY p.rowid`
  )
}

const ofFresh = "p.issue_id IN (SELECT id FROM plan.put_issues WHERE fresh)"

/** What indexes a text row by row does so again for every comment of an issue: those that come in whole are indexed at once. */
const indexing = triggers.filter(({ name }) => name === "issues_ai_fts" || name === "comments_ai_fts")

const fill = Effect.fnUntraced(function*(db: Session, format: Format) {
  const [first, last] = yield* Effect.map(
    db.get(operation, "SELECT min(id) AS first, max(id) AS last FROM plan.put_issues WHERE fresh"),
    (row) => [row?.["first"], row?.["last"]]
  )
  const [issue, comment] = ["issue", "comment"].map((name) => format.kinds.find((kind) => kind.name === name)!)
  if (typeof first !== "bigint" || typeof last !== "bigint") return
  // Issues that come back lie between others, which are indexed already.
  const indexed = yield* isFound(
    db,
    `SELECT 1 FROM main.sqlite_schema WHERE type = 'trigger' AND name = 'issues_ai_fts' AND NOT EXISTS
       (SELECT 1 FROM main.issues WHERE id >= ${first})`
  )
  if (indexed) yield* db.exec(operation, indexing.map(({ name }) => `DROP TRIGGER main.${name}`).join(";"))
  yield* insert(db, issue!)
  yield* insert(db, comment!, ofFresh)
  if (!indexed) return
  for (let after: bigint = first - 1n; after < last;) {
    const end = after + 1000n < last ? after + 1000n : last
    yield* db.attempt("index the text", ({ prepare }) => void prepare(fillFullText.part).run(after, end))
    yield* turn
    after = end
  }
  for (const { name, sql } of indexing) yield* db.exec(`make the trigger ${name}`, sql)
})

const counts = (db: Session, format: Format) =>
  Effect.map(
    Effect.forEach(changing(format), ({ table }) =>
      Effect.map(
        db.get(
          operation,
          `SELECT (SELECT count(*) FROM main.${table}) AS there, (SELECT count(*) FROM plan.put_${table} WHERE fresh) AS new,
          (SELECT count(*) FROM plan.drop_${table}) AS gone`
        ),
        (row) =>
          [table, { there: Number(row?.["there"]), delta: Number(row?.["new"]) - Number(row?.["gone"]) }] as const
      )),
    (all) => new Map(all)
  )

/** Every row is there as it was planned, none that goes is left, and of the others as many as before. */
const prove = Effect.fnUntraced(
  function*(
    db: Session,
    format: Format,
    target: string,
    before: ReadonlyMap<string, { readonly there: number; readonly delta: number }>
  ) {
    const unproven = (reason: string) => new MergeUnproven({ target, reason })
    for (const kind of changing(format)) {
      const { table } = kind
      const differs = yield* isFound(
        db,
        `SELECT 1 FROM plan.put_${table} p WHERE NOT EXISTS (SELECT 1 FROM main.${table} t WHERE ${
          sameKey(kind, "t", "p")
        } AND ${sameRow(kind, "t", "p")})`
      )
      if (differs) return yield* unproven(`a row of ${table} is not as it was planned`)
      const isLeft = yield* isFound(
        db,
        `SELECT 1 FROM plan.drop_${table} d JOIN main.${table} t ON ${sameKey(kind, "t", "d")}` +
          ` WHERE NOT EXISTS (SELECT 1 FROM plan.put_${table} p WHERE ${sameKey(kind, "p", "d")})`
      )
      if (isLeft) return yield* unproven(`a row of ${table} is still there`)
    }
    for (const [table, { there }] of yield* counts(db, format)) {
      const was = before.get(table)
      if (was !== undefined && was.there + was.delta !== there) {
        return yield* unproven(`${table} has ${there} rows where ${was.there + was.delta} are due`)
      }
    }
  }
)

/** Does what the changeset in the schema `plan` says, within a transaction of the target. Gives how far its numbers had to move. */
export const apply = Effect.fn("Merge.apply")(function*(db: Session, format: Format, target: string) {
  yield* refuseMoved(db, format)
  const shifts = yield* shifted(db, format)
  const before = yield* counts(db, format)
  const kinds = changing(format)
  // with a project SQLite would delete what lies in it, also what goes elsewhere: it goes last
  const [projects, others] = Arr.partition(kinds, ({ name }) => name !== "project")
  for (const kind of others.toReversed()) yield* remove(db, kind)
  yield* db.exec(operation, freed)
  for (const kind of kinds) {
    yield* kind.name === "comment" ? updateComments(db, kind) : update(db, kind)
    if (kind.name === "issue") yield* fill(db, format)
    else yield* insert(db, kind, kind.name === "comment" ? `NOT (${ofFresh})` : undefined)
  }
  for (const kind of projects) yield* remove(db, kind)
  yield* db.exec(
    operation,
    `UPDATE main.sqlite_sequence SET seq = max(CAST(seq AS INTEGER), ifnull((SELECT max(purge_reset_after_event_id) FROM plan.put_purge_log), 0)) WHERE name = 'events'`
  )
  yield* prove(db, format, target, before)
  return shifts
})
