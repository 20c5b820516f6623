/** What a record says that no row of its table can keep. Asked within an attempt of a stage: these throw what SQLite throws. */
import * as Option from "effect/Option"
import type { Statements } from "../database/Session.ts"
import type { Derived, Value } from "../records/Field.ts"
import { shorten } from "../records/Finding.ts"
import type { AnyRecord, Kind } from "../records/Kind.ts"
import { exactParam, insertOf, isNumeric } from "./insert.ts"

const shown = (value: Value): string => JSON.stringify(typeof value === "string" ? shorten(value) : value ?? null)

/** What the row says that a derived field is looked up in. */
export const derivedIn = (db: Statements, { column, table, via }: Derived, record: AnyRecord): Value => {
  const id = exactParam(record[via])
  if (id === null) return undefined
  const stored = db.prepare(`SELECT "${column}" AS value FROM ${table} WHERE id = ?`).get(id)?.["value"]
  return typeof stored === "string" ? stored : undefined
}

/** What the record says beside its columns, and what a column would change. */
export const misfit = (
  db: Statements,
  kind: Kind,
  record: AnyRecord
): { readonly field: string; readonly reason: string } | undefined => {
  for (const field of insertOf(kind).special) {
    const value = record[field.key]
    if (Option.isSome(field.derived)) {
      const { via } = field.derived.value
      const stored = derivedIn(db, field.derived.value, record)
      if (stored !== value) {
        return { field: field.key, reason: `is ${shown(value)}, but ${via} says ${shown(stored)}` }
      }
    } else if (field.storage === "time" && typeof value === "string" && isNumeric(value)) {
      const kept = db.prepare("SELECT CAST(CAST(? AS NUMERIC) AS TEXT) AS text").get(value)?.["text"]
      if (kept !== value) {
        return { field: field.key, reason: `is the number ${shown(value)}, which SQLite would keep as ${String(kept)}` }
      }
    }
  }
  return undefined
}
