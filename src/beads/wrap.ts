/**
 * What Beads does not take as it was, in a form that it takes; what it was travels in the record's own metadata. A record that comes back is
 * what it was again, as far as nobody has changed it there.
 */
import { elements, members } from "../records/json.ts"
import { canonical } from "./text.ts"

export type Members = ReadonlyMap<string, string>

/** An issue that kata has made: who it is, and what it was when it went out. */
export interface Origin {
  readonly uid: string
  readonly hash: string
}

const key = "kata"

export const object = (all: Iterable<readonly [string, string]>): string =>
  `{${[...all].map(([name, raw]) => `${JSON.stringify(name)}:${raw}`).join(",")}}`

const text = (raw: string | undefined): string | undefined =>
  raw?.startsWith("\"") === true ? String(JSON.parse(raw)) : undefined

/** The record as it goes out: `normal` is what Beads takes, `original` what it was. */
export const wrapped = (original: Members, normal: Members, origin?: Origin): Members => {
  const names = new Set([...original.keys(), ...normal.keys()])
  names.delete("metadata")
  const was = [...names].flatMap((name): ReadonlyArray<readonly [string, string]> => {
    const [is, before] = [normal.get(name) ?? "null", original.get(name) ?? "null"]
    return canonical(is) === canonical(before) ? [] : [[name, `[${is},${before}]`]]
  })
  if (was.length === 0 && origin === undefined) return new Map([...normal, ...metadataOf(original)])
  const raw = original.get("metadata")
  const own = raw === undefined ? [] : [...members(raw) ?? []]
  const isObject = raw !== undefined && members(raw) !== undefined
  const kata = object([
    ["v", "1"],
    ...(origin === undefined
      ? []
      : [["uid", JSON.stringify(origin.uid)], ["hash", JSON.stringify(origin.hash)]] as const),
    ...(was.length === 0 ? [] : [["was", object(was)]] as const),
    ...(isObject ? [] : [["metadata", raw ?? "null"]] as const)
  ])
  return new Map([...normal, ["metadata", object([...own.filter(([name]) => name !== key), [key, kata]])]])
}

const metadataOf = (original: Members): ReadonlyArray<readonly [string, string]> => {
  const raw = original.get("metadata")
  return raw === undefined ? [] : [["metadata", raw]]
}

export interface Unwrapped {
  readonly members: Members
  readonly origin: Origin | undefined
}

/** The record as it was, where it has been here before. */
export const unwrapped = (record: Members): Unwrapped => {
  const metadata = [...members(record.get("metadata") ?? "") ?? []]
  const kata = new Map(members(new Map(metadata).get(key) ?? ""))
  if (kata.get("v") !== "1") return { members: record, origin: undefined }
  const out = new Map(record)
  for (const [name, pair] of members(kata.get("was") ?? "") ?? []) {
    const [is = "null", before = "null"] = [...elements(pair) ?? []]
    if (canonical(record.get(name) ?? "null") !== canonical(is)) continue
    if (before === "null") out.delete(name)
    else out.set(name, before)
  }
  const rest = metadata.filter(([name]) => name !== key)
  const raw = kata.get("metadata")
  if (raw === undefined || rest.length > 0) out.set("metadata", object(rest))
  else if (raw === "null") out.delete("metadata")
  else out.set("metadata", raw)
  const [uid, hash] = [text(kata.get("uid")), text(kata.get("hash"))]
  return { members: out, origin: uid === undefined || hash === undefined ? undefined : { uid, hash } }
}
