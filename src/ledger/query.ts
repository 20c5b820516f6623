/** SQL in and out: rows are read through a Schema. */
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { StorageFailure } from "../store/StorageFailure.ts"
import { type Statement, Store } from "../store/Store.ts"

const rowsOf = (statement: Statement) => Effect.flatMap(Store, ({ rows }) => rows(statement))

/** All rows. A row that the Schema does not read is a bug of ours: what a database can hold, the model can say. */
export const all = <A, I>(row: Schema.Schema<A, I>) => {
  // the parser of a Schema is made once, that of an array of it each time
  const decode = Schema.decodeUnknownSync(row)
  return (statement: Statement): Effect.Effect<ReadonlyArray<A>, StorageFailure, Store> =>
    Effect.map(rowsOf(statement), (rows) => rows.map((one) => decode(one)))
}

/** The first row, if there is one. */
export const first = <A, I>(row: Schema.Schema<A, I>) => {
  const rows = all(row)
  return (statement: Statement): Effect.Effect<Option.Option<A>, StorageFailure, Store> =>
    Effect.map(rows(statement), (found) => Arr.head(found))
}

/** The only row of a statement that always gives one. */
export const one = <A, I>(row: Schema.Schema<A, I>) => {
  const rows = all(row)
  return (statement: Statement): Effect.Effect<A, StorageFailure, Store> =>
    Effect.map(rows(statement), (found) => {
      if (found[0] === undefined) throw new Error("a statement that always gives a row gave none")
      return found[0]
    })
}

/** A statement whose rows nobody wants. */
export const run = (statement: Statement): Effect.Effect<void, StorageFailure, Store> =>
  Effect.asVoid(rowsOf(statement))

/** The row of `RETURNING id`. */
export const IdRow = Schema.Struct({ id: Schema.BigIntFromSelf })
