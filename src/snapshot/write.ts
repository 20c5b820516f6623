/** Pages become the bytes of a snapshot. */
import * as Channel from "effect/Channel"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import type { Page } from "../database/pages.ts"
import { advance } from "../Progress.ts"
import type { Format } from "../records/Format.ts"
import { ContentSum } from "./digest.ts"
import { firstLine, type Header, sealText } from "./seal.ts"

/** What a snapshot is, when all of it was written. */
export interface Written {
  /** Lines, the first one included. */
  readonly lines: number
  readonly bytes: number
  /** Records of each kind; the first line, which is no row of a database, is not counted. */
  readonly records: ReadonlyMap<string, number>
  /** Rows whose lines Go kata cannot read, by kind. */
  readonly long: ReadonlyArray<readonly [kind: string, row: string]>
  /** Hex SHA-256 of what the seal covers. */
  readonly sha256: string
  /** The sum over the records, when it was asked for. */
  readonly sum: ContentSum | undefined
}

/** The last line is held back until it is known to be the last: the seal is a member of it. */
class Writer {
  private lines = 1
  private bytes = 0
  private readonly records = new Map<string, number>()
  private readonly long: Array<readonly [kind: string, row: string]> = []
  private readonly sum: ContentSum | undefined
  private readonly hash = createHash("sha256")
  private readonly header: Header | undefined
  private held: Uint8Array

  constructor(format: Format, header: Header | undefined, sum: boolean) {
    this.header = header
    this.sum = sum ? new ContentSum() : undefined
    this.held = Buffer.from(firstLine(format, header))
  }

  /** What can go out when these pages are there, and how far that is. */
  pages(pages: Chunk.Chunk<Page>) {
    const out: Array<Uint8Array> = []
    const [lines, bytes] = [this.lines, this.bytes]
    for (const page of pages) {
      this.count(page)
      const lastLine = page.bytes.lastIndexOf(0x0a, page.bytes.length - 2) + 1
      out.push(this.pass(this.held), this.pass(page.bytes.subarray(0, lastLine)))
      this.held = page.bytes.subarray(lastLine)
    }
    return { out: Chunk.unsafeFromArray(out), lines: this.lines - lines, bytes: this.bytes - bytes }
  }

  /** What is left to go out, and what the whole is. */
  end(): { readonly out: Chunk.Chunk<Uint8Array>; readonly written: Written } {
    const { header, held, lines, long, records, sum } = this
    const last = this.pass(header === undefined ? held : held.subarray(0, held.length - 2))
    const sha256 = this.hash.digest("hex")
    const seal = header === undefined ? undefined : Buffer.from(sealText(lines, sha256))
    return {
      out: seal === undefined ? Chunk.of(last) : Chunk.make(last, seal),
      written: { lines, bytes: this.bytes + (seal?.length ?? 0), records, long, sha256, sum }
    }
  }

  private pass(bytes: Uint8Array): Uint8Array {
    this.hash.update(bytes)
    this.bytes += bytes.length
    return bytes
  }

  private count(page: Page): void {
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

/** The bytes of a file, and at their end what is known of it. */
export type Bytes<Done, E, R> = Channel.Channel<Chunk.Chunk<Uint8Array>, unknown, E, unknown, Done, unknown, R>

/**
 * A snapshot of the records in `pages`, sealed when it has a header. What it is comes at its end, beside what the pages came to.
 */
export const write = <Done, E, R>(
  format: Format,
  pages: Channel.Channel<Chunk.Chunk<Page>, unknown, E, unknown, Done, unknown, R>,
  header: Header | undefined,
  options?: { readonly sum: boolean }
): Bytes<readonly [Written, Done], E, R> =>
  Channel.suspend(() => {
    const writer = new Writer(format, header, options?.sum === true)
    return pages.pipe(
      Channel.mapOutEffect((some) => {
        const { bytes, lines, out } = writer.pages(some)
        return Effect.as(advance(lines, bytes), out)
      }),
      Channel.flatMap((done) =>
        Channel.suspend(() => {
          const { out, written } = writer.end()
          return Channel.as(Channel.write(out), [written, done] as const)
        })
      )
    )
  })
