/**
 * Records of another version become those of the version of the stage, one after the other, while they are loaded. What a step asks of
 * other records, the stage answers: they are rows there, and what rows of version 10 do not say any more is in temporary tables.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { newUlid } from "../database/newUlid.ts"
import { recordsAt } from "../database/rowByRow.ts"
import type { Session, Statements } from "../database/Session.ts"
import { turn } from "../host/turn.ts"
import { type Finding, FindingRow, type Findings, shorten } from "../records/Finding.ts"
import type { Format } from "../records/Format.ts"
import { type AnyRecord, type Kind, type Problem, rowName } from "../records/Kind.ts"
import { write as writeLine } from "../records/line.ts"
import type { Held } from "../records/versions/newerToV10.ts"
import type { Change, Known } from "../records/versions/Step.ts"
import { stepsFrom, upgrade } from "../records/versions/steps.ts"
import { numberOf } from "../records/versions/v7ToV8.ts"
import type { ContentSum } from "./digest.ts"
import { Downgrade } from "./downgrade.ts"
import { exactParam } from "./insert.ts"
import { inReport } from "./Origins.ts"
import type { Located } from "./read.ts"

/** Issues that are settled before a signal is handled. */
const window = 100

/** A record of which version 10 has none. */
export interface Left {
  readonly line: number
  /** Why it is lost; empty when that is no loss. */
  readonly reason: string
}

/** What a load of a file of another version is given. */
export interface Versions {
  /** What the file is a file of. */
  readonly from: Format
  /** What the stage is a database of. */
  readonly to: Format
  /** Who the database is, when the file does not say it. */
  readonly instanceUid: string
}

/** None when the file is of the version of the database already. */
export const versions = (from: Format, to: Format): Effect.Effect<Versions | undefined> =>
  from.version === to.version
    ? Effect.succeed(undefined)
    : Effect.map(newUlid, (instanceUid) => ({ from, to, instanceUid }))

const temporary = "CREATE TEMP TABLE old_number (project INTEGER, number INTEGER, issue INTEGER," +
  " PRIMARY KEY (project, number)) WITHOUT ROWID;" +
  "CREATE TEMP TABLE taken (project INTEGER, short_id TEXT, PRIMARY KEY (project, short_id)) WITHOUT ROWID"

const namedIssue = "SELECT i.short_id, i.uid FROM temp.old_number n JOIN issues i ON i.id = n.issue" +
  " WHERE n.project = ? AND n.number = ?"

const known = (db: Statements, instanceUid: () => string): Known => {
  const text = (sql: string, id: AnyRecord[string]) => {
    const value = db.prepare(sql).get(exactParam(id))?.["value"]
    return value === undefined || value === null ? undefined : String(value)
  }
  return {
    uidOf: (table, id) => text(`SELECT uid AS value FROM ${table} WHERE id = ?`, id),
    projectName: (id) => text("SELECT name AS value FROM projects WHERE id = ?", id),
    projectNameTaken: (name) => text("SELECT 1 AS value FROM projects WHERE name = ?", name) !== undefined,
    issueNumbered: (project, number) => {
      const row = db.prepare(namedIssue).get(exactParam(project), number)
      return row === undefined ? undefined : { shortId: String(row["short_id"]), uid: String(row["uid"]) }
    },
    shortIdTaken: (project, shortId) =>
      db.prepare("SELECT 1 AS one FROM temp.taken WHERE project = ? AND short_id = ?")
        .get(exactParam(project), shortId) !== undefined,
    get instanceUid() {
      return instanceUid()
    }
  }
}

/** Within attempts of a stage, as a load is: what SQLite throws is theirs. */
export class Upgrade {
  private readonly db: Statements
  private readonly versions: Versions
  private readonly findings: Findings
  private readonly sum: ContentSum
  private readonly steps
  private readonly known: Known
  private readonly downgrade: Downgrade | undefined
  /** Who the database is, when the file says it. */
  private instanceUid: string | undefined
  private metaIsOver = false
  private settledTo: string | undefined = ""

  constructor(db: Statements, versions: Versions, findings: Findings, sum: ContentSum) {
    this.db = db
    this.versions = versions
    this.findings = findings
    this.sum = sum
    this.steps = stepsFrom(versions.from, versions.to)
    this.known = known(db, () => this.instanceUid ?? versions.instanceUid)
    db.execute(temporary)
    this.downgrade = versions.from.version > versions.to.version ? new Downgrade(db) : undefined
  }

  /** The kind that records of a kind of the file become. */
  kindOf({ name }: Kind): Kind {
    const kind = this.versions.to.kinds.find((kind) => kind.name === name)
    if (kind === undefined) throw new Error(`version ${this.versions.to.version} has no kind ${name}`)
    return kind
  }

  private tell(
    kind: Kind,
    record: AnyRecord,
    { field, says, value }: Omit<Change, "field"> & { readonly field?: string | undefined },
    line: number | undefined,
    done: Pick<Finding, "loss" | "outcome"> = { outcome: "upgraded" }
  ): void {
    this.findings.add(
      { rule: says, kind: kind.name, field, says, ...done, blocking: false },
      () =>
        value === undefined && done.outcome === "upgraded" ? undefined : new FindingRow({
          row: rowName(kind, record),
          ...(value !== undefined && { value: shorten(value) }),
          ...inReport(line)
        })
    )
  }

  /** The record as it is to be stored; or why there is none in version 10. */
  record(kind: Kind, { line, record: read }: Located): Either.Either<Located | Left, Problem> {
    if (kind.table === "meta") {
      const { key, value } = read
      const { version } = this.versions.from
      if (key === "instance_uid") this.instanceUid = String(value)
      if (key === "schema_version" && Number(value) !== version) {
        const says = `is ${JSON.stringify(shorten(String(value)))}, but the file is of version ${version}`
        return Either.left({ field: "value", says })
      }
    }
    if (this.downgrade !== undefined) {
      return Either.map(this.downgrade.record(kind, read), (held) => this.account(kind, { line, record: read }, held))
    }
    return Either.map(upgrade(this.steps, kind.name, read, this.known), ({ changes, record }) => {
      for (const change of changes) this.tell(kind, read, change, line)
      this.sum.add(writeLine(this.kindOf(kind), record))
      const number = kind.table === "issues" ? numberOf(read) : undefined
      if (number !== undefined) {
        this.db.prepare("INSERT OR REPLACE INTO temp.old_number VALUES (?, ?, ?)")
          .run(exactParam(read["project_id"]), number, exactParam(read["id"]))
      }
      return { line, record }
    })
  }

  /** Reports what of a record of a newer version is held, and what is not. */
  private account(kind: Kind, { line, record: read }: Located, { changes, losses, odd, record }: Held): Located | Left {
    for (const change of changes) this.tell(kind, read, change, line)
    for (const one of odd) this.tell(kind, read, one, line, { outcome: "carried" })
    for (const loss of losses) this.tell(kind, read, loss, line, { outcome: "lost", loss: loss.name })
    if (record === undefined) return { line, reason: losses.map(({ name, says }) => `${name} ${says}`).join("; ") }
    this.sum.add(writeLine(this.kindOf(kind), record))
    return { line, record }
  }

  /** A database needs an identity, also when an older file does not say it. To be called when its `meta` is over. */
  endOfMeta(): void {
    if (this.metaIsOver) return
    this.metaIsOver = true
    if (this.instanceUid !== undefined || this.downgrade !== undefined) return
    const [key, value] = ["instance_uid", this.versions.instanceUid]
    this.db.prepare("INSERT INTO meta(key, value) VALUES (?, ?)").run(key, value)
    for (const kind of this.versions.to.kinds.filter(({ table }) => table === "meta")) {
      this.sum.add(writeLine(kind, { key, value }))
      this.tell(kind, { key }, { field: "value", says: "is new: the file has none", value }, undefined)
    }
  }

  /** Whether something has to be settled before records of the kind come; of none: at the end. */
  unsettled(next: Kind | undefined): boolean {
    const { to } = this.versions
    return this.settledTo !== undefined &&
      this.steps.some(({ settle }) =>
        settle !== undefined &&
        to.kinds.some((kind) =>
          kind.name === settle.kind && (next === undefined || to.rank(this.kindOf(next)) > to.rank(kind))
        )
      )
  }

  /** Settles some of the records that wait for it. */
  settleSome(): void {
    const { db } = this
    for (const { settle } of this.steps) {
      const kind = this.versions.to.kinds.find(({ name }) => name === settle?.kind)
      if (settle === undefined || kind === undefined) continue
      const rows = db.prepare(`SELECT id, uid FROM ${kind.table} WHERE uid > ? ORDER BY uid LIMIT ${window}`)
        .all(this.settledTo ?? "")
      for (const { id } of rows) {
        // One at a time: a row may have hundreds of megabytes.
        const [before] = typeof id === "bigint" ? recordsAt(db, kind, [id]) : []
        if (before === undefined) continue
        const record = { ...before, [settle.field]: settle.rule(before, this.known) }
        db.prepare("INSERT OR IGNORE INTO temp.taken VALUES (?, ?)")
          .run(exactParam(record["project_id"]), exactParam(record[settle.field]))
        db.prepare(`UPDATE ${kind.table} SET "${settle.field}" = @value WHERE id = @id`)
          .run({ id: exactParam(record["id"]), value: exactParam(record[settle.field]) })
        this.sum.remove(writeLine(kind, before))
        this.sum.add(writeLine(kind, record))
      }
      this.settledTo = rows.length === window ? String(rows.at(-1)?.["uid"]) : undefined
    }
  }
}

/** Settles what waits, so that a signal is handled in between. */
export const settle = (session: Session, upgrade: Upgrade, next: Kind | undefined) =>
  Effect.whileLoop({
    while: () => upgrade.unsettled(next),
    body: () => Effect.zipRight(turn, session.attempt("name the issues", () => upgrade.settleSome())),
    step: () => undefined
  })
