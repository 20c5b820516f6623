/**
 * A step from one version to the next: which kinds of records a file of the older one has, and what becomes of each record. Pure: a record
 * in, the record of the next version out, with what was changed about it. What a step has to know of other records it asks.
 */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { type Format, make as makeFormat } from "../Format.ts"
import { type AnyRecord, type Kind, make, type Problem } from "../Kind.ts"
import type { Value } from "../Word.ts"

/** An issue as events of version 8 and later name it. */
export interface Named {
  readonly shortId: string
  readonly uid: string
}

/** What can be asked about the records that came before, as they are in the newest version. */
export interface Known {
  readonly uidOf: (table: "issues" | "projects", id: Value) => string | undefined
  readonly projectName: (id: Value) => string | undefined
  readonly projectNameTaken: (name: string) => boolean
  /** The issue that had that number in the project. To be asked when all issues are there. */
  readonly issueNumbered: (project: Value, number: bigint) => Named | undefined
  readonly shortIdTaken: (project: Value, shortId: string) => boolean
  /** Who the events of the new database are made in the name of. */
  readonly instanceUid: string
}

/** What an upgrade did to a field, for the report. */
export interface Change {
  readonly field: string
  readonly says: string
  /** What stood there and what stands there, where that is worth telling. */
  readonly value?: string | undefined
}

export interface Upgraded {
  readonly record: AnyRecord
  readonly changes: ReadonlyArray<Change>
}

/** A record of a version as one of the next; or why that cannot be, and the field of the record that is to blame. */
export type Rule = (record: AnyRecord, known: Known) => Either.Either<Upgraded, Problem>

export interface Step {
  readonly from: Format
  /** The version that it leads to. */
  readonly to: number
  /** By the name of the kind; records of all others stay as they are. */
  readonly rules: { readonly [kind: string]: Rule }
  /**
   * A field that can only be said when all records of the kind are there: it is asked for each of them, already of the newest version, in the
   * order of their uids.
   */
  readonly settle?: {
    readonly kind: string
    readonly field: string
    readonly rule: (record: AnyRecord, known: Known) => Value
  }
}

/** Edits a copy of a record and remembers what was done. */
export class Draft {
  private readonly values: { [key: string]: Value }
  private readonly changes: Array<Change> = []

  constructor(record: AnyRecord) {
    this.values = { ...record }
  }

  /** The field gets a value; the report shows it when it `says` something, with `value` as an example. */
  put(field: string, to: Value, says?: string, value?: string): void {
    this.values[field] = to
    if (says !== undefined) this.tell(field, says, value)
  }

  /** The field goes; the report shows it when it `says` something, and has the value when `shown`. */
  take(field: string, says?: string, shown = false): void {
    const value = this.values[field]
    delete this.values[field]
    if (says !== undefined && value !== undefined && value !== null) {
      this.tell(field, says, shown ? String(value) : undefined)
    }
  }

  tell(field: string, says: string, value?: string): void {
    this.changes.push({ field, says, value })
  }

  /** What older files do not say and newer ones say with null. */
  empty(...fields: ReadonlyArray<string>): void {
    for (const field of fields) this.values[field] ??= null
  }

  get done(): Either.Either<Upgraded> {
    return Either.right({ record: this.values, changes: this.changes })
  }
}

/** A rule that always succeeds. */
export const edit = (change: (draft: Draft, record: AnyRecord, known: Known) => void): Rule => (record, known) => {
  const draft = new Draft(record)
  change(draft, record, known)
  return draft.done
}

/** Go kata takes an empty text for none. */
export const isMissing = (value: Value): boolean => value === undefined || value === null || value === ""

// ---- formats ----------------------------------------------------------------------------------------------------------

type Fields = Schema.Struct.Fields

/** The fields with others before one of them. */
export const insertBefore = (fields: Fields, key: string, more: Fields): Fields =>
  Object.fromEntries(
    Object.entries(fields).flatMap(([name, type]) =>
      name === key ? [...Object.entries(more), [name, type] as const] : [[name, type] as const]
    )
  )

/** The fields with others in the place of one of them. */
export const replaceField = (fields: Fields, key: string, more: Fields): Fields => {
  const { [key]: _, ...rest } = insertBefore(fields, key, more)
  return rest
}

/**
 * A kind as an older version had it. Its records keep no rules here: they are judged when they are of the newest version. `early`: fields
 * that belong to a later version and may be there all the same, in no column.
 */
export const olderKind = (kind: Kind, fields: Fields, early: Fields = {}): Kind =>
  make(kind.name, {
    table: kind.table,
    key: kind.key,
    autoincrement: kind.autoincrement,
    columns: Object.keys(fields).filter((key) => !(key in early))
  }, Schema.Struct({ ...fields, ...early }))

/** The format of a version: that of the next one, with some kinds as they were, and without others. */
export const olderFormat = (
  version: number,
  next: Format,
  changed: ReadonlyArray<Kind>,
  without: ReadonlyArray<string> = []
): Format =>
  makeFormat({
    version,
    kinds: next.kinds.filter(({ name }) => !without.includes(name))
      .map((kind) => changed.find(({ name }) => name === kind.name) ?? kind)
  })
