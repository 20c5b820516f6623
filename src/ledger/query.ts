/** SQL in and out: rows are read through a Schema, SQLite's refusals are its own error. */
import type { SqlError } from "@effect/sql/SqlError"
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { SqliteFailure } from "../database/SqliteFailure.ts"
import { failureOf } from "../store/client.ts"

type Statement = Effect.Effect<ReadonlyArray<unknown>, SqlError>

/** A blob where a text belongs is read as one: SQLite keeps what it is given, and one such row must not hide the others. */
const readable = (row: unknown): unknown => {
  if (typeof row !== "object" || row === null || !Object.values(row).some((cell) => cell instanceof Uint8Array)) {
    return row
  }
  return Object.fromEntries(
    Object.entries(row).map(([name, cell]) => [
      name,
      cell instanceof Uint8Array ? Buffer.from(cell).toString("utf8") : cell
    ])
  )
}

/** All rows. A row that the Schema does not read is a bug of ours: what a database can hold, the model can say. */
export const all = <A, I>(row: Schema.Schema<A, I>) => {
  // the parser of a Schema is made once, that of an array of it each time
  const decode = Schema.decodeUnknownSync(row)
  return (statement: Statement): Effect.Effect<ReadonlyArray<A>, SqliteFailure> =>
    Effect.map(Effect.mapError(statement, failureOf), (rows) => rows.map((one) => decode(readable(one))))
}

/** The first row, if there is one. */
export const first = <A, I>(row: Schema.Schema<A, I>) => {
  const rows = all(row)
  return (statement: Statement): Effect.Effect<Option.Option<A>, SqliteFailure> =>
    Effect.map(rows(statement), (found) => Arr.head(found))
}

/** The only row of a statement that always gives one. */
export const one = <A, I>(row: Schema.Schema<A, I>) => {
  const rows = all(row)
  return (statement: Statement): Effect.Effect<A, SqliteFailure> =>
    Effect.map(rows(statement), (found) => {
      if (found[0] === undefined) throw new Error("a statement that always gives a row gave none")
      return found[0]
    })
}

/** A statement whose rows nobody wants. */
export const run = (statement: Statement): Effect.Effect<void, SqliteFailure> =>
  Effect.asVoid(Effect.mapError(statement, failureOf))

/** The row of `RETURNING id`. */
export const IdRow = Schema.Struct({ id: Schema.BigIntFromSelf })
