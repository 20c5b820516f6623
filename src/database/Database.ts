/** The SQLite file as a port: a read transaction of one that exists, and a new one that becomes it. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { DurabilityNotConfirmed, FileError } from "../files/FileError.ts"
import type { Spooled } from "../files/Spool.ts"
import type { Finding } from "../records/Finding.ts"
import type { Format } from "../records/Format.ts"
import type { CommitNotConfirmed } from "./CommitNotConfirmed.ts"
import type { EngineUnusable } from "./engine.ts"
import type { Others } from "./inspect.ts"
import type { OpenError } from "./OpenError.ts"
import type { Scope as Selection } from "./Selection.ts"
import type { Session } from "./Session.ts"
import type { SqliteFailure } from "./SqliteFailure.ts"

/** What can be read beside something else, by a session of its own. */
export interface Attachable {
  /** By what name SQLite opens the file to read it, while this is open. */
  readonly uri: string
}

/** A read transaction. What it reads is one state that existed, whatever is written meanwhile. */
export interface View extends Attachable {
  /** The real path, without symbolic links. */
  readonly path: string
  /** What it is a database of. */
  readonly format: Format
  readonly db: Session
  /** What is in the file that the schema does not know, as far as it does no harm. */
  readonly findings: ReadonlyArray<Finding>
  /** Rows of each kind that a selection takes, counted in the same transaction; by an index, which may be damaged. */
  readonly count: (selection: Selection) => Effect.Effect<ReadonlyMap<string, number>, SqliteFailure>
  /** Fails when what was read without a lock has changed meanwhile. To be asked last, before what was read is used. */
  readonly confirm: Effect.Effect<void, OpenError | FileError>
}

/** A view of everything that could be read of a database, however damaged: a private copy, in which every row can be carried. */
export interface Salvaged extends View {
  /** What could not be carried, raw, a JSON object a line; empty when everything could. The findings count it. */
  readonly rejected: Spooled
}

/** A database in the making, that no other process can see. It disappears with the scope, unless it was put in place. */
export interface Stage extends Attachable {
  readonly path: string
  /** Open in one transaction, with the tables and nothing else: no index, no trigger, no rule but UNIQUE and NOT NULL. */
  readonly db: Session
  /** Ends the load: commits, then makes the indexes, the search index and the triggers. */
  readonly build: Effect.Effect<void, SqliteFailure>
  /** Commits, confirms on disk and closes the handle of the load. */
  readonly seal: Effect.Effect<void, SqliteFailure | FileError>
}

/** Where the database went that was replaced. */
export interface Swapped {
  readonly target: string
  readonly backup: string | undefined
}

/** What a swap does before the database at its target is replaced, of which this is the backup. */
export type Recorded = (backup: string) => Effect.Effect<void, FileError>

/** What every operation of the port can fail with; the target is as it was. */
export type DatabaseError = OpenError | EngineUnusable | SqliteFailure | FileError

export class Database extends Context.Tag("kata/Database")<Database, {
  /**
   * One read transaction. It never creates, upgrades or checkpoints the database, and leaves its bytes as they are. A database of another
   * version is refused, unless it is one of the others.
   */
  readonly view: (path: string, format: Format, others?: Others) => Effect.Effect<View, DatabaseError, Scope.Scope>
  /** The same of a database that `view` refuses: damaged pages, rows that nothing can say, data that kata does not know. */
  readonly salvage: (
    path: string,
    format: Format,
    others?: Others
  ) => Effect.Effect<Salvaged, DatabaseError, Scope.Scope>
  /** A new database in the directory of `target`, private to us. */
  readonly stage: (target: string, format: Format) => Effect.Effect<Stage, DatabaseError, Scope.Scope>
  /**
   * One session that reads two databases in one transaction, as the schemas `a` and `b`, and has room of its own in `main` for what it finds
   * out about them, which can be attached once it is committed. A name without a schema that `main` does not have is one of `b`. A stage must be sealed.
   */
  readonly together: (a: Attachable, b: Attachable) => Effect.Effect<Session & Attachable, DatabaseError, Scope.Scope>
  /** The same without databases to read: a session in a transaction, with nothing but room of its own. */
  readonly alone: () => Effect.Effect<Session & Attachable, DatabaseError, Scope.Scope>
  /**
   * Runs work in one write transaction of the database at a real path, which commits it and is on disk, or leaves what was there. What the
   * work is to change, where that is known before, stands in the schema `plan`, in which it may write too.
   */
  readonly change: <A, E, R>(
    path: string,
    plan: Attachable | undefined,
    work: (db: Session) => Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | DatabaseError | CommitNotConfirmed, R>
  /** Removes what a killed restore of `target` left beside it. Who calls it holds the lock of the target. */
  readonly cleanUp: (target: string) => Effect.Effect<void, FileError>
  /** What tells that the database at a real path was not written to. */
  readonly contentStamp: (target: string) => Effect.Effect<string, FileError>
  /**
   * Puts a sealed stage in the place of `target`, whose real path it is; what was there stays beside it as a backup. `unchanged`: fails
   * when the content stamp of the target is not that any more. `recorded`: does what must be on disk when the new database is in place, with
   * the path of the backup, as the last step before; its failure leaves everything as it was. Not for a target of which only side files are left.
   */
  readonly swap: (
    stage: Pick<Stage, "path">,
    target: string,
    force: boolean,
    unchanged?: string,
    recorded?: Recorded
  ) => Effect.Effect<Swapped, DatabaseError | DurabilityNotConfirmed>
}>() {}
