/** Why a record cannot be stored as it is, and under which name it could be. */
import * as Option from "effect/Option"
import type { Statements } from "../database/Session.ts"
import type { Derived, Value } from "../records/Field.ts"
import { shorten } from "../records/Finding.ts"
import type { AnyRecord, Kind } from "../records/Kind.ts"
import { exactParam, insertOf, isNumeric } from "./insert.ts"

/** What does not fit; within an attempt of a stage, it throws what SQLite throws. */
export type Misfits = (
  db: Statements,
  kind: Kind,
  record: AnyRecord
) => { readonly field: string; readonly reason: string } | undefined

const shown = (value: Value): string => JSON.stringify(typeof value === "string" ? shorten(value) : value ?? null)

/** What the parent of a record says where the record says it beside its columns. */
export const derivedIn = (db: Statements, { column, table, via }: Derived, record: AnyRecord): Value => {
  const id = exactParam(record[via])
  if (id === null) return undefined
  const stored = db.prepare(`SELECT "${column}" AS value FROM ${table} WHERE id = ?`).get(id)?.["value"]
  return typeof stored === "string" ? stored : undefined
}

/** The record with what its parents say of it. */
export const withDerived = (db: Statements, kind: Kind, record: AnyRecord): AnyRecord =>
  insertOf(kind).special.reduce(
    (record, { derived, key }) =>
      Option.isNone(derived) ? record : { ...record, [key]: derivedIn(db, derived.value, record) },
    record
  )

/** What a column would change: of times, a number. */
export const numeric: Misfits = (db, kind, record) => {
  for (const field of insertOf(kind).special) {
    const value = record[field.key]
    if (field.storage !== "time" || typeof value !== "string" || !isNumeric(value)) continue
    const kept = db.prepare("SELECT CAST(CAST(? AS NUMERIC) AS TEXT) AS text").get(value)?.["text"]
    if (kept === value) continue
    const reason = `is the number ${shown(value)}, which SQLite would keep as ${String(kept)}`
    return { field: field.key, reason }
  }
  return undefined
}

/** What the record says beside its columns, and its parent does not. */
export const disagreeing: Misfits = (db, kind, record) => {
  for (const field of insertOf(kind).special) {
    if (Option.isNone(field.derived)) continue
    const value = record[field.key]
    const stored = derivedIn(db, field.derived.value, record)
    if (stored === value) continue
    return { field: field.key, reason: `is ${shown(value)}, but ${field.derived.value.via} says ${shown(stored)}` }
  }
  return undefined
}

/** A project as Go kata names a second one of its name: with the first free number. */
export const renamedProject = (db: Statements, record: AnyRecord): AnyRecord => {
  const taken = (name: string) => db.prepare("SELECT 1 AS one FROM projects WHERE name = ?").get(name) !== undefined
  for (let n = 2;; n++) if (!taken(`${record["name"]}-${n}`)) return { ...record, name: `${record["name"]}-${n}` }
}
