/**
 * A record kind is one `Schema.Struct` and its rules. Everything else that knows its fields is computed from it.
 *
 * | in the Schema                  | in the file            | in the table                |
 * |--------------------------------|------------------------|-----------------------------|
 * | property                       | key, always            | NOT NULL                    |
 * | `Schema.NullOr(…)`             | key, value may be null | may be NULL                 |
 * | `Schema.optional(…)`           | key left out           | may be NULL                 |
 * | order of the properties        | order of the keys      | –                           |
 * | `Text`, `Int64`, `RawJson`     | string, integer, JSON  | text, integer, text = JSON  |
 *
 * The Schema says what can be carried; `checks` and `unique` say what the table allows; soft rules of fields and `rows` say
 * what kata writes itself. These are the three rows of design decision D13.
 */
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { type BetweenRows, refersTo } from "./betweenRows.ts"
import { accepts, type Field, fieldsOf } from "./Field.ts"
import { decoded, integerOf, type Patterns, patternsOf, textOf } from "./linePatterns.ts"
import { type Keeps, type Rule, soft, type Unique } from "./Rule.ts"
import { type AnyRecord, both, type Pattern, sourceOf, type Word } from "./Word.ts"

export type { AnyRecord }

/** Rows that refer to each other as child and parent, and may not go round in a circle. */
export interface Tree {
  readonly child: string
  readonly parent: string
  /** The rows that do. */
  readonly only: { readonly column: string; readonly is: string }
}

export interface Options {
  readonly table: string
  /** The columns that order the lines of the file. One integer `id` means the rowid. */
  readonly key: ReadonlyArray<string>
  /** The table counts in sqlite_sequence: an id is never given twice. */
  readonly autoincrement?: boolean
  /** The order of the columns in the table, where it is not that of the keys in a line. */
  readonly columns?: ReadonlyArray<string>
  /** The CHECKs of the table, in its order. */
  readonly checks?: ReadonlyArray<Rule>
  readonly unique?: ReadonlyArray<Unique>
  /** What kata keeps to when it writes, beside the soft rules of the fields. */
  readonly rows?: ReadonlyArray<Rule>
  /** What is asked of other rows, beside the references of the fields. */
  readonly between?: ReadonlyArray<BetweenRows>
  readonly tree?: Tree
  /** A field that reserves ids of another table: no row there gets one up to it. */
  readonly reserves?: { readonly field: string; readonly table: string }
  /** Fields that are asked for by who follows the lines, and by no rule. */
  readonly reads?: ReadonlyArray<string>
  /** Records may have any other fields: only its name is known. */
  readonly isOpen?: boolean
}

export interface Kind {
  /** The word in the file. */
  readonly name: string
  readonly table: string
  readonly key: ReadonlyArray<string>
  readonly autoincrement: boolean
  /** What the fields are made from, and what says the exact error of a value that they do not take. */
  readonly schema: Schema.Schema.All
  readonly fields: ReadonlyArray<Field>
  /** The fields that are columns of the table, in its order. */
  readonly columns: ReadonlyArray<Field>
  /** The fields that a row of the table gives, in the order of the line: its columns, and what is found in other rows. */
  readonly given: ReadonlyArray<Field>
  readonly checks: ReadonlyArray<Rule>
  /** All rules of a row: the CHECKs, the soft rules of the fields, those of the row. */
  readonly rules: ReadonlyArray<Rule>
  /** All rules that look at other rows: the references, the others. */
  readonly between: ReadonlyArray<BetweenRows>
  readonly unique: ReadonlyArray<Unique>
  readonly tree: Tree | undefined
  readonly reserves: Options["reserves"]
  /** Records may have any other fields, which are not read. */
  readonly isOpen: boolean
  readonly patterns: Patterns
  /** Whether a line that matches the sound pattern, or at a glance, keeps all rules of a row; false when that is not known. */
  readonly vouch: (groups: ReadonlyArray<string | undefined>) => boolean
  /** `Schema.is` of the kind, fast; a property test holds the two equal. */
  readonly is: (record: AnyRecord) => boolean
  /** What the Schema says of a record that it does not take: the first field that is wrong, and why. */
  readonly problem: (record: unknown) => Option.Option<Problem>
}

export interface Problem {
  readonly field: string
  readonly says: string
}

const problemOf = <Fields extends Schema.Struct.Fields>(schema: Schema.Struct<Fields>) => {
  const validate = ParseResult.validateEither(Schema.typeSchema(schema), { exact: true })
  return (record: unknown): Option.Option<Problem> =>
    Either.match(validate(record), {
      onRight: () => Option.none(),
      onLeft: (issue) =>
        Option.map(
          Option.fromNullable(ParseResult.ArrayFormatter.formatIssueSync(issue)[0]),
          ({ message, path }) => ({ field: String(path[0] ?? ""), says: message })
        )
    })
}

type Groups = ReadonlyArray<string | undefined>

/** Calls it with the raw values of these groups, without an array for the usual few. */
const reading = (groups: ReadonlyArray<number>, keeps: Keeps): (found: Groups) => boolean => {
  const [a = 0, b = 0, c = 0] = groups
  switch (groups.length) {
    case 1:
      return (found) => keeps(found[a])
    case 2:
      return (found) => keeps(found[a], found[b])
    case 3:
      return (found) => keeps(found[a], found[b], found[c])
    default:
      return (found) => keeps(...groups.map((group) => found[group]))
  }
}

const valueOf = ({ storage }: Field, raw: string) =>
  storage === "integer" ? integerOf(raw) : storage === "json" ? decoded(raw) : textOf(raw)

const ofValue = (field: Field, is: Word["is"]): Keeps => (raw) => raw === undefined || is(valueOf(field, raw))

/** The fields of which more is asked than whether there is a value. */
const readOf = (
  { between, key, reads, reserves, rules, tree, unique }:
    & Pick<Kind, "between" | "key" | "reserves" | "rules" | "tree" | "unique">
    & { readonly reads: ReadonlyArray<string> },
  fields: ReadonlyArray<Field>
): ReadonlySet<string> =>
  new Set([
    "id",
    "uid",
    ...key,
    ...reads,
    ...fields.flatMap((field) => Option.isSome(field.reference) || Option.isSome(field.derived) ? [field.key] : []),
    ...unique.flatMap(({ columns, only }) => only === undefined ? columns : [...columns, only.column]),
    ...rules.flatMap(({ evidence, field }) =>
      evidence.by === "row" ? evidence.reads : evidence.by === "value" ? [field] : []
    ),
    ...between.flatMap(({ follow }) =>
      follow.is === "not among" ? follow.fields : follow.is === "same row" || follow.is === "uid" ? [follow.field] : []
    ),
    ...(tree === undefined ? [] : [tree.only.column]),
    ...(reserves === undefined ? [] : [reserves.field])
  ])

/** What matches only values of the field that keep its rules. */
const patternOf = (field: Field, rules: ReadonlyArray<Rule>): string | undefined => {
  const end = field.storage === "integer" ? "[,}]" : "\""
  const own = rules.flatMap(({ evidence, field: of }): ReadonlyArray<Pattern> =>
    of === field.key && evidence.by === "pattern" ? [evidence.pattern] : []
  )
  return own.length === 0 ? undefined : sourceOf(own.reduce((a, b) => both(a, b, end)))
}

export const make = <Fields extends Schema.Struct.Fields>(
  name: string,
  options: Options,
  schema: Schema.Struct<Fields>
): Kind & { readonly schema: Schema.Struct<Fields> } => {
  const fields = fieldsOf(schema.ast)
  const own = (key: string): Field => {
    const field = fields.find((field) => field.key === key)
    if (field === undefined) throw new Error(`the kind ${name} has no field ${key}`)
    return field
  }
  const groupsOf = (keys: ReadonlyArray<string>) => keys.map((key) => fields.indexOf(own(key)) + 1)
  const checks = options.checks ?? []
  const rules = [
    ...checks,
    ...fields.flatMap(({ key, soft: rule }) =>
      Option.match(rule, { onNone: () => [], onSome: ({ repair, rule, word }) => [soft(key, rule, word, repair)] })
    ),
    ...(options.rows ?? [])
  ]
  const between = [
    ...fields.flatMap((field) =>
      Option.match(field.reference, { onNone: () => [], onSome: (to) => [refersTo(field, to)] })
    ),
    ...(options.between ?? [])
  ]
  // Rules that come together share what shows that they are kept.
  const predicates = [...new Set(rules.map(({ evidence }) => evidence))].flatMap((evidence) =>
    evidence.by === "row" ? [reading(groupsOf(evidence.reads), evidence.keeps)] : []
  )
  const ofValues = rules.flatMap(({ evidence, field }) =>
    evidence.by === "value" ? [reading(groupsOf([field]), ofValue(own(field), evidence.is))] : []
  )
  const vouches = [...ofValues, ...predicates]
  const { key, reserves, table, tree } = options
  const unique = options.unique ?? []
  const stored = (options.columns ?? fields.map((field) => field.key)).map(own)
  const columns = stored.filter(({ derived }) => Option.isNone(derived))
  const read = readOf({ between, key, reads: options.reads ?? [], reserves, rules, tree, unique }, fields)
  return {
    name,
    table,
    key,
    autoincrement: options.autoincrement ?? false,
    schema,
    fields,
    columns,
    given: fields.filter((field) => stored.includes(field) || Option.isSome(field.derived)),
    checks,
    rules,
    between,
    unique,
    tree,
    reserves,
    isOpen: options.isOpen ?? false,
    patterns: patternsOf({ name, fields }, (field) => patternOf(field, rules), (field) => read.has(field.key)),
    vouch: (groups) => vouches.every((keeps) => keeps(groups)),
    is: (record) => fields.every((field) => accepts(field, record[field.key])),
    problem: problemOf(schema)
  }
}

/** How a report names a row: its key, as in `issue 7` or `issue_label 7/bug`. */
export const rowName = (kind: Pick<Kind, "key">, record: AnyRecord): string =>
  kind.key.map((column) => String(record[column] ?? "?")).join("/")
