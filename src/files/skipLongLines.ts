/** Lines that are too long to be held, taken out of a stream of bytes: what comes after them can be read. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

/** A line that was taken out. */
export interface LongLine {
  readonly line: number
  /** Where it begins, in bytes from the start. */
  readonly offset: number
  readonly bytes: number
}

const LF = 0x0a

class Shortener {
  private readonly limit: number
  private readonly report: (long: LongLine) => void
  private line = 1
  private offset = 0
  /** The line that has not ended yet: its pieces, until there are too many of them. */
  private held: Array<Uint8Array> = []
  private length = 0

  constructor(limit: number, report: (long: LongLine) => void) {
    this.limit = limit
    this.report = report
  }

  push(bytes: Uint8Array): ReadonlyArray<Uint8Array> {
    const out: Array<Uint8Array> = []
    for (let from = 0; from < bytes.length;) {
      const end = bytes.indexOf(LF, from)
      const to = end < 0 ? bytes.length : end
      this.length += to - from
      if (this.length <= this.limit) this.held.push(bytes.subarray(from, end < 0 ? to : to + 1))
      else this.held = []
      if (end >= 0) out.push(...this.end(true))
      from = to + 1
    }
    return out
  }

  /** The line is over; in the place of one that is too long an empty one is left, so that the others keep their numbers. */
  end(whole: boolean): ReadonlyArray<Uint8Array> {
    const { held, length, line, offset } = this
    this.held = []
    this.length = 0
    this.line++
    this.offset += length + 1
    if (length <= this.limit) return held
    this.report({ line, offset, bytes: length })
    return whole ? [Uint8Array.of(LF)] : []
  }
}

/** The bytes without lines of more than `limit` bytes, which are reported instead. */
export const shortened =
  (limit: number, report: (long: LongLine) => void) =>
  <E, R>(bytes: Stream.Stream<Uint8Array, E, R>): Stream.Stream<Uint8Array, E, R> =>
    Stream.suspend(() => {
      const shortener = new Shortener(limit, report)
      return Stream.concat(
        Stream.mapConcat(bytes, (piece) => shortener.push(piece)),
        Stream.unwrap(Effect.sync(() => Stream.fromIterable(shortener.end(false))))
      )
    })
