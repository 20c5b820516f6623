/**
 * Records that were set aside because a row was in their place. Another record under the same number gets a new one; another version of
 * the same record is settled with it (rivals.ts), and its line kept raw; what referred to the one number or the other follows.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { exact, toParam } from "../database/around.ts"
import type { Stage } from "../database/Database.ts"
import { recordsAt } from "../database/rowByRow.ts"
import { highestId } from "../database/sequences.ts"
import type { Row, Session, Statements } from "../database/Session.ts"
import type { SqliteFailure } from "../database/SqliteFailure.ts"
import { turn } from "../host/turn.ts"
import { FindingRow, type Findings, shorten } from "../records/Finding.ts"
import type { Format } from "../records/Format.ts"
import { type AnyRecord, type Kind, rowName } from "../records/Kind.ts"
import { read, write } from "../records/line.ts"
import type { ContentSum } from "../snapshot/digest.ts"
import { insertOf } from "../snapshot/insert.ts"
import { renamedProject } from "../snapshot/misfit.ts"
import { type Aside, inReport, type Origins } from "../snapshot/Origins.ts"
import { lineOfPlace } from "../snapshot/parts.ts"
import { follow, history, tables } from "./followers.ts"
import type { Mender } from "./Mender.ts"
import { Numbers } from "./Numbers.ts"
import { merge, type Told, type Version } from "./rivals.ts"

/** Records that are settled at a time. */
const window = 200
const lowest = -(2n ** 63n)

/** A line in a message; what was joined with the file has a number below 0. */
const named = (place: number): string => place > 0 ? `line ${lineOfPlace(place)}` : `the mended line ${-place}`

function* told(rows: Iterable<Row>): Generator<Told> {
  for (const row of rows) {
    yield { type: String(row["type"]), at: String(row["created_at"]), payload: String(row["payload"]) }
  }
}

class Settler {
  /** New numbers were given. */
  numbered = false
  private readonly db: Statements
  private readonly format: Format
  private readonly origins: Origins
  private readonly sum: ContentSum
  private readonly findings: Findings
  readonly numbers: Numbers

  constructor(db: Statements, format: Format, origins: Origins, sum: ContentSum, findings: Findings) {
    this.db = db
    this.format = format
    this.origins = origins
    this.sum = sum
    this.findings = findings
    db.execute(tables)
    this.numbers = new Numbers(db, format)
  }

  /** Stores a record that was set aside; or says that it is another version of an issue, which is settled when all events are there. */
  place(kind: Kind, { line, seq, text }: Aside): void {
    const { record } = Either.getOrThrow(read(this.format, text))
    const agreeing = this.agreeing(kind, record)
    const twin = this.twin(kind, agreeing)
    if (twin !== undefined && kind.table === "issues") {
      this.db.prepare("INSERT INTO temp.rival(row, seq) VALUES (?, ?)").run(twin, seq)
    } else if (twin !== undefined) this.settle(kind, twin, [{ line, record }], [])
    else this.insert(kind, line, record, agreeing)
  }

  /** The rows of issues of which there are other versions, from that one on. */
  rivals(from: bigint): ReadonlyArray<bigint> {
    return this.db.prepare("SELECT DISTINCT row FROM temp.rival WHERE row >= ? ORDER BY row LIMIT ?").all(
      from,
      BigInt(window)
    ).map(({ row }) => row as bigint)
  }

  /** Makes one issue of all versions of it. */
  issue(kind: Kind, row: bigint): void {
    const versions = this.db.prepare(
      "SELECT a.line AS line, a.record AS record FROM temp.rival r JOIN temp.aside a USING (seq) WHERE r.row = ? ORDER BY r.seq"
    ).all(row).map(({ line, record }): Version => ({
      line: Number(line),
      record: Either.getOrThrow(read(this.format, String(record))).record
    }))
    const events = this.db.prepare(history.of).iterate(row)
    this.settle(kind, row, versions, told(events))
  }

  /** With the parent that its uid names, or else as its parent says it. */
  private agreeing(kind: Kind, record: AnyRecord): AnyRecord {
    return insertOf(kind).special.reduce((record, { derived, key }) => {
      if (Option.isNone(derived)) return record
      const { column, table, via } = derived.value
      const uid = record[key]
      const named = typeof uid === "string"
        ? this.db.prepare(`SELECT id FROM ${table} WHERE "${column}" = ?`).get(uid)?.["id"]
        : undefined
      if (typeof named === "bigint") return { ...record, [via]: exact(named) }
      const said = this.db.prepare(`SELECT "${column}" AS value FROM ${table} WHERE id = ?`).get(toParam(record[via]))
        ?.["value"]
      return { ...record, [key]: typeof said === "string" ? said : undefined }
    }, record)
  }

  /** The row that is the same thing as the record: by its uid, else by what else is unique; a comment by all that it says. */
  private twin(kind: Kind, record: AnyRecord): bigint | undefined {
    const hasUid = kind.fields.some(({ key }) => key === "uid")
    const constraints = kind.unique.filter(({ index, repair }) => index === undefined && repair === undefined)
      .filter(({ columns }) => !hasUid || columns.join() === "uid").map(({ columns }) => columns)
    for (const columns of constraints) {
      const where = columns.map((column) => `"${column}" = ?`).join(" AND ")
      const row = this.db.prepare(`SELECT rowid AS row FROM ${kind.table} WHERE ${where}`)
        .get(...columns.map((column) => toParam(record[column])))?.["row"]
      if (typeof row === "bigint") return row
    }
    if (constraints.length > 0) return undefined
    const row = recordsAt(this.db, kind, [BigInt(String(record["id"]))])[0]
    return row !== undefined && write(kind, row) === write(kind, record) ? BigInt(String(record["id"])) : undefined
  }

  private insert(kind: Kind, line: number, before: AnyRecord, agreeing: AnyRecord): void {
    let record = agreeing
    for (
      let double = this.numbers.tried(kind, record);
      double !== undefined;
      double = this.numbers.tried(kind, record)
    ) {
      if (double === "id") {
        const id = this.numbers.next(kind)
        this.numbers.moved(kind, record, id)
        record = { ...record, id: exact(id) }
        this.numbered = true
      } else if (double === "name") record = { ...renamedProject(this.db, agreeing), id: record["id"] }
      else return this.drop(kind, line, before, double, "")
    }
    this.origins.stored(kind, line)
    this.sum.remove(write(kind, before))
    this.sum.add(write(kind, record))
    const changed = kind.fields.filter(({ key }) => before[key] !== record[key])
    for (const { key } of changed) {
      this.findings.add(
        {
          rule: "number",
          kind: kind.name,
          field: key,
          says: key === "id" ? "is that of another record too: it got a new one" : "follows a record that got a new id",
          outcome: "repaired",
          blocking: false
        },
        new FindingRow({
          row: rowName(kind, before),
          value: `${before[key] ?? null} → ${record[key] ?? null}`,
          ...inReport(line)
        })
      )
    }
  }

  private drop(kind: Kind, line: number, record: AnyRecord, field: string, said: string): void {
    this.origins.refuse(line, `${kind.name} ${field} is there more than once${said === "" ? "" : `; ${said}`}`)
    this.sum.remove(write(kind, record))
    const value = shorten(field.split(", ").map((key) => String(record[key] ?? "NULL")).join("/"))
    this.findings.add(
      {
        rule: "unique",
        kind: kind.name,
        field,
        says: "is there more than once",
        outcome: "dropped",
        blocking: false
      },
      new FindingRow({
        row: rowName(kind, record),
        ...inReport(line),
        value: said === "" ? value : `${value}; ${said}`
      })
    )
  }

  /** Of a row and other versions of it makes one; the lines that it is not stay raw. */
  private settle(kind: Kind, row: bigint, others: ReadonlyArray<Version>, events: Iterable<Told>): void {
    const stored = recordsAt(this.db, kind, [row])[0]
    if (stored === undefined) return
    const versions = [{ line: this.origins.lineOf(kind, row) ?? 0, record: stored }, ...others]
    const merged = merge(kind, versions, events)
    const { carried, other } = this.update(kind, row, this.agreeing(kind, merged.record))
      ? merged
      : { carried: 0, other: [] }
    const winner = versions[carried]!
    this.origins.storedAt(kind, row, winner.line)
    const field = kind.fields.some(({ key }) => key === "uid") ? "uid" : kind.unique[0]?.columns.join(", ") ?? "id"
    const parts = other.map(([facet, version]) => `${facet} of ${named(versions[version]!.line)}`)
    const said = `${named(winner.line)} stays${parts.length === 0 ? "" : ` with ${parts.join(", ")}`}`
    for (const version of versions) {
      if (version !== winner) this.drop(kind, version.line, version.record, field, said)
      if (version.record["id"] !== stored["id"]) this.numbers.moved(kind, version.record, row)
    }
    // Read again, because a derived field follows the column that was changed.
    for (const after of recordsAt(this.db, kind, [row])) {
      this.sum.remove(write(kind, winner.record))
      this.sum.add(write(kind, after))
      if (parts.length === 0) continue
      this.findings.add(
        {
          rule: "versions",
          kind: kind.name,
          field: undefined,
          says: "is made of several versions",
          outcome: "repaired",
          blocking: false
        },
        new FindingRow({ row: rowName(kind, after), ...inReport(winner.line), value: said })
      )
    }
  }

  private update(kind: Kind, row: bigint, record: AnyRecord): boolean {
    try {
      this.db.prepare(
        `UPDATE ${kind.table} SET ${kind.columns.map(({ key }) => `"${key}" = ?`).join(", ")} WHERE rowid = ?`
      ).run(...kind.columns.map(({ key }) => toParam(record[key])), row)
      return true
    } catch (cause) {
      if (!(cause instanceof Error) || !cause.message.startsWith("UNIQUE constraint failed")) throw cause
      return false
    }
  }
}

/** Pages of work that begin behind the key of the last one, each of them one attempt. */
const pages = <A>(
  db: Session,
  from: bigint,
  next: (from: bigint) => ReadonlyArray<A>,
  keyOf: (item: A) => bigint,
  work: (item: A) => void
): Effect.Effect<void, SqliteFailure> =>
  Effect.flatMap(
    db.attempt("settle what was set aside", () => {
      const items = next(from)
      for (const item of items) work(item)
      return items.length < window ? undefined : keyOf(items.at(-1)!)
    }),
    (last) =>
      last === undefined || last === highestId
        ? Effect.void
        : Effect.zipRight(turn, pages(db, last + 1n, next, keyOf, work))
  )

/**
 * Settles everything that was set aside while a stage was loaded: afterwards each record of the file is a row, or its line is refused.
 * Gives whether rows got new numbers, which the sequences do not know.
 */
export const settle = Effect.fn("Import.settle")(
  function*(stage: Stage, format: Format, origins: Origins, sum: ContentSum, findings: Findings, mender: Mender) {
    if (!origins.hasAside()) return false
    const { db } = stage
    const settler = yield* db.attempt(
      "settle what was set aside",
      (db) => new Settler(db, format, origins, sum, findings)
    )
    for (const kind of format.kinds) {
      yield* pages(
        db,
        1n,
        (from) => origins.asideFrom(kind, from, window),
        ({ seq }) => seq,
        (aside) => settler.place(kind, aside)
      )
    }
    yield* db.attempt("settle what was set aside", () => settler.numbers.restoreSequences())
    const issues = Option.getOrUndefined(format.kindIn("issues"))
    if (issues !== undefined) {
      yield* db.exec("look for the events of what is there more than once", history.make)
      yield* pages(db, lowest, (from) => settler.rivals(from), (row) => row, (row) => settler.issue(issues, row))
    }
    yield* follow(stage, format, mender)
    return settler.numbered
  }
)
