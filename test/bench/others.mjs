/**
 * `node test/bench/others.mjs <database> <other> <changed> <plan> <issues>`: what a merge into a database is measured with. Of the database it
 * makes `changed`, a copy in which so many issues got another title, with the event that tells of it; of `other`, which has other issues,
 * `plan`, in which its rows have the numbers that they would get behind those of the database.
 */
import Sqlite from "better-sqlite3"
import { copyFileSync } from "node:fs"

const [database, other, changed, plan, issues] = process.argv.slice(2)
if (!/^[1-9]\d*$/.test(issues ?? "")) {
  console.error("usage: node test/bench/others.mjs <database> <other> <changed> <plan> <issues>")
  process.exit(2)
}

const change = () => {
  copyFileSync(database, changed)
  const db = new Sqlite(changed)
  const uid = (n) => `01KH${String(n).padStart(22, "0")}`
  const at = "2027-01-01T00:00:00.000Z"
  const update = db.prepare("UPDATE issues SET title = title || ' (seen)', updated_at = ? WHERE id = ?")
  const tell = db.prepare(
    `INSERT INTO events(uid, origin_instance_uid, project_id, project_name, issue_id, issue_uid, type, actor, payload, created_at)
    SELECT ?, (SELECT value FROM meta WHERE key = 'instance_uid'), p.id, p.name, i.id, i.uid, 'issue.updated', 'bench',
      json_object('title', i.title || ' (seen)', 'old_title', i.title), ? FROM issues i JOIN projects p ON p.id = i.project_id WHERE i.id = ?`
  )
  const chosen = db.prepare("SELECT id FROM issues WHERE deleted_at IS NULL ORDER BY id LIMIT ?").pluck().all(
    Number(issues)
  )
  db.transaction(() => {
    for (const [n, id] of chosen.entries()) {
      tell.run(uid(n), at, id)
      update.run(at, id)
    }
  })()
  db.close()
}

/** The tables that a merge changes, those that others point at first. */
const tables = [
  "projects",
  "project_aliases",
  "recurrences",
  "issues",
  "comments",
  "issue_labels",
  "links",
  "import_mappings",
  "events",
  "purge_log"
]

/** Beyond every number in the database. */
const offset = 100_000_000

const move = () => {
  const db = new Sqlite(plan)
  db.prepare("ATTACH ? AS other").run(other)
  db.exec("BEGIN")
  for (const table of tables) {
    const columns = db.prepare("SELECT name FROM pragma_table_info(?, 'other')").pluck().all(table).map((name) =>
      /^(?:id|\w*(?:project|issue|comment|link|recurrence)_id)$/.test(name)
        ? `${name} + ${offset} AS ${name}`
        : name === "name" && table === "projects"
        ? "name || '-2' AS name"
        : name === "alias_identity"
        ? "alias_identity || '-2' AS alias_identity"
        : name
    )
    db.exec(`CREATE TABLE ${table} AS SELECT ${columns.join(", ")} FROM other.${table}`)
  }
  db.exec("COMMIT")
  db.close()
}

change()
move()
