/** What an entry of a history says: what replaced a database, and the way back. The file is the JSON of it. */
import * as Schema from "effect/Schema"
import { isBackup } from "../database/previous.ts"

/** The path of a history is that of its database with this behind it: a directory. */
export const suffix = ".history"

/** Whether a path is that of an entry, complete or not. */
export const isEntry = (path: string): boolean => /\.history\/[0-7][0-9A-HJKMNP-TV-Z]{25}\.(?:json|pending)$/.test(path)

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

/** Every way back is a member of this union, by its `way`; a merge, which replaces no file, will have one of another kind. */
export const Back = Schema.Union(ReplacedFile)

/** What can be taken back. */
export const What = Schema.Literal("restore", "upgrade", "undo")
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
  /** Of a restore the name of its input; else null. */
  input: Schema.NullOr(Word),
  /** Of an undo the entries that it took back, the last one first. */
  undone: Schema.Array(Id).pipe(Schema.maxItems(1000)),
  /** What the new database held, by kind. */
  records: Schema.Record({ key: Word, value: Count }),
  /** The new database, as it was put in place. */
  after: Schema.Struct({
    /** Its content stamp. While it has that, nothing was recorded since; else the pages tell. */
    stamp: Word,
    pages: Schema.NullOr(Digest),
    /** Its number on the filesystem: tells after a kill whether it was put in place. */
    inode: Schema.NonNegative,
    /** The highest number of an event; null when that is not known. */
    last_event: Schema.NullOr(Count)
  }),
  back: Back
}) {}
