/** One write transaction of a database, with a file of what is to be changed beside it where that is known before. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { CommitNotConfirmed } from "./CommitNotConfirmed.ts"
import type { Attachable } from "./Database.ts"
import { open, uriOf } from "./Handle.ts"
import type { Session } from "./Session.ts"

/** Milliseconds that a writer before us may take. */
const patience = 10_000

/** A file at a real path that nobody writes to. */
export const attachable = (path: string): Attachable => ({ uri: uriOf(path, "immutable") })

const committed = (db: Session) =>
  Effect.mapError(
    db.exec("change the database", "COMMIT"),
    (error) =>
      error.code.startsWith("SQLITE_IOERR")
        ? new CommitNotConfirmed({ path: error.path, detail: `${error.detail}, ${error.code}` })
        : error
  )

/** `Database.change` on the real thing. An interruption takes the work back; one that comes later than that is too late. */
export const change = <A, E, R>(
  path: string,
  plan: Attachable | undefined,
  work: (db: Session) => Effect.Effect<A, E, R>
) =>
  Effect.scoped(Effect.gen(function*() {
    const db = yield* open(path, "write", { busyTimeout: patience })
    yield* db.attempt("change the database", () => {
      // EXTRA: where there is no WAL, the commit is a removal, which a power cut could take back
      db.execute(
        "PRAGMA foreign_keys = ON; PRAGMA synchronous = EXTRA; PRAGMA trusted_schema = 0; PRAGMA temp_store = 0; PRAGMA cache_size = -16384"
      )
      // A daemon that serves the file folds the log in itself: to it a file that is written to after a commit that it knows of was written
      // to by no database program. Without a daemon it happens when this is closed.
      db.execute("PRAGMA wal_autocheckpoint = 0")
      if (plan !== undefined) {
        db.prepare("ATTACH ? AS plan").run(plan.uri)
        // what is planned is worth nothing when the process ends
        db.execute("PRAGMA plan.journal_mode = OFF; PRAGMA plan.synchronous = OFF; PRAGMA plan.cache_size = -8192")
      }
      db.execute("BEGIN IMMEDIATE; PRAGMA defer_foreign_keys = ON")
    })
    return yield* Effect.onExit(
      Effect.zipLeft(Effect.interruptible(work(db)), committed(db)),
      (exit) => Exit.isSuccess(exit) ? Effect.void : Effect.ignore(db.exec("take the change back", "ROLLBACK"))
    )
  })).pipe(Effect.uninterruptible)
