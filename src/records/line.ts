/**
 * One line of a snapshot: `{"kind":"…","data":{…}}`.
 *
 * A line in the form that kata writes is read by the pattern of its kind. Every other line
 * (white space, another order of keys, other escapes, extra members) takes the way through `JSON.parse` and `members`, which also
 * gives every error. Both end in the same record, and in the canonical line: the text that the record has in a snapshot of kata.
 */
import * as Data from "effect/Data"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { accepts, type Field, type Value } from "./Field.ts"
import { shorten } from "./Finding.ts"
import type { Format } from "./Format.ts"
import { type Member, members, minify } from "./json.ts"
import type { AnyRecord, Kind } from "./Kind.ts"
import { decoded, integerOf, kindAt, match } from "./linePatterns.ts"
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
export const read = (format: Format, text: string): Either.Either<Line, LineProblem> =>
  fast(format, text) ?? slow(format, text)

// ---- the form that kata writes ----------------------------------------------------------------------------------------

const unescaped = (content: string): string | undefined =>
  content.includes("\\") ? parseString(`"${content}"`) : content

/** The value of a field from its group, which is nothing where no value stands. */
const valueIn = (field: Field, raw: string | undefined): Value =>
  raw === undefined
    ? field.presence === "omitted" ? undefined : null
    : field.storage === "integer"
    ? integerOf(raw)
    : field.storage === "json"
    ? raw
    : unescaped(raw)

const fast = (format: Format, text: string): Either.Either<Line, LineProblem> | undefined => {
  const kind = Option.getOrUndefined(format.kindOf(kindAt(text, 0) ?? ""))
  const groups = kind && match(kind.patterns.any, text, 0, text.length)
  if (kind === undefined || groups === undefined) return undefined
  const record: { [key: string]: Value } = {}
  for (let i = 0; i < kind.fields.length; i++) {
    const field = kind.fields[i]!
    const raw = groups[i + 1]
    const value = valueIn(field, raw)
    if (!accepts(field, value)) return undefined
    // Other escapes than kata's: the canonical line is another one.
    if (typeof value === "string" && value !== raw && JSON.stringify(value) !== `"${raw}"`) return undefined
    record[field.key] = value
  }
  return Either.right({ kind, record, canonical: undefined })
}

/** The record of a line that matched the sound pattern of its kind. */
export const recordIn = (kind: Kind, groups: ReadonlyArray<string | undefined>): AnyRecord => {
  const record: { [key: string]: Value } = {}
  for (let i = 0; i < kind.fields.length; i++) {
    const field = kind.fields[i]!
    const raw = groups[i + 1]
    record[field.key] = valueIn(field, raw === undefined || field.storage === "integer" ? raw : decoded(raw))
  }
  return record
}

const parseString = (raw: string): string | undefined => {
  try {
    const value: unknown = JSON.parse(raw)
    return typeof value === "string" ? value : undefined
  } catch {
    return undefined
  }
}

// ---- every other form -------------------------------------------------------------------------------------------------

/** Other members of a line are ignored, as Go kata ignores ours. */
const known = new Set(["kind", "data", "snapshot", "seal"])

const slow = (format: Format, text: string): Either.Either<Line, LineProblem> => {
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
  const kind = Option.getOrUndefined(format.kindOf(name))
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
        ...(member.has("snapshot") ? { snapshot: member.get("snapshot") } : {}),
        ...(member.has("seal") ? { seal: member.get("seal") } : {})
      }
    }))
}

/** What stands there for each field; no other key, and none twice. */
const rawsOf = (kind: Kind, data: Iterable<Member>): Either.Either<ReadonlyMap<string, string>, LineProblem> => {
  const raws = new Map<string, string>()
  for (const [key, raw] of data) {
    if (!kind.fields.some((field) => field.key === key)) {
      if (kind.isOpen) continue
      return refused("is a field that kata of this version does not know", kind, key)
    }
    if (raws.has(key)) return refused("stands there twice", kind, key)
    raws.set(key, raw)
  }
  return Either.right(raws)
}

/** A record, or what the Schema of its kind says of the first field that is wrong. */
const recordOf = (kind: Kind, raws: ReadonlyMap<string, string>): Either.Either<AnyRecord, LineProblem> => {
  const record: { [key: string]: Value } = {}
  const stray: { [key: string]: unknown } = {}
  for (const field of kind.fields) {
    const raw = raws.get(field.key)
    if (field.presence === "omitted" && isNothing(raw)) record[field.key] = undefined
    else if (raw !== undefined) {
      const value = valueOf(field, raw)
      if (value === undefined) stray[field.key] = noValue
      else record[field.key] = value
    }
  }
  if (kind.is(record) && Object.keys(stray).length === 0) return Either.right(record)
  return Option.match(kind.problem({ ...record, ...stray }), {
    onNone: () => Either.right(record),
    onSome: ({ field, says }) => refused(says + shownRaw(kind, field, raws.get(field)), kind, field)
  })
}

/** What stands there, behind what is said of it, but of a string that is none: it cannot be shown. */
const shownRaw = (kind: Kind, key: string, raw: string | undefined): string => {
  const isInteger = kind.fields.some((field) => field.key === key && field.storage === "integer")
  return raw === undefined || raw === "null" || (!isInteger && raw.startsWith("\"")) ? "" : `: ${raw.slice(0, 40)}`
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

/** A value of no field: in the place of what stands in the line and no field of its storage can hold. */
const noValue = false

/** Undefined for what no field of this storage can hold. */
const valueOf = (field: Field, raw: string): Value => {
  if (field.storage === "json") return minify(raw)
  if (raw === "null") return null
  if (field.storage === "integer") return /^-?(?:0|[1-9]\d*)$/.test(raw) && raw !== "-0" ? integerOf(raw) : undefined
  return parseString(raw)
}
