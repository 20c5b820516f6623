/**
 * JSON as text: its members and its compact form, with every value left as it is spelled. The text must be valid JSON. Of what is none
 * anything may come, but it comes to an end.
 */

const space = (code: number) => code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09

/** After the string that opens at `open`; the end of the text, where it does not close. */
const afterString = (text: string, open: number): number => {
  let i = open + 1
  while (i < text.length && text.charCodeAt(i) !== 0x22) i += text.charCodeAt(i) === 0x5c ? 2 : 1
  return i + 1
}

/** What a string says; undefined for what is none. */
const keyOf = (raw: string): string | undefined => {
  try {
    return JSON.parse(raw) as string
  } catch {
    return undefined
  }
}

/** The text without the white space between its tokens. */
export const minify = (text: string): string => {
  let out = ""
  let from = 0
  for (let i = 0; i < text.length;) {
    const code = text.charCodeAt(i)
    if (code === 0x22) i = afterString(text, i)
    else if (space(code)) {
      out += text.slice(from, i)
      while (i < text.length && space(text.charCodeAt(i))) i++
      from = i
    } else i++
  }
  return from === 0 ? text : out + text.slice(from)
}

/**
 * JSON text of a value, on one line: a bigint is its digits, an undefined member is left out. `spelled` gives the text of a value that has
 * one already.
 */
export const write = (value: unknown, spelled: (value: unknown) => string | undefined = () => undefined): string => {
  const text = spelled(value)
  if (text !== undefined) return text
  if (Array.isArray(value)) return `[${value.map((item) => write(item, spelled)).join(",")}]`
  if (typeof value === "bigint") return value.toString()
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value).filter(([, member]) => member !== undefined)
    return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${write(member, spelled)}`).join(",")}}`
  }
  return JSON.stringify(value) ?? "null"
}

export type Member = readonly [key: string, raw: string]

/**
 * The members of an object, in order, doubles included; the key read, the value raw. Undefined for what is no object. One at a time, because
 * a line may have more of them than fit into memory.
 */
export const members = (text: string): Iterable<Member> | undefined => {
  let open = 0
  while (space(text.charCodeAt(open))) open++
  return text.charCodeAt(open) === 0x7b ? membersFrom(text, open) : undefined
}

function* membersFrom(text: string, open: number): Generator<Member> {
  let i = open
  let depth = 0
  let key: string | undefined
  let start = 0
  for (; i < text.length;) {
    const code = text.charCodeAt(i)
    if (code === 0x22) {
      const end = afterString(text, i)
      if (depth === 1 && key === undefined) key = keyOf(text.slice(i, end))
      i = end
      continue
    }
    if (code === 0x3a && depth === 1) start = i + 1
    else if (code === 0x7b || code === 0x5b) depth++
    else if (code === 0x7d || code === 0x5d || code === 0x2c) {
      if (depth === 1 && key !== undefined) {
        yield [key, text.slice(start, i).trim()]
        key = undefined
      }
      if (code !== 0x2c) depth--
    }
    i++
  }
}

/** The elements of an array, in order, each raw. Undefined for what is no array. */
export const elements = (text: string): Iterable<string> | undefined => {
  let open = 0
  while (space(text.charCodeAt(open))) open++
  return text.charCodeAt(open) === 0x5b ? elementsFrom(text, open) : undefined
}

function* elementsFrom(text: string, open: number): Generator<string> {
  let depth = 0
  let start = open + 1
  for (let i = open; i < text.length;) {
    const code = text.charCodeAt(i)
    if (code === 0x22) {
      i = afterString(text, i)
      continue
    }
    if (code === 0x7b || code === 0x5b) depth++
    else if (code === 0x7d || code === 0x5d) depth--
    if (depth === 0 || (depth === 1 && code === 0x2c)) {
      const raw = text.slice(start, i).trim()
      if (raw !== "") yield raw
      if (depth === 0) return
      start = i + 1
    }
    i++
  }
}

/** The index behind the string that opens at `open`; skips what is between quotes without looking at it. */
const closed = (text: string, open: number): number => {
  for (let i = open;;) {
    i = text.indexOf("\"", i + 1)
    if (i < 0) return text.length
    let escapes = 0
    while (text.charCodeAt(i - 1 - escapes) === 0x5c) escapes++
    if (escapes % 2 === 0) return i + 1
  }
}

/** Objects with more keys are looked at in another way: each key is compared with those before it. */
const fewKeys = 32

/**
 * Whether compact JSON, which is valid, has no key twice in one object; undefined where it takes reading it to know: keys with escapes, and
 * objects with many.
 */
export const isDistinct = (text: string): boolean | undefined => {
  const keys: Array<string> = []
  /** Where the keys of the open objects begin. */
  const from: Array<number> = []
  for (let i = 0; i < text.length;) {
    const code = text.charCodeAt(i)
    if (code === 0x22) {
      const end = closed(text, i)
      if (text.charCodeAt(end) === 0x3a) {
        const key = text.slice(i + 1, end - 1)
        const first = from.at(-1) ?? 0
        if (key.includes("\\") || keys.length - first >= fewKeys) return undefined
        if (keys.indexOf(key, first) >= 0) return false
        keys.push(key)
      }
      i = end
      continue
    }
    if (code === 0x7b) from.push(keys.length)
    else if (code === 0x7d) keys.length = from.pop() ?? 0
    i++
  }
  return true
}

/** The key with the first number that makes it one that is not taken. */
const another = (key: string, taken: ReadonlySet<string>): string => {
  for (let n = 2;; n++) if (!taken.has(`${key}-${n}`)) return `${key}-${n}`
}

/**
 * Compact JSON in which no object has a key twice: the last member keeps it, as Go kata reads it; those before it get a number behind the
 * key, but for what says the same. What has no key twice keeps every character.
 */
export const distinct = (text: string): string => {
  const items = elements(text)
  if (items !== undefined) {
    const list = [...items]
    const mended = list.map(distinct)
    return mended.every((item, i) => item === list[i]) ? text : `[${mended.join(",")}]`
  }
  const found = members(text)
  if (found === undefined) return text
  const before = [...found]
  const after = before.map(([key, raw]) => [key, distinct(raw)] as const)
  const last = new Map(after.map(([key], i) => [key, i]))
  if (last.size === before.length && after.every(([, raw], i) => raw === before[i]![1])) return text
  const taken = new Set(last.keys())
  const kept = after.flatMap(([key, raw], i) => {
    const winner = last.get(key)!
    if (winner === i) return [[key, raw] as const]
    if (after[winner]![1] === raw) return []
    const other = another(key, taken)
    taken.add(other)
    return [[other, raw] as const]
  })
  return `{${kept.map(([key, raw]) => `${JSON.stringify(key)}:${raw}`).join(",")}}`
}

/** A JSON object in which these members have a number behind their keys; what they hold stays, and so does what all others hold. */
export const renamed = (text: string, keys: ReadonlyArray<string>): string => {
  const found = members(text)
  if (found === undefined) return text
  const all = [...found]
  const taken = new Set(all.map(([key]) => key))
  const kept = all.map(([key, raw]) => {
    if (!keys.includes(key)) return [key, raw] as const
    const other = another(key, taken)
    taken.add(other)
    return [other, raw] as const
  })
  return `{${kept.map(([key, raw]) => `${JSON.stringify(key)}:${raw}`).join(",")}}`
}

/** JSON without escapes of half a character: U+FFFD stands for each, as Go kata reads it. Every other character stays. */
export const wellFormed = (text: string): string =>
  /\\u[dD][89a-fA-F]/.test(text)
    ? text.replace(
      /\\u([dD][89abAB][0-9a-fA-F]{2})(\\u[dD][c-fC-F][0-9a-fA-F]{2})?|\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\[^]/g,
      (escape, high: string | undefined, low: string | undefined) =>
        (high !== undefined && low !== undefined) || escape.length === 2 ? escape : "\\ufffd"
    )
    : text

/** How often arrays and objects are nested in each other. */
export const depth = (text: string): number => {
  let now = 0
  let most = 0
  for (let i = 0; i < text.length;) {
    const code = text.charCodeAt(i)
    if (code === 0x22) {
      i = afterString(text, i)
      continue
    }
    if (code === 0x7b || code === 0x5b) most = Math.max(most, ++now)
    else if (code === 0x7d || code === 0x5d) now--
    i++
  }
  return most
}
