/** Metadata of issues and projects: an object, changed key by key; some keys mean something and have a form (spec of schema 10, section 7). */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { members } from "../../records/json.ts"
import { canonicalTime } from "../../records/time.ts"
import { isUlid } from "../../records/ulid.ts"
import { object, RawJson } from "../RawJson.ts"
import { refuse } from "../Refused.ts"
import { isTimeZone } from "./timeZone.ts"

/** What is wrong with a value, if anything. */
type Rule = (value: unknown) => string | undefined

const aDate: Rule = (value) =>
  typeof value !== "string"
    ? "date must be a JSON string"
    : /^\d{4}-\d\d-\d\d$/.test(value) && Option.isSome(canonicalTime(value))
    ? undefined
    : `date must match YYYY-MM-DD, got ${JSON.stringify(value)}`

const aBoolean: Rule = (value) => typeof value === "boolean" ? undefined : "value must be a JSON boolean"

const aString: Rule = (value) => typeof value === "string" ? undefined : "value must be a JSON string"

const aZone: Rule = (value) =>
  aString(value) ??
    (isTimeZone(String(value)) ? undefined : `timezone ${JSON.stringify(value)} is not a valid IANA name`)

const anItem = (value: unknown, i: number): string | undefined => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return `item[${i}] must be an object`
  const { done = false, id = "", text = "", ...rest } = value as { readonly [key: string]: unknown }
  if (typeof id !== "string" || !isUlid(id) || id !== id.toUpperCase()) {
    return `item[${i}].id must be a 26-char ULID, got ${JSON.stringify(id)}`
  }
  if (typeof text !== "string") return `item[${i}].text must be a JSON string`
  if (typeof done !== "boolean") return `item[${i}].done must be a JSON boolean`
  const unknown = Object.keys(rest)[0]
  return unknown === undefined ? undefined : `item[${i}] has an unknown key ${JSON.stringify(unknown)}`
}

const aChecklist: Rule = (value) => {
  if (!Array.isArray(value)) return "checklist must be an array of items"
  for (const [i, item] of value.entries()) {
    const wrong = anItem(item, i)
    if (wrong !== undefined) return wrong
  }
  return undefined
}

export type Rules = ReadonlyMap<string, Rule>

export const issueRules: Rules = new Map([
  ["scheduled_on", aDate],
  ["deadline_on", aDate],
  ["someday", aBoolean],
  ["checklist", aChecklist],
  ["timezone", aZone]
])

export const projectRules: Rules = new Map([["area", aString]])

/** Metadata after a patch, and what of it changed, for the event; nothing where nothing changed. */
export interface Patched {
  readonly metadata: string
  readonly diff: RawJson
}

/** Null takes a key away. Other values replace what is there. */
export const patched = Effect.fnUntraced(function*(current: RawJson, patch: RawJson, rules: Rules) {
  const [before, wanted] = [members(current.text), members(patch.text)]
  if (before === undefined) {
    return yield* refuse("validation", `the metadata that is stored is no JSON object: ${current.text.slice(0, 100)}`, {
      hint: "it is left as it is: an export shows it"
    })
  }
  if (wanted === undefined) return yield* refuse("validation", "validation failed: patch: expected object")
  const after = new Map(before)
  const diff: Array<[string, string]> = []
  for (const [key, value] of new Map(wanted)) {
    const from = after.get(key)
    if (value !== "null") {
      const wrong = rules.get(key)?.(JSON.parse(value))
      if (wrong !== undefined) {
        return yield* refuse("invalid_metadata_value", `validate ${JSON.stringify(key)}: invalid value: ${wrong}`)
      }
    }
    if ((from ?? "null") === value) continue
    if (value === "null") after.delete(key)
    else after.set(key, value)
    diff.push([key, `{"from":${from ?? "null"},"to":${value}}`])
  }
  return diff.length === 0
    ? Option.none<Patched>()
    : Option.some<Patched>({ metadata: object(after), diff: new RawJson(object(diff)) })
})
