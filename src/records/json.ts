/** JSON as text: its members and its compact form, with every value left as it is spelled. The text must be valid JSON. */

const space = (code: number) => code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09

/** After the string that opens at `open`. */
const afterString = (text: string, open: number): number => {
  let i = open + 1
  while (text.charCodeAt(i) !== 0x22) i += text.charCodeAt(i) === 0x5c ? 2 : 1
  return i + 1
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
      if (depth === 1 && key === undefined) key = JSON.parse(text.slice(i, end)) as string
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
