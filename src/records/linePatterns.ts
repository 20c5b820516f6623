/**
 * Lines as regular expressions, which are by far the fastest way to ask whether a line is what it should be. Three for each kind:
 *
 * - `sound`, over the bytes of a line read as Latin-1: a line as kata writes it, of a record that keeps every rule that can be decided from
 *   the field alone. What does not match may be all right too: then a slower check decides.
 * - `glance`, the same without the values that no predicate and no rule between rows reads.
 * - `any`, over text: a line with its keys in order and no white space between its tokens, whatever its fields say.
 *
 * Group i + 1 is the raw value of field i, of a string what stands between its quotes; nothing for null and for a key that is left out.
 * Every repetition ends in one way only, so that the time grows with the length of the line.
 */
import type { Field } from "./Field.ts"

const character = "[^\"\\\\\\x00-\\x1f]"
const repeated = (start: string, escape: string) => `${start}(?:${escape}${character}*)*`
/** The escapes that kata writes: short ones where there are, `\u00xx` for other control characters. */
const ownEscape = "\\\\(?:[\"\\\\bfnrt]|u00(?:0[0-7bef]|1[0-9a-f]))"
const anyEscape = "\\\\(?:[\"\\\\/bfnrt]|u[0-9a-fA-F]{4})"

/** What of a kind its lines show. */
interface Named {
  readonly name: string
  readonly fields: ReadonlyArray<Field>
}

/** Text as kata writes it. */
export const text = repeated(`${character}*`, ownEscape)
/** And not blank: it begins with what is no space, and no NUL, at which SQLite would end it. */
export const notBlank = repeated(`(?:[^ "\\\\\\x00-\\x1f]|\\\\["\\\\bfnrt])${character}*`, ownEscape)
/** A day that there is; of the 29th of February, all but that of a year that ends in 00. */
export const date =
  "(?:[0-9]{4}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)" +
  "|[0-9]{2}(?:0[48]|[2468][048]|[13579][26])-02-29)"
export const time = `${date}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\\.[0-9]{3}Z`
/** Also with 6 or 9 digits. */
export const fineTime = time.replace(/\{3\}Z$/, "{3}(?:[0-9]{3}){0,2}Z")
export const ulid = "[0-7][0-9A-HJKMNP-TV-Z]{25}"
/** Exact as a number. */
const integer = "(?:0|-?[1-9][0-9]{0,14})"

const anyText = repeated(`${character}*`, anyEscape)
const scalar = `"${anyText}"|-?(?:0|[1-9][0-9]*)(?:\\.[0-9]+)?(?:[eE][-+]?[0-9]+)?|true|false|null`
const arrayOf = (value: string) => `\\[(?:(?:${value})(?:,(?!\\])|(?=\\])))*\\]`
const objectOf = (value: string) => `\\{(?:"${anyText}":(?:${value})(?:,(?=")|(?=\\})))*\\}`
/** JSON without white space, nested as deep as people nest it; what is deeper is read in another way. */
const nested = (depth: number): string =>
  depth === 0 ? scalar : `${scalar}|${arrayOf(nested(depth - 1))}|${objectOf(nested(depth - 1))}`
const depth = 5
export const json = nested(depth)
export const jsonObject = objectOf(nested(depth - 1))
export const jsonArray = arrayOf(nested(depth - 1))

const defaults: Record<Field["storage"], string> = { text, time, integer, json }
const anything: Record<Field["storage"], string> = {
  text: anyText,
  time: anyText,
  integer: "(?:0|-?[1-9][0-9]{0,18})",
  json
}

/** `empty`: what stands there is left out of its group, which then only says that there is a value. */
const valueOf = (field: Field, content: string, empty: boolean): string => {
  const group = empty ? `(?:${content})()` : `(${content})`
  const value = field.storage === "text" || field.storage === "time" ? `"${group}"` : group
  return field.presence === "nullable" ? `(?:null|${value})` : value
}

const lineOf = (
  kind: Named,
  contentOf: (field: Field) => string,
  isEmpty: (field: Field) => boolean = () => false
): RegExp =>
  new RegExp(
    `\\{"kind":"${kind.name}","data":\\{${
      kind.fields.map((field) => {
        const member = field.token + valueOf(field, contentOf(field), isEmpty(field))
        return field.presence === "omitted" ? `(?:${member})?` : member
      }).join("")
    }\\}\\}`,
    "y"
  )

/** The group of a field; 0, where the whole match would be, is that of none. */
export const groupOf = (kind: Pick<Named, "fields">, key: string): number =>
  kind.fields.findIndex((field) => field.key === key) + 1

/** Sticky: `lastIndex` is where the line is expected. */
export interface Patterns {
  readonly sound: RegExp
  /** The same, for who does not want the record: the groups of unread fields are empty. */
  readonly glance: RegExp
  readonly any: RegExp
}

/** Made when they are asked for: they take longer than all else of a kind. */
export const patternsOf = (
  kind: Named,
  /** What matches only values that keep the rules of the field; none: any value of its type does. */
  kept: (field: Field) => string | undefined,
  /** Whether more of the field is asked than whether there is a value. */
  isRead: (field: Field) => boolean
): Patterns => {
  const contentOf = (field: Field) => kept(field) ?? defaults[field.storage]
  const made: { -readonly [form in keyof Patterns]?: RegExp } = {}
  return {
    get sound() {
      return made.sound ??= lineOf(kind, contentOf)
    },
    get glance() {
      return made.glance ??= lineOf(kind, contentOf, (field) => !isRead(field))
    },
    get any() {
      return made.any ??= lineOf(kind, (field) => anything[field.storage])
    }
  }
}

/** Longer lines are not held against a pattern: what it remembers on the way grows with them. */
const longest = 262_144

/** The groups of the line that begins at `from` and ends before `to`, if it is all that stands there. */
export const match = (pattern: RegExp, text: string, from: number, to: number): RegExpExecArray | undefined => {
  if (to - from > longest) return undefined
  pattern.lastIndex = from
  const found = pattern.exec(text)
  return found !== null && pattern.lastIndex === to ? found : undefined
}

const beginning = "{\"kind\":\""

/** The name of the kind in a line that begins as kata writes it. */
export const kindAt = (text: string, from: number): string | undefined =>
  text.startsWith(beginning, from)
    ? text.slice(from + beginning.length, text.indexOf("\"", from + beginning.length))
    : undefined

const beyondAscii = /[\x80-\xff]/

/** What stands between the quotes of a string, as text. */
export const textOf = (raw: string): string => {
  const text = decoded(raw)
  return text.includes("\\") ? String(JSON.parse(`"${text}"`)) : text
}

/** The number of a raw integer; a bigint where a number would not be exact. */
export const integerOf = (digits: string): number | bigint => {
  const number = Number(digits)
  return Number.isSafeInteger(number) ? number : BigInt(digits)
}

/** Text that was read as Latin-1 and is UTF-8. */
export const decoded = (raw: string): string =>
  beyondAscii.test(raw) ? Buffer.from(raw, "latin1").toString("utf8") : raw
