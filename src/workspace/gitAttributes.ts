/** Lines of `.gitattributes` that say which files kata compares and merges. */

/** Byte for byte: a line end that git changes would break no seal, and yet make another file of it. */
const attributes = "-text diff=kata merge=kata"

const isBare = /^[\w./@%+=:,*?[\]-]+$/

/** A pattern as it stands at the beginning of a line: as C spells a string where git would take it for something else. */
const spelled = (pattern: string): string =>
  isBare.test(pattern) && !pattern.startsWith("[attr]") ? pattern : `"${pattern.replace(/[\\"]/g, "\\$&")}"`

/** Why git would not take it as a pattern of files; undefined when it does. */
export const wrongPattern = (pattern: string): string | undefined =>
  pattern === ""
    ? "it is empty"
    : pattern.startsWith("!")
    ? "git takes no pattern that begins with !"
    : pattern.endsWith("/")
    ? "it names a directory: name the files in it, as in backups/*.jsonl"
    : /[\u0000-\u001f\u007f]/.test(pattern)
    ? "it has a control character"
    : undefined

/** The line for a pattern. */
export const lineFor = (pattern: string): string => `${spelled(pattern)} ${attributes}`

const isOurs = (line: string) => line.trimEnd().endsWith(` ${attributes}`)

const linesOf = (text: string): ReadonlyArray<string> => text === "" ? [] : text.replace(/\n$/, "").split("\n")

/** The text with a line for each of the patterns that has none. What is there stays, as it is. */
export const withPatterns = (text: string, patterns: ReadonlyArray<string>): string => {
  const there = new Set(linesOf(text).map((line) => line.trimEnd()))
  const missing = [...new Set(patterns.map(lineFor))].filter((line) => !there.has(line))
  const before = text === "" || text.endsWith("\n") ? text : `${text}\n`
  return missing.length === 0 ? text : `${before}${missing.map((line) => `${line}\n`).join("")}`
}

/** The text without the lines of these patterns; without all of ours, when none is named. */
export const withoutPatterns = (text: string, patterns: ReadonlyArray<string>): string => {
  const going = new Set(patterns.map(lineFor))
  const kept = linesOf(text).filter((line) => patterns.length === 0 ? !isOurs(line) : !going.has(line.trimEnd()))
  return kept.length === linesOf(text).length ? text : kept.map((line) => `${line}\n`).join("")
}

/** Whether a line of ours is there. */
export const hasOurs = (text: string): boolean => linesOf(text).some(isOurs)
