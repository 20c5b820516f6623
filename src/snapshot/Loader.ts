/** Stores records as rows, within attempts of a stage. Rules are asked afterwards, so that all that is wrong can be reported at once. */
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { Param, Statements } from "../database/Session.ts"
import { accepts } from "../records/Field.ts"
import { type Finding, FindingRow, Findings, shorten } from "../records/Finding.ts"
import { type AnyRecord, type Kind, rowName } from "../records/Kind.ts"
import { write as writeLine } from "../records/line.ts"
import { ContentSum } from "./digest.ts"
import { RecordRefused } from "./errors.ts"
import { bind, insertOf, rowsPerInsert } from "./insert.ts"
import type { LeaveOut, LoadOptions, Mending, Transform } from "./loadOptions.ts"
import { derivedIn, disagreeing, type Misfits, numeric, renamedProject, withDerived } from "./misfit.ts"
import { inReport, type Origins } from "./Origins.ts"
import type { Batch, Located } from "./read.ts"
import { Upgrade } from "./upgrade.ts"

/** Within attempts of a stage: what SQLite throws is theirs. */
export class Loader {
  private readonly db: Statements
  private readonly file: string
  private readonly options: LoadOptions
  private readonly findings = new Findings()
  /** What came in other than it was read, of the sum of the records. */
  private readonly change = new ContentSum()
  private sequences = false
  readonly upgrade: Upgrade | undefined

  constructor(db: Statements, file: string, options: LoadOptions) {
    this.db = db
    this.file = file
    this.options = options
    this.upgrade = options.versions && new Upgrade(db, options.versions, this.findings, this.change)
  }

  private refused(kind: Kind, { line, record }: Located, field: string, reason: string) {
    const { joined } = this.options
    return new RecordRefused({
      file: line < 0 && joined !== undefined ? joined.input.name : this.file,
      line: Math.abs(line),
      record: `${kind.name} ${rowName(kind, record)}`,
      field,
      reason
    })
  }

  /** With what its parent says, when a repair was asked for; nothing when its parent may be one that was set aside. */
  private agreeing(kind: Kind, located: Located, mending: Mending): Option.Option<Located> {
    const { line, record } = located
    for (const field of insertOf(kind).special) {
      if (Option.isNone(field.derived)) continue
      const stored = derivedIn(this.db, field.derived.value, record)
      if (stored === record[field.key]) continue
      const { origins } = mending
      if (origins.hasAside(field.derived.value.table)) {
        origins.setAside(kind, line, writeLine(kind, record))
        return Option.none()
      }
      const mended = { ...record, [field.key]: stored }
      this.change.remove(writeLine(kind, record))
      this.change.add(writeLine(kind, mended))
      this.findings.add(
        {
          rule: "derived",
          kind: kind.name,
          field: field.key,
          says: `is not what ${field.derived.value.via} says`,
          outcome: "repaired",
          blocking: false
        },
        new FindingRow({
          row: rowName(kind, record),
          ...inReport(line),
          value: `${shorten(String(record[field.key] ?? null))} → ${stored ?? null}`
        })
      )
      return this.agreeing(kind, { line, record: mended }, mending)
    }
    return Option.some(located)
  }

  private one(kind: Kind, located: Located): void {
    const { db } = this
    const insert = (record: AnyRecord): string | undefined => {
      const args: Array<Param> = []
      bind(kind, record, args)
      try {
        db.prepare(insertOf(kind).one).run(...args)
        return undefined
      } catch (cause) {
        if (!(cause instanceof Error) || !cause.message.startsWith("UNIQUE constraint failed")) throw cause
        return cause.message.slice(cause.message.indexOf(":") + 2).replaceAll(`${kind.table}.`, "")
      }
    }
    const { mending } = this.options
    const double = insert(located.record)
    if (double === undefined) return mending?.origins.stored(kind, located.line)
    // A second project of that name; it may be one of that uid too, and then a name of its own does not help.
    const other = mending !== undefined && kind.table === "projects" && double === "name"
      ? renamedProject(db, located.record)
      : undefined
    const renamed = other !== undefined && insert(other) === undefined ? other : undefined
    if (mending !== undefined && renamed === undefined) {
      return mending.origins.setAside(kind, located.line, writeLine(kind, located.record))
    }
    this.change.remove(writeLine(kind, located.record))
    if (renamed !== undefined) {
      this.change.add(writeLine(kind, renamed))
      mending?.origins.stored(kind, located.line)
    }
    this.findings.add(
      {
        rule: "unique",
        kind: kind.name,
        field: double,
        says: "is there more than once",
        outcome: renamed === undefined ? "carried" : "repaired",
        blocking: renamed === undefined
      },
      new FindingRow({
        row: rowName(kind, located.record),
        ...inReport(located.line),
        value: shorten(double.split(", ").map((column) => String(located.record[column] ?? "NULL")).join("/")) +
          (renamed === undefined ? "" : ` → ${renamed["name"]}`)
      })
    )
  }

  /** Why a record cannot be stored; `misfits` are asked in their order. */
  private misfit(kind: Kind, located: Located, misfits: ReadonlyArray<Misfits>): RecordRefused | undefined {
    for (const misfit of misfits) {
      const found = misfit(this.db, kind, located.record)
      if (found !== undefined) return this.refused(kind, located, found.field, found.reason)
    }
    return undefined
  }

  /** What a transform made, and no record of the kind is. */
  private readonly misshapen: Misfits = (_, kind, record) => {
    if (this.options.transform === undefined) return undefined
    const field = kind.fields.find((field) => !accepts(field, record[field.key]))
    return field && { field: field.key, reason: "is no value of this field after the transform" }
  }

  /** Inserts the records of a batch. Throws what SQLite throws. */
  batch({ kind, records }: Batch): RecordRefused | undefined {
    return this.upgrade === undefined ? this.store(kind, records) : this.converted(kind, records, this.upgrade)
  }

  /** One by one: what becomes of a record depends on those that are stored. */
  private converted(kind: Kind, records: ReadonlyArray<Located>, upgrade: Upgrade): RecordRefused | undefined {
    const { mending } = this.options
    if (kind.table !== "meta") upgrade.endOfMeta()
    for (const located of records) {
      const upgraded = upgrade.record(kind, located)
      if (Either.isRight(upgraded)) {
        const made = upgraded.right
        if ("reason" in made) {
          if (made.reason !== "") this.options.lost?.refuse(made.line, made.reason)
          continue
        }
        const refused = this.store(upgrade.kindOf(kind), [made])
        if (refused !== undefined) return refused
        continue
      }
      const refused = this.refused(kind, located, upgraded.left.field, upgraded.left.says)
      if (mending?.lenient !== true) return refused
      this.leaveOut(kind, located, refused, mending.origins)
    }
    return undefined
  }

  private store(kind: Kind, records: ReadonlyArray<Located>): RecordRefused | undefined {
    const { db } = this
    if (kind.table === "sqlite_sequence") this.clearSequences()
    const { leaveOut } = this.options
    const wanted = leaveOut === undefined ? records : this.wanted(kind, records, leaveOut)
    const transformed = this.options.transform === undefined
      ? wanted
      : this.transformed(kind, wanted, this.options.transform)
    const { mending } = this.options
    if (mending !== undefined) return this.each(kind, transformed, mending)
    for (const located of transformed) {
      const misfit = this.misfit(kind, located, [this.misshapen, numeric, disagreeing])
      if (misfit !== undefined) return misfit
    }
    let at = 0
    for (; at + rowsPerInsert <= transformed.length; at += rowsPerInsert) {
      const args: Array<Param> = []
      const some = transformed.slice(at, at + rowsPerInsert)
      for (const { record } of some) bind(kind, record, args)
      try {
        db.prepare(insertOf(kind).many).run(...args)
      } catch (cause) {
        // The statement was undone as a whole: one row at a time says which it was.
        if (!(cause instanceof Error) || !cause.message.startsWith("UNIQUE constraint failed")) throw cause
        for (const located of some) this.one(kind, located)
      }
    }
    for (; at < transformed.length; at++) this.one(kind, transformed[at]!)
    return undefined
  }

  /** One by one, each with its line. */
  private each(kind: Kind, records: ReadonlyArray<Located>, mending: Mending): RecordRefused | undefined {
    for (const located of records) {
      const misfit = this.misfit(kind, located, [this.misshapen, numeric])
      if (misfit === undefined) {
        Option.map(this.agreeing(kind, located, mending), (agreeing) => this.one(kind, agreeing))
      } else if (mending.lenient) {
        this.change.remove(writeLine(kind, located.record))
        this.leaveOut(kind, located, misfit, mending.origins)
      } else return misfit
    }
    return undefined
  }

  private leaveOut(kind: Kind, { line, record }: Located, { field, reason }: RecordRefused, origins: Origins): void {
    origins.refuse(line, `${kind.name} ${field} ${reason}`)
    this.findings.add(
      { rule: "misfit", kind: kind.name, field, says: "cannot be stored", outcome: "dropped", blocking: false },
      new FindingRow({ row: rowName(kind, record), value: shorten(reason), ...inReport(line) })
    )
  }

  private wanted(kind: Kind, records: ReadonlyArray<Located>, leaveOut: LeaveOut): ReadonlyArray<Located> {
    return records.filter(({ line, record }) => {
      const says = leaveOut(kind, record)
      if (says === undefined) return true
      this.change.remove(writeLine(kind, record))
      this.findings.add(
        { rule: says, kind: kind.name, field: undefined, says, outcome: "dropped", blocking: false },
        new FindingRow({ row: rowName(kind, record), ...inReport(line) })
      )
      return false
    })
  }

  private transformed(kind: Kind, records: ReadonlyArray<Located>, transform: Transform): ReadonlyArray<Located> {
    return records.flatMap((located) => {
      const record = Option.getOrUndefined(transform(kind, located.record))
      const [before, after] = [writeLine(kind, located.record), record === undefined ? "" : writeLine(kind, record)]
      if (before === after) return [located]
      this.change.remove(before)
      if (record !== undefined) this.change.add(after)
      this.findings.add(
        {
          rule: "transform",
          kind: kind.name,
          field: undefined,
          says: "was transformed",
          outcome: record === undefined ? "dropped" : "repaired",
          blocking: false
        },
        new FindingRow({ row: rowName(kind, located.record), ...inReport(located.line) })
      )
      return record === undefined ? [] : [{ line: located.line, record }]
    })
  }

  /** Stores some of the mended records of kinds up to a rank; undefined when there are none left. */
  joinUpTo(rank: number): { readonly refused: RecordRefused | undefined } | undefined {
    const batch = this.options.joined?.next(
      rank,
      ({ derived, kind, record }) => derived ? withDerived(this.db, kind, record) : record
    )
    if (batch === undefined) return undefined
    // An upgrade sums its records up itself.
    for (const { record } of this.upgrade === undefined ? batch.records : []) {
      this.change.add(writeLine(batch.kind, record))
    }
    return { refused: this.batch(batch) }
  }

  /** While rows came in, SQLite counted along; what the file says is what counts. */
  private clearSequences(): void {
    if (!this.sequences) this.db.execute("DELETE FROM sqlite_sequence")
    this.sequences = true
  }

  end(): { readonly findings: ReadonlyArray<Finding>; readonly change: ContentSum } {
    this.upgrade?.endOfMeta()
    this.clearSequences()
    this.options.joined?.putCells(this.change)
    return { findings: this.findings.list, change: this.change }
  }
}
