/** Bytes as blocks of whole lines that know their numbers. */
import * as Cause from "effect/Cause"
import * as Channel from "effect/Channel"
import * as Chunk from "effect/Chunk"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { FailureKind } from "../Failure.ts"

const LF = 0x0a

/** Whole lines, about a mebibyte of them. */
export interface Block {
  /** The number of its first line; the first of a file is 1. */
  readonly line: number
  /** How many lines it has. */
  readonly count: number
  /** The lines with their LF, which only the very last line of a file may lack. */
  readonly bytes: Uint8Array
  /** Nothing comes after it. */
  readonly last: boolean
}

/** One line, without the LF at its end. */
export interface Line {
  readonly line: number
  readonly bytes: Uint8Array
}

/** The lines of a block, in order. */
export function* linesIn({ bytes, line }: Pick<Block, "bytes" | "line">): Generator<Line> {
  for (let from = 0; from < bytes.length; line += 1) {
    const found = bytes.indexOf(LF, from)
    const end = found < 0 ? bytes.length : found
    yield { line, bytes: bytes.subarray(from, end) }
    from = end + 1
  }
}

/** A line that could not be held in memory, or that no string can hold. */
export class LineTooLong extends Schema.TaggedError<LineTooLong>()("LineTooLong", {
  line: Schema.Number,
  /** In bytes, without the LF. */
  limit: Schema.Number
}) {
  readonly kind = "validation" satisfies FailureKind

  override get message(): string {
    return `line ${this.line} is longer than ${this.limit} bytes`
  }
}

export interface BlockOptions {
  /** The longest line that is accepted, in bytes without its LF; 256 MiB. */
  readonly maxLine?: number
  /** About the size of a block, in bytes, when no line is longer; 1 MiB. */
  readonly target?: number
}

const countLines = (bytes: Uint8Array): number => {
  let count = 0
  for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) count += 1
  return count
}

const join = (parts: ReadonlyArray<Uint8Array>, size: number): Uint8Array => {
  const [only] = parts
  return parts.length === 1 && only !== undefined ? only : Buffer.concat(parts, size)
}

/** Gathers pieces without copying them; they are joined once, when their block is complete. */
class Splitter {
  private readonly maxLine: number
  private readonly target: number
  private line = 1
  private count = 0
  private whole: Array<Uint8Array> = []
  private wholeSize = 0
  private open: Array<Uint8Array> = []
  private openSize = 0

  constructor(options: BlockOptions) {
    this.maxLine = options.maxLine ?? 256 * 1024 * 1024
    this.target = Math.max(1, options.target ?? 1024 * 1024)
  }

  /** What became complete, and the line that cannot. */
  push(chunk: Chunk.Chunk<Uint8Array>): { readonly blocks: Array<Block>; readonly failed: LineTooLong | undefined } {
    const blocks: Array<Block> = []
    for (const bytes of chunk) {
      for (let at = 0; at < bytes.length;) {
        const piece = this.cut(bytes, at)
        at += piece.length
        // A block is complete when more would make it too big; so it is also certain that it is not the last.
        if (this.wholeSize > 0 && this.wholeSize + piece.length > this.target * 1.25) blocks.push(this.take(false))
        const failed = this.add(piece)
        if (failed !== undefined) return { blocks: [...blocks, ...this.rest()], failed }
      }
    }
    return { blocks, failed: undefined }
  }

  /** Ends with a line, if one ends within it: lines that are whole need not be joined. */
  private cut(bytes: Uint8Array, at: number): Uint8Array {
    const piece = bytes.subarray(at, at + this.target)
    const lines = piece.lastIndexOf(LF) + 1
    return lines === 0 ? piece : piece.subarray(0, lines)
  }

  /** The complete lines that are left, when what follows them will not come. */
  rest(): Array<Block> {
    return this.wholeSize === 0 ? [] : [this.take(false)]
  }

  end(): Array<Block> {
    if (this.openSize > 0) this.close([], 0, 1)
    return this.wholeSize === 0 ? [] : [this.take(true)]
  }

  private add(piece: Uint8Array): LineTooLong | undefined {
    if (this.openSize + piece.length > this.maxLine) {
      const failed = this.check(piece)
      if (failed !== undefined) return failed
    }
    const head = piece.lastIndexOf(LF) + 1
    if (head > 0) {
      const lines = piece.subarray(0, head)
      this.close([lines], head, countLines(lines))
    }
    if (head < piece.length) {
      this.open.push(piece.subarray(head))
      this.openSize += piece.length - head
    }
    return undefined
  }

  /** Line by line, because one of them may be too long; what comes before it is kept. */
  private check(piece: Uint8Array): LineTooLong | undefined {
    let length = this.openSize
    let start = 0
    for (let count = 0; start <= piece.length; count += 1) {
      const found = piece.indexOf(LF, start)
      const end = found < 0 ? piece.length : found
      if (length + end - start > this.maxLine) {
        if (start > 0) this.close([piece.subarray(0, start)], start, count)
        return new LineTooLong({ line: this.line + this.count, limit: this.maxLine })
      }
      if (found < 0) return undefined
      start = found + 1
      length = 0
    }
    return undefined
  }

  private close(parts: ReadonlyArray<Uint8Array>, size: number, count: number): void {
    for (const part of this.open) this.whole.push(part)
    for (const part of parts) this.whole.push(part)
    this.wholeSize += this.openSize + size
    this.count += count
    this.open = []
    this.openSize = 0
  }

  private take(last: boolean): Block {
    const block = { line: this.line, count: this.count, bytes: join(this.whole, this.wholeSize), last }
    this.line += this.count
    this.count = 0
    this.whole = []
    this.wholeSize = 0
    return block
  }
}

/**
 * Cuts bytes into blocks of whole lines. Memory is bounded by the block and the longest line. When the bytes fail, or a line
 * is too long, the complete lines before that come first.
 */
export const blocks =
  (options: BlockOptions = {}) =>
  <E, R>(bytes: Stream.Stream<Uint8Array, E, R>): Stream.Stream<Block, E | LineTooLong, R> =>
    Stream.suspend(() => {
      const splitter = new Splitter(options)
      const emit = (found: ReadonlyArray<Block>) =>
        found.length === 0 ? Channel.void : Channel.write(Chunk.unsafeFromArray(found))
      const loop: Channel.Channel<Chunk.Chunk<Block>, Chunk.Chunk<Uint8Array>, E | LineTooLong, E, unknown, unknown> =
        Channel.readWithCause({
          onInput: (chunk: Chunk.Chunk<Uint8Array>) => {
            const { blocks, failed } = splitter.push(chunk)
            return Channel.zipRight(emit(blocks), failed === undefined ? loop : Channel.fail(failed))
          },
          onFailure: (cause) => {
            const left = Cause.isInterruptedOnly(cause) ? [] : splitter.rest()
            return Channel.zipRight(emit(left), Channel.failCause(cause))
          },
          onDone: () => emit(splitter.end())
        })
      return Stream.pipeThroughChannel(bytes, loop)
    })
