import * as FC from "effect/FastCheck"
import { members } from "../../src/records/json.ts"

const accidents = [
  "replace",
  "delete",
  "insert",
  "cut",
  "drop line",
  "double line",
  "swap lines",
  "join lines"
] as const
const edits = ["other value", "drop field", "double field", "rename field", "swap fields", "another version"] as const

/** One accident of bytes and lines, or one edit of a field. */
export interface Mutation {
  readonly how: typeof accidents[number] | typeof edits[number]
  readonly at: number
  readonly field: number
  readonly byte: number
  readonly value: string
}

/** JSON that no field, or not that field, can hold. */
const values = [
  "null",
  "true",
  "0",
  "-0",
  "1",
  "7",
  "1.0",
  "1e0",
  "1e400",
  "9007199254740993",
  "9223372036854775807",
  "9223372036854775808",
  "\"\"",
  "\" \"",
  "\"x\"",
  "\"a#b\"",
  "\"0012\"",
  "\"10\"",
  "\"9\"",
  "\"\\u0000\"",
  "\"\\ud800\"",
  "\"__proto__\"",
  "\"open\"",
  "\"closed\"",
  "\"projects\"",
  "\"01KDVDNA00AAAAAAAAAAAAA101\"",
  "\"2026-01-01T00:00:00.001Z\"",
  "{}",
  "[]",
  "{\"__proto__\":1}",
  "{\"a\":1,\"a\":2}",
  "[".repeat(1001) + "]".repeat(1001)
]

const mutationOf = (how: FC.Arbitrary<Mutation["how"]>): FC.Arbitrary<Mutation> =>
  FC.record({
    how,
    at: FC.nat({ max: 1_000_000 }),
    field: FC.nat({ max: 30 }),
    // what JSON is made of, or anything
    byte: FC.oneof(FC.constantFrom(...Buffer.from("0123456789 \n\r\t\",:{}[]\\/-+.eEaunltrs")), FC.nat({ max: 255 })),
    value: FC.constantFrom(...values)
  })

export const accident = mutationOf(FC.oneof(
  { weight: 5, arbitrary: FC.constantFrom<Mutation["how"]>("replace", "delete", "insert") },
  {
    weight: 2,
    arbitrary: FC.constantFrom<Mutation["how"]>("cut", "drop line", "double line", "swap lines", "join lines")
  }
))

export const mutation = FC.oneof(accident, mutationOf(FC.constantFrom<Mutation["how"]>(...edits)))

/** Lines that are there again, as they are or with another value: a union of two files. */
export const union = mutationOf(FC.constantFrom<Mutation["how"]>("double line", "another version"))

const linesOf = (bytes: Buffer): Array<Buffer> => {
  const found: Array<Buffer> = []
  for (let from = 0; from < bytes.length;) {
    const end = bytes.indexOf(0x0a, from)
    const to = end < 0 ? bytes.length : end + 1
    found.push(bytes.subarray(from, to))
    from = to
  }
  return found
}

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

const shapeOf = (raw: string): string => raw === "" ? "" : /^[-\d]/.test(raw) ? "number" : raw[0]!

/** A value of the same shape as another one, beginning with that one: a version of a record that is a record. */
const alike = (value: string, raw: string): string => {
  const from = values.indexOf(value)
  return [...values.slice(from), ...values.slice(0, from)].find((one) => shapeOf(one) === shapeOf(raw)) ?? raw
}

/** A line with an edit in its data; as it is when there is no data any more. */
const edit = (line: string, { byte, field, how, value }: Mutation): string => {
  const envelope = isJson(line) ? [...members(line) ?? []] : []
  const data = [...members(envelope.find(([key]) => key === "data")?.[1] ?? "") ?? []]
  if (data.length === 0) return line
  const at = field % data.length
  const next = (at + 1) % data.length
  const edited = data.flatMap(([key, raw], i): ReadonlyArray<readonly [string, string]> => {
    const same = [key, raw] as const
    if (i !== at) return how === "swap fields" && i === next ? [[key, data[at]![1]]] : [same]
    switch (how) {
      case "another version":
        return [[key, alike(value, raw)]]
      case "other value":
        return [[key, value]]
      case "drop field":
        return []
      case "double field":
        return [same, [key, value]]
      case "rename field":
        return [[byte % 2 === 0 ? key.toUpperCase() : data[next]![0], raw]]
      default:
        return [[key, data[next]![1]]]
    }
  })
  const object = (of: ReadonlyArray<readonly [string, string]>) =>
    `{${of.map(([key, raw]) => `${JSON.stringify(key)}:${raw}`).join(",")}}`
  return `${object(envelope.map(([key, raw]) => [key, key === "data" ? object(edited) : raw]))}\n`
}

/** The file after it. */
export const mutate = (bytes: Buffer, change: Mutation): Buffer => {
  const { at, byte, how } = change
  const place = at % Math.max(1, bytes.length)
  const lines = linesOf(bytes)
  const line = at % Math.max(1, lines.length)
  switch (how) {
    case "replace": {
      const copy = Buffer.from(bytes)
      copy[place] = byte
      return copy
    }
    case "delete":
      return Buffer.concat([bytes.subarray(0, place), bytes.subarray(place + 1)])
    case "insert":
      return Buffer.concat([bytes.subarray(0, place), Buffer.from([byte]), bytes.subarray(place)])
    case "cut":
      return bytes.subarray(0, place)
    case "drop line":
      return Buffer.concat(lines.filter((_, i) => i !== line))
    case "double line":
      return Buffer.concat(lines.flatMap((text, i) => i === line ? [text, text] : [text]))
    case "join lines":
      return Buffer.concat(lines.map((text, i) => i === line ? text.subarray(0, -1) : text))
    case "another version":
      return Buffer.concat(
        lines.flatMap((text, i) => i === line ? [text, Buffer.from(edit(text.toString(), change))] : [text])
      )
    case "swap lines":
      return Buffer.concat(
        lines.map((text, i) => i === line ? lines[i + 1] ?? text : i === line + 1 ? lines[line] ?? text : text)
      )
    default:
      return Buffer.concat(lines.map((text, i) => i === line ? Buffer.from(edit(text.toString(), change)) : text))
  }
}

/** The file after all of them; in an empty one there is nothing left to change. */
export const mutateAll = (bytes: Buffer, changes: ReadonlyArray<Mutation>): Buffer =>
  changes.reduce<Buffer>((file, change) => file.length === 0 ? file : mutate(file, change), bytes)
