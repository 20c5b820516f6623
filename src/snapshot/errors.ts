/** Why a snapshot is not taken. Each names the file, the line, and what to do. */
import * as Schema from "effect/Schema"
import type { FailureKind } from "../Failure.ts"
import { shorten } from "../records/Finding.ts"
import { NotASnapshot } from "./NotASnapshot.ts"

/** What is left to do with a file that is damaged. */
export const another = "Use another copy of the file, or take what can be read with: kata import --salvage"

/** Bytes that cannot be read, a file that was cut, a seal that does not hold. */
export class SnapshotDamaged extends Schema.TaggedError<SnapshotDamaged>()("SnapshotDamaged", {
  file: Schema.String,
  /** Where it is damaged; 0 when no line can be blamed. */
  line: Schema.Int,
  /** The last line before it that was read and is good. */
  lastGood: Schema.Int,
  reason: Schema.String,
  /** What to do, when there is something better than another copy of the file. */
  next: Schema.optional(Schema.String)
}) {
  readonly kind = "damaged" satisfies FailureKind
  override get message() {
    return `${this.file}: ${this.line === 0 ? "" : `line ${this.line} `}${this.reason}`
  }
  get hint() {
    if (this.next !== undefined) return this.next
    const good = this.lastGood === 0 ? "no line of it is good" : `the last good line is ${this.lastGood}`
    return `${good}; nothing was changed. ${another}`
  }
}

/** The seal is there and does not hold. */
export const sealBroken = (file: string, lines: number) =>
  new SnapshotDamaged({
    file,
    line: 0,
    lastGood: lines,
    reason: "does not have the content that its seal says: it was changed after it was written",
    next: `which line was changed cannot be told; nothing was done. ${another}`
  })

/** A record that can be read, and that no version-10 database takes as it is. */
export class RecordRefused extends Schema.TaggedError<RecordRefused>()("RecordRefused", {
  file: Schema.String,
  /** 0 when the record is a row of a database. */
  line: Schema.Int,
  record: Schema.optional(Schema.String),
  field: Schema.optional(Schema.String),
  reason: Schema.String
}) {
  readonly kind = "validation" satisfies FailureKind
  override get message() {
    const where = [this.record, this.field].filter((part) => part !== undefined).map(shorten).join(": ")
    const line = this.line === 0 ? "" : `line ${this.line}: `
    return `${this.file}: ${line}${where === "" ? "" : `${where} `}${this.reason}`
  }
  get hint() {
    if (this.line === 0) return "nothing was changed; kata export --as-stored carries the database as it is"
    return "nothing was changed; the file was edited, or written by another program. kata import --salvage takes every record but such ones"
  }
}

/** A file of a version that this kata does not read. */
export class VersionRefused extends Schema.TaggedError<VersionRefused>()("VersionRefused", {
  file: Schema.String,
  version: Schema.String,
  known: Schema.Int
}) {
  readonly kind = "validation" satisfies FailureKind
  private get number(): number | undefined {
    return /^[+-]?\d{1,9}$/.test(this.version) ? Number(this.version) : undefined
  }
  override get message() {
    const number = this.number
    return number === undefined || number < 1
      ? `${this.file}: line 1: invalid export_version ${JSON.stringify(shorten(this.version))}`
      : number > this.known
      ? `${this.file}: export_version ${number} is newer than the version ${this.known} that this kata reads`
      : `${this.file}: export_version ${number} is older than the version ${this.known} that this kata reads`
  }
  get hint() {
    const number = this.number
    return number === undefined || number < 1
      ? "this is no file that kata export has written"
      : number > this.known
      ? "upgrade kata, or export again with a kata of this version"
      : "import it with the kata that wrote it, start a newer kata on that database, and export again"
  }
}

export type SnapshotError = SnapshotDamaged | RecordRefused | VersionRefused | NotASnapshot

export { NotASnapshot }
