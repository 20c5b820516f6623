/**
 * What surely keeps the rules between the fields of a row, and those that no pattern can say, in a line that matches the pattern of its
 * kind (pattern.ts). A value is raw: UTF-8 read as Latin-1, with its escapes. False means that SQL has to be asked.
 */
import { date, decoded, ulid } from "./linePatterns.ts"

type Value = (field: string) => string | undefined

const parsed = (raw: string): unknown => JSON.parse(decoded(raw))
const whole = (pattern: string) => new RegExp(`^(?:${pattern})$`)
const aDate = whole(date)
const aUlid = whole(ulid)
const aZone = /^[A-Za-z][A-Za-z0-9_+-]*(?:\/[A-Za-z0-9_+-]+)*$/

// ---- JSON -------------------------------------------------------------------------------------------------------------

/** In compact JSON a string before a colon is a key, and nothing else is. */
const key = /"(?:[^"\\]|\\.)*":/g

const keysOf = (value: unknown): number =>
  typeof value !== "object" || value === null
    ? 0
    : Array.isArray(value)
    ? value.reduce((sum: number, member) => sum + keysOf(member), 0)
    : Object.values(value).reduce((sum: number, member) => sum + 1 + keysOf(member), 0)

const hasText = (value: unknown): value is string => typeof value === "string"
const isRecord = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** An object without double keys, whose reserved members are what they should be. */
const object = (raw: string | undefined, reserved: { readonly [key: string]: (value: unknown) => boolean } = {}) => {
  if (raw === undefined || raw === "{}") return raw !== undefined
  const value = parsed(raw)
  return isRecord(value) && keysOf(value) === (raw.match(key)?.length ?? 0) &&
    Object.entries(reserved).every(([name, holds]) => !Object.hasOwn(value, name) || holds(value[name]))
}

const day = (value: unknown) => hasText(value) && aDate.test(value)
const item = (value: unknown) =>
  isRecord(value) && hasText(value["id"]) && aUlid.test(value["id"]) && hasText(value["text"]) &&
  typeof value["done"] === "boolean"

const issueMetadata = {
  scheduled_on: day,
  deadline_on: day,
  someday: (value: unknown) => typeof value === "boolean",
  checklist: (value: unknown) => Array.isArray(value) && value.every(item),
  timezone: (value: unknown) => hasText(value) && aZone.test(value)
}

const label = /^[a-z0-9._:-]{1,64}$/
const labels = (raw: string | undefined) => {
  if (raw === "[]") return true
  const value = parsed(raw ?? "null")
  return Array.isArray(value) &&
    value.every((one, i) => hasText(one) && label.test(one) && (i === 0 || one > value[i - 1]))
}

// ---- kinds ------------------------------------------------------------------------------------------------------------

export const meta = (value: Value): boolean => value("key") !== "export_version"

/** Of all characters that are printable, the larger part. */
const name =
  /^[!-~\u00a1-\u00ac\u00ae-\u024f\u0370-\u052f\u3041-\u9fff\uac00-\ud7a3]+(?: +[!-~\u00a1-\u00ac\u00ae-\u024f\u0370-\u052f\u3041-\u9fff\uac00-\ud7a3]+)*$/

export const project = (value: Value): boolean => {
  const text = decoded(value("name") ?? "")
  return name.test(text) && !text.includes("#") && !text.includes("\\") && object(value("metadata"), { area: hasText })
}

export const projectAlias = (value: Value): boolean => {
  const identity = value("alias_identity") ?? ""
  return value("alias_kind") === "git" ? /^[A-Za-z0-9._:/-]+$/.test(identity) : /^local:\/\/[^\\]/.test(identity)
}

const parts =
  /^(?:UNTIL|COUNT|INTERVAL|BYSECOND|BYMINUTE|BYHOUR|BYDAY|BYMONTHDAY|BYYEARDAY|BYWEEKNO|BYMONTH|BYSETPOS|WKST)=[A-Z0-9,:+-]+$/
const often = /^FREQ=(?:YEARLY|MONTHLY|WEEKLY|DAILY|HOURLY|MINUTELY|SECONDLY)$/

export const recurrence = (value: Value): boolean => {
  const [first = "", ...rest] = (value("rrule") ?? "").split(";")
  const names = rest.map((part) => part.slice(0, part.indexOf("=")))
  return often.test(first) && rest.every((part) => parts.test(part)) && new Set(names).size === names.length &&
    labels(value("template_labels")) && object(value("template_metadata"))
}

export const issue = (value: Value): boolean =>
  (value("status") === "closed" || (value("closed_at") === undefined && value("closed_reason") === undefined)) &&
  (value("uid") ?? "").toLowerCase().endsWith(value("short_id") ?? "?") &&
  (value("occurrence_key") === undefined) === (value("recurrence_id") === undefined) &&
  object(value("metadata"), issueMetadata)

export const link = (value: Value): boolean => {
  const [from, to] = [Number(value("from_issue_id")), Number(value("to_issue_id"))]
  return from < to || (from > to && value("type") !== "related")
}

export const importMapping = (value: Value): boolean => {
  const external = value("external_id") ?? ""
  if (value("issue_id") === undefined) return false
  switch (value("object_type")) {
    case "issue":
      return true
    case "comment":
      return value("comment_id") !== undefined
    case "label":
      return value("label") !== undefined && external.indexOf(`:label:${value("label")}`) > 0
    default:
      return value("link_id") !== undefined && /^[^\\]+:[^\\]+:[^\\]+$/.test(external)
  }
}

export const purge = (value: Value): boolean => {
  const [lowest, highest, reset] = [
    value("events_deleted_min_id"),
    value("events_deleted_max_id"),
    value("purge_reset_after_event_id")
  ]
  return highest === undefined
    ? lowest === undefined && reset === undefined
    : Number(lowest ?? NaN) <= Number(highest) && Number(reset ?? NaN) > Number(highest)
}
