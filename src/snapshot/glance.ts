/** A look at the beginning of a file: whether it is a snapshot, and what it holds as far as it was read. Nothing is judged. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { gunzip } from "../files/gzip.ts"
import { blocks } from "../files/lines.ts"
import * as Source from "../files/source.ts"
import { members } from "../records/json.ts"
import { header } from "./seal.ts"

/** What the beginning of a snapshot says. */
export interface Glance {
  /** Whose it is; empty when it does not say. */
  readonly instance: string
  /** It says that it is of a whole database. */
  readonly wholeDatabase: boolean
  /** It says that it is of some projects, or only of what was not deleted. */
  readonly isPart: boolean
  readonly issues: number
  /** It holds more than what every database says of itself. */
  readonly isFilled: boolean
  /** The latest time that a record says it was changed at, ISO 8601; empty when none does. */
  readonly changed: string
  /** All of it was read. */
  readonly whole: boolean
}

/** No more of the bytes than that. */
const upTo = (limit: number) => <E, R>(bytes: Stream.Stream<Uint8Array, E, R>) =>
  bytes.pipe(
    Stream.mapAccum(0, (before, piece) => {
      const after = before + piece.length
      return [
        after,
        after > limit ? { piece: piece.subarray(0, limit - before), isLast: true } : { piece, isLast: false }
      ]
    }),
    Stream.takeUntil(({ isLast }) => isLast)
  )

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** A line as a kind and its data, of whatever version; none when it is neither. */
const recordIn = (
  line: string
): Option.Option<{ readonly kind: string; readonly data: Readonly<Record<string, unknown>> }> => {
  try {
    const value: unknown = JSON.parse(line)
    return isRecord(value) && typeof value["kind"] === "string" && isRecord(value["data"])
      ? Option.some({ kind: value["kind"], data: value["data"] })
      : Option.none()
  } catch {
    return Option.none()
  }
}

const isTime = (value: unknown): value is string =>
  typeof value === "string" && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value)

class Looker {
  private isSnapshot: boolean | undefined
  private instance = ""
  private wholeDatabase = false
  private isPart = false
  private issues = 0
  private isFilled = false
  private changed = ""

  /** Whether more is wanted. */
  line(line: string): boolean {
    if (line.trim() === "") return true
    const found = Option.getOrUndefined(recordIn(line))
    if (this.isSnapshot === undefined) {
      this.isSnapshot = found?.kind === "meta" && found.data["key"] === "export_version"
      const member = !this.isSnapshot ? undefined : [...members(line) ?? []].find(([key]) => key === "snapshot")?.[1]
      const says = member === undefined ? undefined : header(member)
      this.wholeDatabase = says?.scope === "database"
      this.isPart = says !== undefined && (says.scope !== "database" || says.live_only === true)
    } else if (found !== undefined) {
      const { data, kind } = found
      if (kind === "meta" && data["key"] === "instance_uid") this.instance = String(data["value"])
      if (kind === "issue") this.issues += 1
      if (kind !== "meta" && kind !== "sqlite_sequence") this.isFilled = true
      for (const time of [data["created_at"], data["updated_at"]]) {
        if (isTime(time) && time > this.changed) this.changed = time
      }
    }
    return this.isSnapshot
  }

  end(whole: boolean): Option.Option<Glance> {
    const { changed, instance, isFilled, isPart, isSnapshot, issues, wholeDatabase } = this
    return isSnapshot === true
      ? Option.some({ instance, wholeDatabase, isPart, issues, isFilled, changed, whole })
      : Option.none()
  }
}

/**
 * What the first bytes of a regular file say, compressed or not, at most `limit` of them, which are counted uncompressed; none when it does
 * not begin as a snapshot. What cannot be read any more ends the look: nothing is said of what comes after it.
 */
export const glance = Effect.fn("Snapshot.glance")(function*(path: string, limit: number) {
  const looker = new Looker()
  let isCut = false
  const lines = Source.readFile(path).pipe(
    gunzip,
    upTo(limit),
    Stream.map(({ isLast, piece }) => {
      isCut ||= isLast
      return piece
    }),
    blocks({ target: 64 * 1024 })
  )
  // Ignored: what is damaged may hold what is nowhere else, and is judged by what could be read.
  const ended = yield* Effect.isSuccess(
    Stream.runForEachWhile(
      lines,
      ({ bytes }) =>
        Effect.sync(() => Buffer.from(bytes).toString("utf8").split("\n").every((line) => looker.line(line)))
    )
  )
  return looker.end(ended && !isCut)
})
