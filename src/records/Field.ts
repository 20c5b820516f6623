/** The words that record kinds are written in, and what a field of a kind says about the file and the table. */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"

/**
 * What a column holds: UTF-8 text, a 64-bit integer, text that is JSON, or a time. Columns of times are declared DATETIME, so
 * that SQLite turns a text that is a number into one; it goes out as text all the same (D13).
 */
export type Storage = "text" | "integer" | "json" | "time"

const StorageId = Symbol.for("kata/records/Storage")
const DerivedId = Symbol.for("kata/records/Derived")
const FindingId = Symbol.for("kata/records/Finding")
const ReferenceId = Symbol.for("kata/records/Reference")
const PatternId = Symbol.for("kata/records/Pattern")
const UnreadId = Symbol.for("kata/records/Unread")

/**
 * Which record a column points at; the parent's `id` is what it holds. `detach` says that a row without its parent can do
 * without the reference, and keeps living with NULL there.
 */
export interface Reference {
  readonly table: string
  readonly detach: boolean
}

/**
 * Where the value of a field without a column of its own stands: `column` of `table`, in the row that `via` points at.
 * An export looks it up, an import compares it.
 */
export interface Derived {
  readonly table: string
  readonly column: string
  readonly via: string
}

/** A rule that kata keeps when it writes and does not ask of what it carries (D13). */
export interface SoftRule {
  readonly rule: string
  readonly says: string
  /** An SQL expression that is true of a value that keeps the rule; `x` is the SQL of the value, which is not NULL. */
  readonly holds: (x: string) => string
  /** The value as kata would have written it, when that can be known from the value alone. */
  readonly repair?: (value: string) => Option.Option<string>
}

const says = (message: string) => ({ message: () => ({ message, override: true }) })

/** Text. SQLite holds UTF-8, which cannot say a lone surrogate: such a string is refused, not changed. */
export const Text = Schema.String.pipe(
  Schema.filter((s) => s.isWellFormed(), says("is not Unicode text (a lone surrogate)"))
)
  .annotations({ [StorageId]: "text" satisfies Storage, ...says("is not text") })

/** JSON as it stands in the file or the table, compact and otherwise untouched (D3). Nobody parses it. */
export const RawJson = Schema.String.annotations({ [StorageId]: "json" satisfies Storage, ...says("is not JSON") })

/** A 64-bit integer: a number where that is exact, a bigint beyond 2^53, where `JSON.parse` rounds. */
export const Int64 = Schema.Union(
  Schema.Number.pipe(Schema.filter((n) => Number.isSafeInteger(n))),
  Schema.BigIntFromSelf.pipe(Schema.filter((n) => BigInt.asIntN(64, n) === n))
).annotations({ [StorageId]: "integer" satisfies Storage, ...says("is not a 64-bit integer") })

/** A time: text of any notation that kata can carry; how it should be written is a soft rule. */
export const time = (rule: SoftRule) => Text.annotations({ [StorageId]: "time" satisfies Storage, [FindingId]: rule })

/** An integer that is the id of a row elsewhere. */
export const reference = (table: string, options?: { readonly detach?: boolean }) =>
  Int64.annotations({ [ReferenceId]: { table, detach: options?.detach ?? false } satisfies Reference })

/** In the file, in no column. */
export const derived = (from: Derived) => ({ [DerivedId]: from })

/** Text with a soft rule. */
export const soft = (rule: SoftRule) => Text.annotations({ [FindingId]: rule })

/**
 * A regular expression (pattern.ts) over the raw value in a line: what matches keeps every rule of its field, what does not may keep
 * them too. It is what most rows are held against; the rules themselves are SQL, and a property test holds the one to imply the other.
 */
export const vouched = <A, I>(type: Schema.Schema<A, I>, pattern: string): Schema.Schema<A, I> =>
  type.annotations({ [PatternId]: pattern })

/** What rules between fields and rows ask at most for whether there is a value. */
export const unread = <A, I>(type: Schema.Schema<A, I>): Schema.Schema<A, I> => type.annotations({ [UnreadId]: true })

/** One field of a kind, as its Schema says it; the order of a kind's fields is the order of the keys in a line. */
export interface Field {
  readonly key: string
  /** The key as it stands in a line, with the comma before it. */
  readonly token: string
  readonly storage: Storage
  /** `always`: a value. `nullable`: the key always, the value may be null. `omitted`: no key when the column is NULL. */
  readonly presence: "always" | "nullable" | "omitted"
  readonly derived: Option.Option<Derived>
  readonly reference: Option.Option<Reference>
  readonly soft: Option.Option<SoftRule>
  readonly pattern: Option.Option<string>
  readonly unread: boolean
}

/** A value of a field: text and JSON are strings, an integer is a bigint only where a number would not be exact. */
export type Value = string | number | bigint | null | undefined

const isEmpty = (ast: AST.AST) => AST.isUndefinedKeyword(ast) || (AST.isLiteral(ast) && ast.literal === null)

/** An annotation of a field's type, looked for below `NullOr`, `optional` and refinements too. */
const find = <A>(id: symbol) => (ast: AST.AST): Option.Option<A> =>
  Option.orElse(
    AST.getAnnotation<A>(ast, id),
    () =>
      AST.isRefinement(ast) ?
        find<A>(id)(ast.from)
        : AST.isUnion(ast) ?
        Option.flatMap(Option.fromNullable(ast.types.find((member) => !isEmpty(member))), find<A>(id))
        : Option.none()
  )

/** The fields of a struct, in order. A type that no column can hold is a mistake of ours and fails when the module loads. */
export const fieldsOf = (ast: AST.AST): ReadonlyArray<Field> =>
  AST.getPropertySignatures(ast).map((p, i) => ({
    key: String(p.name),
    token: `${i === 0 ? "" : ","}"${String(p.name)}":`,
    storage: Option.getOrThrowWith(find<Storage>(StorageId)(p.type), () => new Error(`a record cannot hold ${p.type}`)),
    presence: p.isOptional ? "omitted" : AST.isUnion(p.type) && p.type.types.some(isEmpty) ? "nullable" : "always",
    derived: AST.getAnnotation<Derived>(p, DerivedId),
    reference: find<Reference>(ReferenceId)(p.type),
    soft: find<SoftRule>(FindingId)(p.type),
    pattern: find<string>(PatternId)(p.type),
    unread: Option.isSome(find<boolean>(UnreadId)(p.type))
  }))

/** Whether a value fits a field: what `Schema.is` of the field's type says, without walking the type. */
export const accepts = (field: Field, value: Value): boolean => {
  if (value === undefined) return field.presence === "omitted"
  if (value === null) return field.presence === "nullable"
  switch (field.storage) {
    case "text":
    case "time":
      return typeof value === "string" && value.isWellFormed()
    case "json":
      return typeof value === "string"
    case "integer":
      return typeof value === "number" ?
        Number.isSafeInteger(value)
        : typeof value === "bigint" && BigInt.asIntN(64, value) === value
  }
}
