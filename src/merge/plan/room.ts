/**
 * Where a merge is planned: one session that reads the source as the schema `a` and the target as `b`, and has room of its own. The steps of
 * the plan leave tables there for each other; what comes out is a changeset.
 */
import * as Effect from "effect/Effect"
import { columnsOf, quote } from "../../changes/changeset.ts"
import type { Session } from "../../database/Session.ts"
import type { NamedParams, Param } from "../../database/Session.ts"
import type { SqliteFailure } from "../../database/SqliteFailure.ts"
import { turn } from "../../host/turn.ts"
import type { Format } from "../../records/Format.ts"

/** One of the two that are merged. */
export type Side = "target" | "source"

export interface Room {
  readonly db: Session
  readonly format: Format
  /** The uids of the projects that the source is a snapshot of; null: of everything. */
  readonly scope: ReadonlyArray<string> | null
  /** Only issues of the table `only` come in. */
  readonly only: boolean
  readonly now: string
  /** The uid of an event of a decision, about which `seed` says all that distinguishes it from others of this merge. */
  readonly uidOf: (seed: string) => Effect.Effect<string>
  /** What both sides come from, where that is known. */
  readonly ancestor: Session | undefined
}

/** Types of events that tell of two issues, and go with either of them. */
export const isLinking = "IN ('issue.linked', 'issue.unlinked')"

/** The columns of a kind as they are in `row`, but for those that are given as SQL. */
export const select = (room: Room, name: string, of: { readonly [column: string]: string }, row: string) =>
  columnsOf(room.format.kinds.find((kind) => kind.name === name)!)
    .map((column) => of[column] ?? `${row}.${quote(column)}`).join(", ")

const operation = "plan the merge"

/** Runs one statement, after whoever waits had a turn. */
export const run = ({ db }: Room, sql: string, ...params: ReadonlyArray<Param | NamedParams>) =>
  Effect.zipRight(turn, db.attempt(operation, ({ prepare }) => prepare(sql).run(...params).changes))

export const exec = ({ db }: Room, sql: string): Effect.Effect<void, SqliteFailure> => db.exec(operation, sql)

export const all = ({ db }: Room, sql: string, ...params: ReadonlyArray<Param | NamedParams>) =>
  Effect.zipRight(turn, db.all(operation, sql, ...params))

export const get = ({ db }: Room, sql: string, ...params: ReadonlyArray<Param | NamedParams>) =>
  db.get(operation, sql, ...params)

/** Whether a statement finds a row. */
export const some = (room: Room, sql: string, ...params: ReadonlyArray<Param | NamedParams>) =>
  Effect.map(get(room, `SELECT EXISTS (${sql}) AS found`, ...params), (row) => row?.["found"] === 1n)

/** Calls `work` for the rows of a statement that wants what comes after a key, page by page: its first column is the key. */
export const inPages = (
  room: Room,
  sql: (limit: number) => string,
  work: (rows: ReadonlyArray<{ readonly [column: string]: unknown }>) => Effect.Effect<unknown, SqliteFailure>
) =>
  Effect.iterate(-(2n ** 63n) as bigint | undefined, {
    while: (after) => after !== undefined,
    body: (after) =>
      Effect.gen(function*() {
        const rows = yield* all(room, sql(500), after ?? 0n)
        if (rows.length === 0) return undefined
        yield* work(rows)
        return rows.at(-1)?.["key"] as bigint
      })
  })
