/**
 * What is remembered of directories of backups, in `KATA_HOME/backup-state.json`. It is memory and not truth: who loses it reads files once
 * more. It is not in the directory itself, so that what was there can be said when the disk is gone.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Atomic from "../files/Atomic.ts"
import * as Directories from "../files/directories.ts"
import { fromPlatform } from "../files/FileError.ts"
import { LastEvent } from "../snapshot/reach.ts"

export const stateName = "backup-state.json"

const Count = Schema.NonNegativeInt
const Counts = Schema.Record({ key: Schema.String, value: Count })

/** What stands in a backup. */
export const Facts = Schema.Struct({
  instance: Schema.String,
  position: Count,
  last_event: Schema.NullOr(LastEvent),
  /** Hex SHA-256 of its seal: no other content has it. */
  sha256: Schema.String,
  records: Counts,
  /** What issues were purged with. */
  purged: Schema.Struct({ issues: Count, comments: Count, events: Count }),
  /** Whether a restore takes it as it is. */
  restorable: Schema.Boolean
})
export type Facts = typeof Facts.Type

/** What came of reading a file to its end. `facts` are null where it is not whole. */
export const Known = Schema.Struct({
  /** Of the file that was read: another one is not known. */
  stamp: Schema.String,
  /** ISO 8601. */
  read_at: Schema.String,
  /** `refused`: whole, and a restore would refuse it. `lies`: its name says other things than its content. */
  state: Schema.Literal("good", "refused", "damaged", "lies"),
  /** Why it is not good; empty when it is. */
  problem: Schema.String,
  facts: Schema.NullOr(Facts)
})
export type Known = typeof Known.Type

/** A database that was found to be in a backup, as it was then. */
export const Seen = Schema.Struct({
  /** Of its files; empty when it had just been written to. */
  stamps: Schema.String,
  /** When it was looked at, ISO 8601: before it was read. */
  at: Schema.String,
  /** The backup. */
  file: Schema.String
})
export type Seen = typeof Seen.Type

export const Remembered = Schema.Struct({
  id: Schema.String,
  files: Schema.Record({ key: Schema.String, value: Known }),
  /** By the path of the database. */
  seen: Schema.Record({ key: Schema.String, value: Seen }),
  /** When a run has read an old backup last, ISO 8601. */
  rolled_at: Schema.optional(Schema.String)
})
export type Remembered = typeof Remembered.Type

const State = Schema.Struct({
  state_version: Schema.Literal(1),
  /** By the real path of the directory. */
  directories: Schema.Record({ key: Schema.String, value: Remembered })
})
export type State = typeof State.Type

const nothing: State = { state_version: 1, directories: {} }

/** More was not written by kata. */
const mostBytes = 64 * 1024 * 1024

const decode = Schema.decodeUnknownEither(Schema.parseJson(State))
const encode = Schema.encodeSync(Schema.parseJson(State, { space: 1 }))

/** What is remembered; nothing where the file is missing, or is none of ours. */
export const load = Effect.fn("BackupState.load")(function*(kataHome: string) {
  const fs = yield* FileSystem.FileSystem
  const path = `${kataHome}/${stateName}`
  return yield* Effect.gen(function*() {
    const info = yield* fs.stat(path)
    // opening a pipe would wait for a process that writes to it
    if (info.type !== "File" || Number(info.size) > mostBytes) return nothing
    return Either.getOrElse(decode(yield* fs.readFileString(path)), () => nothing)
    // Ignored: what cannot be read is not remembered.
  }).pipe(Effect.orElseSucceed(() => nothing))
})

/** What is remembered of the directory of that id; nothing of another one that has its path now. */
export const ofDirectory = ({ directories }: State, { id, real }: { readonly id: string; readonly real: string }) => {
  const found = Object.hasOwn(directories, real) ? directories[real] : undefined
  return found?.id === id ? found : { id, files: {}, seen: {} } satisfies Remembered
}

/** The id that a directory had; undefined where none was at that path. */
export const idOf = ({ directories }: State, real: string): string | undefined =>
  Object.hasOwn(directories, real) ? directories[real]?.id : undefined

/**
 * Changes what is remembered of a directory, as it is now in the file. Gives what went wrong: the work that is to be remembered is done, and
 * its outcome is the same.
 */
export const remember = Effect.fn("BackupState.remember")(function*(
  kataHome: string,
  place: { readonly id: string; readonly real: string },
  change: (remembered: Remembered) => Remembered
) {
  const state = yield* load(kataHome)
  const next: State = {
    ...state,
    directories: { ...state.directories, [place.real]: change(ofDirectory(state, place)) }
  }
  return yield* Directories.make(kataHome).pipe(
    Effect.zipRight(Atomic.write(`${kataHome}/${stateName}`, Stream.make(Buffer.from(encode(next))))),
    Effect.match({
      onFailure: ({ message }) => Option.some(`what was found out could not be noted: ${message}`),
      onSuccess: () => Option.none<string>()
    })
  )
})

/** What shows that a file is the one that was read. */
export const stampOf = (path: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.stat(path)).pipe(
    Effect.map(({ ino, mtime, size }) =>
      `${size} ${Option.getOrUndefined(mtime)?.getTime()} ${Option.getOrElse(ino, () => 0)}`
    ),
    Effect.mapError(fromPlatform("stat", path))
  )
