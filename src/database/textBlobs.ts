/** Texts that a database holds as blobs, as some drivers write times: Go kata reads them as the texts that they are. */
import * as Effect from "effect/Effect"
import { turn } from "../host/turn.ts"
import { examples, Finding, FindingRow, shorten } from "../records/Finding.ts"
import type { Format } from "../records/Format.ts"
import { orderOf, type Selection } from "./Selection.ts"
import type { Session } from "./Session.ts"

/** What reads them as text, by kind and column, and a finding for each column that has some. */
export const textBlobs = Effect.fn("Database.textBlobs")(function*(db: Session, { kinds }: Format) {
  const columns = new Map<string, Selection["columns"]>()
  const findings: Array<Finding> = []
  for (const kind of kinds) {
    const operation = `check the table ${kind.table}`
    const fields = kind.columns.filter(({ storage }) => storage === "text" || storage === "time")
    const counts = fields.map(({ key }, i) => `sum(typeof(t."${key}") = 'blob') AS n${i}`)
    const row = counts.length === 0
      ? undefined
      : yield* db.get(operation, `SELECT ${counts.join(", ")} FROM ${kind.table} t NOT INDEXED`)
    for (const [i, { key }] of fields.entries()) {
      const count = Number(row?.[`n${i}`] ?? 0)
      if (count === 0) continue
      columns.set(kind.name, {
        ...columns.get(kind.name),
        [key]: `iif(typeof(t."${key}") = 'blob', CAST(t."${key}" AS TEXT), t."${key}")`
      })
      const some = yield* db.all(
        operation,
        `SELECT ${
          kind.key.map((column) => `t."${column}"`).join("||'/'||")
        } AS row, CAST(t."${key}" AS TEXT) AS value` +
          ` FROM ${kind.table} t NOT INDEXED WHERE typeof(t."${key}") = 'blob' ORDER BY ${
            orderOf(kind)
          } LIMIT ${examples}`
      )
      findings.push(
        new Finding({
          rule: "blob",
          kind: kind.name,
          field: key,
          says: "was a blob, and is the same bytes as text",
          outcome: "upgraded",
          blocking: false,
          count,
          rows: some.map(({ row, value }) => new FindingRow({ row: String(row), value: shorten(String(value)) }))
        })
      )
    }
    yield* turn
  }
  return { columns, findings }
})
