/** What comes of a run, and why there may be none. */
import * as Schema from "effect/Schema"
import type { FailureKind } from "../Failure.ts"
import { quoted } from "../files/paths.ts"
import type { Whole } from "./entries.ts"
import { isoOf, tagOf } from "./names.ts"
import type { Where } from "./open.ts"

/** There are backups of another database here, and none of this one: it may have taken the place of one that was lost. */
export class AnotherDatabase extends Schema.TaggedError<AnotherDatabase>()("AnotherDatabase", {
  directory: Schema.String,
  database: Schema.String,
  /** Of the database that is there. */
  instance: Schema.String,
  issues: Schema.Int,
  /** Of the backups. */
  held: Schema.Struct({ files: Schema.Int, tag: Schema.String, position: Schema.Int, newest: Schema.String })
}) {
  readonly kind = "conflict" satisfies FailureKind
  override get message() {
    const { database, directory, held, instance, issues } = this
    const files = `${held.files} ${held.files === 1 ? "backup" : "backups"}`
    const which = instance === "" ? "does not say which one it is" : `is …${tagOf(instance)}`
    return `nothing was written: ${directory} has ${files} of the database …${held.tag} (${held.position} events), and ` +
      `${database} ${which}, with ${issues} ${issues === 1 ? "issue" : "issues"}`
  }
  get hint(): string {
    const newest = quoted(`${this.directory}/${this.held.newest}`)
    return `if the old one was lost: kata import --input ${newest} --target NEW.db. If this one is meant to be saved here too: --another-database`
  }
}

/** What was written is not what is read. It has no name. */
export class NotReadBack extends Schema.TaggedError<NotReadBack>()("NotReadBack", {
  directory: Schema.String,
  reason: Schema.String
}) {
  readonly kind = "damaged" satisfies FailureKind
  override get message() {
    return `what was written to ${this.directory} was not read back as it was: ${this.reason}`
  }
  get hint(): string {
    return "nothing was saved, and the backups before are as they were. Check the disk, its cable and the memory"
  }
}

export interface RunOptions extends Where {
  /** The path of the database. */
  readonly database: string
  /** The directory is the usual one, which the first run makes. */
  readonly usual?: boolean
  /** Write a file also when the newest has the same content. */
  readonly always?: boolean
  /** The first backup of this database, beside those of others. */
  readonly anotherDatabase?: boolean
}

const Saved = Schema.Struct({ file: Schema.String, time: Schema.String, position: Schema.Int })

export class RunReport extends Schema.Class<RunReport>("BackupRunReport")({
  kind: Schema.Literal("backup_run"),
  outcome: Schema.Literal("saved", "unchanged"),
  database: Schema.String,
  directory: Schema.String,
  /** The backup that holds the database as it is. */
  file: Schema.String,
  /** ISO 8601, UTC. */
  time: Schema.String,
  instance: Schema.String,
  position: Schema.Int,
  /** Of the file. */
  bytes: Schema.Int,
  /** Hex SHA-256 of what its seal covers. */
  sha256: Schema.String,
  records: Schema.Record({ key: Schema.String, value: Schema.Int }),
  /** What was written was read again, and is whole; false when nothing was written. */
  read_back: Schema.Boolean,
  /** The newest whole one before it. */
  previous: Schema.NullOr(Saved),
  /** Since that, at most; null when there was none. */
  new_events: Schema.NullOr(Schema.Int),
  warnings: Schema.Array(Schema.String),
  /** What was saved may lack what the backups before hold. */
  objects: Schema.Boolean,
  seconds: Schema.Number
}) {}

/** What a run has come to. */
export interface Found {
  readonly outcome: RunReport["outcome"]
  readonly whole: Whole
  readonly previous: Whole | undefined
  readonly warnings: ReadonlyArray<string>
  readonly objects: boolean
}

export const reportOf = (
  options: RunOptions,
  { objects, outcome, previous, warnings, whole }: Found,
  seconds: number
) =>
  new RunReport({
    kind: "backup_run",
    outcome,
    database: options.database,
    directory: options.directory,
    file: whole.entry.name,
    time: isoOf(whole.entry.label.time),
    instance: whole.facts.instance,
    position: whole.facts.position,
    bytes: whole.entry.bytes,
    sha256: whole.facts.sha256,
    records: whole.facts.records,
    read_back: outcome === "saved",
    previous: previous === undefined ? null : {
      file: previous.entry.name,
      time: isoOf(previous.entry.label.time),
      position: previous.facts.position
    },
    new_events: previous === undefined ? null : Math.max(0, whole.facts.position - previous.facts.position),
    warnings,
    objects,
    seconds
  })
