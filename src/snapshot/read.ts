/** Bytes of a snapshot become checked records. Order, syntax and seal are judged here; what the records say of each other is not. */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Stream from "effect/Stream"
import { isUtf8 } from "node:buffer"
import { type Block, blocks, type LineTooLong } from "../files/lines.ts"
import { advance } from "../Progress.ts"
import { type AnyRecord, type Kind, rowName } from "../records/Kind.ts"
import { exportVersion, kinds, Meta } from "../records/kinds.ts"
import { type LineProblem, read as readLine } from "../records/line.ts"
import { ContentSum } from "./digest.ts"
import { RecordRefused, SnapshotDamaged, type SnapshotError, VersionRefused } from "./errors.ts"
import { type Header, header, SealReader } from "./seal.ts"

/** A record and where it stood. */
export interface Located {
  readonly line: number
  readonly record: AnyRecord
}

/** Records of one kind that follow each other. */
export interface Batch {
  readonly kind: Kind
  readonly records: ReadonlyArray<Located>
}

const rank = new Map(kinds.map((kind, i) => [kind.name, i]))

/** When the content sum is made while the file is read: a sealed file that nothing changes proves itself by its seal. */
export type SumWanted = "never" | "unsealed" | "always"

/** What is known of a snapshot so far; complete when its stream has ended. */
export class Reading {
  /** Lines that were read, all of them good. */
  lines = 0
  bytes = 0
  header: Header | undefined
  sealed = false
  /** Line ends were CRLF, which git on Windows makes of LF. */
  crlf = false
  /** The file ended with a line end. */
  complete = true
  readonly records = new Map<string, number>()
  /** Hex SHA-256 of the seal. */
  sha256: string | undefined
  /** The sum of the records, as far as it was wanted and who loads them did not take them out again. */
  sum: ContentSum | undefined
  readonly file: string
  private readonly wanted: SumWanted

  constructor(file: string, wanted: SumWanted) {
    this.file = file
    this.wanted = wanted
  }

  /** The first line was read: the file says whether it is sealed. */
  begin(found: Header | undefined): void {
    this.header = found
    if (this.wanted === "always" || (this.wanted === "unsealed" && found === undefined)) this.sum = new ContentSum()
  }
}

/** CRLF as LF; a CR that JSON allows stands nowhere else. */
const withoutCR = (bytes: Uint8Array): Uint8Array => {
  if (!bytes.includes(0x0d)) return bytes
  const out = Buffer.allocUnsafe(bytes.length)
  let length = 0
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] !== 0x0d || bytes[i + 1] !== 0x0a) out[length++] = bytes[i]!
  }
  return out.subarray(0, length)
}

class Reader {
  private readonly seal = new SealReader()
  private started = false
  private rank = 0
  private sealLine = 0
  private readonly reading: Reading

  constructor(reading: Reading) {
    this.reading = reading
  }

  private damaged(line: number, reason: string) {
    return new SnapshotDamaged({
      file: this.reading.file,
      line,
      lastGood: Math.max(0, line === 0 ? this.reading.lines : line - 1),
      reason
    })
  }

  private problem(line: number, problem: LineProblem): SnapshotError {
    if (problem.problem === "damaged") return this.damaged(line, problem.reason)
    return new RecordRefused({
      file: this.reading.file,
      line,
      record: problem.kind,
      field: problem.field,
      reason: problem.reason
    })
  }

  block(block: Block): Either.Either<ReadonlyArray<Batch>, SnapshotError> {
    const { reading } = this
    const bytes = withoutCR(block.bytes)
    if (bytes.length < block.bytes.length) reading.crlf = true
    if (block.line === 1 && Buffer.from(bytes.subarray(0, 16)).toString("latin1") === "SQLite format 3\0") {
      return Either.left(
        new SnapshotDamaged({
          file: reading.file,
          line: 0,
          lastGood: 0,
          reason: "is a SQLite database, not a snapshot",
          next: "kata export writes a snapshot of the database that KATA_DB names"
        })
      )
    }
    if (!isUtf8(bytes)) return Either.left(this.damaged(this.badLine(bytes, block.line), "is not UTF-8"))
    this.seal.push(bytes)
    reading.bytes += block.bytes.length
    reading.complete = bytes.at(-1) === 0x0a
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8").split("\n")
    if (text.at(-1) === "") text.pop()
    const batches: Array<{ readonly kind: Kind; readonly records: Array<Located> }> = []
    for (let i = 0; i < text.length; i++) {
      const problem = this.line(text[i]!, block.line + i, batches)
      if (problem !== undefined) return Either.left(problem)
      reading.lines = block.line + i
    }
    return Either.right(batches)
  }

  private badLine(bytes: Uint8Array, first: number): number {
    let line = first
    for (let from = 0; from < bytes.length; line++) {
      const end = bytes.indexOf(0x0a, from)
      const to = end < 0 ? bytes.length : end
      if (!isUtf8(bytes.subarray(from, to))) return line
      from = to + 1
    }
    return line
  }

  private line(
    raw: string,
    at: number,
    batches: Array<{ readonly kind: Kind; readonly records: Array<Located> }>
  ): SnapshotError | undefined {
    if (raw === "") return undefined
    const { reading } = this
    const text = /^\s|\s$/.test(raw) && !raw.startsWith("\ufeff") ? raw.trim() : raw
    if (text === "") return undefined
    if (this.sealLine > 0) return this.damaged(at, `comes after the seal in line ${this.sealLine}`)
    const result = readLine(text)
    if (Either.isLeft(result)) return this.problem(at, result.left)
    const { canonical, kind, record, seal, snapshot } = result.right
    if (seal !== undefined) this.sealLine = at
    if (!this.started) {
      this.started = true
      return this.first(at, kind, record, snapshot)
    }
    const place = rank.get(kind.name) ?? 0
    if (place < this.rank) {
      return new RecordRefused({
        file: reading.file,
        line: at,
        record: `${kind.name} ${rowName(kind, record)}`,
        field: undefined,
        reason: `comes after a ${kinds[this.rank]?.name}: records must be in the order of their kinds`
      })
    }
    this.rank = place
    reading.sum?.add(canonical ?? text)
    reading.records.set(kind.name, (reading.records.get(kind.name) ?? 0) + 1)
    const last = batches.at(-1)
    if (last?.kind === kind) last.records.push({ line: at, record })
    else batches.push({ kind, records: [{ line: at, record }] })
    return undefined
  }

  private first(at: number, kind: Kind, record: AnyRecord, snapshot: string | undefined): SnapshotError | undefined {
    const { reading } = this
    if (kind.name !== Meta.name || record["key"] !== "export_version") {
      return new RecordRefused({
        file: reading.file,
        line: at,
        record: undefined,
        field: undefined,
        reason: "is not the export_version that a snapshot begins with"
      })
    }
    const version = String(record["value"])
    if (!/^[+-]?\d+$/.test(version) || Number(version) !== exportVersion) {
      return new VersionRefused({ file: reading.file, version, known: exportVersion })
    }
    const found = snapshot === undefined ? undefined : header(snapshot)
    reading.begin(found)
    return snapshot !== undefined && found === undefined
      ? new RecordRefused({
        file: reading.file,
        line: at,
        record: "snapshot",
        field: undefined,
        reason: `says what kata of this version does not know: ${snapshot.slice(0, 80)}`
      })
      : undefined
  }

  /** The end of the file: is it the end that was written? */
  end(): SnapshotError | undefined {
    const { reading } = this
    if (!this.started) return this.damaged(0, reading.bytes === 0 ? "is empty" : "has no records")
    const seal = this.seal.end()
    if (reading.header === undefined) {
      if (this.sealLine > 0) {
        return this.damaged(
          1,
          "does not say that the file is sealed, but the last line does: the beginning was changed"
        )
      }
      return reading.complete ? undefined : this.damaged(reading.lines, "has no line end: the file was cut")
    }
    if (seal === undefined) {
      return this.damaged(
        0,
        `was sealed when it was written, and has no seal at its end: it was cut after line ${reading.lines}, or changed`
      )
    }
    if (seal.records !== reading.lines) {
      return this.damaged(0, `has ${reading.lines} lines, its seal says ${seal.records}`)
    }
    if (seal.sha256 !== seal.found) {
      return new SnapshotDamaged({
        file: this.reading.file,
        line: 0,
        lastGood: this.reading.lines,
        reason: "does not have the content that its seal says: it was changed after it was written",
        next:
          "which line was changed cannot be told; nothing was done. Use another copy of the file; see docs/recovery.md"
      })
    }
    reading.sealed = true
    reading.sha256 = seal.sha256
    return undefined
  }
}

/**
 * The records of a snapshot, a block of the file at a time. `reading` knows the rest when the stream has ended; a stream that ends
 * without error was whole.
 */
export const read = <E, R>(
  bytes: Stream.Stream<Uint8Array, E, R>,
  reading: Reading
): Stream.Stream<Batch, E | LineTooLong | SnapshotError, R> =>
  Stream.suspend(() => {
    const reader = new Reader(reading)
    return bytes.pipe(
      blocks(),
      Stream.mapConcatChunkEffect((block) =>
        Effect.zipRight(
          advance(block.count, block.bytes.length),
          Effect.map(reader.block(block), Chunk.unsafeFromArray)
        )
      ),
      Stream.concat(Stream.drain(Stream.suspend(() => {
        const problem = reader.end()
        return problem === undefined ? Stream.empty : Stream.fail(problem)
      })))
    )
  })

/** Whether the seal of a file holds, whatever its records say. */
export const sealHolds = <E, R>(bytes: Stream.Stream<Uint8Array, E, R>): Effect.Effect<boolean, E | LineTooLong, R> =>
  Effect.suspend(() => {
    const reader = new SealReader()
    let lines = 0
    return Effect.map(
      Stream.runForEach(blocks()(bytes), (block) =>
        Effect.sync(() => {
          lines += block.count
          reader.push(withoutCR(block.bytes))
        })),
      () => {
        const seal = reader.end()
        return seal !== undefined && seal.records === lines && seal.sha256 === seal.found
      }
    )
  })
