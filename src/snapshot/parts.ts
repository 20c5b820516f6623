/** What stands in a line of a damaged snapshot: one record, or several, and what is none. */
import * as Either from "effect/Either"
import { isUtf8 } from "node:buffer"
import type { Format } from "../records/Format.ts"
import { type Line, LineProblem, read } from "../records/line.ts"
import { valueEnd } from "../records/syntax.ts"

/** A part of a line, by the bytes from `from` to `to`, and what it says. */
export interface Part {
  /** Its number: that of the line, and of what comes behind the first part so much more that it still is in that line. */
  readonly place: number
  readonly from: number
  readonly to: number
  readonly said: Either.Either<Line & { readonly text: string }, LineProblem>
}

/** A line has no more parts than this. */
const most = 4096

/** The line of a place. */
export const lineOfPlace = (place: number): number => Math.floor(place)

const damaged = (reason: string) =>
  Either.left(new LineProblem({ problem: "damaged", kind: undefined, field: undefined, reason }))

/** What some bytes say; nothing for blank ones. */
const said = (format: Format, raw: Buffer): Part["said"] | undefined => {
  if (!isUtf8(raw)) return damaged("is not UTF-8")
  const text = raw.toString("utf8")
  const trimmed = text.startsWith("\ufeff") ? text : text.trim()
  return trimmed === "" ? undefined : Either.map(read(format, trimmed), (line) => ({ ...line, text: trimmed }))
}

const beginning = "{\"kind\""

/**
 * Where a record may begin from there on: at the very place, or where its first key stands and nothing before it says that it is a value
 * within another one, which was cut.
 */
const nextBeginning = (text: string, from: number): number => {
  if (/^\s*\{/.test(text.slice(from, from + 64))) return from
  for (let at = text.indexOf(beginning, from); at >= 0; at = text.indexOf(beginning, at + 1)) {
    if (!/[:,[]\s*$/.test(text.slice(Math.max(from, at - 16), at))) return at
  }
  return text.length
}

/** The parts of a line, in order. Complete records are taken one by one, and what stands around them is what cannot be read. */
export function* partsOf(format: Format, line: number, raw: Buffer): Generator<Part> {
  const whole = said(format, raw)
  if (whole === undefined) return
  const parts = Either.isLeft(whole) && whole.left.problem === "damaged" ? severalOf(format, line, raw) : []
  if (parts.some(({ said }) => Either.isRight(said))) yield* parts
  else yield { place: line, from: 0, to: raw.length, said: whole }
}

/** How often a line may be gone over in vain: it may begin to be a record anywhere. */
const patience = 64

const severalOf = (format: Format, line: number, raw: Buffer): ReadonlyArray<Part> => {
  // JSON is spelled in ASCII: a column of this text is a byte.
  const text = raw.toString("latin1")
  const parts: Array<Part> = []
  const add = (from: number, to: number, what: Part["said"] | undefined) => {
    if (what !== undefined) parts.push({ place: line + parts.length / most, from, to, said: what })
  }
  const beside = (from: number, to: number) =>
    add(from, to, said(format, raw.subarray(from, to)) && damaged("stands beside a record"))
  let rest = 0
  let inVain = 0
  for (let at = nextBeginning(text, 0); at < text.length && parts.length < most - 3;) {
    const end = valueEnd(text, at)
    const what = end === undefined ? undefined : said(format, raw.subarray(at, end))
    if (end !== undefined && what !== undefined && Either.isRight(what)) {
      beside(rest, at)
      add(at, end, what)
      rest = end
      at = nextBeginning(text, end)
      continue
    }
    inVain += text.length - at
    if (inVain > patience * text.length) break
    at = nextBeginning(text, at + 1)
  }
  beside(rest, raw.length)
  return parts
}
