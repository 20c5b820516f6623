/** What an entry of a history says: what replaced a database, and the way back. The file is the JSON of it. */
import * as Schema from "effect/Schema"
import { Counts } from "../changes/Counts.ts"
import { isBackup } from "../database/previous.ts"

/** The path of a history is that of its database with this behind it: a directory. */
export const suffix = ".history"

/** Whether a path is that of an entry, complete or not. */
export const isEntry = (path: string): boolean =>
  /\.history\/[0-7][0-9A-HJKMNP-TV-Z]{25}\.(?:json|pending|rows)$/.test(path)

const Count = Schema.NonNegativeInt
const Word = Schema.String.pipe(Schema.maxLength(4096))
const Id = Schema.String.pipe(Schema.pattern(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/))
const Digest = Schema.String.pipe(Schema.pattern(/^[0-9a-f]{64}$/))

/** The database as it was: the file that stays beside the one that took its place. */
export class ReplacedFile extends Schema.Class<ReplacedFile>("ReplacedFile")({
  way: Schema.Literal("file"),
  /** Its name in the directory of the database. */
  name: Word.pipe(Schema.filter((name) => isBackup(name) && !name.includes("/") || "is no name of a .bak")),
  /** The side files that stay with it: those of a database that SQLite could not use. */
  sides: Schema.Array(Schema.Literal("-wal", "-journal")).pipe(Schema.maxItems(2)),
  bytes: Count,
  /** Size and time: others may come from a copy, and then the digest tells. */
  stamp: Word,
  /** The digest of its pages; null when they could not be read. */
  pages: Schema.NullOr(Digest)
}) {}

/** The rows that take back what a merge or an import did in place: a file of the history itself. */
export class ChangedRows extends Schema.Class<ChangedRows>("ChangedRows")({
  way: Schema.Literal("rows"),
  /** Its name in the directory of the history. */
  name: Schema.String.pipe(Schema.pattern(/^[0-7][0-9A-HJKMNP-TV-Z]{25}\.rows$/)),
  bytes: Count,
  /** SHA-256 of its bytes. */
  digest: Digest,
  /** How much higher the numbers of new rows are than in the file, by table: somebody had written meanwhile. */
  shifts: Schema.Record({ key: Word, value: Count }),
  /** What was done, by kind. */
  changes: Schema.Record({ key: Word, value: Counts })
}) {}

/** Every way back is a member of this union, by its `way`. */
export const Back = Schema.Union(ReplacedFile, ChangedRows)

/** What tells that the same was merged before. */
export const Merged = Schema.Struct({
  /** The digest of what was asked for beside the sources. */
  asked: Digest,
  /** In their order: the size and the seal of each file, and what was found out about it. */
  sources: Schema.Array(Schema.Struct({ bytes: Count, seal: Digest, side: Schema.Unknown })).pipe(Schema.maxItems(100)),
  /** The uids of the projects. */
  projects: Schema.Array(Word).pipe(Schema.maxItems(1000)),
  /** Issues that were purged in the sources and are alive in the database. */
  purged_there: Count,
  /** The last event that came in: a database that has it is this one, later. */
  event: Schema.Struct({ id: Count, uid: Word })
})
export type Merged = typeof Merged.Type

/** What can be taken back. */
export const What = Schema.Literal("restore", "upgrade", "merge", "import", "undo")
export type What = typeof What.Type

export class Entry extends Schema.Class<Entry>("Entry")({
  entry_version: Schema.Literal(1),
  /** A ULID, above those of all entries before, whatever the clock said. */
  id: Id,
  what: What,
  /** When it took effect, ISO 8601. */
  at: Word,
  /** Who did it; null for what nobody asked for, such as the upgrade of a daemon that starts. */
  by: Schema.NullOr(Word),
  /** The version of kata that did it. */
  kata: Word,
  /** Of a restore or a merge the name of its input, of an import that of its source; else null. */
  input: Schema.NullOr(Word),
  /** Of an undo the entries that it took back, the last one first. */
  undone: Schema.Array(Id).pipe(Schema.maxItems(1000)),
  /** What the new database held, by kind; empty where rows were changed in place. */
  records: Schema.Record({ key: Word, value: Count }),
  /** The new database, as it was put in place. */
  after: Schema.Struct({
    /** Its content stamp. While it has that, nothing was recorded since; else the pages tell. Empty where rows were changed in place. */
    stamp: Word,
    pages: Schema.NullOr(Digest),
    /** Its number on the filesystem: tells after a kill whether it was put in place. */
    inode: Schema.NonNegative,
    /** The highest number of an event; null when that is not known. */
    last_event: Schema.NullOr(Count),
    /** The uid of the last event: tells where rows were changed in place whether a database is the one, later. */
    last_uid: Schema.optional(Word)
  }),
  back: Back,
  /** Of a merge of sealed snapshots. */
  merged: Schema.optional(Merged)
}) {}

/** An entry whose way back is a file that was put aside. */
export type OfFile = Entry & { readonly back: ReplacedFile }
/** An entry whose way back are rows. */
export type OfRows = Entry & { readonly back: ChangedRows }

export const isOfFile = (entry: Entry): entry is OfFile => entry.back.way === "file"
export const isOfRows = (entry: Entry): entry is OfRows => entry.back.way === "rows"
