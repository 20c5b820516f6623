/** Changes rows of a stage one at a time, and says what that changes in its content sum; what goes keeps the line that it came from. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { around, toParam } from "../database/around.ts"
import { parentCycle, parentCycles } from "../database/links.ts"
import { recordsAt } from "../database/rowByRow.ts"
import { breaks, type Rule } from "../database/rules.ts"
import { everything, rowsOf, wholeDatabase } from "../database/Selection.ts"
import type { Session, Statements } from "../database/Session.ts"
import { turn } from "../host/turn.ts"
import { FindingRow, type Findings, shorten } from "../records/Finding.ts"
import type { Format } from "../records/Format.ts"
import { type AnyRecord, type Kind, rowName, type Tree } from "../records/Kind.ts"
import { write } from "../records/line.ts"
import type { Repair } from "../records/repairs.ts"
import { type Described, type Unique, uniqueRule } from "../records/Rule.ts"
import type { ContentSum } from "../snapshot/digest.ts"
import { inReport, type Origins } from "../snapshot/Origins.ts"

/** Rows that are mended at a time. */
const window = 500

export class Mender {
  private readonly db: Session
  private readonly format: Format
  private readonly sum: ContentSum
  private readonly findings: Findings
  private readonly origins: Origins
  changes = 0

  constructor(db: Session, format: Format, sum: ContentSum, findings: Findings, origins: Origins) {
    this.db = db
    this.format = format
    this.sum = sum
    this.findings = findings
    this.origins = origins
  }

  private store(db: Statements, kind: Kind, rowid: bigint, record: AnyRecord): boolean {
    try {
      db.prepare(
        `UPDATE ${kind.table} SET ${kind.columns.map(({ key }) => `"${key}" = ?`).join(", ")} WHERE rowid = ?`
      )
        .run(...kind.columns.map(({ key }) => toParam(record[key])), rowid)
      return true
    } catch (cause) {
      // The mended row is there already: one of the two goes.
      if (cause instanceof Error && cause.message.startsWith("UNIQUE constraint failed")) return false
      throw cause
    }
  }

  /** The lines of other rows that say something of this one, and change with it. */
  private telling(db: Statements, kind: Kind, { id }: AnyRecord): ReadonlyArray<string> {
    return this.format.kinds.flatMap((other) =>
      other.fields.flatMap(({ derived }) => {
        if (Option.isNone(derived) || derived.value.table !== kind.table) return []
        const rows = db.prepare(`SELECT rowid AS id FROM ${other.table} WHERE "${derived.value.via}" = ?`)
        const ids = rows.all(toParam(id)).map((row) => row["id"]).filter((id) => typeof id === "bigint")
        return recordsAt(db, other, ids).map((record) => write(other, record))
      })
    )
  }

  /** Mends one row. Throws what SQLite throws. */
  row(db: Statements, kind: Kind, rowid: bigint, of: Described, repair: Repair): void {
    const before = recordsAt(db, kind, [rowid])[0]
    if (before === undefined) return
    const told = this.telling(db, kind, before)
    const mended = Option.getOrUndefined(repair(before, around(db)))
    // A repair that changes nothing has nothing to offer.
    const kept = mended !== undefined && write(kind, mended) !== write(kind, before) &&
      this.store(db, kind, rowid, mended)
    // What is only odd is not worth a row.
    if (mended !== undefined && !kept && !of.blocking) return
    const line = this.origins.lineOf(kind, rowid)
    if (!kept && line !== undefined) this.origins.refuse(line, `${kind.name} ${of.field} ${of.says}`)
    if (!kept) db.prepare(`DELETE FROM ${kind.table} WHERE rowid = ?`).run(rowid)
    this.sum.remove(write(kind, before))
    // Read again, because a derived field follows the column that was changed.
    const after = kept ? recordsAt(db, kind, [rowid])[0] : undefined
    if (after !== undefined) {
      this.sum.add(write(kind, mended === undefined ? after : { ...mended, ...derivedOf(kind, after) }))
    }
    for (const line of told) this.sum.remove(line)
    if (told.length > 0) { for (const line of this.telling(db, kind, before)) this.sum.add(line) }
    this.changes++
    this.findings.add(
      {
        rule: of.rule,
        kind: kind.name,
        field: of.field,
        says: of.says,
        outcome: kept ? "repaired" : "dropped",
        blocking: false
      },
      new FindingRow({ row: rowName(kind, before), value: changeOf(kind, before, after), ...inReport(line) })
    )
  }

  /** Mends all rows that break a rule of their own or of other tables. */
  rule(kind: Kind, rule: Rule): Effect.Effect<void, Effect.Effect.Error<ReturnType<Session["get"]>>> {
    const sql = `SELECT rowid_ AS id FROM ${rowsOf(kind, everything, "1")} r WHERE rowid_ >= ? AND ${
      breaks(rule.holds)
    } ORDER BY rowid_ LIMIT ${window}`
    const repair = Option.getOrUndefined(rule.repair)
    if (repair === undefined) return Effect.void
    const part = (from: bigint): Effect.Effect<void, Effect.Effect.Error<ReturnType<Session["get"]>>> =>
      Effect.flatMap(
        this.db.attempt(`mend the table ${kind.table}`, (db) => {
          const ids = db.prepare(sql).all(from).map((row) => row["id"]).filter((id) => typeof id === "bigint")
          for (const id of ids) this.row(db, kind, id, rule, repair)
          return ids.length === window ? ids.at(-1) : undefined
        }),
        (last) =>
          last === undefined || last === 2n ** 63n - 1n
            ? Effect.void
            : Effect.zipRight(turn, part(last + 1n))
      )
    return part(-(2n ** 63n))
  }

  /** Of rows that a unique index would not take together, mends all but the first. */
  unique(kind: Kind, unique: Unique) {
    return this.db.attempt(`mend the table ${kind.table}`, (db) => {
      const rows = db.prepare(
        `SELECT id FROM (SELECT rowid_ AS id, row_number() OVER (PARTITION BY ${
          unique.columns.join(", ")
        } ORDER BY rowid_) AS n` +
          ` FROM ${rowsOf(kind, everything, unique.where ?? "1")}) WHERE n > 1 ORDER BY id`
      ).all()
      const rule = { ...uniqueRule(unique), says: "is there more than once" }
      for (const repair of Option.toArray(rule.repair)) {
        for (const { id } of rows) if (typeof id === "bigint") this.row(db, kind, id, rule, repair)
      }
    })
  }

  /** Of each circle of parents takes the link that closed it, which was made last. */
  circles(kind: Kind, tree: Tree) {
    const rule = parentCycle(tree)
    return Effect.flatMap(
      parentCycles(this.db, kind, tree, wholeDatabase),
      (cycles) =>
        this.db.attempt(`mend the table ${kind.table}`, (db) => {
          for (const repair of Option.toArray(rule.repair)) {
            for (const { link } of cycles) this.row(db, kind, link, rule, repair)
          }
        })
    )
  }
}

const derivedOf = (kind: Kind, record: AnyRecord): AnyRecord =>
  Object.fromEntries(kind.fields.filter(({ derived }) => Option.isSome(derived)).map(({ key }) => [key, record[key]]))

/** What a row said and says, in the fields that changed. */
const changeOf = (kind: Kind, before: AnyRecord, after: AnyRecord | undefined): string =>
  after === undefined ? shorten(write(kind, before)) : kind.fields.filter(({ key }) => before[key] !== after[key])
    .map(({ key }) => `${key}: ${shorten(String(before[key] ?? null))} → ${shorten(String(after[key] ?? null))}`).join(
      ", "
    )
