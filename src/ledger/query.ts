/** SQL in and out: rows are read through a Schema. */
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"
import { StorageFailure } from "../store/StorageFailure.ts"
import { type Statement, Store } from "../store/Store.ts"

const rowsOf = (statement: Statement) => Effect.flatMap(Store, ({ rows }) => rows(statement))

/** The tables of the Schemas that a row is read with; a row of several is called by the first of them. */
const tables: Readonly<Record<string, string>> = {
  Alias: "project_aliases",
  Comment: "comments",
  Event: "events",
  EventEnvelope: "events",
  Issue: "issues",
  IssueOut: "issues",
  IssueRef: "issues",
  Label: "issue_labels",
  Link: "links",
  LinkPeer: "issues",
  Project: "projects",
  PurgeLog: "purge_log",
  ReadyIssue: "issues",
  Recurrence: "recurrences"
}

const isRecord = (row: unknown): row is Readonly<Record<string, unknown>> => typeof row === "object" && row !== null

/** What a row is known by, as in `row 7`. */
const nameOf = (row: unknown): string => {
  const { event_id, id = event_id, uid } = isRecord(row) ? row : {}
  return id === undefined && uid === undefined ? "a row" : `row ${String(id ?? uid)}`
}

/** A row that is not as the tables are. Where it is, is for people: they have to mend it. */
const unreadable = (storage: string, name: string | undefined, row: unknown, error: ParseResult.ParseError) => {
  const [issue] = ParseResult.ArrayFormatter.formatErrorSync(error)
  const field = issue?.path.map(String).join(".") ?? ""
  const value = isRecord(row) ? row[field] : undefined
  const shown = typeof value === "string" ? JSON.stringify(value.slice(0, 100)) : String(value)
  const table = tables[name ?? ""]
  return new StorageFailure({
    storage,
    kind: "damaged",
    operation: `read ${nameOf(row)}${table === undefined ? "" : ` of ${table}`}`,
    detail: field === "" ? (issue?.message ?? "it has another form") : `${field} is ${shown}`,
    code: "ROW_UNREADABLE",
    hint: "kata doctor tells what else is wrong; kata export --salvage carries the other rows"
  })
}

/** All rows; the first that the Schema does not read is the failure. */
export const all = <A, I>(row: Schema.Schema<A, I>) => {
  // the parser of a Schema is made once, that of an array of it each time
  const decode = Schema.decodeUnknownEither(row)
  const name = Option.getOrUndefined(AST.getIdentifierAnnotation(row.ast))
  return (statement: Statement): Effect.Effect<ReadonlyArray<A>, StorageFailure, Store> =>
    Effect.gen(function*() {
      const { name: storage, rows } = yield* Store
      const found: Array<A> = []
      for (const one of yield* rows(statement)) {
        const decoded = decode(one)
        if (Either.isLeft(decoded)) return yield* unreadable(storage, name, one, decoded.left)
        found.push(decoded.right)
      }
      return found
    })
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

/** A statement whose rows are not needed. */
export const run = (statement: Statement): Effect.Effect<void, StorageFailure, Store> =>
  Effect.asVoid(rowsOf(statement))

/** The row of `RETURNING id`. */
export const IdRow = Schema.Struct({ id: Schema.BigIntFromSelf })
