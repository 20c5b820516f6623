/** Records become rows of a stage. Rules are not enforced here but judged afterwards, so that all that is wrong can be told at once. */
import * as Channel from "effect/Channel"
import type * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { Stage } from "../database/Database.ts"
import type { Param, Statements } from "../database/Session.ts"
import { accepts } from "../records/Field.ts"
import { type Finding, FindingRow, Findings, shorten } from "../records/Finding.ts"
import { type AnyRecord, type Kind, rowName } from "../records/Kind.ts"
import { write as writeLine } from "../records/line.ts"
import { ContentSum } from "./digest.ts"
import { RecordRefused } from "./errors.ts"
import { bind, insertOf, rowsPerInsert } from "./insert.ts"
import { derivedIn, misfit } from "./misfit.ts"
import type { Origins } from "./Origins.ts"
import type { Batch, Located } from "./read.ts"
import { settle, Upgrade, type Versions } from "./upgrade.ts"

/** What a caller makes of a record before it is stored: the same, another of its kind, or nothing. */
export type Transform = (kind: Kind, record: AnyRecord) => Option.Option<AnyRecord>

export interface LoadOptions {
  /** Mends what can only be mended now, and drops what a UNIQUE constraint of the tables refuses. */
  readonly repair: boolean
  readonly transform?: Transform | undefined
  /** Who is told of each line what became of it; then a record that cannot be stored is left out, and nothing is refused. */
  readonly origins?: Origins | undefined
  /** For a file of an older version: its records become those of the stage's version. */
  readonly versions?: Versions | undefined
}

/** Within attempts of a stage: what SQLite throws is theirs. */
class Loader {
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
    return new RecordRefused({
      file: this.file,
      line,
      record: `${kind.name} ${rowName(kind, record)}`,
      field,
      reason
    })
  }

  /** With what its parent says, when a repair was asked for: the parent may have been one of two, and left out. */
  private agreeing(kind: Kind, located: Located): Located {
    const { line, record } = located
    for (const field of insertOf(kind).special) {
      if (Option.isNone(field.derived)) continue
      const stored = derivedIn(this.db, field.derived.value, record)
      if (stored === record[field.key]) continue
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
          line,
          value: `${shorten(String(record[field.key] ?? null))} → ${stored ?? null}`
        })
      )
      return this.agreeing(kind, { line, record: mended })
    }
    return located
  }

  private misfit(kind: Kind, located: Located): RecordRefused | undefined {
    const found = misfit(this.db, kind, located.record)
    return found && this.refused(kind, located, found.field, found.reason)
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
    const double = insert(located.record)
    if (double === undefined) return this.options.origins?.stored(kind, located.line)
    // A second project of that name; it may be one of that uid too, and then a name of its own does not help.
    const other = this.options.repair && kind.table === "projects" && double === "name"
      ? this.renamed(located)
      : undefined
    const renamed = other !== undefined && insert(other) === undefined ? other : undefined
    this.change.remove(writeLine(kind, located.record))
    if (renamed === undefined) {
      this.options.origins?.refuse(located.line, `${kind.name} ${double} is there more than once`)
    } else {
      this.change.add(writeLine(kind, renamed))
      this.options.origins?.stored(kind, located.line)
    }
    this.findings.add(
      {
        rule: "unique",
        kind: kind.name,
        field: double,
        says: "is there more than once",
        outcome: renamed !== undefined ? "repaired" : this.options.repair ? "dropped" : "carried",
        blocking: !this.options.repair
      },
      new FindingRow({
        row: rowName(kind, located.record),
        line: located.line,
        value: shorten(double.split(", ").map((column) => String(located.record[column] ?? "NULL")).join("/")) +
          (renamed === undefined ? "" : ` → ${renamed["name"]}`)
      })
    )
  }

  /** As Go kata does: the name with the first free number. */
  private renamed({ record }: Located): AnyRecord {
    const taken = (name: string) =>
      this.db.prepare("SELECT 1 AS one FROM projects WHERE name = ?").get(name) !== undefined
    for (let n = 2;; n++) if (!taken(`${record["name"]}-${n}`)) return { ...record, name: `${record["name"]}-${n}` }
  }

  /** What a transform made, and no record of the kind is. */
  private misshapen(kind: Kind, located: Located): RecordRefused | undefined {
    if (this.options.transform === undefined) return undefined
    const field = kind.fields.find((field) => !accepts(field, located.record[field.key]))
    return field && this.refused(kind, located, field.key, "is no value of this field after the transform")
  }

  /** Inserts the records of a batch. Throws what SQLite throws. */
  batch({ kind, records }: Batch): RecordRefused | undefined {
    return this.upgrade === undefined ? this.store(kind, records) : this.older(kind, records, this.upgrade)
  }

  /** One by one: what becomes of a record depends on those that are stored. */
  private older(kind: Kind, records: ReadonlyArray<Located>, upgrade: Upgrade): RecordRefused | undefined {
    if (kind.table !== "meta") upgrade.endOfMeta()
    for (const located of records) {
      const upgraded = upgrade.record(kind, located)
      if (Either.isRight(upgraded)) {
        const refused = this.store(upgrade.kindOf(kind), [upgraded.right])
        if (refused !== undefined) return refused
        continue
      }
      const refused = this.refused(kind, located, upgraded.left.field, upgraded.left.says)
      if (this.options.origins === undefined) return refused
      this.leaveOut(kind, located, refused, this.options.origins)
    }
    return undefined
  }

  private store(kind: Kind, records: ReadonlyArray<Located>): RecordRefused | undefined {
    const { db } = this
    if (kind.table === "sqlite_sequence") this.clearSequences()
    const transformed = this.options.transform === undefined
      ? records
      : this.transformed(kind, records, this.options.transform)
    const kept = this.options.repair ? transformed.map((located) => this.agreeing(kind, located)) : transformed
    if (this.options.origins !== undefined) return this.each(kind, kept, this.options.origins)
    for (const located of kept) {
      const misfit = this.misshapen(kind, located) ?? this.misfit(kind, located)
      if (misfit !== undefined) return misfit
    }
    let at = 0
    for (; at + rowsPerInsert <= kept.length; at += rowsPerInsert) {
      const args: Array<Param> = []
      const some = kept.slice(at, at + rowsPerInsert)
      for (const { record } of some) bind(kind, record, args)
      try {
        db.prepare(insertOf(kind).many).run(...args)
      } catch (cause) {
        // The statement was undone as a whole: one row at a time says which it was.
        if (!(cause instanceof Error) || !cause.message.startsWith("UNIQUE constraint failed")) throw cause
        for (const located of some) this.one(kind, located)
      }
    }
    for (; at < kept.length; at++) this.one(kind, kept[at]!)
    return undefined
  }

  /** One by one, each with its line. */
  private each(kind: Kind, records: ReadonlyArray<Located>, origins: Origins): undefined {
    for (const located of records) {
      const misfit = this.misshapen(kind, located) ?? this.misfit(kind, located)
      if (misfit === undefined) {
        this.one(kind, located)
        continue
      }
      this.change.remove(writeLine(kind, located.record))
      this.leaveOut(kind, located, misfit, origins)
    }
  }

  private leaveOut(kind: Kind, { line, record }: Located, { field, reason }: RecordRefused, origins: Origins): void {
    origins.refuse(line, `${kind.name} ${field} ${reason}`)
    this.findings.add(
      { rule: "misfit", kind: kind.name, field, says: "cannot be stored", outcome: "dropped", blocking: false },
      new FindingRow({ row: rowName(kind, record), value: shorten(reason), line })
    )
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
        new FindingRow({ row: rowName(kind, located.record), line: located.line })
      )
      return record === undefined ? [] : [{ line: located.line, record }]
    })
  }

  /** While rows came in, SQLite counted along; what the file says is what counts. */
  private clearSequences(): void {
    if (!this.sequences) this.db.execute("DELETE FROM sqlite_sequence")
    this.sequences = true
  }

  end(): { readonly findings: ReadonlyArray<Finding>; readonly change: ContentSum } {
    this.upgrade?.endOfMeta()
    this.clearSequences()
    return { findings: this.findings.list, change: this.change }
  }
}

/**
 * Loads all records into the stage. Gives what came at their end; what was refused by UNIQUE constraints, dropped or mended; and what of that
 * is to be added to the sum of the records.
 */
export const load = <Done, E, R>(
  batches: Channel.Channel<Chunk.Chunk<Batch>, unknown, E, unknown, Done, unknown, R>,
  stage: Stage,
  file: string,
  options: LoadOptions
) =>
  Effect.gen(function*() {
    const loader = yield* stage.db.attempt("begin to store the records", (db) => new Loader(db, file, options))
    const { upgrade } = loader
    const settled = (next: Kind | undefined) => upgrade === undefined ? Effect.void : settle(stage.db, upgrade, next)
    const store = (batch: Batch) =>
      Effect.flatMap(
        stage.db.attempt(`store records of kind ${batch.kind.name}`, () => loader.batch(batch)),
        (refused) => refused === undefined ? Effect.void : Effect.fail(refused)
      )
    const insert = upgrade === undefined
      ? store
      : (batch: Batch) => Effect.zipRight(settled(batch.kind), store(batch))
    const done = yield* batches.pipe(
      Channel.mapOutEffect((some) => Effect.forEach(some, insert, { discard: true })),
      Channel.runDrain
    )
    yield* settled(undefined)
    return { ...(yield* stage.db.attempt("store the sequences", () => loader.end())), done }
  })
