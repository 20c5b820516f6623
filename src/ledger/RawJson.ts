/** JSON that travels as it is spelled: key order, the spelling of numbers and 64-bit integers are the user's (D3); and JSON as Go writes it. */
import * as Schema from "effect/Schema"
import { members, minify, write as writeJson } from "../records/json.ts"

/** JSON text; a wrapper, which tells it from a string when a body is written. */
export class RawJson {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

/**
 * JSON out of a column, compact. A database can hold text that is none: it becomes a string, so that what holds it can still be read, and
 * the user sees what is wrong.
 */
export const stored = (text: string): string => {
  if (text === "{}") return text
  try {
    JSON.parse(text)
    return minify(text)
  } catch {
    return JSON.stringify(text)
  }
}

/** Out of a row it comes as text; out of a body that was parsed already, as the value. */
export const Raw: Schema.Schema<RawJson, unknown> = Schema.transform(Schema.Unknown, Schema.instanceOf(RawJson), {
  strict: true,
  decode: (from) =>
    from instanceof RawJson ? from : new RawJson(typeof from === "string" ? stored(from) : JSON.stringify(from)),
  encode: (raw) => raw
}).annotations({ identifier: "Json", jsonSchema: {} })

/** An object of those members, its keys in the order of their bytes, as Go prints one. Of a key that stands twice, the last one counts. */
export const object = (members: Iterable<readonly [key: string, raw: string]>): string => {
  const last = new Map(members)
  const keys = [...last.keys()].toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  return `{${keys.map((key) => `${JSON.stringify(key)}:${last.get(key)}`).join(",")}}`
}

const sorted = (text: string): string => {
  const all = members(text)
  return all === undefined ? text : object(all)
}

/** Metadata out of a row: keys in order, what is in them as it is spelled. */
export const Metadata: Schema.Schema<RawJson, unknown> = Schema.transform(Schema.Unknown, Raw, {
  strict: true,
  decode: (from) => typeof from === "string" ? new RawJson(sorted(stored(from))) : from,
  encode: (raw) => raw
}).annotations({ identifier: "Metadata", jsonSchema: { type: "object", additionalProperties: true } })

const escapes: Readonly<Record<string, string>> = {
  "<": "\\u003c",
  ">": "\\u003e",
  "&": "\\u0026",
  "\u2028": "\\u2028",
  "\u2029": "\\u2029"
}

/** As Go's encoder leaves JSON text. */
export const escape = (text: string): string => text.replace(/[<>&\u2028\u2029]/g, (found) => escapes[found] ?? found)

/** JSON text of what a Schema has encoded: what is JSON already stays as it is spelled. */
export const jsonOf = (value: unknown): string =>
  writeJson(value, (part) => part instanceof RawJson ? part.text : undefined)

/** The same as Go writes it: what is escaped can stand only within texts. */
export const write = (value: unknown): string => escape(jsonOf(value))
