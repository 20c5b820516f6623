/** What a transaction changes is noted, whatever that is, and its inverse makes the database what it was. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { changing, columnsOf } from "../../src/changes/changeset.ts"
import { inverseOfNoted, note, noted } from "../../src/changes/noted.ts"
import { Database } from "../../src/database/Database.ts"
import { reindexing } from "../../src/database/schema.ts"
import { recordingRows } from "../../src/history/recordRows.ts"
import { version10 } from "../../src/records/kinds.ts"
import { Random } from "../../src/testing/random.ts"
import * as kit from "../snapshot/kit.ts"
import { historyOf, undo } from "../undo/kit.ts"
import { indexAnew, strayWords } from "./searchIndex.ts"

/** Every row of every kind, byte by byte; what SQLite finds wrong with them; where the search index says something else. */
const contentOf = (path: string) =>
  Effect.gen(function*() {
    const tables: { [table: string]: ReadonlyArray<string> } = {}
    for (const kind of changing(version10)) {
      const cells = columnsOf(kind).map((column) => `typeof("${column}") || hex(CAST("${column}" AS BLOB))`)
      const rows = yield* kit.query(path, `SELECT ${cells.join(" || '|' || ")} AS row FROM ${kind.table} ORDER BY 1`)
      tables[kind.table] = rows.map(({ row }) => String(row))
    }
    return { tables, complaints: yield* kit.complaints(path), stray: yield* Effect.sync(() => strayWords(path)) }
  })

/** Statements in one transaction, noted; one that breaks a rule of the tables does nothing. */
const doing = (path: string, statements: ReadonlyArray<string>) =>
  recordingRows(path, { what: "import", by: "ann", input: "a test" }, (recorder) =>
    Effect.gen(function*() {
      const { change } = yield* Database
      return yield* change(path, undefined, (db) =>
        Effect.gen(function*() {
          yield* recorder.begin
          yield* note(db, version10)
          for (const sql of statements) yield* Effect.ignore(db.exec("play", sql))
          const changes = yield* noted(db, version10)
          if (Object.keys(changes).length === 0) return changes
          const rows = yield* recorder.keep(inverseOfNoted(db, version10, changes))
          yield* recorder.end(db, { rows, shifts: {}, changes })
          return changes
        }))
    }))

const issue = "(SELECT id FROM issues ORDER BY id LIMIT 1 OFFSET ?)"
const labeled = "(SELECT issue_id FROM issue_labels ORDER BY issue_id, label LIMIT 1 OFFSET ?)"

/** Each with `?` for a small number, and `#` for one that no other statement has. */
const plays: ReadonlyArray<string> = [
  `UPDATE issues SET title = 'Title #', body = '' WHERE id = ${issue}`,
  `UPDATE issues SET owner = iif(owner IS NULL, 'eve', NULL), revision = revision + 1 WHERE id = ${issue}`,
  // as it was, at last or at once
  `UPDATE issues SET title = title WHERE id = ${issue}`,
  `UPDATE issues SET priority = 3 WHERE id = ${issue}; UPDATE issues SET priority = NULL WHERE id = ${issue}`,
  `INSERT INTO issues(uid, project_id, short_id, title, author) SELECT substr('01ARZ3NDEKTSV4RRFF' || printf('%08d', #), 1, 26),
     project_id, printf('%04d', #), 'new #', 'ann' FROM issues WHERE id = ${issue}`,
  // one that nothing refers to: whether something does, is asked at the commit
  `DELETE FROM issues WHERE id = (SELECT max(id) FROM issues WHERE title LIKE 'new %') AND id NOT IN
     (SELECT issue_id FROM issue_labels UNION SELECT issue_id FROM comments UNION SELECT from_issue_id FROM links
      UNION SELECT to_issue_id FROM links)`,
  `INSERT INTO issue_labels(issue_id, label, author) VALUES (${issue}, 'l?', 'ann')`,
  `INSERT INTO issue_labels(issue_id, label, author) VALUES (${issue}, 'l?', 'bob')`,
  `UPDATE issue_labels SET author = 'eve' WHERE issue_id = ${labeled}`,
  `DELETE FROM issue_labels WHERE issue_id = ${labeled}`,
  `INSERT OR REPLACE INTO issue_labels(issue_id, label, author) SELECT issue_id, label, 'carl' FROM issue_labels LIMIT 1 OFFSET ?`,
  `INSERT INTO comments(issue_id, author, body) VALUES (${issue}, 'ann', 'said #')`,
  ...[reindexing("SELECT issue_id FROM comments WHERE id = 10 + ?")].map(({ put, take }) =>
    `${take}; UPDATE comments SET body = 'said otherwise #' WHERE id = 10 + ?; ${put}`
  ),
  `DELETE FROM comments WHERE id = (SELECT id FROM comments LIMIT 1 OFFSET ?)`,
  `DELETE FROM links WHERE id = (SELECT id FROM links LIMIT 1 OFFSET ?)`,
  `INSERT INTO links(project_id, from_issue_id, to_issue_id, from_issue_uid, to_issue_uid, type, author)
     SELECT a.project_id, a.id, b.id, a.uid, b.uid, 'related', 'ann' FROM issues a, issues b WHERE a.id = ${issue} AND b.id > a.id LIMIT 1`,
  `INSERT INTO import_mappings(source, external_id, object_type, project_id, issue_id)
     SELECT 'beads', 'x-#', 'issue', project_id, id FROM issues WHERE id = ${issue}`,
  `UPDATE import_mappings SET external_id = 'y-#' WHERE id = (SELECT id FROM import_mappings LIMIT 1 OFFSET ?)`,
  `DELETE FROM import_mappings WHERE id = (SELECT id FROM import_mappings LIMIT 1 OFFSET ?)`,
  `INSERT INTO events(uid, origin_instance_uid, project_id, project_name, type, actor, payload, created_at)
     SELECT substr('01BRZ3NDEKTSV4RRFF' || printf('%08d', #), 1, 26), origin_instance_uid, project_id, project_name, 'issue.updated', 'ann',
       '{}', created_at FROM events ORDER BY id LIMIT 1`,
  `UPDATE projects SET metadata = '{"n":#}' WHERE id = (SELECT id FROM projects LIMIT 1 OFFSET ?)`,
  `UPDATE project_aliases SET last_seen_at = '2027-01-01T00:00:00.000Z'`,
  `INSERT INTO recurrences(id, uid, project_id, rrule, dtstart, timezone, template_title, author) SELECT 1000 + ?,
     substr('01CRZ3NDEKTSV4RRFF' || printf('%08d', #), 1, 26), project_id, 'FREQ=DAILY', '2026-01-01', 'UTC', 'r', 'ann' FROM issues LIMIT 1`,
  `UPDATE recurrences SET template_title = 'again #'`,
  `DELETE FROM recurrences WHERE id = 1000 + ?`
]

const statementsOf = (random: Random) =>
  Array.from({ length: 2 + random.below(40) }, (_, n) => {
    const play = plays[random.below(plays.length)]!
    // the same number at each place
    return play.replaceAll("?", String(random.below(5))).replaceAll("#", String(n))
  })

/** Rows that others could have written, and that a string of JavaScript cannot hold. */
const odd = `UPDATE comments SET body = CAST(x'ff00c3' AS TEXT) WHERE id = (SELECT min(id) FROM comments);
  UPDATE issue_labels SET author = CAST(x'fe41' AS TEXT) WHERE rowid = (SELECT min(rowid) FROM issue_labels)`

/** KATA_RUNS says how many transactions are played, KATA_SEED which. */
const seeds = Array.from(
  { length: Number(process.env["KATA_RUNS"] || 15) },
  (_, n) => Number(process.env["KATA_SEED"] || 1) * 100_000 + n
)

const database = Effect.gen(function*() {
  const path = yield* kit.copyTo(`${yield* kit.temporary}/kata.db`, "rich.db")
  yield* kit.change(path, odd)
  yield* Effect.sync(() => indexAnew(path))
  return path
})

describe("what a transaction changes", () => {
  it.scopedLive("is taken back, whatever it is", () =>
    Effect.gen(function*() {
      const seen = new Set<string>()
      for (const seed of seeds) {
        const path = yield* database
        const before = yield* contentOf(path)
        assert.deepStrictEqual([before.complaints, before.stray], [[], []])
        const statements = statementsOf(new Random(seed))
        const { result } = yield* doing(path, statements)
        for (const [kind, { changed, gone, new: came }] of Object.entries(result)) {
          if (came > 0) seen.add(`${kind} new`)
          if (changed > 0) seen.add(`${kind} changed`)
          if (gone > 0) seen.add(`${kind} gone`)
        }
        const after = yield* contentOf(path)
        const said = `seed ${seed}:\n${statements.join("\n")}`
        assert.deepStrictEqual([after.complaints, after.stray], [[], []], said)
        assert.strictEqual(Object.keys(result).length === 0, JSON.stringify(after) === JSON.stringify(before), said)
        if (Object.keys(result).length === 0) continue
        yield* undo(path)
        assert.deepStrictEqual(yield* contentOf(path), before, said)
        // the undo is an entry like every other
        yield* undo(path)
        assert.deepStrictEqual(yield* contentOf(path), after, said)
      }
      // an account of what was met, so that a play that never works is noticed
      if (seeds.length >= 15) {
        for (
          const what of [
            ...["issue", "issue_label", "comment", "link", "import_mapping", "event", "recurrence"].map((kind) =>
              `${kind} new`
            ),
            ...["issue", "issue_label", "comment", "import_mapping", "project"].map((kind) => `${kind} changed`),
            ...["issue_label", "comment", "link", "import_mapping"].map((kind) => `${kind} gone`)
          ]
        ) assert.isTrue(seen.has(what), what)
      }
    }).pipe(Effect.provide(kit.services)), 300_000 + seeds.length * 2000)

  it.scopedLive("is nothing where everything is in the end as it was, and leaves no entry", () =>
    Effect.gen(function*() {
      const path = yield* database
      const before = yield* contentOf(path)
      const row = "issue_id = (SELECT issue_id FROM issue_labels LIMIT 1)"
      const { entry, result } = yield* doing(path, [
        "UPDATE issues SET title = title || ' '",
        "UPDATE issues SET title = substr(title, 1, length(title) - 1)",
        "UPDATE comments SET body = body",
        `CREATE TEMP TABLE aside AS SELECT * FROM issue_labels WHERE ${row}`,
        `DELETE FROM issue_labels WHERE ${row}`,
        "INSERT INTO issue_labels SELECT * FROM aside"
      ])
      assert.deepStrictEqual([entry, result], [undefined, {}])
      assert.deepStrictEqual(yield* contentOf(path), before)
      assert.notInclude(yield* kit.listing(path.slice(0, path.lastIndexOf("/"))), historyOf("kata.db"))
    }).pipe(Effect.provide(kit.services)))
})
