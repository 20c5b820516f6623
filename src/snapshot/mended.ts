/** What a line of a rejected file says after a user has mended it: a record, the row of a table, or some cells of a row. Pure. */
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { Field, Value } from "../records/Field.ts"
import type { Format } from "../records/Format.ts"
import { members, minify } from "../records/json.ts"
import type { AnyRecord, Kind } from "../records/Kind.ts"
import { read } from "../records/line.ts"
import { integerOf } from "../records/linePatterns.ts"
import { syntaxError } from "../records/syntax.ts"

/** `whole`: a record, `derived` where what stands in no column is not known yet. `cells`: some of the row with that key. */
export type Mended =
  | { readonly is: "whole"; readonly kind: Kind; readonly record: AnyRecord; readonly derived: boolean }
  | { readonly is: "cells"; readonly kind: Kind; readonly key: AnyRecord; readonly cells: AnyRecord }

type Raws = ReadonlyMap<string, string>

const raws = (text: string | undefined): Raws | undefined => {
  const found = text === undefined ? undefined : members(text)
  return found && new Map(found)
}

const textOf = (raw: string | undefined): string | undefined => {
  const value: unknown = raw?.startsWith("\"") === true ? JSON.parse(raw) : undefined
  return typeof value === "string" && value.isWellFormed() ? value : undefined
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

const fromHex = (hex: string | undefined): string | undefined => {
  try {
    return hex === undefined || !/^(?:[0-9a-f]{2})*$/i.test(hex) ? undefined : utf8.decode(Buffer.from(hex, "hex"))
  } catch {
    return undefined
  }
}

/** What a rejected line says of a cell that JSON cannot say as it is (rejectedLine.ts). */
const wrapped = (raw: string): string | bigint | undefined => {
  const parts = raws(raw)
  const type = textOf(parts?.get("type"))
  if (type === "text" || type === "blob") return fromHex(textOf(parts?.get("hex")))
  const digits = type === "integer" ? textOf(parts?.get("value")) : undefined
  return digits !== undefined && /^-?\d{1,19}$/.test(digits) ? BigInt(digits) : undefined
}

/** The value of a cell; undefined when a snapshot cannot say that there. */
const cellOf = (field: Field, raw: string): Option.Option<Value> => {
  if (raw === "null") {
    return field.presence === "always" ? Option.none() : Option.some(field.presence === "nullable" ? null : undefined)
  }
  if (field.storage === "integer") {
    const value = raw.startsWith("{") ? wrapped(raw) : /^-?(?:0|[1-9]\d{0,18})$/.test(raw) ? integerOf(raw) : undefined
    return typeof value === "string" ? Option.none() : Option.fromNullable(value)
  }
  const text = raw.startsWith("\"") ? textOf(raw) : raw.startsWith("{") ? wrapped(raw) : undefined
  if (field.storage !== "json") return typeof text === "string" ? Option.some(text) : Option.none()
  // Who mends it may write the JSON itself, where the cell has it as text.
  const json = typeof text === "string" ? text : raw
  return syntaxError(json) === undefined ? Option.some(minify(json)) : Option.none()
}

const ofRow = (format: Format, line: Raws): Either.Either<Mended, string> => {
  const kind = Option.getOrUndefined(format.kindIn(textOf(line.get("table")) ?? ""))
  const cells = raws(line.get("cells"))
  if (kind === undefined) return Either.left("is of a table that kata of this version does not know")
  if (cells === undefined) return Either.left("has no cells: these rows could not be read")
  const record: { [key: string]: Value } = {}
  for (const [key, raw] of cells) {
    const field = kind.columns.find((field) => field.key === key)
    if (field === undefined) return Either.left(`${key} is a column that kata does not know`)
    const value = cellOf(field, raw)
    if (Option.isNone(value)) return Either.left(`${key} is still what a snapshot cannot say there`)
    record[key] = value.value
  }
  if (kind.columns.every(({ key }) => cells.has(key))) {
    const derived = kind.columns.length < kind.fields.length
    return kind.is(record) || derived
      ? Either.right({ is: "whole", kind, record, derived })
      : Either.left("is no row of its table")
  }
  const rowid = line.get("rowid")
  const id = rowid?.startsWith("{") === true ? wrapped(rowid) : integerOf(rowid ?? "0")
  const key = kind.key.length === 1 && kind.key[0] === "id"
    ? { id }
    : Object.fromEntries(kind.key.map((column) => [column, record[column]]))
  const others = Object.entries(record).filter(([column]) => !(column in key))
  return others.length === 0 || Object.values(key).some((value) => value === undefined)
    ? Either.left("does not say which row it is of")
    : Either.right({ is: "cells", kind, key, cells: Object.fromEntries(others) })
}

/** A table has one counter: what is said of it goes into that. */
const ofCounter = (found: Mended): Mended => {
  if (found.is !== "whole" || found.kind.table !== "sqlite_sequence") return found
  const { name, seq } = found.record
  return { is: "cells", kind: found.kind, key: { name }, cells: { seq } }
}

/** The raw line in a rejected line; itself where it is none. */
export const rawOf = (text: string): string => {
  const line = syntaxError(text) === undefined ? raws(text) : undefined
  if (line === undefined || line.has("kind")) return text
  return textOf(line.get("raw")) ?? fromHex(textOf(line.get("rawHex"))) ?? text
}

/** What a line says, or why it is still nothing that can be brought back. */
export const mended = (format: Format, text: string): Either.Either<Mended, string> => {
  const raw = rawOf(text)
  const line = syntaxError(raw) === undefined ? raws(raw) : undefined
  if (line?.has("table") === true && !line.has("kind")) return Either.map(ofRow(format, line), ofCounter)
  return Either.mapBoth(read(format, raw.trim()), {
    onLeft: ({ field, kind, reason }) => [kind, field, reason].filter((part) => part !== undefined).join(" "),
    onRight: ({ kind, record }) => ofCounter({ is: "whole", kind, record, derived: false })
  })
}
