/**
 * `node test/bench/older.mjs <database> <new file>`: what version 9 holds of a database, in the tables, indexes and triggers that Go kata made for
 * version 9: those of a fixture.
 */
import Sqlite from "better-sqlite3"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { gunzipSync } from "node:zlib"

const fixture = fileURLToPath(new URL("../fixtures/go-legacy/v9/minimal.db.gz", import.meta.url))

/** The statements that made the fixture: tables before what stands on them. */
const schema = () => {
  const folder = mkdtempSync(join(tmpdir(), "kata-older-"))
  try {
    const path = join(folder, "v9.db")
    writeFileSync(path, gunzipSync(readFileSync(fixture)))
    const db = new Sqlite(path, { readonly: true })
    const objects = db.prepare(
      "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'issues_fts_%' AND name <> 'sqlite_sequence'"
    ).all()
    db.close()
    return objects
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const [from, to] = process.argv.slice(2)
if (from === undefined || to === undefined) {
  console.error("usage: node test/bench/older.mjs <database> <new file>")
  process.exit(2)
}
const objects = schema()
const db = new Sqlite(to)
db.prepare("ATTACH ? AS newer").run(from)
db.exec("PRAGMA foreign_keys = OFF; BEGIN")
const make = (type) => {
  for (const object of objects) if (object.type === type) db.exec(object.sql)
}
make("table")
const columns = (schemaName, table) =>
  db.prepare("SELECT name FROM pragma_table_info(?, ?)").pluck().all(table, schemaName)
for (const { name, type } of objects) {
  if (type !== "table" || name === "issues_fts") continue
  const newer = new Set(columns("newer", name))
  const shared = columns("main", name).filter((column) => newer.has(column)).join(", ")
  db.exec(`INSERT INTO main.${name} (${shared}) SELECT ${shared} FROM newer.${name}`)
}
// the text of an issue's comments is found by an index
make("index")
db.exec(`
  DELETE FROM sqlite_sequence;
  INSERT INTO sqlite_sequence SELECT * FROM newer.sqlite_sequence WHERE name IN (SELECT name FROM main.sqlite_schema);
  UPDATE meta SET value = '9' WHERE key = 'schema_version';
  INSERT INTO issues_fts(rowid, title, body, comments) SELECT id, title, body, coalesce((
    SELECT group_concat(body, ' ') FROM (SELECT body FROM comments WHERE issue_id = i.id ORDER BY id)
  ), '') FROM issues i;
`)
make("trigger")
db.exec("COMMIT; DETACH newer; PRAGMA journal_mode = WAL")
db.close()
