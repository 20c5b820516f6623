/** What an import of Beads can fail with. Nothing was written then. */
import * as Schema from "effect/Schema"
import type { FailureKind } from "../Failure.ts"

/** A line that is no record of Beads, or one with a value that cannot be used. */
export class BeadsRecordRefused extends Schema.TaggedError<BeadsRecordRefused>()("BeadsRecordRefused", {
  /** The file, or the command whose output it is. */
  input: Schema.String,
  line: Schema.Number,
  record: Schema.optional(Schema.String),
  field: Schema.optional(Schema.String),
  reason: Schema.String,
  next: Schema.optional(Schema.String)
}) {
  readonly kind = "validation" satisfies FailureKind
  override get message() {
    const { field, input, line, reason, record } = this
    return `${input}: line ${line}${record === undefined ? "" : ` (${record})`}: ${
      field === undefined ? "" : `${field} `
    }${reason}`
  }
  get hint() {
    return this.next ?? "--skip-invalid leaves such lines out and lists them; nothing was written"
  }
}

/** Bytes that are no whole lines of JSON: cut off, changed on their way, or something else altogether. */
export class BeadsDamaged extends Schema.TaggedError<BeadsDamaged>()("BeadsDamaged", {
  input: Schema.String,
  line: Schema.Number,
  reason: Schema.String,
  next: Schema.optional(Schema.String)
}) {
  readonly kind = "damaged" satisfies FailureKind
  override get message() {
    return `${this.input}: ${this.line === 0 ? "" : `line ${this.line}: `}${this.reason}`
  }
  get hint() {
    return this.next ?? "nothing was written"
  }
}

/** A program has left out edges that it counts, twice. */
export class BeadsIncomplete extends Schema.TaggedError<BeadsIncomplete>()("BeadsIncomplete", {
  input: Schema.String,
  /** The first record, how many edges it counts, and how many such records there are. */
  record: Schema.String,
  edges: Schema.Number,
  records: Schema.Number
}) {
  readonly kind = "damaged" satisfies FailureKind
  override get message() {
    const { edges, input, record, records } = this
    return `${input}: the export is incomplete: ${record} counts ${edges} dependencies and carries none` +
      (records === 1 ? "" : `, nor do ${records - 1} others`)
  }
  get hint() {
    return "look what bd says of the issue (bd show), then run it again; nothing was written"
  }
}

/** There is no `bd`. */
export class BdMissing extends Schema.TaggedError<BdMissing>()("BdMissing", {
  /** What was asked for, where it was. */
  path: Schema.optional(Schema.String),
  /** A file of records that can be read without it. */
  file: Schema.optional(Schema.String)
}) {
  readonly kind = "validation" satisfies FailureKind
  override get message() {
    return this.path === undefined ? "beads import requires bd on PATH" : `no such program: ${this.path}`
  }
  get hint() {
    return this.file === undefined
      ? "install bd, name it with --bd PATH, or read a file with --input FILE"
      : `without bd: kata import --source-format beads --input ${this.file}`
  }
}

/** `bd` could not be run, or did not do what it was asked. */
export class BdFailed extends Schema.TaggedError<BdFailed>()("BdFailed", {
  /** As it was typed. */
  command: Schema.String,
  what: Schema.String,
  next: Schema.optional(Schema.String)
}) {
  readonly kind = "io" satisfies FailureKind
  override get message() {
    return `${this.command}: ${this.what}`
  }
  get hint() {
    return this.next ?? "nothing was written"
  }
}

/** Another program has the Beads database. */
export class BdLocked extends Schema.TaggedError<BdLocked>()("BdLocked", {
  command: Schema.String,
  what: Schema.String
}) {
  readonly kind = "locked" satisfies FailureKind
  override get message() {
    return `${this.command}: ${this.what}`
  }
  get hint() {
    return "another bd works with it, such as bd list --watch or a daemon: stop it and try again; nothing was written"
  }
}

/** This `bd` cannot be asked for what an import needs. */
export class BdUnsuited extends Schema.TaggedError<BdUnsuited>()("BdUnsuited", {
  version: Schema.String,
  what: Schema.String,
  next: Schema.String
}) {
  readonly kind = "validation" satisfies FailureKind
  override get message() {
    return `bd ${this.version} ${this.what}`
  }
  get hint() {
    return this.next
  }
}

/** What would be read is not in the workspace. */
export class BeadsElsewhere extends Schema.TaggedError<BeadsElsewhere>()("BeadsElsewhere", {
  workspace: Schema.String,
  path: Schema.String
}) {
  readonly kind = "confirm" satisfies FailureKind
  override get message() {
    return `the Beads database is outside of ${this.workspace}: ${this.path}`
  }
  get hint() {
    return "--yes imports it all the same; nothing was written"
  }
}

export type BeadsError =
  | BeadsRecordRefused
  | BeadsDamaged
  | BeadsIncomplete
  | BdMissing
  | BdFailed
  | BdLocked
  | BdUnsuited
  | BeadsElsewhere
