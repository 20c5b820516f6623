/**
 * The words that rules are written in. Each gives all the forms of a rule at once: SQL, a pattern where there is a fast one, the same in
 * JavaScript, what a report says, and sometimes how the value is mended. Text means to all of them what it means to SQLite: `length`
 * and GLOB end at the first NUL, `trim` takes U+0020 alone, a character is a code point.
 */
import * as Option from "effect/Option"
import { wellFormed } from "./json.ts"
import * as Pattern from "./linePatterns.ts"
import { canonicalDay, canonicalFineTime, canonicalTime } from "./time.ts"
import { both, type Word } from "./Word.ts"

const upToNul = (value: string): string => value.includes("\0") ? value.slice(0, value.indexOf("\0")) : value
const text = (is: (value: string) => boolean): Word["is"] => (value) => typeof value === "string" && is(value)
const quoted = (words: ReadonlyArray<string>) => words.map((word) => `'${word.replaceAll("'", "''")}'`).join(",")
const literal = (word: string) => word.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&")
const listed = (words: ReadonlyArray<string>) => `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`
/** Text whose every word a pattern may hold as it is. */
const plain = (words: ReadonlyArray<string>) => words.every((word) => /^[ !#-[\]-~]*$/.test(word))
const lengths = (words: ReadonlyArray<string>) => ({
  min: Math.min(...words.map((word) => word.length)),
  max: Math.max(...words.map((word) => word.length))
})

/** One of several words. */
export const oneOf = (...words: ReadonlyArray<string>): Word => ({
  says: `must be ${listed(words)}`,
  sql: (x) => `${x} IN (${quoted(words)})`,
  is: text((value) => words.includes(value)),
  ...(plain(words) ? { pattern: { form: words.map(literal).join("|"), ...lengths(words) } } : {})
})

/** Any text but this. */
export const not = (word: string, says: string): Word => ({
  says,
  sql: (x) => `${x} <> ${quoted([word])}`,
  is: text((value) => value !== word),
  ...(plain([word]) ? { pattern: { form: `(?!${literal(word)}")${Pattern.text}`, min: 0, max: Infinity } } : {})
})

/** Any text but what begins so, and is none of these. */
export const beginning = (start: string, but: ReadonlyArray<string>, says: string): Word => ({
  says,
  sql: (x) => `(${x} NOT GLOB '${start}*'${but.length === 0 ? "" : ` OR ${x} IN (${quoted(but)})`})`,
  is: text((value) => !upToNul(value).startsWith(start) || but.includes(value)),
  ...(plain([start, ...but])
    ? {
      pattern: {
        form: `(?!${literal(start)}${
          but.length === 0 ? "" : `(?!(?:${but.map((word) => literal(word.slice(start.length))).join("|")})")`
        })${Pattern.text}`,
        min: 0,
        max: Infinity
      }
    }
    : {})
})

/** An integer from `min` to `max`, both included. A range of several digits has no pattern. */
export const range = (min: number, max: number): Word => ({
  says: `must be ${min} to ${max}`,
  sql: (x) => `${x} BETWEEN ${min} AND ${max}`,
  is: (value) => typeof value !== "string" && value >= min && value <= max,
  ...(min >= 0 && max <= 9 ? { pattern: { form: `[${min}-${max}]`, min: 1, max: 1 } } : {})
})

const above: { readonly [min: number]: string } = { 0: "0|[1-9][0-9]{0,14}", 1: "[1-9][0-9]{0,14}" }

/** An integer that is not below `min`. */
export const atLeast = (min: number, says = `is below ${min}`): Word => {
  const form = above[min]
  return {
    says,
    sql: (x) => `${x} >= ${min}`,
    is: (value) => typeof value !== "string" && value >= min,
    ...(form === undefined ? {} : { pattern: { form, min: 1, max: 15 } })
  }
}

/** Text of so many characters. */
export const length = (min: number, max = min): Word => ({
  says: `does not have ${min === max ? min : `${min} to ${max}`} characters`,
  sql: (x) => min === max ? `length(${x}) = ${min}` : `length(${x}) BETWEEN ${min} AND ${max}`,
  is: text((value) => {
    const count = [...upToNul(value)].length
    return count >= min && count <= max
  }),
  pattern: { min, max }
})

/** Text of these ASCII characters alone, as a class of GLOB and of a regular expression; `of` where the two are spelled in another way. */
export const characters = (glob: string, says: string, of = glob): Word => {
  const expected = new RegExp(`^[${of}]*$`)
  return {
    says,
    sql: (x) => `${x} NOT GLOB '*[^${glob}]*'`,
    is: text((value) => expected.test(upToNul(value))),
    pattern: { of, min: 0, max: Infinity }
  }
}

/** Text without this character. */
export const without = (character: string): Word => ({
  says: `must not contain ${character}`,
  sql: (x) => `${x} NOT GLOB '*${character}*'`,
  is: text((value) => !upToNul(value).includes(character))
})

/** Text that is more than blanks. */
export const notBlank: Word = {
  says: "is blank",
  sql: (x) => `length(trim(${x})) > 0`,
  is: text((value) => upToNul(value.replace(/^ +/, "")) !== ""),
  pattern: { form: Pattern.notBlank, min: 1, max: Infinity }
}

/** Text of characters that are not in any of these ranges of code points, and no blank at its ends. */
export const printable = (ranges: ReadonlyArray<readonly [from: number, to: number]>, says: string): Word => {
  const inGlob = ranges.map(([from, to]) => `char(${from})||'-'||char(${to})`).join("||")
  const found = new RegExp(
    `[${ranges.map(([from, to]) => `\\u{${from.toString(16)}}-\\u{${to.toString(16)}}`).join("")}]`,
    "u"
  )
  return {
    says,
    sql: (x) => `(${x} NOT GLOB '*['||${inGlob}||']*' AND ${x} = trim(${x}))`,
    is: text((value) => !found.test(upToNul(value)) && !value.startsWith(" ") && !value.endsWith(" "))
  }
}

const jsonSays = (type: string) => `is not ${type} of at most 1000 levels`

/** JSON that SQLite can read. */
export const json: Word = {
  says: jsonSays("JSON"),
  sql: (x) => `json_valid(${x})`,
  is: text(isJson),
  narrow: true,
  pattern: { form: Pattern.json, min: 1, max: Infinity }
}

/** The same, of one shape. */
export const jsonOf = (shape: "object" | "array"): Word => ({
  says: jsonSays(`a JSON ${shape}`),
  sql: (x) => `json_valid(${x}) AND json_type(${x}) = '${shape}'`,
  is: text((value) => isJson(value) && value.trimStart().startsWith(shape === "object" ? "{" : "[")),
  narrow: true,
  pattern: { form: shape === "object" ? Pattern.jsonObject : Pattern.jsonArray, min: 2, max: Infinity }
})

/** Of text that JSON.parse takes and that is surely not too deep; SQLite takes JSON5 and deeper text as well. */
function isJson(value: string): boolean {
  if ((value.match(/[[{]/g)?.length ?? 0) > 1000) return false
  try {
    JSON.parse(value)
    return true
  } catch {
    return false
  }
}

const hex = "[0-9a-fA-F]"
const [high, low] = ["\\u[dD][89abAB]", "\\u[dD][c-fC-F]"].map((start) => `${start}${hex}${hex}`)
/** Half a character, as GLOB finds it in JSON without escaped backslashes: not followed, or not preceded, by the other half. */
const halves = [
  ...["[^\\]", "\\[^u]", "\\u[^dD]", "\\u[dD][^c-fC-F]"].map((behind) => `${high}${behind}`),
  ...["[^\\]?????", "\\[^u]????", "\\u[^dD]???", "\\u[dD][^89abAB]??"].map((before) => `${before}${low}`)
]

/** JSON without an escape of half a character: newer Go kata refuses it. */
export const wholeCharacters: Word = {
  says: "has half a character (a lone surrogate): the newest Go kata can neither export nor upgrade the database",
  sql: (x) =>
    `(${x} NOT LIKE '%\\ud%' OR NOT (${
      halves.map((half) => `'______'||replace(${x},'\\\\','__') GLOB '*${half}*'`).join(" OR ")
    }))`,
  is: text((value) => !value.includes("\\u") || wellFormed(value) === value),
  mend: (value) => Option.some(wellFormed(value))
}

const ulidForm = new RegExp(`^${Pattern.ulid}$`)

/** A ULID in capital letters. */
export const ulid: Word = {
  says: "is not a ULID in its canonical form",
  sql: (x) => `(${x} GLOB '[0-7]${"[0-9A-HJKMNP-TV-Z]".repeat(25)}' AND octet_length(${x}) = 26)`,
  is: text((value) => ulidForm.test(value)),
  pattern: { form: Pattern.ulid, min: 26, max: 26 }
}

const plainDay = new RegExp(`^${Pattern.date}$`)

/** `YYYY-MM-DD`, and there is such a day. */
const isDay = (value: string): boolean => {
  if (plainDay.test(value)) return true
  if (!/^\d{4}-\d\d-\d\d$/.test(value)) return false
  const at = new Date(`${value}T00:00:00.000Z`)
  return !Number.isNaN(at.getTime()) && at.toISOString().slice(0, 10) === value
}

export const date: Word = {
  says: "is not a date as kata writes it (YYYY-MM-DD)",
  sql: (x) => `${x} IS date(${x})`,
  is: text(isDay),
  pattern: { form: Pattern.date, min: 10, max: 10 },
  mend: canonicalDay
}

const second = "0000-00-00T00:00:00"
const digits = (zeros: string) => zeros.replaceAll("0", "[0-9]")
const clock = /^T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.(\d+)Z$/

/** An instant with one of these numbers of digits behind the second. GLOB is cheap but ends at a NUL. */
const instant = (
  counts: ReadonlyArray<number>,
  says: string,
  pattern: string,
  mend: NonNullable<Word["mend"]>
): Word => {
  const forms = (x: string) =>
    counts.map((count) =>
      `${x} GLOB '${digits(`${second}.${"0".repeat(count)}`)}Z' AND octet_length(${x}) = ${second.length + count + 2}`
    ).join(" OR ")
  return {
    says,
    // `date` knows the calendar, rolls over what is no day of it, and lets an hour 24 pass.
    sql: (x) => `((${forms(x)}) AND date(${x}) IS substr(${x},1,10) AND substr(${x},12,2) < '24')`,
    is: text((value) => isDay(value.slice(0, 10)) && counts.includes(clock.exec(value.slice(10))?.[1]?.length ?? 0)),
    pattern: { form: pattern, min: second.length + counts[0]! + 2, max: second.length + counts.at(-1)! + 2 },
    mend
  }
}

/** `YYYY-MM-DDTHH:MM:SS.mmmZ`, and there is such a day. */
export const time = instant(
  [3],
  "is not a time as kata writes it (YYYY-MM-DDTHH:MM:SS.mmmZ)",
  Pattern.time,
  canonicalTime
)

/** The same, also with 6 or 9 digits, as newer kata writes the times of comments and of what was imported. */
export const fineTime = instant(
  [3, 6, 9],
  "is not a time as kata writes it (YYYY-MM-DDTHH:MM:SS.mmmZ, or with 6 or 9 digits)",
  Pattern.fineTime,
  canonicalFineTime
)

const zoneForm = /^[A-Za-z][A-Za-z0-9_+-]*(?:\/[A-Za-z0-9_+-]+)*$/

/** How the name of a time zone is written; whether there is such a zone depends on the machine. */
export const zone: Word = {
  says: "is not the name of a time zone",
  sql: (x) =>
    `(${x} GLOB '[A-Za-z]*' AND ${x} NOT GLOB '*[^A-Za-z0-9/_+-]*' AND ${x} NOT GLOB '*//*' AND ${x} NOT GLOB '*/' AND NOT instr(${x},char(0)))`,
  is: text((value) => zoneForm.test(value)),
  pattern: { form: zoneForm.source.slice(1, -1).replaceAll("\\/", "/"), min: 1, max: Infinity }
}

/** Both of two words, as one rule. */
export const and = (a: Word, b: Word, says: string): Word => ({
  says,
  sql: (x) => `(${a.sql(x)} AND ${b.sql(x)})`,
  is: (value) => a.is(value) && b.is(value),
  ...(a.pattern === undefined || b.pattern === undefined ? {} : { pattern: both(a.pattern, b.pattern, "\"") })
})
