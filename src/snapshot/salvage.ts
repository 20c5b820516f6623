/**
 * Everything of a damaged snapshot that can be read: line by line, whatever the lines around one are like. A line that is no record of
 * version 10 is refused by its number, and written as it was when all is done.
 */
import * as Channel from "effect/Channel"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Stream from "effect/Stream"
import { isUtf8 } from "node:buffer"
import type { Session } from "../database/Session.ts"
import type { FileError } from "../files/FileError.ts"
import { type Block, blocks } from "../files/lines.ts"
import { type LongLine, shortened } from "../files/skipLongLines.ts"
import { advance } from "../Progress.ts"
import { type Finding, FindingRow, Findings, shorten } from "../records/Finding.ts"
import type { Format } from "../records/Format.ts"
import type { Kind } from "../records/Kind.ts"
import type { LineProblem } from "../records/line.ts"
import { newestFor } from "../records/versions/steps.ts"
import { ContentSum } from "./digest.ts"
import { type SnapshotError, VersionRefused } from "./errors.ts"
import type { Opened } from "./input.ts"
import { inReport, type Origins } from "./Origins.ts"
import { lineOfPlace, type Part, partsOf } from "./parts.ts"
import type { Located, Records } from "./read.ts"
import { type Header, header } from "./seal.ts"

/** The longest line that is read, as everywhere. */
const lineLimit = 256 * 1024 * 1024
/** Lines beyond this are written as hexadecimal digits, in pieces. */
const pieceBytes = 1024 * 1024

/** The lines of an input up to its end, or to where it cannot be read any more, which `report` is given. */
export const linesOf = (
  input: Opened,
  report: { readonly stopped?: (reason: string) => void; readonly long?: (long: LongLine) => void } = {}
): Stream.Stream<Block, FileError | SnapshotError> =>
  input.bytes.pipe(
    Stream.catchAll((error) => {
      if (error._tag === "FileError" && error.code !== "EIO") return Stream.fail(error)
      if (error._tag !== "FileError" && error._tag !== "SnapshotDamaged") return Stream.fail(error)
      report.stopped?.(error._tag === "FileError" ? error.message : error.reason)
      return Stream.empty
    }),
    shortened(lineLimit, (long) => report.long?.(long)),
    blocks(),
    // There is no such line any more.
    Stream.catchTag("LineTooLong", () => Stream.empty),
    Stream.tap((block) => advance(block.count, block.bytes.length))
  )

/** The lines of a block, without their line ends, each with its number. */
export function* linesIn({ bytes, line }: Block): Generator<readonly [at: number, raw: Buffer]> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let from = 0, at = line; from < buffer.length; at++) {
    const end = buffer.indexOf(0x0a, from)
    const to = end < 0 ? buffer.length : end
    yield [at, buffer.subarray(from, to)]
    from = to + 1
  }
}

const reasonOf = ({ field, kind, reason }: LineProblem): string =>
  [kind, field, reason].filter((part) => part !== undefined).join(" ")

/** What is known of a file after a look at all of its lines. */
export interface Survey {
  /** Records that can be read. */
  readonly good: number
  /** The line that says the version; 0 when there is none. */
  readonly first: number
  /** Whether the kinds come in the order in which they can be loaded. */
  readonly inOrder: boolean
  readonly notes: ReadonlyArray<string>
  readonly lines: number
  readonly bytes: number
  readonly header: Header | undefined
  readonly findings: ReadonlyArray<Finding>
}

/** Reads all lines once: what is no record is refused, and the rest is known to be readable. */
export const survey = Effect.fn("Snapshot.survey")(
  function*(input: Opened, format: Format, db: Session, origins: Origins) {
    const findings = new Findings()
    const notes: Array<string> = []
    const long: Array<LongLine> = []
    let [good, first, place, inOrder, lines, bytes] = [0, 0, 0, true, 0, 0]
    let found: Header | undefined
    let newer: VersionRefused | undefined
    const refuse = (line: number, says: string, reason: string) => {
      origins.refuse(line, reason)
      findings.add(
        { rule: says, kind: "line", says, outcome: "rejected", blocking: false },
        new FindingRow({ row: shorten(reason), ...inReport(line) })
      )
    }
    const look = ({ place: at, said: result }: Part) => {
      if (Either.isLeft(result)) {
        const { problem } = result.left
        refuse(
          at,
          problem === "damaged" ? "cannot be read" : `is no record of version ${format.version}`,
          reasonOf(result.left)
        )
        return
      }
      const { kind, record, snapshot } = result.right
      const version = kind.table === "meta" && record["key"] === "export_version" ? String(record["value"]) : undefined
      // Elsewhere it may be a row of that name, which is odd and no reason to lose it.
      const isFirst = at === 1 || snapshot !== undefined || version === String(format.version)
      if (first === 0 && version !== undefined && isFirst) {
        first = at
        if (/^\d{1,9}$/.test(version) && Number(version) > 0 && Number(version) !== format.version) {
          newer = new VersionRefused({ file: input.name, version, known: newestFor(format) })
        }
        found = snapshot === undefined ? undefined : header(snapshot)
        return
      }
      good++
      const here = format.rank(kind)
      if (here < place) inOrder = false
      place = Math.max(place, here)
    }
    const all = linesOf(input, {
      stopped: (reason) => notes.push(`the input ends before its end: ${reason}`),
      long: (line) => void long.push(line)
    })
    yield* Stream.runForEach(all, (block) =>
      db.attempt("remember the lines", () => {
        bytes += block.bytes.length
        for (const [at, raw] of linesIn(block)) {
          lines = at
          for (const part of partsOf(format, at, raw)) look(part)
        }
      }).pipe(Effect.flatMap(() => newer === undefined ? Effect.void : Effect.fail(newer))))
    yield* db.attempt("remember the lines", () => {
      for (const { bytes, line, offset } of long) {
        refuse(line, "cannot be read", `is longer than ${lineLimit} bytes: ${bytes} bytes from byte ${offset} on`)
      }
    })
    if (first > 1) notes.push(`line ${first} was taken for the first line, which says the version`)
    if (first === 0) {
      notes.push(
        `the first line, which says the version, is missing or damaged; the records are those of version ${format.version}`
      )
    }
    if (!inOrder) notes.push("the records were not in the order of their kinds")
    return { good, first, inOrder, notes, lines, bytes, header: found, findings: findings.list } satisfies Survey
  }
)

/** The records of a surveyed input, kind after kind. */
export const salvaged = (
  input: Opened,
  format: Format,
  { bytes, first, header, inOrder, lines }: Survey
): Records<FileError | SnapshotError> =>
  Channel.suspend(() => {
    const sum = new ContentSum()
    const counts = new Map<string, number>()
    const pass = (only: Kind | undefined) =>
      Stream.mapConcat(linesOf(input), (block) => {
        const batches: Array<{ readonly kind: Kind; readonly records: Array<Located> }> = []
        for (const [at, raw] of linesIn(block)) {
          for (const { place: line, said } of partsOf(format, at, raw)) {
            if (line === first || Either.isLeft(said)) continue
            const { canonical, kind, record, text } = said.right
            if (only !== undefined && kind !== only) continue
            sum.add(canonical ?? text)
            counts.set(kind.name, (counts.get(kind.name) ?? 0) + 1)
            const last = batches.at(-1)
            if (last?.kind === kind) last.records.push({ line, record })
            else batches.push({ kind, records: [{ line, record }] })
          }
        }
        return batches
      })
    return Channel.as(
      Stream.toChannel(inOrder ? pass(undefined) : Stream.flatMap(Stream.fromIterable(format.kinds), pass)),
      { file: input.name, lines, bytes, header, sealed: false, crlf: false, records: counts, sha256: undefined, sum }
    )
  })

/** The refused lines, each with its number, why, and the bytes that it had; of a part of a line, also the column of its first byte. */
export const refusedLines = (input: Opened, format: Format, db: Session, origins: Origins) =>
  Stream.mapConcatEffect(linesOf(input), (block) =>
    Effect.map(
      db.attempt("remember the lines", () => origins.refusedIn(block.line, block.line + block.count - 1)),
      (refused) => refused.size === 0 ? [] : written(format, block, refused)
    ))

function* written(format: Format, block: Block, refused: ReadonlyMap<number, string>): Generator<Uint8Array> {
  const lines = new Set([...refused.keys()].map(lineOfPlace))
  for (const [at, raw] of linesIn(block)) {
    if (!lines.has(at)) continue
    const parts = [...partsOf(format, at, raw)]
    // What is too long is refused, and only its beginning is left.
    for (const { from, place, to } of parts.length === 0 ? [{ place: at, from: 0, to: raw.length }] : parts) {
      const reason = refused.get(place)
      if (reason === undefined) continue
      const column = parts.length > 1 ? `,"column":${from + 1}` : ""
      yield* rawLine(`{"line":${at}${column},"reason":${JSON.stringify(reason)}`, raw.subarray(from, to))
    }
  }
}

/** A line that ends in bytes as they are: as a string, or in hexadecimal digits where it is none or too long for one. */
export function* rawLine(start: string, raw: Buffer): Generator<Uint8Array> {
  if (raw.length <= pieceBytes && isUtf8(raw)) {
    yield Buffer.from(`${start},"raw":${JSON.stringify(raw.toString("utf8"))}}\n`)
    return
  }
  yield Buffer.from(`${start},"rawHex":"`)
  for (let from = 0; from < raw.length; from += pieceBytes) {
    yield Buffer.from(raw.subarray(from, from + pieceBytes).toString("hex"))
  }
  yield Buffer.from("\"}\n")
}
