/** The databases that are damaged: with a past in their free pages, with an issue that was purged, and some with all news in the log. */
import Sqlite from "better-sqlite3"
import * as Effect from "effect/Effect"
import { generate } from "../../src/testing/generate.ts"
import * as kit from "../snapshot/kit.ts"

/** What only a purged issue says. */
export const secret = "PURGED-AND-GONE"

export interface Base {
  readonly name: string
  readonly pageSize: number
  readonly main: Buffer
  /** Empty when everything is in the main file. */
  readonly wal: Buffer
  /** The main file before the changes. */
  readonly past: Buffer
  /** The tables by name, with their columns; `id` is the rowid. */
  readonly tables: ReadonlyMap<string, ReadonlyArray<string>>
  /** Which page is of what: the name of a table or index, from the undamaged state with everything in it. */
  readonly uses: ReadonlyMap<number, { readonly name: string; readonly type: string }>
  readonly whole: Buffer
}

const changes = (db: Sqlite.Database) => {
  const purged = db.prepare<[], { id: number; uid: string; project_id: number }>(
    "SELECT id, uid, project_id FROM issues ORDER BY id LIMIT 1 OFFSET 7"
  ).get()!
  db.exec("PRAGMA foreign_keys = OFF")
  for (
    const sql of [
      `DELETE FROM events WHERE issue_id = ${purged.id} OR related_issue_id = ${purged.id}`,
      ...["comments", "issue_labels", "import_mappings"].map((table) =>
        `DELETE FROM ${table} WHERE issue_id = ${purged.id}`
      ),
      `DELETE FROM links WHERE from_issue_id = ${purged.id} OR to_issue_id = ${purged.id}`,
      `DELETE FROM issues WHERE id = ${purged.id}`
    ]
  ) db.exec(sql)
  db.exec(
    `INSERT INTO purge_log (uid, origin_instance_uid, project_id, purged_issue_id, issue_uid, project_name, issue_title, issue_author,
     comment_count, link_count, label_count, event_count, actor) VALUES ('01JAAAAAAAAAAAAAAAAAAAAAAA',
     (SELECT value FROM meta WHERE key = 'instance_uid'), ${purged.project_id}, ${purged.id}, '${purged.uid}', 'p', 'a title', 'a', 0, 0, 0, 0, 'a')`
  )
  db.exec(
    `UPDATE issues SET title = title || ' (changed)', updated_at = '2027-01-0' || (1 + id % 9) || 'T00:00:00.000Z', revision = revision + 1 WHERE id % 3 = 0;
     DELETE FROM issue_labels WHERE rowid % 5 = 0; DELETE FROM comments WHERE id % 11 = 0;
     INSERT INTO comments (issue_id, author, body) SELECT issue_id, author, 'again: ' || body FROM comments WHERE id % 4 = 0`
  )
}

/** Long texts overflow; the purged issue says what nobody may find. */
const before = (db: Sqlite.Database) => {
  db.exec(
    `UPDATE issues SET body = replace(hex(zeroblob(3000)), '0', 'long ') WHERE id % 10 = 2;
     UPDATE issues SET title = '${secret}', body = '${secret}' WHERE id = (SELECT id FROM issues ORDER BY id LIMIT 1 OFFSET 7);
     UPDATE comments SET body = '${secret}' WHERE issue_id = (SELECT id FROM issues ORDER BY id LIMIT 1 OFFSET 7);
     CREATE TABLE waste (x); INSERT INTO waste SELECT hex(zeroblob(400)) FROM events`
  )
}

const open = (path: string, use: (db: Sqlite.Database) => void) =>
  Effect.sync(() => {
    const db = new Sqlite(path)
    use(db)
    db.close()
  })

export const base = (pageSize: number, logged: boolean) =>
  Effect.gen(function*() {
    const directory = yield* kit.temporary
    const path = `${directory}/base.db`
    yield* generate(path, { issues: pageSize < 4096 ? 25 : 60, seed: 5 })
    yield* open(path, (db) => {
      db.exec(`PRAGMA journal_mode = DELETE; PRAGMA page_size = ${pageSize}; VACUUM`)
      before(db)
      db.exec("PRAGMA journal_mode = WAL; PRAGMA wal_checkpoint(TRUNCATE)")
    })
    const past = Buffer.from(yield* kit.bytesOf(path))
    let [main, wal] = [Buffer.alloc(0), Buffer.alloc(0)]
    const db = new Sqlite(path)
    db.exec("PRAGMA wal_autocheckpoint = 0; DROP TABLE waste")
    changes(db)
    if (!logged) db.exec("PRAGMA wal_checkpoint(TRUNCATE)")
    main = Buffer.from(yield* kit.bytesOf(path))
    wal = Buffer.from(yield* kit.bytesOf(`${path}-wal`))
    db.exec("PRAGMA wal_checkpoint(TRUNCATE)")
    const whole = Buffer.from(yield* kit.bytesOf(path))
    const rows = <A>(sql: string) => db.prepare<[], A>(sql).all()
    const uses = new Map(
      rows<{ pageno: number; name: string; pagetype: string }>("SELECT pageno, name, pagetype FROM dbstat").map((
        { name, pageno, pagetype }
      ) => [pageno, { name, type: pagetype }])
    )
    const tables = new Map(
      rows<{ name: string }>(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND (name = 'sqlite_sequence' OR name NOT LIKE 'sqlite%') AND name NOT LIKE 'issues_fts%'"
      ).map((
        { name }
      ) => [name, rows<{ name: string }>(`SELECT name FROM pragma_table_info('${name}')`).map(({ name }) => name)])
    )
    db.close()
    return {
      name: `${pageSize}${logged ? ", in its log" : ""}`,
      pageSize,
      main,
      wal,
      past,
      tables,
      uses,
      whole
    } satisfies Base
  })
