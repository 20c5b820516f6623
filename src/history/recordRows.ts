/**
 * Writes what takes a change of rows back. The rows are on disk, under a name that says nothing, before the change gets to its end; then, within the
 * transaction of the database, they get their name, and the entry is pending; after its commit it is complete. The transaction is the
 * only one that writes, so no two that change a database at once can disturb each other's entries.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"
import type { Changes, Shifts } from "../changes/changeset.ts"
import type { Database } from "../database/Database.ts"
import type { Session } from "../database/Session.ts"
import type { SqliteFailure } from "../database/SqliteFailure.ts"
import { closed } from "../files/closeErrors.ts"
import * as Directories from "../files/directories.ts"
import { type FileError, fromPlatform } from "../files/FileError.ts"
import { writeSynced } from "../files/output.ts"
import { exists, syncDirectory } from "../files/paths.ts"
import { readFile } from "../files/source.ts"
import { temporary } from "../files/staleFiles.ts"
import { ChangedRows, Entry, type Merged } from "./Entry.ts"
import { lastEventIn, lastUidIn } from "./events.ts"
import { directoryOf, namesIn, pendingIn } from "./history.ts"
import { complete, idAfter, pendingOf, removed, removeEmpty, type Said, said, settle, sizeAt, write } from "./record.ts"

/** The file of an inverse in a history, under a name that says nothing. */
export interface Kept {
  readonly path: string
  readonly bytes: number
  /** SHA-256. */
  readonly digest: string
}

/** Copies a file to where nobody looks for it yet: on disk, and gone with the scope unless it was renamed. Errors name the directory. */
const kept = Effect.fnUntraced(function*(from: string, directory: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* temporary(`${directory}/${yield* idAfter(undefined)}.rows`)
  // Ignored: the next work takes it away.
  yield* Effect.addFinalizer(() => Effect.ignore(fs.remove(path, { force: true })))
  const hash = createHash("sha256")
  const bytes = yield* Effect.mapError(fs.open(path, { flag: "wx", mode: 0o600 }), fromPlatform("write", directory))
    .pipe(
      Effect.flatMap((file) =>
        writeSynced(file, directory, Stream.tap(readFile(from), (part) => Effect.sync(() => hash.update(part))))
      ),
      Effect.scoped,
      closed(directory)
    )
  return { path, bytes, digest: hash.digest("hex") } satisfies Kept
})

/** What was done, and what takes it back. */
export interface Done {
  readonly rows: Kept
  readonly shifts: Shifts
  readonly changes: Changes
  /** What a merge keeps of itself; the number of its event as it was planned. */
  readonly merged?: Merged | undefined
}

/** What a change of rows calls. */
export interface Recorder {
  /** Keeps the file of an inverse, whose own scope ends with that: before the transaction, or within it. */
  readonly keep: <E, R>(
    inverse: Effect.Effect<string, E, R>
  ) => Effect.Effect<Kept, E | FileError | Directories.NotOurs, Exclude<R, Scope.Scope>>
  /** At the beginning of the transaction. */
  readonly begin: Effect.Effect<void, Effect.Effect.Error<ReturnType<typeof settle>>>
  /** When all is done but the commit. Without it there is no entry. */
  readonly end: (db: Session, done: Done) => Effect.Effect<void, FileError | SqliteFailure>
}

/** None when the event has a number that an entry cannot say. */
const placed = ({ event, ...merged }: Merged, shifts: Shifts): { readonly merged?: Merged } => {
  const id = event.id + (shifts["events"] ?? 0)
  return Number.isSafeInteger(id) ? { merged: { ...merged, event: { ...event, id } } } : {}
}

/** Runs a change of rows in one transaction of the database at a real path, and leaves an entry. When it fails the history is what it was. */
export const recordingRows = Effect.fn("History.recordingRows")(function*<A, E, R>(
  real: string,
  draft: Said,
  change: (recorder: Recorder) => Effect.Effect<A, E, R>
) {
  const services = yield* Effect.context<Database | FileSystem.FileSystem | Path.Path>()
  const fs = yield* FileSystem.FileSystem
  const directory = directoryOf(real)
  const isNew = !(yield* exists(directory))
  let pending: Entry | undefined
  // Ignored: the failure that led here is the one to report, and the next work takes away what is left. A commit whose answer was lost was done.
  const forget = Effect.gen(function*() {
    const done = (yield* pendingIn(real)).some(({ done, id }) => done && id === pending?.id)
    if (pending !== undefined && !done) {
      yield* removed(pendingOf(real, pending.id))
      yield* removed(`${directory}/${pending.id}.rows`)
    }
    if (isNew) yield* removeEmpty(directory)
  }).pipe(Effect.ignore)
  const run = Effect.gen(function*() {
    yield* Directories.ensureOwn(directory)
    const scope = yield* Effect.scope
    const recorder: Recorder = {
      keep: (inverse) =>
        Effect.scoped(Effect.flatMap(inverse, (from) =>
          // the beginning takes a history away in which nothing is yet
          Directories.ensureOwn(directory).pipe(
            Effect.zipRight(Scope.extend(kept(from, directory), scope)),
            Effect.provide(services)
          ))),
      begin: Effect.provide(settle(real), services),
      end: (db, { changes, merged, rows: { bytes, digest, path }, shifts }) =>
        Effect.gen(function*() {
          const id = yield* idAfter((yield* namesIn(real)).last)
          const name = `${id}.rows`
          const uid = yield* lastUidIn(db)
          const entry = new Entry({
            ...yield* said(id, draft),
            records: {},
            after: {
              stamp: "",
              pages: null,
              inode: (yield* sizeAt(real)).inode,
              last_event: (yield* lastEventIn(db)) ?? null,
              ...uid === undefined ? {} : { last_uid: uid }
            },
            back: new ChangedRows({ way: "rows", name, bytes, digest, shifts, changes }),
            ...merged === undefined ? {} : placed(merged, shifts)
          })
          pending = entry
          yield* Effect.mapError(
            fs.rename(path, `${directory}/${name}`),
            fromPlatform("rename", `${directory}/${name}`)
          )
          yield* syncDirectory(directory)
          yield* write(real, entry, "pending")
        }).pipe(Effect.provide(services))
    }
    return yield* change(recorder)
  }).pipe(Effect.scoped)
  const result = yield* Effect.onExit(
    run,
    (exit) => Exit.isSuccess(exit) && pending !== undefined ? Effect.void : forget
  )
  // Ignored: it is done, and an entry that is still pending is completed by the next work.
  if (pending !== undefined) yield* Effect.ignore(complete(real, pending))
  return { result, entry: pending?.id }
})
