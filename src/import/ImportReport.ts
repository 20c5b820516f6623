/** What an import is asked, what it says, and why it refuses. */
import * as Schema from "effect/Schema"
import { Counts } from "../export/Export.ts"
import type { FailureKind } from "../Failure.ts"
import { Finding, Losses } from "../records/Finding.ts"
import type { Format } from "../records/Format.ts"
import type { Input } from "../snapshot/input.ts"
import { JoinedReport } from "../snapshot/Joined.ts"
import type { Transform } from "../snapshot/load.ts"
import { Scope } from "../snapshot/seal.ts"
import { OnlyInOld } from "./lostByReplacing.ts"
import { Proof } from "./proof.ts"
import { Salvage } from "./salvage.ts"
import type { Homes } from "./stopHint.ts"

export interface ImportOptions<E = never> {
  readonly input: Input<E>
  /** The path of the database to make. */
  readonly target: string
  /** Replace a database that is there; it stays beside the new one as a backup. */
  readonly force?: boolean
  /** Give the copy an identity of its own, when both are to be used. */
  readonly newInstance?: boolean
  /** Everything but the rename: read, load, judge, prove. */
  readonly dryRun?: boolean
  /** Mend what breaks a rule, and normalise what is odd; the lines of what is left out go raw to a file beside the target. */
  readonly repair?: boolean
  /** Take what can be read of a damaged file and what the rules let in; the other lines go raw to a file beside the target. */
  readonly salvage?: boolean
  /** What of a newer version may be lost, because version 10 cannot hold it: names, groups of them, or `all`. A salvage takes all. */
  readonly acceptLoss?: ReadonlyArray<string>
  /** Leave out the project in which newer kata keeps the hashes of its tokens, with its events. */
  readonly withoutTokens?: boolean
  /** Lines of a rejected file that a person has mended: they come in with the records, before the rules and the proof. */
  readonly rejected?: Input<E>
  /** Called for every record on its way in. */
  readonly transform?: Transform
  /** What the file is a file of, and the database will be; version 10 unless said otherwise. */
  readonly format?: Format
  /** Who asks, for the history of the database that is replaced. */
  readonly by?: string
  /** Where runtime records of daemons are looked for. */
  readonly homes: Homes
}

export class ImportReport extends Schema.Class<ImportReport>("ImportReport")({
  input: Schema.String,
  /** The export version of the file. */
  version: Schema.Int,
  /** As it was named. */
  target: Schema.String,
  /** The file that was made: absolute, and without links. */
  database: Schema.String,
  dry_run: Schema.Boolean,
  /** Where the database went that was there; null when there was none. */
  backup: Schema.NullOr(Schema.String),
  /** The entry of the history that takes this back; null when no database was replaced. */
  entry: Schema.NullOr(Schema.String),
  sealed: Schema.Boolean,
  scope: Scope,
  live_only: Schema.Boolean,
  /** In the new database. */
  records: Counts,
  /** What became of the mended lines; null unless there were any to join. */
  joined: Schema.NullOr(JoinedReport),
  /** In the file, and joined with it; more of a kind than in the database only by what the findings say was dropped. */
  read: Counts,
  proof: Proof,
  instance_uid: Schema.NullOr(Schema.String),
  /** The database has an identity of its own: it was asked for, or an old file says none. */
  new_instance: Schema.Boolean,
  findings: Schema.Array(Finding),
  /** What is lost of a newer version, by name. */
  losses: Losses,
  /** Of these, what was not accepted: only a dry run comes this far with any. */
  refused_losses: Schema.Array(Schema.String),
  /** What only the replaced database held; null when nothing was replaced or it could not be read. */
  only_in_old: Schema.NullOr(OnlyInOld),
  /** Lines of the file that are not in the database. */
  left_out: Schema.Int,
  /** Where these are, raw; null when there are none, and in a dry run. */
  rejected_file: Schema.NullOr(Schema.String),
  /** What became of the lines of the file; null unless a salvage was asked for. */
  salvage: Schema.NullOr(Salvage),
  notes: Schema.Array(Schema.String)
}) {}

/** Rules that an error names; a report names all. */
const shown = 3

/** Records break rules of the schema, and mending was not asked for. */
export class ImportRefused extends Schema.TaggedError<ImportRefused>()("ImportRefused", {
  file: Schema.String,
  findings: Schema.Array(Finding)
}) {
  readonly kind = "validation" satisfies FailureKind
  override get message() {
    const count = this.findings.reduce((sum, finding) => sum + finding.count, 0)
    const more = this.findings.length > shown ? `; and ${this.findings.length - shown} more` : ""
    return `${this.file}: ${count === 1 ? "a record breaks" : `${count} records break`} the rules of the database: ` +
      this.findings.slice(0, shown).map((finding) => finding.brief).join("; ") + more
  }
  get hint() {
    return "nothing was changed; kata verify lists all of it, kata import --repair mends or leaves out each and says so"
  }
}

/** The file to read is the database to replace. */
export class InputIsTarget extends Schema.TaggedError<InputIsTarget>()("InputIsTarget", { path: Schema.String }) {
  readonly kind = "validation" satisfies FailureKind
  override get message() {
    return `input and target are the same file: ${this.path}`
  }
  get hint() {
    return "name a snapshot as the input; nothing was changed"
  }
}
