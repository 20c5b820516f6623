/** Which table a row is of, by what its record is like: how many columns, of which classes, and what proves it. */
import * as Option from "effect/Option"
import type { Field } from "../../records/Field.ts"
import type { Format } from "../../records/Format.ts"
import type { Kind } from "../../records/Kind.ts"
import { knownTables } from "../schema.ts"
import { byRowid } from "../Selection.ts"
import { type Decoded, held } from "./Image.ts"
import { type Class, classOf, type Slot } from "./record.ts"

const classesOf = ({ presence, storage }: Field): ReadonlyArray<Class> => [
  ...(storage === "integer"
    ? ["integer" as const]
    : storage === "time"
    ? ["text", "integer", "real"] as const
    : ["text" as const]),
  ...(presence === "always" ? [] : ["null" as const])
]

interface Shape {
  readonly kind: Kind
  /** An id that is the rowid stands in the record as NULL. */
  readonly columns: ReadonlyArray<ReadonlyArray<Class>>
}

const shapes = new WeakMap<Kind, Shape>()

const shapeOf = (kind: Kind): Shape => {
  const known = shapes.get(kind)
  if (known !== undefined) return known
  const shape = {
    kind,
    columns: kind.columns.map((field) => byRowid(kind) && field.key === "id" ? ["null" as const] : classesOf(field))
  }
  shapes.set(kind, shape)
  return shape
}

/** Whether a record can be a row of that table which a snapshot can carry. */
export const fits = (kind: Kind, slots: ReadonlyArray<Slot>): boolean => {
  const { columns } = shapeOf(kind)
  return slots.length === columns.length &&
    columns.every((classes, i) => classes.includes(classOf(slots[i]?.type ?? 0)))
}

/** Whether it may be a row of that table with a value that has no place there. */
export const resembles = (kind: Kind, slots: ReadonlyArray<Slot>): boolean =>
  slots.length >= kind.columns.length && (!byRowid(kind) || slots[0]?.type === 0)

/** The kind that a record fits; none fits two. */
export const kindOf = ({ kinds }: Format, slots: ReadonlyArray<Slot>): Kind | undefined =>
  kinds.find((kind) => fits(kind, slots))

const text = (decoded: Decoded, i: number): string | undefined => {
  const { class: is, value } = held(decoded, i)
  return is === "text" && value instanceof Uint8Array ? Buffer.from(value).toString("latin1") : undefined
}

/** Whether what stands in a row proves that it is of its table, for rows that no tree leads to: its uid, its time, its key. */
export const proven = (format: Format, kind: Kind, decoded: Decoded): boolean => {
  const at = (key: string) => kind.columns.findIndex((field) => field.key === key)
  if (kind.table === "sqlite_sequence") return knownTables(format).includes(text(decoded, 0) ?? "")
  if (kind.table === "meta") return /^[a-z_]{1,64}$/.test(text(decoded, at("key")) ?? "")
  if (at("uid") >= 0) return /^[0-9A-Za-z]{26}$/.test(text(decoded, at("uid")) ?? "")
  const ids = kind.columns.flatMap(({ reference }, i) => Option.isSome(reference) ? [held(decoded, i).value] : [])
  const times = kind.columns.flatMap(({ presence, storage }, i) =>
    storage === "time" && presence === "always" ? [text(decoded, i) ?? ""] : []
  )
  return ids.every((id) => id === null || (typeof id === "bigint" && id > 0n)) &&
    times.every((time) => /^\d{4}-\d\d-\d\d/.test(time))
}
