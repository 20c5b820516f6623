/** Pages become the bytes of a snapshot. */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"
import type { Page } from "../database/pages.ts"
import { advance } from "../Progress.ts"
import type { Format } from "../records/Format.ts"
import { ContentSum } from "./digest.ts"
import { firstLine, type Header, sealText } from "./seal.ts"

/** What went through `write`; complete when its stream has ended. */
export class Tally {
  /** Lines, the first one included. */
  lines = 0
  bytes = 0
  /** Records of each kind; the first line, which is no row of a database, is not counted. */
  readonly records = new Map<string, number>()
  /** Rows whose lines Go kata cannot read, by kind. */
  readonly long: Array<readonly [kind: string, row: string]> = []
  /** Hex SHA-256 of what the seal covers. */
  sha256 = ""
  /** The sum over the records, when it was asked for. */
  readonly sum: ContentSum | undefined

  constructor(options?: { readonly sum: boolean }) {
    this.sum = options?.sum === true ? new ContentSum() : undefined
  }

  page(page: Page): void {
    this.lines += page.rows
    this.records.set(page.kind.name, (this.records.get(page.kind.name) ?? 0) + page.rows)
    for (const row of page.long) this.long.push([page.kind.name, row])
    if (this.sum === undefined) return
    for (let from = 0; from < page.bytes.length;) {
      const end = page.bytes.indexOf(0x0a, from)
      this.sum.add(page.bytes.subarray(from, end))
      from = end + 1
    }
  }
}

/**
 * A snapshot of the records in `pages`, sealed when it has a header. The last line is held back until it is known to be the last:
 * the seal is a member of it.
 */
export const write = <E, R>(
  format: Format,
  pages: Stream.Stream<Page, E, R>,
  header: Header | undefined,
  tally: Tally
): Stream.Stream<Uint8Array, E, R> =>
  Stream.suspend(() => {
    const hash = createHash("sha256")
    let held: Uint8Array = Buffer.from(firstLine(format, header))
    tally.lines = 1
    const pass = (bytes: Uint8Array) => {
      hash.update(bytes)
      tally.bytes += bytes.length
      return bytes
    }
    const body = Stream.mapChunksEffect(pages, (some) => {
      const out: Array<Uint8Array> = []
      const [lines, bytes] = [tally.lines, tally.bytes]
      for (const page of some) {
        tally.page(page)
        const lastLine = page.bytes.lastIndexOf(0x0a, page.bytes.length - 2) + 1
        out.push(pass(held), pass(page.bytes.subarray(0, lastLine)))
        held = page.bytes.subarray(lastLine)
      }
      return Effect.as(advance(tally.lines - lines, tally.bytes - bytes), Chunk.unsafeFromArray(out))
    })
    const end = Stream.suspend(() => {
      const last = pass(header === undefined ? held : held.subarray(0, held.length - 2))
      tally.sha256 = hash.digest("hex")
      if (header === undefined) return Stream.make(last)
      const seal = Buffer.from(sealText(tally.lines, tally.sha256))
      tally.bytes += seal.length
      return Stream.make(last, seal)
    })
    return Stream.concat(body, end)
  })
