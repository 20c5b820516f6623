/** Bytes of a snapshot become checked records. Order, syntax and seal are judged here; what the records say of each other is not. */
import * as Channel from "effect/Channel"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { isUtf8 } from "node:buffer"
import { type Block, blocks, type LineTooLong } from "../files/lines.ts"
import { advance } from "../Progress.ts"
import type { Format } from "../records/Format.ts"
import { type AnyRecord, type Kind, rowName } from "../records/Kind.ts"
import { type LineProblem, read as readLine, recordIn } from "../records/line.ts"
import { kindAt, match } from "../records/linePatterns.ts"
import type { Watch } from "../records/Soundness.ts"
import { newestFor } from "../records/versions/steps.ts"
import { ContentSum } from "./digest.ts"
import { RecordRefused, sealBroken, SnapshotDamaged, type SnapshotError, VersionRefused } from "./errors.ts"
import { noSnapshot, noText } from "./NotASnapshot.ts"
import type { Reading, SumWanted } from "./Reading.ts"
import { type Header, header, SealReader, withoutCR } from "./seal.ts"

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

/** Its text is a string that V8 makes and forgets among the young and small; for larger ones it asks the system each time. */
const blockBytes = 65_536

type Batches = Array<{ readonly kind: Kind; readonly records: Array<Located> }>

export interface ReadOptions {
  /** The kinds that the file may have. */
  readonly format: Format
  /** Whether the sum of the records is wanted; never unless said otherwise. */
  readonly sum?: SumWanted
  /** Who is shown every record, before it is given. */
  readonly watch?: Watch
  /** Whether the records themselves are wanted; else the batches are empty. */
  readonly records?: boolean
}

class Reader {
  private readonly seal = new SealReader()
  private started = false
  private rank = 0
  private sealLine = 0
  private last: Kind | undefined
  private readonly file: string
  /** Lines that were read, all of them good. */
  lines = 0
  private bytes = 0
  private header: Header | undefined
  private crlf = false
  /** The file ends with a line end, as far as it was read. */
  private complete = true
  private readonly records = new Map<string, number>()
  private sum: ContentSum | undefined
  private readonly sumWanted: SumWanted
  private readonly watch: Watch | undefined
  private readonly wanted: boolean
  private readonly form: "sound" | "glance"
  private readonly format: Format

  constructor(file: string, { format, records, sum, watch }: ReadOptions) {
    this.file = file
    this.format = format
    this.sumWanted = sum ?? "never"
    this.watch = watch
    this.wanted = records ?? true
    this.form = this.wanted ? "sound" : "glance"
  }

  private damaged(line: number, reason: string) {
    return new SnapshotDamaged({
      file: this.file,
      line,
      lastGood: Math.max(0, line === 0 ? this.lines : line - 1),
      reason
    })
  }

  private problem(line: number, problem: LineProblem): SnapshotError {
    if (problem.problem === "damaged") return this.damaged(line, problem.reason)
    return this.refused(line, problem.kind, problem.reason, problem.field)
  }

  private refused(line: number, record: string | undefined, reason: string, field?: string) {
    return new RecordRefused({ file: this.file, line, record, field, reason })
  }

  block(block: Block): Either.Either<ReadonlyArray<Batch>, SnapshotError> {
    const bytes = withoutCR(block.bytes)
    if (bytes.length < block.bytes.length) this.crlf = true
    const other = block.line === 1 ? noText(this.file, bytes) : undefined
    if (other !== undefined) return Either.left(other)
    if (!isUtf8(bytes)) return Either.left(this.damaged(this.badLine(bytes, block.line), "is not UTF-8"))
    this.seal.push(bytes)
    this.bytes += block.bytes.length
    this.complete = bytes.at(-1) === 0x0a
    const text = bytes.toString("latin1")
    const batches: Batches = []
    for (let from = 0, at = block.line; from < text.length; at++) {
      const found = text.indexOf("\n", from)
      const to = found < 0 ? text.length : found
      const problem = this.line(bytes, text, from, to, at, batches)
      if (problem !== undefined) return Either.left(problem)
      this.lines = at
      from = to + 1
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

  /** The line from `from` to `to`; `text` is the bytes as Latin-1. */
  private line(
    bytes: Buffer,
    text: string,
    from: number,
    to: number,
    at: number,
    batches: Batches
  ): SnapshotError | undefined {
    const { watch } = this
    // Mostly a line is of the kind of the last one, and the pattern says so itself.
    let kind = this.sealLine === 0 ? this.last : undefined
    let groups = kind && match(kind.patterns[this.form], text, from, to)
    if (groups === undefined && this.started && this.sealLine === 0) {
      const other = Option.getOrUndefined(this.format.kindOf(kindAt(text, from) ?? ""))
      if (other !== kind) groups = other && match(other.patterns[this.form], text, from, to)
      kind = other
    }
    if (kind === undefined || groups === undefined) {
      return this.otherLine(bytes.toString("utf8", from, to), at, batches, to < text.length)
    }
    const misplaced = this.place(kind, at, () => recordIn(kind, groups))
    if (misplaced !== undefined) return misplaced
    if (kind.vouch(groups)) watch?.sound(kind, groups)
    else watch?.other(kind)
    this.sum?.add(bytes.subarray(from, to))
    this.keep(kind, batches, () => ({ line: at, record: recordIn(kind, groups) }))
    return undefined
  }

  /** Any line that is not as kata writes it, or that is the first or the last one; `ends`: with a line end. */
  private otherLine(
    raw: string,
    at: number,
    batches: Batches,
    ends: boolean
  ): SnapshotError | undefined {
    if (raw === "") return undefined
    const text = /^\s|\s$/.test(raw) && !raw.startsWith("\ufeff") ? raw.trim() : raw
    if (text === "") return undefined
    if (this.sealLine > 0) return this.damaged(at, `comes after the seal in line ${this.sealLine}`)
    const result = readLine(this.format, text)
    if (Either.isLeft(result)) {
      return noSnapshot(this.file, text, at, this.started ? "other" : ends ? "first" : "only") ??
        this.problem(at, result.left)
    }
    const { canonical, kind, record, seal, snapshot } = result.right
    if (seal !== undefined) this.sealLine = at
    if (!this.started) {
      this.started = true
      return this.first(at, kind, record, snapshot)
    }
    const misplaced = this.place(kind, at, () => record)
    if (misplaced !== undefined) return misplaced
    this.show(kind, canonical)
    this.sum?.add(canonical ?? text)
    this.keep(kind, batches, () => ({ line: at, record }))
    return undefined
  }

  /** A line that says in other words, or with a seal, what a sound one says. */
  private show(kind: Kind, canonical: string | undefined): void {
    if (this.watch === undefined) return
    const bytes = Buffer.from(canonical ?? "").toString("latin1")
    const groups = match(kind.patterns.sound, bytes, 0, bytes.length)
    if (groups !== undefined && kind.vouch(groups)) this.watch.sound(kind, groups)
    else this.watch.other(kind)
  }

  /** Counts a record, or says why it may not stand there. */
  private place(kind: Kind, at: number, record: () => AnyRecord): RecordRefused | undefined {
    const place = this.format.rank(kind)
    if (place < this.rank) {
      const before = this.format.kinds[this.rank]?.name
      const reason = `comes after a ${before}: records must be in the order of their kinds`
      return this.refused(at, `${kind.name} ${rowName(kind, record())}`, reason)
    }
    this.rank = place
    this.last = kind
    this.records.set(kind.name, (this.records.get(kind.name) ?? 0) + 1)
    return undefined
  }

  private keep(
    kind: Kind,
    batches: Batches,
    located: () => Located
  ): void {
    const last = batches.at(-1)
    const batch = last?.kind === kind ? last : { kind, records: [] }
    if (batch !== last) batches.push(batch)
    if (this.wanted) batch.records.push(located())
  }

  private first(at: number, kind: Kind, record: AnyRecord, snapshot: string | undefined): SnapshotError | undefined {
    if (kind.table !== "meta" || record["key"] !== "export_version") {
      return this.refused(at, undefined, "is not the export_version that a snapshot begins with")
    }
    const version = String(record["value"])
    if (!/^[+-]?\d+$/.test(version) || Number(version) !== this.format.version) {
      return new VersionRefused({ file: this.file, version, known: newestFor(this.format) })
    }
    const found = snapshot === undefined ? undefined : header(snapshot)
    this.header = found
    if (this.sumWanted === "always" || (this.sumWanted === "unsealed" && found === undefined)) {
      this.sum = new ContentSum()
    }
    return snapshot !== undefined && found === undefined
      ? this.refused(at, "snapshot", `says what kata of this version does not know: ${snapshot.slice(0, 80)}`)
      : undefined
  }

  /** At the end of the file: is it the end that was written? */
  end(): Either.Either<Reading, SnapshotError> {
    const { bytes, complete, crlf, file, header, lines, records, sum } = this
    const reading = { file, lines, bytes, header, sealed: false, crlf, records, sha256: undefined, sum }
    const damaged = (line: number, reason: string) => Either.left(this.damaged(line, reason))
    if (!this.started) return damaged(0, bytes === 0 ? "is empty" : "has no records")
    const seal = this.seal.end()
    if (header === undefined) {
      if (this.sealLine > 0) {
        return damaged(1, "does not say that the file is sealed, but the last line does: the beginning was changed")
      }
      return complete ? Either.right(reading) : damaged(lines, "has no line end: the file was cut")
    }
    if (seal === undefined) {
      return damaged(
        0,
        `was sealed when it was written, and has no seal at its end: it was cut after line ${lines}, or changed`
      )
    }
    if (seal.records !== lines) return damaged(0, `has ${lines} lines, its seal says ${seal.records}`)
    if (seal.sha256 !== seal.found) return Either.left(sealBroken(file, lines))
    return Either.right({ ...reading, sealed: true, sha256: seal.sha256 })
  }
}

/** Records, and at their end what is known of the snapshot that they are of. */
export type Records<E, R = never> = Channel.Channel<Chunk.Chunk<Batch>, unknown, E, unknown, Reading, unknown, R>

/**
 * The records of a snapshot, a block of the file at a time. What else is known of it comes at its end: who has that has seen it whole.
 */
export const read = <E, R>(
  bytes: Stream.Stream<Uint8Array, E, R>,
  file: string,
  options: ReadOptions
): Records<E | LineTooLong | SnapshotError, R> =>
  Channel.suspend(() => {
    const reader = new Reader(file, options)
    return bytes.pipe(
      blocks({ target: blockBytes }),
      Stream.mapConcatChunkEffect((block) =>
        Effect.zipRight(
          advance(block.count, block.bytes.length),
          Effect.map(reader.block(block), Chunk.unsafeFromArray)
        )
      ),
      // What decompresses does not know of lines.
      Stream.mapError((error) =>
        error instanceof SnapshotDamaged && error.line === 0 && error.lastGood === 0
          ? new SnapshotDamaged({ ...error, lastGood: reader.lines })
          : error
      ),
      Stream.toChannel,
      Channel.flatMap(() => Channel.fromEffect(Effect.suspend(() => reader.end())))
    )
  })
