/** Payloads of events named issues by their number up to version 7, and name them by short id and uid since. */
import { elements, members } from "../json.ts"
import type { Named } from "./Step.ts"

/** The issue that had a number in the project of the event. */
export type Numbered = (number: bigint) => Named | undefined

type Members = Map<string, string>

const highest = 2n ** 63n - 1n

/** The raw JSON of an integer of 64 bits. */
const integer = (raw: string | undefined): bigint | undefined => {
  if (raw === undefined || !/^-?(?:0|[1-9]\d{0,18})$/.test(raw)) return undefined
  const number = BigInt(raw)
  return number <= highest && number >= -highest - 1n ? number : undefined
}

const issueOf = (raw: string | undefined, numbered: Numbered): Named | undefined => {
  const number = integer(raw)
  return number === undefined || number <= 0n ? undefined : numbered(number)
}

/** Of keys that are there twice, the last one. */
const object = (raw: string): Members | undefined => {
  const found = members(raw)
  return found === undefined ? undefined : new Map(found)
}

/** As Go kata writes an object that it changed: the keys in the order of their bytes, every value as it is spelled. */
const spelled = (object: Members): string =>
  `{${
    [...object].map(([key, raw]) => ({ bytes: Buffer.from(key), text: `${JSON.stringify(key)}:${raw}` }))
      .sort((a, b) => Buffer.compare(a.bytes, b.bytes)).map(({ text }) => text).join(",")
  }}`

const text = (value: string) => JSON.stringify(value)

/** `from_number`, `to_number` of events of one link. */
const ends = (payload: Members, numbered: Numbered): boolean => {
  let changed = false
  for (const end of ["from", "to"]) {
    const issue = issueOf(payload.get(`${end}_number`), numbered)
    if (issue === undefined) continue
    payload.delete(`${end}_number`)
    payload.set(`${end}_short_id`, text(issue.shortId)).set(`${end}_uid`, text(issue.uid))
    changed = true
  }
  return changed
}

/** The array `links` of a new issue; one with an entry that is no object stays as it is. */
const initialLinks = (payload: Members, numbered: Numbered): boolean => {
  const raws = [...elements(payload.get("links") ?? "") ?? []]
  const entries = raws.map((raw) => raw === "null" ? undefined : object(raw))
  if (raws.some((raw, i) => raw !== "null" && entries[i] === undefined)) return false
  let changed = false
  for (const entry of entries) {
    const issue = issueOf(entry?.get("to_number"), numbered)
    if (entry === undefined || issue === undefined) continue
    entry.delete("to_number")
    entry.set("to_short_id", text(issue.shortId)).set("to_issue_uid", text(issue.uid))
    changed = true
  }
  if (changed) payload.set("links", `[${entries.map((entry) => entry === undefined ? "null" : spelled(entry)).join()}]`)
  return changed
}

const single = ["parent_set", "parent_removed"]
const several = ["blocks", "blocked_by", "related"].flatMap((type) => [`${type}_added`, `${type}_removed`])

/**
 * The fields of an event of several links. In an array in which at least one number is known, Go kata drops those that are not; here they
 * keep their places, with null beside them among the uids (W9).
 */
const links = (payload: Members, numbered: Numbered): boolean => {
  let changed = false
  for (const key of single) {
    const issue = issueOf(payload.get(key), numbered)
    if (issue === undefined) continue
    payload.set(key, text(issue.shortId)).set(`${key}_uid`, text(issue.uid))
    changed = true
  }
  for (const key of several) {
    const raws = [...elements(payload.get(key) ?? "") ?? []]
    if (raws.some((raw) => raw !== "null" && integer(raw) === undefined)) continue
    const issues = raws.map((raw) => issueOf(raw, numbered))
    if (issues.every((issue) => issue === undefined)) continue
    payload.set(key, `[${issues.map((issue, i) => issue === undefined ? raws[i]! : text(issue.shortId)).join()}]`)
    payload.set(`${key}_uids`, `[${issues.map((issue) => issue === undefined ? "null" : text(issue.uid)).join()}]`)
    changed = true
  }
  return changed
}

const byType: { readonly [type: string]: typeof ends } = {
  "issue.linked": ends,
  "issue.unlinked": ends,
  "issue.created": initialLinks,
  "issue.links_changed": links
}

/** The payload of an event with short ids and uids instead of numbers; the same text, when there is none that is known. */
export const withShortIds = (type: string, payload: string, numbered: Numbered): string => {
  const change = Object.hasOwn(byType, type) ? byType[type] : undefined
  const found = change && object(payload)
  return change !== undefined && found !== undefined && change(found, numbered) ? spelled(found) : payload
}
