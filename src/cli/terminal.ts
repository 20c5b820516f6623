/** Text of users, made harmless for a terminal and unambiguous for agents. */

// C0, DEL, C1; the marks that reorder text or end a line for a terminal or a reader.
const unsafe = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g

const names: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" }

const visible = (char: string) => {
  const code = char.charCodeAt(0)
  return names[char] ??
    (code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`)
}

/** One line, in which nothing can move the cursor, change colours, or hide and reorder text. */
export const singleLine = (text: string): string => text.replace(unsafe, visible)

/** The lines of a body: line breaks stay, tabs become blanks up to the next stop of eight. */
export const lines = (text: string): ReadonlyArray<string> =>
  text.split(/\r\n|\n/).map((line) =>
    singleLine(line.split("\t").reduce((before, rest) => `${before}${" ".repeat(8 - before.length % 8)}${rest}`))
  )

// Those that JSON leaves as they are. Between its tokens there are none, so each stands in a string.
const unsafeInJson = /[\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g

/** JSON text with the same values, in which nothing can hide; what is escaped already, and how numbers are spelled, stays. */
export const visibleJson = (json: string): string =>
  json.replace(unsafeInJson, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`)

/** Text as JSON, in which nothing can hide. */
export const quoted = (value: string): string => visibleJson(JSON.stringify(value))

/** A value of agent text: bare, or as JSON when it is empty or holds white space, quotes or control characters. */
export const quote = (value: string): string =>
  /^[^\s"\\\p{Cc}\p{Cs}]+$/u.test(value) && value.search(unsafe) < 0 ? value : quoted(value)

/** The words in lines of at most `columns`, a longer word alone. */
export const wrap = (text: string, columns: number): ReadonlyArray<string> => {
  const lines: Array<string> = []
  for (const word of text.split(/\s+/)) {
    const line = lines[lines.length - 1]
    if (line !== undefined && line.length + 1 + word.length <= columns) lines[lines.length - 1] = `${line} ${word}`
    else lines.push(word)
  }
  return lines
}

/** A path as a word of a POSIX shell; one with control characters for bash, zsh and ksh. */
export const shellWord = (path: string): string => {
  const word = path.startsWith("-") ? `./${path}` : path
  if (/^[\w./@%+=:,-]+$/.test(word)) return word
  if (word.search(unsafe) < 0) return `'${word.replaceAll("'", "'\\''")}'`
  return `$'${word.replace(/[\\']/g, "\\$&").replace(unsafe, visible)}'`
}

/** Text of many lines for agents, between fences longer than any in it. */
export const fenced = (text: string): ReadonlyArray<string> => {
  const longest = Math.max(2, ...(text.match(/^`{3,}/gm) ?? []).map((fence) => fence.length))
  const fence = "`".repeat(longest + 1)
  return [`${fence}text`, ...text.split("\n"), fence]
}
