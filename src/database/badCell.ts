/**
 * What stands in a row instead of a cell that no snapshot can carry. A bad cell costs a cell, and only where the row is worth nothing
 * without it, the row: an identity, a reference that it cannot be without, what a repair would leave the row out for.
 */
import * as Option from "effect/Option"
import type { Field, Value } from "../records/Field.ts"
import type { AnyRecord, Kind } from "../records/Kind.ts"
import type { Around } from "../records/repairs.ts"

/** A cell by its class, with text and blobs as their bytes; no value where it is too large to be read. */
export interface BadCell {
  readonly field: Field
  readonly says: string
  readonly value: string | number | bigint | Uint8Array | null
}

/** Where nothing else of the row says when it was. */
const longAgo = "1970-01-01T00:00:00.000Z"
const sound = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

const isIdentity = (kind: Kind, { key, presence, reference }: Field): boolean =>
  key === "uid" || kind.key.includes(key) || (Option.isSome(reference) && presence === "always")

/** What can still be read of text: bytes that are no UTF-8 become U+FFFD. */
const readable = (value: BadCell["value"]): string | undefined =>
  value === null ? undefined : value instanceof Uint8Array ? Buffer.from(value).toString("utf8") : String(value)

/** What the table puts there when no value is given: `'{}'`, `1`. */
const initial = ({ initially }: Field): string | number | undefined =>
  Option.match(initially, {
    onNone: () => undefined,
    onSome: (sql) => /^\d+$/.test(sql) ? Number(sql) : /^'[^']*'$/.test(sql) ? sql.slice(1, -1) : undefined
  })

/** The text as the repairs of what blocks would mend it there; none where they leave the row out. */
const mended = (kind: Kind, key: string, text: string, record: AnyRecord, around: Around): Option.Option<Value> =>
  kind.rules.filter(({ blocking, field }) => blocking && field === key).reduce<Option.Option<AnyRecord>>(
    (found, { evidence, repair }) =>
      Option.flatMap(found, (record) =>
        evidence.by === "row" || evidence.is(String(record[key] ?? ""))
          ? found
          : Option.flatMap(repair, (mend) => mend(record, around))),
    Option.some({ ...record, [key]: text })
  ).pipe(Option.map((record) => record[key]))

/** What the row says there instead; none where the row cannot be without the cell. `record`: its cells that are good. */
export const instead = (
  kind: Kind,
  { field, value }: BadCell,
  record: AnyRecord,
  around: Around
): Option.Option<Value> => {
  if (isIdentity(kind, field)) return Option.none()
  const isText = field.storage === "text" || field.storage === "time"
  const text = isText ? readable(value) : undefined
  if (text !== undefined) return mended(kind, field.key, text, record, around)
  if (field.presence !== "always") return Option.some(null)
  const known = initial(field)
  if (known !== undefined) return Option.some(known)
  if (field.storage === "integer") return Option.some(0)
  if (field.storage === "time") {
    const times = kind.fields.flatMap(({ key, storage }) => storage === "time" ? [record[key]] : [])
    return Option.some(times.find((time) => typeof time === "string" && sound.test(time)) ?? longAgo)
  }
  return mended(kind, field.key, "", record, around)
}
