import * as Effect from "effect/Effect"
import { open } from "../../src/database/Handle.ts"

const json = new Set(["metadata", "payload", "template_labels", "template_metadata"])

/** JSON without white space between its tokens; what SQLite accepted as JSON. */
const compact = (hex: string): string =>
  Buffer.from(
    Buffer.from(hex, "hex").toString("latin1").replace(/("(?:[^"\\]|\\[^])*")|[ \t\r\n]+/g, (_, text: string) =>
      text ?? ""),
    "latin1"
  ).toString("hex")

/**
 * Everything in a database, by SQL that kata does not use: each table's rows with the class and the bytes of every cell, what the search
 * index holds, and the schema.
 */
export const dump = (path: string) =>
  Effect.scoped(Effect.gen(function*() {
    const db = yield* open(path, "write")
    return yield* db.attempt("dump", () => {
      const found: { [table: string]: ReadonlyArray<string> } = {}
      const tables = db.prepare(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'issues_fts*' ORDER BY name"
      ).all()
      for (const { name } of tables) {
        const columns = db.prepare("SELECT name FROM pragma_table_info(?)").all(name!).map((row) => String(row["name"]))
        const cells = columns.map((column, i) =>
          `typeof("${column}") AS t${i}, hex(CAST("${column}" AS BLOB)) AS v${i}`
        )
        found[String(name)] = db.prepare(`SELECT ${cells.join(", ")} FROM "${name}"`).all().map((row) =>
          columns.map((column, i) => {
            const value = String(row[`v${i}`])
            return `${column} ${row[`t${i}`]} ${json.has(column) ? compact(value) : value}`
          }).join("; ")
        ).toSorted()
      }
      found["schema"] = db.prepare("SELECT type, name, tbl_name, sql FROM sqlite_schema").all().map((row) =>
        `${row["type"]} ${row["name"]} ${row["tbl_name"]} ${row["sql"]}`
      ).toSorted()
      db.execute("CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab(main, issues_fts, instance)")
      found["search"] = db.prepare("SELECT term, doc, col, offset FROM temp.vocabulary").all().map((row) =>
        `${row["term"]} ${row["doc"]} ${row["col"]} ${row["offset"]}`
      ).toSorted()
      db.execute("DROP TABLE temp.vocabulary")
      return found
    })
  }))

/** What SQLite says against a database; nothing when all is well. */
export const complaints = (path: string) =>
  Effect.scoped(Effect.gen(function*() {
    const db = yield* open(path, "write")
    yield* db.exec("check the search index", "INSERT INTO issues_fts(issues_fts, rank) VALUES('integrity-check', 1)")
    const integrity = yield* db.all("check", "SELECT integrity_check AS says FROM pragma_integrity_check")
    const orphans = yield* db.all("check", "SELECT * FROM pragma_foreign_key_check")
    return [...integrity.map((row) => String(row["says"])).filter((says) => says !== "ok"), ...orphans]
  }))
