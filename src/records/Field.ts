/** The words that record kinds are written in, and what a field of a kind says about the file and the table. */
import * as Option from "effect/Option"
import type { ParseIssue } from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"
import type { Repair } from "./repairs.ts"
import type { Value, Word } from "./Word.ts"

export type { Value }

/**
 * What a column holds: UTF-8 text, a 64-bit integer, text that is JSON, or a time. Columns of times are declared DATETIME, so
 * that SQLite turns a text that is a number into one; it goes out as text all the same (D13).
 */
export type Storage = "text" | "integer" | "json" | "time"

const StorageId = Symbol.for("kata/records/Storage")
const DerivedId = Symbol.for("kata/records/Derived")
const SoftId = Symbol.for("kata/records/Soft")
const ReferenceId = Symbol.for("kata/records/Reference")
const DefaultId = Symbol.for("kata/records/Default")

/**
 * Which record a column points at; the parent's `id` is what it holds. `detach` says that a row without its parent can do
 * without the reference, and keeps living with NULL there. `onDelete` is what the table does when the parent goes.
 */
export interface Reference {
  readonly table: string
  readonly detach: boolean
  readonly onDelete?: "CASCADE" | "SET NULL" | undefined
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

/** A word that kata keeps to when it writes, and does not ask of what it carries (D13). */
export interface SoftRule {
  readonly rule: string
  readonly word: Word
  /** Instead of what the word can mend by itself. */
  readonly repair?: Repair
}

/** What the Schema says of a value that is none of the type; `override`: instead of what its members or what it refines say. */
const says = (message: string, override = false) => ({
  message: ({ actual }: ParseIssue) => ({ message: actual === null ? "must not be null" : message, override })
})

/** Text. SQLite holds UTF-8, which cannot say a lone surrogate: such a string is refused, not changed. */
export const Text = Schema.String.annotations(says("is not a string")).pipe(
  Schema.filter((s) => s.isWellFormed(), says("is not Unicode text (a lone surrogate)"))
).annotations({ [StorageId]: "text" satisfies Storage })

/** JSON as it stands in the file or the table, compact and otherwise untouched (D3). Nobody parses it. */
export const RawJson = Schema.String.annotations({ [StorageId]: "json" satisfies Storage, ...says("is not JSON") })

/** A 64-bit integer: a number where that is exact, a bigint beyond 2^53, where `JSON.parse` rounds. */
export const Int64 = Schema.Union(
  Schema.Number.pipe(Schema.filter((n) => Number.isSafeInteger(n))),
  Schema.BigIntFromSelf.pipe(Schema.filter((n) => BigInt.asIntN(64, n) === n))
).annotations({ [StorageId]: "integer" satisfies Storage, ...says("is not a 64-bit integer", true) })

/** A time: text of any notation that kata can carry; how it should be written is a soft rule. */
export const time = (rule: SoftRule) => Text.annotations({ [StorageId]: "time" satisfies Storage, [SoftId]: rule })

/** An integer that is the id of a row elsewhere. */
export const reference = (table: string, options?: Partial<Omit<Reference, "table">>) =>
  Int64.annotations({ [ReferenceId]: { table, detach: false, ...options } satisfies Reference })

/** In the file, in no column. */
export const derived = (from: Derived) => ({ [DerivedId]: from })

/** Text with a soft rule. */
export const soft = (rule: SoftRule) => Text.annotations({ [SoftId]: rule })

/** What a column holds when no value is given, as SQL; of what stands there always. */
export const initially = <A, I>(type: Schema.Schema<A, I>, sql: string): Schema.Schema<A, I> =>
  type.annotations({ [DefaultId]: sql })

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
  readonly initially: Option.Option<string>
}

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
    soft: find<SoftRule>(SoftId)(p.type),
    initially: find<string>(DefaultId)(p.type)
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
