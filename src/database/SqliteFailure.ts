/** What SQLite itself can answer, as one typed error. */
import * as Schema from "effect/Schema"
import type { FailureKind } from "../Failure.ts"

type Kind = Extract<FailureKind, "locked" | "damaged" | "io" | "validation" | "internal">

const kinds: ReadonlyArray<readonly [prefix: string, kind: Kind, hint: string]> = [
  ["SQLITE_BUSY", "locked", "another process works with this database; try again when it is done"],
  ["SQLITE_LOCKED", "locked", "another process works with this database; try again when it is done"],
  ["SQLITE_PROTOCOL", "locked", "another process begins to work with this database; try again"],
  ["SQLITE_CORRUPT", "damaged", "the file is damaged; kata export --salvage takes out what can be read"],
  ["SQLITE_NOTADB", "damaged", "the file is no SQLite database"],
  [
    "SQLITE_IOERR_SHORT_READ",
    "damaged",
    "the file is shorter than it was; kata export --salvage takes out what can be read"
  ],
  ["SQLITE_FULL", "io", "make room on the disk and run the command again"],
  ["SQLITE_IOERR", "io", "the system log may say more about the disk"],
  ["SQLITE_CANTOPEN", "io", "look at the permissions of the file and its directory"],
  ["SQLITE_READONLY", "io", "look at the permissions of the file and its directory"],
  ["SQLITE_PERM", "io", "look at the permissions of the file and its directory"],
  ["SQLITE_AUTH", "io", ""],
  ["SQLITE_CONSTRAINT", "validation", ""],
  ["SQLITE_TOOBIG", "validation", ""],
  ["SQLITE_NOMEM", "io", "there is not enough memory"]
]

/** SQLite refused. `code` is its extended result code, `operation` what kata was doing. */
export class SqliteFailure extends Schema.TaggedError<SqliteFailure>()("SqliteFailure", {
  path: Schema.String,
  operation: Schema.String,
  code: Schema.String,
  detail: Schema.String,
  /** What to do, when there is something better than what the code alone suggests. */
  next: Schema.optional(Schema.String)
}) {
  get kind(): Kind {
    return kinds.find(([prefix]) => this.code.startsWith(prefix))?.[1] ?? "internal"
  }
  override get message() {
    return `${this.path}: cannot ${this.operation}: ${this.detail} (${this.code})`
  }
  get hint(): string | undefined {
    return this.next ?? (kinds.find(([prefix]) => this.code.startsWith(prefix))?.[2] || undefined)
  }
}
