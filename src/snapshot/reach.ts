/** How far a sealed snapshot reaches: which database it is of, its last event, and whether its seal holds; asked of its bytes alone. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { gunzip } from "../files/gzip.ts"
import { blocks } from "../files/lines.ts"
import { readFile } from "../files/source.ts"
import { SealReader, withoutCR } from "./seal.ts"

export const LastEvent = Schema.Struct({
  id: Schema.Int,
  uid: Schema.String,
  /** As the record has it, ISO 8601. */
  at: Schema.String
})

export interface Reach {
  /** Whose it is; empty when it does not say. */
  readonly instance: string
  /** The highest number that an event has had; it only grows, a purge moves it on too. 0 when there was none. */
  readonly position: number
  readonly lastEvent: typeof LastEvent.Type | undefined
  /** What issues were purged with, all of them together. */
  readonly purged: { readonly issues: number; readonly comments: number; readonly events: number }
  /** Hex SHA-256 of what the seal covers; undefined when there is no seal, or it does not hold. */
  readonly sha256: string | undefined
  /** Whether the event that was asked for is in it, or was purged. */
  readonly knows: boolean
}

const eventLine = Buffer.from("{\"kind\":\"event\",")
const purgeLine = Buffer.from("{\"kind\":\"purge_log\",")
const instanceLine = Buffer.from("{\"kind\":\"meta\",\"data\":{\"key\":\"instance_uid\",")
const sequenceLine = Buffer.from("{\"kind\":\"sqlite_sequence\",\"data\":{\"name\":\"events\",")
const LF = 0x0a

const Numbered = Schema.Struct({ id: Schema.Int, uid: Schema.String, created_at: Schema.String })
const Meta = Schema.Struct({ value: Schema.String })
const Sequence = Schema.Struct({ seq: Schema.Int })
const Purge = Schema.Struct({
  comment_count: Schema.Int,
  event_count: Schema.Int,
  events_deleted_min_id: Schema.NullishOr(Schema.Int),
  events_deleted_max_id: Schema.NullishOr(Schema.Int)
})

/** The data of the record in a line; none when it is something else. */
const dataOf = <A, I>(schema: Schema.Schema<A, I>) => {
  const decode = Schema.decodeUnknownOption(Schema.parseJson(Schema.Struct({ data: schema })))
  return (line: string) => Option.map(decode(line), ({ data }) => data)
}
const event = dataOf(Numbered)
const meta = dataOf(Meta)
const sequence = dataOf(Sequence)
const purge = dataOf(Purge)

/** Where a line begins that starts with these bytes, from `from` on; -1 when none does. */
const lineAt = (bytes: Buffer, start: Buffer, from: number): number => {
  for (let at = bytes.indexOf(start, from); at >= 0; at = bytes.indexOf(start, at + 1)) {
    if (at === 0 || bytes[at - 1] === LF) return at
  }
  return -1
}

const lastLineAt = (bytes: Buffer, start: Buffer): number => {
  for (let at = bytes.lastIndexOf(start); at >= 0; at = at === 0 ? -1 : bytes.lastIndexOf(start, at - 1)) {
    if (at === 0 || bytes[at - 1] === LF) return at
  }
  return -1
}

const lineFrom = (bytes: Buffer, at: number): string => {
  const end = bytes.indexOf(LF, at)
  return bytes.toString("utf8", at, end < 0 ? bytes.length : end)
}

/** What is known of the event that was asked for. */
interface Wanted {
  readonly id: number
  readonly uid: string
}

/** Sees the lines of a file as `kata export` writes them, whole blocks of them, from the first to the last. */
class Reader {
  private readonly seal = new SealReader()
  private readonly wanted: Wanted | undefined
  private lines = 0
  private instance = ""
  private position = 0
  private lastEvent: Reach["lastEvent"]
  private readonly purged = { issues: 0, comments: 0, events: 0 }
  private knows: boolean

  constructor(wanted: Wanted | undefined) {
    this.wanted = wanted
    this.knows = wanted === undefined
  }

  push(bytes: Buffer, count: number): void {
    this.lines += count
    this.seal.push(bytes)
    if (this.instance === "") {
      const at = lineAt(bytes, instanceLine, 0)
      if (at >= 0) this.instance = Option.match(meta(lineFrom(bytes, at)), { onNone: () => "", onSome: (m) => m.value })
    }
    const last = lastLineAt(bytes, eventLine)
    if (last >= 0) {
      Option.map(event(lineFrom(bytes, last)), ({ created_at: at, id, uid }) => {
        this.lastEvent = { id, uid, at }
        this.position = Math.max(this.position, id)
      })
    }
    if (!this.knows && this.wanted !== undefined) this.look(bytes, this.wanted)
    for (let at = lineAt(bytes, purgeLine, 0); at >= 0; at = lineAt(bytes, purgeLine, at + 1)) {
      Option.map(purge(lineFrom(bytes, at)), (row) => this.purge(row))
    }
    const at = lineAt(bytes, sequenceLine, 0)
    if (at >= 0) {
      Option.map(sequence(lineFrom(bytes, at)), ({ seq }) => this.position = Math.max(this.position, seq))
    }
  }

  /** A text of a user has its quotes escaped, but a payload may have a member of that name: the line tells. */
  private look(bytes: Buffer, { uid }: Wanted): void {
    const member = Buffer.from(`"uid":${JSON.stringify(uid)}`)
    for (let at = bytes.indexOf(member); at >= 0 && !this.knows; at = bytes.indexOf(member, at + 1)) {
      const start = bytes.lastIndexOf(LF, at) + 1
      if (!bytes.subarray(start, at).subarray(0, eventLine.length).equals(eventLine)) continue
      this.knows = Option.exists(event(lineFrom(bytes, start)), (found) => found.uid === uid)
    }
  }

  private purge(row: typeof Purge.Type): void {
    this.purged.issues += 1
    this.purged.comments += row.comment_count
    this.purged.events += row.event_count
    const [from, to] = [row.events_deleted_min_id ?? Infinity, row.events_deleted_max_id ?? -Infinity]
    if (this.wanted !== undefined && this.wanted.id >= from && this.wanted.id <= to) this.knows = true
  }

  end(): Reach {
    const { instance, knows, lastEvent, lines, position, purged } = this
    const seal = this.seal.end()
    const holds = seal !== undefined && seal.records === lines && seal.sha256 === seal.found
    return { instance, knows, lastEvent, position, purged, sha256: holds ? seal.sha256 : undefined }
  }
}

/** Reads a file, compressed or not, to its end. `wanted`: an event of which is asked whether it is there. */
export const reachOf = Effect.fn("Snapshot.reachOf")((path: string, wanted?: Wanted) =>
  Effect.suspend(() => {
    const reader = new Reader(wanted)
    return Effect.map(
      Stream.runForEach(
        blocks()(gunzip(readFile(path))),
        ({ bytes, count }) => Effect.sync(() => reader.push(withoutCR(bytes), count))
      ),
      () => reader.end()
    )
  })
)
