/** Every way in which a database cannot be used, before any row of it is read. */
import * as Schema from "effect/Schema"
import type { FailureKind } from "../Failure.ts"

const reasons = {
  missing: [
    "not_found",
    "does not exist",
    "nothing was created. kata init begins a new one; one that was lost comes back with: kata import --input SNAPSHOT --target DB; KATA_DB and KATA_HOME name another"
  ],
  lost: [
    "validation",
    "does not exist, but what may hold its work does",
    "nothing was created. Put the database back (docs/recovery.md), or move these files away to begin a new one"
  ],
  directory: ["validation", "is a directory, not a database", "name the database file in it"],
  special: ["validation", "is no regular file", "name a database file"],
  empty: [
    "damaged",
    "is empty (0 bytes)",
    "a crash may have left it; restore a snapshot with: kata import --input FILE --target DB --force"
  ],
  foreign: [
    "damaged",
    "is no SQLite database",
    "name a kata database; a snapshot is restored with: kata import --input FILE --target DB. A database whose first bytes are damaged: kata export --salvage"
  ],
  damaged: [
    "damaged",
    "is damaged",
    "work on a copy of the file and of its -wal: kata export --salvage takes out what can be read; see docs/recovery.md"
  ],
  locked: ["locked", "is in use by another process", "try again when it is done"],
  unreadable: ["io", "cannot be read", "look at the permissions of the file and its directory"],
  space: ["io", "cannot be read: there is no space for a temporary copy", "make room, or set TMPDIR to another disk"],
  older: [
    "validation",
    "has an older schema",
    "kata upgrade makes it one of this version, in its place, and keeps the old one beside it; kata upgrade --dry-run says what would come of it"
  ],
  newer: [
    "validation",
    "was written by a newer kata",
    "use that kata. kata upgrade --from-newer --dry-run says what would be lost if it were made one of this version, as far as version 32"
  ],
  version: [
    "validation",
    "has a schema version that kata does not know",
    "if it was damaged: kata export --salvage reads the tables, whatever the version says"
  ],
  schema: ["validation", "is no kata database", "name a kata database"],
  encoding: ["validation", "is not in UTF-8", "kata reads databases in UTF-8 only"],
  unknown: [
    "validation",
    "holds data that kata of this version does not know",
    "use the kata that wrote it; kata export --salvage carries the rest, and writes that raw to a file of its own"
  ],
  exists: ["validation", "exists already", "pass --force to replace it; the old database stays beside it as a backup"],
  orphan: [
    "validation",
    "does not exist, but its -wal or -journal does: work that is in no other file may be in there",
    "put the database back beside it, or pass --force, which moves the side files to a backup"
  ],
  changed: [
    "locked",
    "was changed while it was read without a lock",
    "run the command again when nobody writes, or as the owner of the file"
  ]
} satisfies Record<string, readonly [FailureKind, string, string]>

export type OpenReason = keyof typeof reasons

/** A database cannot be used. `detail` adds what the reason alone does not say. */
export class OpenError extends Schema.TaggedError<OpenError>()("OpenError", {
  path: Schema.String,
  reason: Schema.Literal(...Object.keys(reasons) as [OpenReason, ...Array<OpenReason>]),
  detail: Schema.String
}) {
  get kind(): FailureKind {
    return reasons[this.reason][0]
  }
  override get message() {
    return `${this.path} ${reasons[this.reason][1]}${this.detail === "" ? "" : ` (${this.detail})`}`
  }
  get hint(): string | undefined {
    return reasons[this.reason][2] || undefined
  }
}

export const openError = (path: string, reason: OpenReason, detail = "") => new OpenError({ path, reason, detail })
