/** Labels as kata takes them, and JSON in one spelling, so that the same record has the same digest. */
import { createHash } from "node:crypto"
import { elements, members } from "../records/json.ts"

const longestLabel = 64
const longestId = 55

export const digestOf = (text: string): string => createHash("sha256").update(text, "utf8").digest("hex")

const inner = (text: string): string =>
  text.replaceAll("\u0130", "i").toLowerCase().split(/\s+/u).filter((word) => word !== "").join("-")
    .replace(/[^a-z0-9._:-]+/g, "-").replace(/-+/g, "-").replace(/^[-._:]+|[-._:]+$/g, "")

const shortened = (text: string, most: number): string => {
  if (text.length <= most) return text
  const kept = text.slice(0, most - 9).replace(/[-._:]+$/, "")
  return `${kept === "" ? "imported" : kept}-${digestOf(text).slice(0, 8)}`
}

/** A label of Beads as one of kata; undefined where nothing is left of it. */
export const labelOf = (text: string): string | undefined => {
  const label = inner(text)
  return label === "" ? undefined : shortened(label, longestLabel)
}

/** The label by which an issue is found by its id in Beads. */
export const idLabel = (id: string): string => {
  const name = inner(id)
  return `beads-id:${name === "" ? "imported" : shortened(name, longestId)}`
}

const isNothing = (raw: string) => raw === "null" || raw === "\"\""

const byCode = (a: string, b: string) => a < b ? -1 : a > b ? 1 : 0

/** A text without an escape is spelled in the only way that there is. */
const scalar = (raw: string): string =>
  raw.startsWith("\"") && raw.includes("\\") ? JSON.stringify(JSON.parse(raw)) : raw

/** JSON with sorted keys, texts and blanks in one spelling, numbers as they are spelled, and nothing for what says nothing. */
export const canonical = (raw: string): string => {
  if (!raw.startsWith("{") && !raw.startsWith("[")) return scalar(raw)
  const items = elements(raw)
  if (items !== undefined) return `[${[...items].map(canonical).join(",")}]`
  const found = members(raw)
  if (found !== undefined) {
    const last = [...new Map(found)].filter(([, value]) => !isNothing(value))
    return `{${
      last.toSorted(([a], [b]) => byCode(a, b)).map(([key, value]) => `${JSON.stringify(key)}:${canonical(value)}`)
        .join(",")
    }}`
  }
  return scalar(raw)
}

/** The same of a list whose order says nothing. */
export const canonicalSet = (raws: ReadonlyArray<string>): string =>
  `[${raws.map(canonical).toSorted(byCode).join(",")}]`
