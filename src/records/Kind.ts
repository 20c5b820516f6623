/**
 * A record kind is one `Schema.Struct`. Everything else that knows its fields is computed from it.
 *
 * | in the Schema                  | in the file            | in the table                |
 * |--------------------------------|------------------------|-----------------------------|
 * | property                       | key, always            | NOT NULL                    |
 * | `Schema.NullOr(…)`             | key, value may be null | may be NULL                 |
 * | `Schema.optional(…)`           | key left out           | may be NULL                 |
 * | order of the properties        | order of the keys      | –                           |
 * | `Text`, `Int64`, `RawJson`     | string, integer, JSON  | text, integer, text = JSON  |
 *
 * The Schema says what can be carried; `checks` and `unique` say what the table allows; `soft` rules of fields and `rows` say
 * what kata writes itself. These are the three rows of design decision D13.
 */
import * as Schema from "effect/Schema"
import { accepts, type Field, fieldsOf, type Value } from "./Field.ts"
import { type Patterns, patternsOf } from "./linePatterns.ts"

/** A CHECK of the table. `sql` is what SQLite puts into its message and what Go kata looks for there: never reword it. */
export interface Check {
  readonly sql: string
  readonly field: string
  readonly says: string
}

export const check = (field: string, says: string, sql: string): Check => ({ field, says, sql })

/** A UNIQUE constraint or index. */
export interface Unique {
  readonly columns: ReadonlyArray<string>
  /** Of a partial index: the rows that it covers. */
  readonly where?: string
  /** The same, of a column that must have a value; that columns are not NULL goes without saying. */
  readonly only?: { readonly column: string; readonly is: string }
}

/** A soft rule about more than one column of a row; `holds` is SQL over the bare column names. */
export interface RowRule {
  readonly rule: string
  readonly field: string
  readonly says: string
  readonly holds: string
}

/** A record as a value. Keys are those of the kind's fields. */
export type AnyRecord = { readonly [key: string]: Value }

export interface Options {
  readonly table: string
  /** The columns that order the lines of the file. One integer `id` means the rowid. */
  readonly key: ReadonlyArray<string>
  /** The table counts in sqlite_sequence: an id is never given twice. */
  readonly autoincrement?: boolean
  readonly checks?: ReadonlyArray<Check>
  readonly unique?: ReadonlyArray<Unique>
  readonly rows?: ReadonlyArray<RowRule>
  /** True only of raw values, by field, that keep the rules between the fields of a row, in lines that match the pattern. */
  readonly vouch?: (value: (field: string) => string | undefined) => boolean
}

export interface Kind {
  /** The word in the file. */
  readonly name: string
  readonly table: string
  readonly key: ReadonlyArray<string>
  readonly autoincrement: boolean
  readonly schema: Schema.Schema.All
  readonly fields: ReadonlyArray<Field>
  /** The fields that are columns of the table. */
  readonly columns: ReadonlyArray<Field>
  readonly checks: ReadonlyArray<Check>
  readonly unique: ReadonlyArray<Unique>
  readonly rows: ReadonlyArray<RowRule>
  readonly patterns: Patterns
  /** Whether the groups of a line that matches the sound pattern keep the rules between fields; false when that is not known. */
  readonly vouch: (groups: ReadonlyArray<string | undefined>) => boolean
  /** `Schema.is` of the kind, fast; a property test holds the two equal. */
  readonly is: (record: AnyRecord) => boolean
}

export const make = <Fields extends Schema.Struct.Fields>(
  name: string,
  options: Options,
  schema: Schema.Struct<Fields>
): Kind & { readonly schema: Schema.Struct<Fields> } => {
  const fields = fieldsOf(schema.ast)
  const { vouch } = options
  const groups = new Map(fields.map(({ key }, i) => [key, i + 1]))
  return {
    name,
    table: options.table,
    key: options.key,
    autoincrement: options.autoincrement ?? false,
    schema,
    fields,
    columns: fields.filter((field) => field.derived._tag === "None"),
    checks: options.checks ?? [],
    unique: options.unique ?? [],
    rows: options.rows ?? [],
    patterns: patternsOf({ name, fields }),
    vouch: vouch === undefined ? () => true : (found) => vouch((field) => found[groups.get(field) ?? 0]),
    is: (record) => fields.every((field) => accepts(field, record[field.key]))
  }
}

/** How a report names a row: its key, as in `issue 7` or `issue_label 7/bug`. */
export const rowName = (kind: Pick<Kind, "key">, record: AnyRecord): string =>
  kind.key.map((column) => String(record[column] ?? "?")).join("/")
