/** The hash that newer Go kata keeps of each event: SHA-256 of its fields as compact JSON, the payload in a canonical form. */
import { hash } from "node:crypto"
import type { AnyRecord } from "../Kind.ts"
import { isSet } from "../losses.ts"

/** SQLite reads no JSON that is nested deeper. */
const deepest = 1000
/** In characters: what is longer would take several times as much memory. */
const longest = 16 * 1024 * 1024

const special = /[<>&\u2028\u2029]/g

/** JSON of a string as Go writes it. */
const escaped = (json: string): string =>
  json.replace(special, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`)

const spell = (text: string): string => escaped(JSON.stringify(text.toWellFormed()))

const byBytes = (a: readonly [string, string], b: readonly [string, string]): number =>
  Buffer.compare(Buffer.from(a[0]), Buffer.from(b[0]))

const scalar = /[^\s,\]}]+/y
const space = /\s*/y

/** Reads JSON once, from left to right; of what is none it makes something, or throws what `JSON.parse` throws. */
class Canonical {
  private readonly text: string
  private at = 0

  constructor(text: string) {
    this.text = text
  }

  private skip(): string | undefined {
    if (this.text.charCodeAt(this.at) <= 0x20) {
      space.lastIndex = this.at
      space.exec(this.text)
      this.at = space.lastIndex
    }
    return this.text[this.at]
  }

  /** The string that begins here, as it stands there. */
  private raw(): string {
    const from = this.at
    for (let to = from;;) {
      to = this.text.indexOf("\"", to + 1)
      if (to < 0) throw new SyntaxError("a string does not end")
      let escapes = 0
      while (this.text[to - 1 - escapes] === "\\") escapes++
      if (escapes % 2 === 1) continue
      this.at = to + 1
      return this.text.slice(from, this.at)
    }
  }

  /** Its text; without escapes it stands there. */
  private string(): string {
    const raw = this.raw()
    return raw.includes("\\") ? String(JSON.parse(raw)) : raw.slice(1, -1)
  }

  /** Undefined when it is nested too deeply, or does not end. */
  value(depth: number): string | undefined {
    const first = this.skip()
    if (first === "\"") {
      const raw = this.raw()
      return raw.includes("\\") ? spell(String(JSON.parse(raw))) : escaped(raw)
    }
    if (first !== "{" && first !== "[") {
      scalar.lastIndex = this.at
      const [found = ""] = scalar.exec(this.text) ?? []
      this.at += found.length
      return found
    }
    if (depth === deepest) return undefined
    const isObject = first === "{"
    const members = new Map<string, string>()
    const items: Array<string> = []
    for (this.at++; this.skip() !== (isObject ? "}" : "]");) {
      if (this.at >= this.text.length) return undefined
      if (this.text[this.at] === ",") {
        this.at++
        continue
      }
      const key = isObject ? this.string() : ""
      // The colon.
      if (isObject && this.skip() !== undefined) this.at++
      const value = this.value(depth + 1)
      if (value === undefined) return undefined
      // Of a key that is there twice, the last one counts.
      if (isObject) members.set(key, value)
      else items.push(value)
    }
    this.at++
    if (!isObject) return `[${items.join(",")}]`
    return `{${[...members].toSorted(byBytes).map(([key, value]) => `${spell(key)}:${value}`).join(",")}}`
  }
}

/**
 * JSON with the keys of each object in the order of their bytes, and every string in its shortest form; numbers stay as they are spelled.
 * Undefined for what is too large, too deep, or no JSON.
 */
export const canonicalJson = (text: string): string | undefined => {
  try {
    return text.length > longest ? undefined : new Canonical(text).value(0)
  } catch {
    return undefined
  }
}

/** The hash of an event in a project of that uid; undefined when its payload has no canonical form. */
export const contentHash = (event: AnyRecord, projectUid: string): string | undefined => {
  const payload = canonicalJson(isSet(event["payload"]) ? String(event["payload"]) : "{}")
  if (payload === undefined) return undefined
  const text = (key: string, value = event[key]) => `${JSON.stringify(key)}:${spell(String(value))}`
  const optional = (key: string) => isSet(event[key]) ? [text(key)] : []
  const members = [
    text("uid"),
    text("origin_instance_uid"),
    text("project_uid", projectUid),
    ...optional("issue_uid"),
    ...optional("related_issue_uid"),
    text("type"),
    text("actor"),
    `"hlc_physical_ms":${String(event["hlc_physical_ms"])}`,
    `"hlc_counter":${String(event["hlc_counter"])}`,
    text("created_at"),
    `"payload":${payload}`
  ]
  return hash("sha256", `{${members.join(",")}}`, "hex")
}
