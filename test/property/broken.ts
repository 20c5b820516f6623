import * as FC from "effect/FastCheck"
import { kinds } from "../../src/records/kinds.ts"
import { int64, jsonArray, jsonObject, text } from "../../src/testing/arbitraries.ts"
import { content } from "../../src/testing/contents.ts"
import type { Content, Row } from "../../src/testing/database.ts"

/** One thing that went wrong in a row that exists. */
interface Damage {
  readonly table: string
  readonly row: number
  readonly column: number
  /** Beside the row, another one that says the same under an id of its own. */
  readonly twin: boolean
  readonly text: string
  readonly json: string
  readonly integer: bigint
}

const blanks = FC.constantFrom("", "  ", "\0x", "a#b", "UPPER case", "open", "closed", "01HZNQ7VFPK1XGD8R5MABC0001")

const damage: FC.Arbitrary<Damage> = FC.record({
  table: FC.constantFrom(...kinds.map((kind) => kind.table)),
  row: FC.nat({ max: 20 }),
  column: FC.nat({ max: 20 }),
  twin: FC.boolean(),
  text: FC.oneof(blanks, text),
  json: FC.oneof(jsonArray, jsonObject, FC.constantFrom("1", "\"x\"", "null", "true")),
  integer: int64
})

const inflict = (content: Content, { column, integer, json, row, table, text, twin }: Damage): Content => {
  const kind = kinds.find((kind) => kind.table === table)
  const rows = content[table] ?? []
  const victim = rows[row % Math.max(1, rows.length)]
  if (kind === undefined || victim === undefined) return content
  // The key that identifies a row stays: two rows of one rowid cannot be, and meta must be one of this version or broken in it.
  const columns = kind.columns.filter(({ key }) => key !== "id" && key !== "key" && key !== "name")
  const field = columns[column % columns.length]
  if (field === undefined || victim["key"] === "schema_version") return content
  const value = field.storage === "integer" ? integer : field.storage === "json" ? json : text
  if (!twin) {
    return { ...content, [table]: rows.map((other) => other === victim ? { ...victim, [field.key]: value } : other) }
  }
  const free = (id: bigint): bigint => rows.some((other) => other["id"] === id) ? free(id + 1n) : id
  const copy: Row = "id" in victim ? { ...victim, id: free(100n) } : victim
  return { ...content, [table]: [...rows, copy] }
}

/** A database that no schema held together. */
export const broken = FC.tuple(content, FC.array(damage, { minLength: 1, maxLength: 8 })).map(([content, damages]) =>
  damages.reduce(inflict, content)
)
