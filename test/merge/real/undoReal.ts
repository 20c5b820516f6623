/** A merge of the product is taken back, and brought in again: every row must be what it was, by its number. */
import Sqlite from "better-sqlite3"
import * as Effect from "effect/Effect"
import { undo } from "../../../src/undo/Undo.ts"
import { homes } from "../../snapshot/kit.ts"

/** What a database holds, but for what is counted. */
export const contentOf = (path: string): string => {
  const db = new Sqlite(path, { fileMustExist: true })
  try {
    db.exec("INSERT INTO issues_fts(issues_fts, rank) VALUES ('integrity-check', 1)")
    const tables = db.prepare<[], { readonly name: string }>(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'issues_fts%' AND name <> 'sqlite_sequence' ORDER BY name"
    ).all()
    return tables.map(({ name }) =>
      // labels have no number: which place one has got is nobody's business
      [name, ...db.prepare(`SELECT * FROM ${name}`).all().map((row) => JSON.stringify(row)).toSorted()].join("\n")
    ).join("\n")
  } finally {
    db.close()
  }
}

const firstOther = (a: string, b: string): string => {
  const [left, right] = [a.split("\n"), b.split("\n")]
  const at = left.findIndex((line, i) => line !== right[i])
  return `${left[at]} <> ${right[at]}`
}

/** What is wrong with the undo of the last merge into a database that held `before`, if anything; then the merge is there again. */
export const undoneAndDone = Effect.fnUntraced(function*(path: string, before: string) {
  const after = contentOf(path)
  if (after === before) return undefined
  yield* undo({ database: path, homes })
  const back = contentOf(path)
  if (back !== before) return `undo: ${firstOther(back, before)}`
  yield* undo({ database: path, homes })
  const again = contentOf(path)
  return again === after ? undefined : `undo of the undo: ${firstOther(again, after)}`
})
