/** One open database, asked by effects: what a view and a stage hand out. What SQLite refuses is in their types. */
import type * as Effect from "effect/Effect"
import type { SqliteFailure } from "./SqliteFailure.ts"

/** What can be bound. Integers come back as bigint, always: one rule for a connection, and exact beyond 2^53. */
export type Param = string | number | bigint | Uint8Array | null
/** Parameters by name, `@name` in the SQL; those that a statement does not have are ignored. */
export type NamedParams = { readonly [name: string]: Param }
export type Cell = string | number | bigint | Uint8Array | null
export type Row = { readonly [column: string]: Cell }

/** A prepared statement. Its methods throw. */
export interface Statement {
  /** Whether it gives rows: only then may `all`, `get`, `iterate` be called. */
  readonly reader: boolean
  readonly all: (...params: ReadonlyArray<Param | NamedParams>) => ReadonlyArray<Row>
  readonly get: (...params: ReadonlyArray<Param | NamedParams>) => Row | undefined
  readonly run: (...params: ReadonlyArray<Param | NamedParams>) => { readonly changes: number }
  readonly iterate: (...params: ReadonlyArray<Param | NamedParams>) => IterableIterator<Row>
}

/** Statements one after the other, as a loop over rows wants them. They throw, and are only to be had, and used, inside of an `attempt`. */
export interface Statements {
  readonly path: string
  /** A statement, prepared once for each text. */
  readonly prepare: (sql: string) => Statement
  /** Runs several statements that give no rows. */
  readonly execute: (sql: string) => void
}

/** `operation` completes the sentence "cannot …". */
export interface Session {
  readonly path: string
  /** Runs synchronous work; what is thrown in there is the failure. */
  readonly attempt: <A>(operation: string, work: (statements: Statements) => A) => Effect.Effect<A, SqliteFailure>
  /** Runs several statements that give no rows. */
  readonly exec: (operation: string, sql: string) => Effect.Effect<void, SqliteFailure>
  readonly all: (
    operation: string,
    sql: string,
    ...params: ReadonlyArray<Param | NamedParams>
  ) => Effect.Effect<ReadonlyArray<Row>, SqliteFailure>
  readonly get: (
    operation: string,
    sql: string,
    ...params: ReadonlyArray<Param | NamedParams>
  ) => Effect.Effect<Row | undefined, SqliteFailure>
}
