/** What an upgrade is asked, what it says, and why it refuses. */
import * as Schema from "effect/Schema"
import { Counts } from "../export/Export.ts"
import type { FailureKind } from "../Failure.ts"
import { quoted } from "../files/paths.ts"
import { Finding, Losses } from "../records/Finding.ts"
import type { Homes } from "./stopHint.ts"

export interface UpgradeOptions {
  /** The path of the database. */
  readonly database: string
  /** Everything but the last step. */
  readonly dryRun?: boolean
  /** The losses that the user accepts, by name; `all` and `orphans` are all of them. */
  readonly acceptLoss?: ReadonlyArray<string>
  /** Also a database of a newer version, of which version 10 cannot hold everything. */
  readonly fromNewer?: boolean
  /** Who asks, for the history of the database. */
  readonly by?: string
  /** Where runtime records of daemons are looked for. */
  readonly homes: Homes
}

export class UpgradeReport extends Schema.Class<UpgradeReport>("UpgradeReport")({
  /** As it was named. */
  target: Schema.String,
  /** The file: absolute, and without links. */
  database: Schema.String,
  dry_run: Schema.Boolean,
  /** The version that it had. */
  from: Schema.Int,
  /** The version that it has now, or would have. */
  to: Schema.Int,
  /** Where the old database is; null when nothing was upgraded. */
  backup: Schema.NullOr(Schema.String),
  /** The entry of the history that takes this back; null when nothing was upgraded. */
  entry: Schema.NullOr(Schema.String),
  /** In the old database. */
  read: Counts,
  /** In the new one. */
  records: Counts,
  instance_uid: Schema.NullOr(Schema.String),
  findings: Schema.Array(Finding),
  /** The losses that there are, by the names by which they are accepted. */
  losses: Losses,
  /** Those that were not accepted: only in a dry run, anything else is refused for them. */
  refused_losses: Schema.Array(Schema.String),
  /** Where the rows are that were left out, and what was taken out of others, raw; null when nothing was, and in a dry run. */
  rejected_file: Schema.NullOr(Schema.String),
  /** What an upgrade by Go kata had left, and where it is now. */
  moved: Schema.Array(Schema.Struct({ from: Schema.String, to: Schema.String })),
  notes: Schema.Array(Schema.String)
}) {
  /** There was something to do. */
  get upgrades(): boolean {
    return this.from !== this.to
  }
  /** A few lines for who started something else: what was done, where the old database is, how to go back. */
  get briefly(): ReadonlyArray<string> {
    const count = Object.values(this.records).reduce((sum, n) => sum + n, 0)
    return [
      `upgraded ${this.target} from version ${this.from} to ${this.to}: ${count} records, all of them read back and compared`,
      ...(this.backup === null ? [] : [
        `the old database is ${this.backup}`,
        `to go back: stop the daemon and run kata undo ${
          quoted(this.target)
        }; or remove ${this.database}-wal and ${this.database}-shm, ` +
        `rename the old one to ${this.database}; then use the kata that made it`
      ]),
      ...this.moved.map(({ from, to }) => `${from}, left by an upgrade of Go kata that was interrupted, is now ${to}`)
    ]
  }
}

/** Rows would be lost, and that was not accepted. */
export class LossNotAccepted extends Schema.TaggedError<LossNotAccepted>()("LossNotAccepted", {
  path: Schema.String,
  /** The losses that were not accepted. */
  losses: Losses,
  findings: Schema.Array(Finding)
}) {
  readonly kind = "validation" satisfies FailureKind
  override get message() {
    const losses = Object.entries(this.losses).map(([name, count]) => `${name} ${count}`)
    const [first] = this.findings
    const [row] = first?.rows ?? []
    return `${this.path}: an upgrade would lose what points at issues that are gone: ${losses.join(", ")}` +
      (first === undefined || row === undefined ? "" : ` (the first: ${first.kind} ${row.row})`)
  }
  get hint() {
    return "nothing was changed. kata upgrade --dry-run lists them. kata upgrade --accept-loss orphans leaves them out: they go raw " +
      "into a file beside the database, and the old database stays as well"
  }
}

/** Rows point at rows that are not there, and an upgrade does not know what they were. */
export class OrphansUnknown extends Schema.TaggedError<OrphansUnknown>()("OrphansUnknown", {
  path: Schema.String,
  count: Schema.Int,
  rows: Schema.Array(Schema.Struct({
    table: Schema.String,
    rowid: Schema.String,
    column: Schema.String,
    value: Schema.String,
    parent: Schema.String
  }))
}) {
  readonly kind = "validation" satisfies FailureKind
  readonly isText = true
  override get message() {
    const rows = this.rows.map(({ column, parent, rowid, table, value }) =>
      `  ${table} row ${rowid}: ${column} is ${value}, and no row of ${parent} has that id`
    )
    const more = this.count - rows.length
    const many = this.count === 1 ? "a row points" : `${this.count} rows point`
    return [
      `${this.path} cannot be upgraded: ${many} at what is not there, and kata does not know what to do about that`,
      ...rows,
      ...(more > 0 ? [`  and ${more} more`] : [])
    ].join("\n")
  }
  get hint() {
    return "nothing was changed. In a copy of the database, give these rows what they point at or delete them (sqlite3), and upgrade " +
      "that; or: kata export --as-stored --output old.jsonl, then kata import --repair, which leaves out each with a line"
  }
}

/** What the old database holds breaks rules that the new one has. */
export class UpgradeRefused extends Schema.TaggedError<UpgradeRefused>()("UpgradeRefused", {
  path: Schema.String,
  findings: Schema.Array(Finding)
}) {
  readonly kind = "validation" satisfies FailureKind
  override get message() {
    const [first] = this.findings
    const count = this.findings.reduce((sum, finding) => sum + finding.count, 0)
    return `${this.path} cannot be upgraded: ${
      count === 1 ? "a row breaks" : `${count} rows break`
    } the rules of version 10: ` +
      this.findings.slice(0, 3).map((finding) => finding.brief).join("; ") +
      (first !== undefined && this.findings.length > 3 ? `; and ${this.findings.length - 3} more` : "")
  }
  get hint() {
    return "nothing was changed. kata export --as-stored --output old.jsonl writes all of it; kata import --input old.jsonl --repair " +
      "mends or leaves out each of these, and says so"
  }
}

/** A Go kata is at work on the same upgrade, or may be. */
export class GoUpgradeRunning extends Schema.TaggedError<GoUpgradeRunning>()("GoUpgradeRunning", {
  path: Schema.String,
  leftover: Schema.String,
  /** Who has it open; 0 when that cannot be known here. */
  pid: Schema.Int
}) {
  readonly kind = "locked" satisfies FailureKind
  override get message() {
    return `${this.path}: ${this.leftover} is there, ` +
      (this.pid === 0
        ? "and was written to within the last minutes: a Go kata may be upgrading the database"
        : `and is open (pid ${this.pid}): a Go kata is upgrading the database`)
  }
  get hint() {
    return this.pid === 0
      ? "nothing was changed; when no Go kata runs, run the command again in ten minutes, or move that file away"
      : "nothing was changed; let it finish, or stop it, and run the command again"
  }
}
