/**
 * What is asked of JSON objects that are a field: reserved keys and no key twice, as pairs of SQL and JavaScript. What is no JSON, or nested
 * too deeply for SQLite, is the matter of the table's CHECK.
 */
import * as Json from "./json.ts"
import { decoded } from "./linePatterns.ts"
import * as Mend from "./repairs.ts"
import { type Keeps, pair, type Rule, soft } from "./Rule.ts"
import { date, ulid, wholeCharacters as whole, zone } from "./vocabulary.ts"
import type { Word } from "./Word.ts"

/** `json_type` would fail for what is no JSON. */
export const ofJson = (field: string, holds: string): string =>
  `CASE WHEN ${field} = '{}' OR NOT json_valid(${field}) THEN 1 ELSE ${holds} END`

export const parsed = (raw: string): unknown => JSON.parse(decoded(raw))
export const isText = (value: unknown): value is string => typeof value === "string"
export const isObject = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** What a reserved key may hold. */
export interface Member {
  readonly says: string
  /** SQL of the value and of its JSON type. */
  readonly sql: (value: string, type: string) => string
  readonly is: (value: unknown) => boolean
}

/** A member that is text and a word. */
export const textThat = ({ is, sql }: Word, says: string): Member => ({
  says,
  sql: (value, type) => `${type} = 'text' AND ${sql(value)}`,
  is: (value) => isText(value) && is(value)
})

/** In compact JSON a string before a colon is a key, and nothing else is. */
const key = /"(?:[^"\\]|\\.)*":/g

const keysOf = (value: unknown): number =>
  typeof value !== "object" || value === null
    ? 0
    : Array.isArray(value)
    ? value.reduce((sum: number, member) => sum + keysOf(member), 0)
    : Object.values(value).reduce((sum: number, member) => sum + 1 + keysOf(member), 0)

/** An object in the field, whose reserved members are what they should be, and none of which has a key twice. */
export const members = (
  field: string,
  reserved: { readonly [key: string]: Member } = {}
): ReadonlyArray<Rule> => {
  const all = Object.entries(reserved)
  const reads = [field]
  const keeps: Keeps = (raw) => {
    if (raw === undefined || raw === "{}") return raw !== undefined
    const value = parsed(raw)
    return isObject(value) && isDistinct(raw, value) &&
      all.every(([name, { is }]) => !Object.hasOwn(value, name) || is(value[name]))
  }
  const rules = all.map(([name, { says, sql }]): Rule => {
    const path = `(${field},'$.${name}')`
    return pair({
      rule: `metadata.${name}`,
      field,
      says: `has under ${name} what ${says}`,
      holds: ofJson(field, `json_type${path} IS NULL OR ${sql(`json_extract${path}`, `json_type${path}`)}`),
      reads,
      keeps
    })
  })
  // One look at the value answers for all of them.
  const evidence = { by: "row", reads, keeps } as const
  return [...[...rules, distinctKeys(field)].map((rule) => ({ ...rule, evidence })), wholeCharacters(field)]
}

/** Whether a value has no key twice; most raw JSON shows it without being read. */
const isDistinct = (raw: string, value?: unknown): boolean =>
  raw === "{}" || (Json.isDistinct(raw) ?? (keysOf(value ?? parsed(raw)) === raw.match(key)?.length))

/** No object in the field has a key twice. Of two members of one name Go kata reads the last, SQLite the first, and newer Go kata none. */
export const distinctKeys = (field: string): Rule =>
  pair({
    rule: "double keys",
    field,
    says:
      "has a key twice: readers differ in which they take, and the newest Go kata can neither export nor upgrade the database",
    holds: ofJson(field, `NOT EXISTS (SELECT 1 FROM json_tree(${field}) GROUP BY parent, key HAVING count(*) > 1)`),
    reads: [field],
    keeps: (raw = "{}") => isDistinct(raw),
    repair: Mend.distinctKeys(field)
  })

/** No string in the field has half a character. */
export const wholeCharacters = (field: string): Rule => soft(field, "lone surrogates", whole)

const isItem = (value: unknown) =>
  isObject(value) && isText(value["id"]) && ulid.is(value["id"]) && isText(value["text"]) &&
  typeof value["done"] === "boolean"

const day = textThat(date, "is not a date (YYYY-MM-DD)")

/** The keys of an issue that mean something to kata; every other key is the user's. */
export const issueMetadata = members("metadata", {
  scheduled_on: day,
  deadline_on: day,
  someday: {
    says: "is neither true nor false",
    sql: (_, type) => `${type} IN ('true','false')`,
    is: (value) => typeof value === "boolean"
  },
  checklist: {
    says: "is not a list of {id, text, done}",
    sql: (_, type) =>
      `${type} = 'array' AND NOT EXISTS (SELECT 1 FROM json_each(metadata,'$.checklist') e WHERE CASE WHEN e.type = 'object' THEN NOT (` +
      `ifnull(json_type(e.value,'$.id') = 'text' AND json_extract(e.value,'$.id') GLOB '[0-7]${
        "[0-9A-HJKMNP-TV-Z]".repeat(25)
      }',0) AND ` +
      `json_type(e.value,'$.text') IS 'text' AND ifnull(json_type(e.value,'$.done') IN ('true','false'),0)) ELSE 1 END)`,
    is: (value) => Array.isArray(value) && value.every(isItem)
  },
  timezone: textThat(zone, zone.says)
})

export const projectMetadata = members("metadata", {
  area: { says: "is not text", sql: (_, type) => `${type} = 'text'`, is: isText }
})
