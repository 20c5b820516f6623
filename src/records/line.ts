/**
 * One line of a snapshot: `{"kind":"…","data":{…}}`.
 *
 * A line in the form that kata writes is read in one pass over its text, with the fields of its kind as the map. Every other line
 * (white space, another order of keys, other escapes, extra members) takes the way through `JSON.parse` and `members`, which also
 * gives every error. Both end in the same record, and in the canonical line: the text that the record has in a snapshot of kata.
 */
import * as Data from "effect/Data"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { accepts, type Field, type Value } from "./Field.ts"
import { shorten } from "./Finding.ts"
import { type Member, members, minify } from "./json.ts"
import type { AnyRecord, Kind } from "./Kind.ts"
import { kindOf } from "./kinds.ts"
import { syntaxError } from "./syntax.ts"

/** A line that was read. */
export interface Line {
  readonly kind: Kind
  readonly record: AnyRecord
  /** The line as kata writes it, when the text differs from that. */
  readonly canonical: string | undefined
  /** The raw JSON of the members that seal a snapshot (D2). */
  readonly snapshot?: string | undefined
  readonly seal?: string | undefined
}

/**
 * Why a line is no record. `damaged`: what stands there is no JSON. `refused`: it is JSON, and says what no version-10 database can
 * hold.
 */
export class LineProblem extends Data.TaggedClass("LineProblem")<{
  readonly problem: "damaged" | "refused"
  /** The kind and the field, as far as they are known. */
  readonly kind: string | undefined
  readonly field: string | undefined
  readonly reason: string
}> {}

const damaged = (reason: string) =>
  Either.left(new LineProblem({ problem: "damaged", kind: undefined, field: undefined, reason }))
const refused = (reason: string, kind?: Kind, field?: string) =>
  Either.left(new LineProblem({ problem: "refused", kind: kind?.name, field, reason }))

const spell = (field: Field, value: Value): string =>
  value === null ? "null" : field.storage === "text" || field.storage === "time" ? JSON.stringify(value) : String(value)

/** A record as the line that stands for it in a snapshot, without its line end. JSON must be compact already. */
export const write = (kind: Kind, record: AnyRecord): string =>
  `{"kind":"${kind.name}","data":{${
    kind.fields.flatMap((field) => {
      const value = record[field.key]
      return value === undefined ? [] : [`"${field.key}":${spell(field, value)}`]
    }).join(",")
  }}}`

/** The line of a text that holds no line end. */
export const read = (text: string): Either.Either<Line, LineProblem> => fast(text) ?? slow(text)

// ---- the form that kata writes ----------------------------------------------------------------------------------------

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for: JSON has none outside white space
const control = /[\u0000-\u001f]/
const integer = /-?(?:0|[1-9]\d*)/y
const prefix = "{\"kind\":\""
const middle = "\",\"data\":{"

const fast = (text: string): Either.Either<Line, LineProblem> | undefined => {
  if (!text.startsWith(prefix) || control.test(text)) return undefined
  const nameEnd = text.indexOf("\"", prefix.length)
  if (nameEnd < 0 || !text.startsWith(middle, nameEnd)) return undefined
  const kind = Option.getOrUndefined(kindOf(text.slice(prefix.length, nameEnd)))
  if (kind === undefined) return undefined
  const record: { [key: string]: Value } = {}
  let at = nameEnd + middle.length
  let backslash = text.indexOf("\\", at)
  // The canonical line is made of pieces of the text, not of the record: what would be read wrongly could not hide in it (D5).
  let canonical = ""
  let copied = 0
  for (let i = 0; i < kind.fields.length; i++) {
    const field = kind.fields[i]!
    if (!text.startsWith(field.token, at)) {
      if (field.presence !== "omitted") return undefined
      record[field.key] = undefined
      continue
    }
    at += field.token.length
    if (text.charCodeAt(at) === 0x6e && field.storage !== "json") {
      if (!text.startsWith("null", at)) return undefined
      if (field.presence !== "nullable") return undefined
      record[field.key] = null
      at += 4
      continue
    }
    switch (field.storage) {
      case "integer": {
        integer.lastIndex = at
        const digits = integer.exec(text)?.[0]
        if (digits === undefined || digits === "-0") return undefined
        record[field.key] = integerOf(digits)
        at += digits.length
        break
      }
      case "text":
      case "time": {
        if (text.charCodeAt(at) !== 0x22) return undefined
        let end = text.indexOf("\"", at + 1)
        if (end < 0) return undefined
        if (backslash >= 0 && backslash < at) backslash = text.indexOf("\\", at)
        if (backslash < 0 || backslash > end) record[field.key] = text.slice(at + 1, end)
        else {
          end = stringEnd(text, at)
          const raw = text.slice(at, end + 1)
          const value = parseString(raw)
          if (value === undefined) return undefined
          const spelled = JSON.stringify(value)
          if (spelled !== raw) {
            canonical += text.slice(copied, at) + spelled
            copied = end + 1
          }
          record[field.key] = value
        }
        at = end + 1
        break
      }
      case "json": {
        const end = compactEnd(text, at)
        if (end === undefined) return undefined
        const raw = text.slice(at, end)
        if (raw !== "{}" && raw !== "[]" && syntaxError(raw) !== undefined) return undefined
        record[field.key] = raw
        at = end
      }
    }
    if (!accepts(field, record[field.key])) return undefined
  }
  if (at !== text.length - 2 || !text.endsWith("}}")) return undefined
  return Either.right({ kind, record, canonical: copied === 0 ? undefined : canonical + text.slice(copied) })
}

const integerOf = (digits: string): number | bigint => {
  const number = Number(digits)
  return Number.isSafeInteger(number) ? number : BigInt(digits)
}

/** The closing quote of the string that opens at `open`. */
const stringEnd = (text: string, open: number): number => {
  let end = open
  for (;;) {
    end = text.indexOf("\"", end + 1)
    if (end < 0) return text.length
    let from = end
    while (text.charCodeAt(from - 1) === 0x5c) from--
    if ((end - from) % 2 === 0) return end
  }
}

const parseString = (raw: string): string | undefined => {
  try {
    const value: unknown = JSON.parse(raw)
    return typeof value === "string" ? value : undefined
  } catch {
    return undefined
  }
}

/** The end of the JSON value at `start`; undefined when white space stands in it or it does not end. */
const compactEnd = (text: string, start: number): number | undefined => {
  let depth = 0
  for (let i = start; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case 0x22:
        i = stringEnd(text, i)
        break
      case 0x20:
        return undefined
      case 0x7b:
      case 0x5b:
        depth++
        break
      case 0x7d:
      case 0x5d:
        if (depth === 0) return i
        depth--
        break
      case 0x2c:
        if (depth === 0) return i
    }
  }
  return undefined
}

// ---- every other form -------------------------------------------------------------------------------------------------

/** Other members of a line are ignored, as Go kata ignores ours. */
const known = new Set(["kind", "data", "snapshot", "seal"])

const slow = (text: string): Either.Either<Line, LineProblem> => {
  const wrong = syntaxError(text)
  if (wrong !== undefined) {
    return damaged(text.startsWith("\ufeff") ? "begins with a byte order mark" : `is not JSON: ${wrong}`)
  }
  const envelope = members(text)
  if (envelope === undefined) return refused("is not a JSON object")
  const member = new Map<string, string>()
  for (const [key, raw] of envelope) {
    if (!known.has(key)) continue
    if (member.has(key)) return refused(`has the member ${JSON.stringify(key)} twice`)
    member.set(key, raw)
  }
  const name = parseString(member.get("kind") ?? "")
  if (name === undefined) return refused("has no kind")
  const kind = Option.getOrUndefined(kindOf(name))
  if (kind === undefined) {
    return refused(`is of a kind that kata of this version does not know: ${JSON.stringify(shorten(name))}`)
  }
  const data = members(member.get("data") ?? "")
  if (data === undefined) return refused("has no data object", kind)
  return Either.flatMap(rawsOf(kind, data), (raws) =>
    Either.map(recordOf(kind, raws), (record) => {
      const canonical = canonicalOf(kind, raws)
      return {
        kind,
        record,
        canonical: canonical === text ? undefined : canonical,
        snapshot: member.get("snapshot"),
        seal: member.get("seal")
      }
    }))
}

/** What stands there for each field; no other key, and none twice. */
const rawsOf = (kind: Kind, data: Iterable<Member>): Either.Either<ReadonlyMap<string, string>, LineProblem> => {
  const raws = new Map<string, string>()
  for (const [key, raw] of data) {
    if (!kind.fields.some((field) => field.key === key)) {
      return refused("is a field that kata of this version does not know", kind, key)
    }
    if (raws.has(key)) return refused("stands there twice", kind, key)
    raws.set(key, raw)
  }
  return Either.right(raws)
}

const recordOf = (kind: Kind, raws: ReadonlyMap<string, string>): Either.Either<AnyRecord, LineProblem> => {
  const record: { [key: string]: Value } = {}
  for (const field of kind.fields) {
    const raw = raws.get(field.key)
    if (field.presence === "omitted" && isNothing(raw)) {
      record[field.key] = undefined
      continue
    }
    if (raw === undefined) return refused("is missing", kind, field.key)
    const value = valueOf(field, raw)
    if (value === undefined || !accepts(field, value)) return refused(wrong(field, raw), kind, field.key)
    record[field.key] = value
  }
  return Either.right(record)
}

/** For a key that is left out when there is no value, null says the same: Go kata reads it so. */
const isNothing = (raw: string | undefined): boolean => raw === undefined || raw === "null"

/** The members of a record that was accepted, in order, each spelled as kata spells it; again from the text alone. */
const canonicalOf = (kind: Kind, raws: ReadonlyMap<string, string>): string =>
  `{"kind":"${kind.name}","data":{${
    kind.fields.flatMap((field) => {
      const raw = raws.get(field.key)
      if (raw === undefined || (field.presence === "omitted" && isNothing(raw))) return []
      return [
        `"${field.key}":${
          field.storage === "json" ? minify(raw) : raw.startsWith("\"") ? JSON.stringify(JSON.parse(raw)) : raw
        }`
      ]
    }).join(",")
  }}}`

/** Undefined for what no field of this storage can hold. */
const valueOf = (field: Field, raw: string): Value => {
  if (field.storage === "json") return minify(raw)
  if (raw === "null") return null
  if (field.storage === "integer") return /^-?(?:0|[1-9]\d*)$/.test(raw) && raw !== "-0" ? integerOf(raw) : undefined
  return parseString(raw)
}

const wrong = (field: Field, raw: string): string => {
  if (raw === "null") return "must not be null"
  if (field.storage === "integer") return `is not a 64-bit integer: ${raw.slice(0, 40)}`
  return raw.startsWith("\"") ? "is not Unicode text (a lone surrogate)" : `is not a string: ${raw.slice(0, 40)}`
}
