/** The search index of a database, held against what it is made of. */
import Sqlite from "better-sqlite3"
import { fillFullText, fullText } from "../../src/database/schema.ts"

const words = (db: Sqlite.Database, table: string): ReadonlyArray<unknown> => {
  db.exec(`CREATE VIRTUAL TABLE temp.words_of_${table} USING fts5vocab(main, ${table}, instance)`)
  return db.prepare(`SELECT doc || ' ' || col || ' ' || offset || ' ' || term FROM temp.words_of_${table} ORDER BY 1`)
    .pluck().all()
}

/** Makes the index anew in a database that was changed past it. */
export const indexAnew = (path: string): void => {
  const db = new Sqlite(path, { fileMustExist: true })
  try {
    db.exec("INSERT INTO issues_fts(issues_fts) VALUES ('delete-all')")
    db.prepare(fillFullText.part).run(-1, 1_000_000)
  } finally {
    db.close()
  }
}

/** Words in the index that are in no issue, and words of issues that are not in the index. */
export const strayWords = (path: string): ReadonlyArray<string> => {
  const db = new Sqlite(path, { fileMustExist: true })
  try {
    db.exec("BEGIN")
    const is = words(db, "issues_fts").map(String)
    db.exec(fullText.replace("issues_fts", "fresh_fts"))
    db.prepare(fillFullText.part.replace("issues_fts", "fresh_fts")).run(-1, 1_000_000)
    const due = words(db, "fresh_fts").map(String)
    db.exec("ROLLBACK")
    const [known, wanted] = [new Set(is), new Set(due)]
    return [
      ...is.filter((word) => !wanted.has(word)).map((word) => `stray: ${word}`),
      ...due.filter((word) => !known.has(word)).map((word) => `missing: ${word}`)
    ]
  } finally {
    db.close()
  }
}
