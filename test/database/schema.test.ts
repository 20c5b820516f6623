import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { fileURLToPath } from "node:url"
import * as Handle from "../../src/database/Handle.ts"
import * as schema from "../../src/database/schema.ts"
import type { Cell, Param, Row } from "../../src/database/Session.ts"
import { kinds, version10 } from "../../src/records/kinds.ts"

const goEmpty = fileURLToPath(new URL("../fixtures/go-v10/empty.db", import.meta.url))

/** A fresh database of Go kata's own making and one of ours. */
const both = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const dir = yield* fs.makeTempDirectoryScoped()
  yield* fs.copyFile(goEmpty, `${dir}/go.db`)
  const go = yield* Handle.open(`${dir}/go.db`, "write")
  yield* fs.writeFile(`${dir}/ours.db`, new Uint8Array())
  const ours = yield* Handle.open(`${dir}/ours.db`, "write")
  for (const db of [go, ours]) db.execute("PRAGMA synchronous = OFF")
  for (const sql of schema.tablesOf(version10)) ours.execute(sql)
  for (const { sql } of schema.indexes) ours.execute(sql)
  ours.execute(schema.fullText)
  for (const { sql } of schema.triggers) ours.execute(sql)
  for (const { key, value } of schema.newMeta(version10)) {
    ours.prepare("INSERT INTO meta(key, value) VALUES (?, ?)").run(key, value)
  }
  return [go, ours] as const
})

const oneSpace = (cell: Cell | undefined) => typeof cell === "string" ? cell.replace(/\s+/g, "").toLowerCase() : cell
const normal = (rows: ReadonlyArray<Row>) =>
  rows.map((row) => Object.fromEntries(Object.entries(row).map(([column, cell]) => [column, oneSpace(cell)])))

/** What SQLite says to a statement: its message (white space aside), or how many rows it changed. */
const answer = (db: Handle.Handle, sql: string, ...params: ReadonlyArray<Param>): string => {
  db.execute("SAVEPOINT attempt")
  try {
    return `${db.prepare(sql).run(...params).changes} changed`
  } catch (error) {
    return error instanceof Error
      ? error.message.replace(/\s+/g, " ").replaceAll("( ", "(").replaceAll(" )", ")")
      : String(error)
  } finally {
    db.execute("ROLLBACK TO attempt; RELEASE attempt")
  }
}

type Values = { readonly [column: string]: Param }
const insert = (db: Handle.Handle, table: string, values: Values) =>
  answer(
    db,
    `INSERT INTO ${table}(${Object.keys(values).join(", ")}) VALUES (${Object.keys(values).map(() => "?").join(", ")})`,
    ...Object.values(values)
  )

const uid = (n: number) => `01HZNQ7VFPK1XGD8R5MABC${String(n).padStart(4, "0")}`

const rowsOfTwoProjects = `
  INSERT INTO projects(id, uid, name) VALUES (1, '${uid(1)}', 'one'), (2, '${uid(2)}', 'two');
  INSERT INTO issues(id, uid, project_id, short_id, title, author) VALUES
    (1, '${uid(11)}', 1, '0011', 'first', 'ana'), (2, '${uid(12)}', 1, '0012', 'second', 'ana'),
    (3, '${uid(13)}', 2, '0013', 'elsewhere', 'ana'), (4, '${uid(14)}', 1, '0014', 'fourth', 'ana');
  INSERT INTO comments(id, issue_id, author, body) VALUES (1, 1, 'ana', 'hello');
  INSERT INTO links(id, project_id, from_issue_id, to_issue_id, from_issue_uid, to_issue_uid, type, author)
    VALUES (1, 1, 1, 2, '${uid(11)}', '${uid(12)}', 'parent', 'ana');
  INSERT INTO issue_labels(issue_id, label, author) VALUES (1, 'bug', 'ana');
  INSERT INTO recurrences(id, uid, project_id, rrule, dtstart, timezone, template_title, author)
    VALUES (1, '${uid(21)}', 1, 'FREQ=DAILY', '2026-05-04', 'UTC', 'daily', 'ana');
  UPDATE issues SET recurrence_id = 1, occurrence_key = '2026-05-04' WHERE id = 4;
  INSERT INTO project_aliases(project_id, alias_identity, alias_kind, root_path) VALUES (1, 'x/y', 'git', '/r');
  INSERT INTO import_mappings(source, external_id, object_type, project_id, issue_id) VALUES ('beads', 'bd-1', 'issue', 1, 1);
  INSERT INTO events(uid, origin_instance_uid, project_id, project_name, type, actor)
    VALUES ('${uid(31)}', '${uid(99)}', 1, 'one', 'issue.created', 'ana');
  INSERT INTO purge_log(uid, origin_instance_uid, project_id, purged_issue_id, project_name, issue_title, issue_author,
    comment_count, link_count, label_count, event_count, actor)
    VALUES ('${uid(41)}', '${uid(99)}', 1, 9, 'one', 'gone', 'ana', 0, 0, 0, 0, 'ana');
`

/** For each table a row that is good, and the changes to it that break each CHECK, alone or with others. */
const breaks: { readonly [table: string]: { readonly good: Values; readonly bad: ReadonlyArray<Values> } } = {
  projects: {
    good: { uid: uid(5), name: "five" },
    bad: [
      { metadata: "[]" },
      { metadata: "{" },
      { uid: "short" },
      { name: "  " },
      { name: "a#b" },
      { name: " ", uid: "", metadata: "" },
      { name: "one" },
      { uid: uid(1) },
      { uid: uid(1), name: "one" },
      { uid: null, name: null }
    ]
  },
  project_aliases: {
    good: { project_id: 1, alias_identity: "a/b", alias_kind: "git", root_path: "/r" },
    bad: [
      { alias_kind: "svn" },
      { alias_identity: " " },
      { root_path: "" },
      { alias_kind: "", alias_identity: "", root_path: "" },
      { alias_identity: "x/y" },
      { project_id: 77 }
    ]
  },
  issues: {
    good: { uid: uid(15), project_id: 1, short_id: "0015", title: "t", author: "a" },
    bad: [
      { status: "done" },
      { status: "closed", closed_reason: "bored" },
      { closed_reason: "done" },
      { closed_at: "2026-05-04T00:00:00.000Z" },
      { metadata: "[]" },
      { uid: "x" },
      { title: " " },
      { title: "\0later" },
      { author: "" },
      { priority: 5 },
      { priority: -1 },
      { short_id: "015" },
      { short_id: "0OI5" },
      { short_id: "0016" },
      { short_id: "0011", uid: uid(11) },
      { status: "", closed_reason: "", metadata: "", uid: "", title: "", author: "", priority: 9, short_id: "" },
      { uid: "", title: "", priority: 9, short_id: "" },
      { recurrence_id: 1, occurrence_key: "2026-05-04" },
      { recurrence_id: 9 },
      { project_id: 9 }
    ]
  },
  comments: {
    good: { issue_id: 1, author: "a", body: "b" },
    bad: [{ author: " " }, { body: " " }, { author: "", body: "" }, { issue_id: 99 }, { body: null }]
  },
  links: {
    good: {
      project_id: 1,
      from_issue_id: 2,
      to_issue_id: 4,
      from_issue_uid: uid(12),
      to_issue_uid: uid(14),
      type: "blocks",
      author: "a"
    },
    bad: [
      { type: "duplicates" },
      { to_issue_id: 2, to_issue_uid: uid(12) },
      { to_issue_id: 2, to_issue_uid: uid(12), type: "related", author: "" },
      { author: " " },
      { from_issue_id: 4, from_issue_uid: uid(14), to_issue_id: 2, to_issue_uid: uid(12), type: "related" },
      { from_issue_uid: "x" },
      { to_issue_uid: "x" },
      { from_issue_uid: "x", to_issue_uid: "x" },
      { from_issue_uid: null },
      { from_issue_id: 77 },
      { from_issue_id: 77, from_issue_uid: "x" },
      { to_issue_id: 3 },
      { to_issue_id: 3, to_issue_uid: uid(13) },
      { from_issue_id: 3, from_issue_uid: uid(13) },
      { from_issue_id: 3, from_issue_uid: "y", to_issue_uid: "x" },
      { project_id: 2 },
      { from_issue_id: 1, from_issue_uid: uid(11), to_issue_id: 2, to_issue_uid: uid(12), type: "parent" },
      { from_issue_id: 1, from_issue_uid: uid(11), type: "parent" }
    ]
  },
  issue_labels: {
    good: { issue_id: 2, label: "bug", author: "a" },
    bad: [
      { label: "" },
      { label: "x".repeat(65) },
      { label: "Bug" },
      { author: " " },
      { label: "", author: "" },
      { label: "X".repeat(65) },
      { issue_id: 1 }
    ]
  },
  recurrences: {
    good: { uid: uid(22), project_id: 1, rrule: "r", dtstart: "d", timezone: "z", template_title: "t", author: "a" },
    bad: [
      { uid: "x" },
      { template_priority: 7 },
      { template_labels: "{}" },
      { template_metadata: "[]" },
      { author: "" },
      { uid: "", template_priority: 7, template_labels: "", template_metadata: "", author: "" },
      { template_priority: 7, template_labels: "", author: "" },
      { uid: uid(21) }
    ]
  },
  events: {
    good: { uid: uid(32), origin_instance_uid: uid(99), project_id: 1, project_name: "one", type: "x", actor: "a" },
    bad: [
      { actor: " " },
      { payload: "" },
      { payload: "null" },
      { uid: "x" },
      { origin_instance_uid: "x" },
      { actor: "", payload: "", uid: "", origin_instance_uid: "" },
      { payload: "", uid: "", origin_instance_uid: "" },
      { uid: uid(31) },
      { related_issue_id: 77 }
    ]
  },
  purge_log: {
    good: {
      uid: uid(42),
      origin_instance_uid: uid(99),
      project_id: 1,
      purged_issue_id: 9,
      project_name: "one",
      issue_title: "t",
      issue_author: "a",
      comment_count: 0,
      link_count: 0,
      label_count: 0,
      event_count: 0,
      actor: "a"
    },
    bad: [
      { actor: " " },
      { uid: "x" },
      { origin_instance_uid: "x" },
      { short_id: "abc" },
      { short_id: "ABCD" },
      { actor: "", uid: "", origin_instance_uid: "", short_id: "" },
      { uid: uid(41) }
    ]
  },
  meta: { good: { key: "k", value: "v" }, bad: [{ value: null }, { key: "schema_version" }, { key: null }] },
  import_mappings: {
    good: { source: "s", external_id: "e", object_type: "issue", project_id: 1, issue_id: 1 },
    bad: [
      { object_type: "event" },
      { source: " " },
      { external_id: "" },
      { issue_id: null },
      { object_type: "comment" },
      { object_type: "label" },
      { object_type: "link" },
      { object_type: "x", source: "", external_id: "", issue_id: null },
      { source: "beads", external_id: "bd-1" },
      { issue_id: 77 }
    ]
  }
}

const updates = [
  `UPDATE projects SET uid = '${uid(8)}' WHERE id = 1`,
  `UPDATE projects SET uid = uid WHERE id = 1`,
  `UPDATE projects SET uid = NULL WHERE id = 1`,
  `UPDATE issues SET uid = '${uid(18)}' WHERE id = 1`,
  `UPDATE issues SET uid = NULL WHERE id = 1`,
  `UPDATE links SET project_id = 2`,
  `UPDATE links SET to_issue_id = 3`,
  `UPDATE links SET from_issue_uid = '${uid(12)}'`,
  `UPDATE links SET to_issue_uid = '${uid(11)}'`,
  `UPDATE links SET author = 'bob'`,
  `DELETE FROM projects WHERE id = 1`,
  `DELETE FROM issues WHERE id = 1`,
  `DELETE FROM comments WHERE id = 1`
]

describe("the schema of version 10", () => {
  it.scoped("has the objects, columns, defaults, keys and indexes of Go kata's", () =>
    Effect.gen(function*() {
      const [go, ours] = yield* both
      const describeAll = (db: Handle.Handle) => {
        const objects = db.prepare("SELECT type, name, tbl_name FROM sqlite_schema ORDER BY type, name").all()
        const tables = objects.filter((object) => object["type"] === "table").map((object) => String(object["name"]))
        return {
          objects,
          tables: tables.map((table) => ({
            table,
            columns: normal(db.prepare(`PRAGMA table_xinfo(${table})`).all()),
            foreignKeys: db.prepare(`PRAGMA foreign_key_list(${table})`).all(),
            autoincrement: /AUTOINCREMENT/i.test(
              String(db.prepare("SELECT sql FROM sqlite_schema WHERE name = ?").get(table)?.["sql"])
            ),
            list: normal(
              db.prepare(`SELECT name, "unique", origin, partial FROM pragma_index_list(?) ORDER BY name`).all(table)
            ),
            indexes: db.prepare("SELECT name FROM pragma_index_list(?) ORDER BY name").all(table).map(({ name }) => ({
              name,
              columns: db.prepare(`PRAGMA index_xinfo(${String(name)})`).all(),
              sql: normal(db.prepare("SELECT sql FROM sqlite_schema WHERE name = ?").all(String(name)))
            }))
          })),
          meta: db.prepare("SELECT * FROM meta WHERE key <> 'instance_uid' ORDER BY key").all(),
          settings: ["user_version", "application_id", "encoding", "auto_vacuum", "page_size"].map((name) =>
            db.prepare(`PRAGMA ${name}`).all()
          )
        }
      }
      assert.deepStrictEqual(describeAll(ours), describeAll(go))
      assert.deepStrictEqual(
        [...schema.knownTables(version10)].sort(),
        ours.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all().map(({ name }) => String(name)).sort()
      )
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.scoped("holds what the record kinds say of columns, NULL and counters", () =>
    Effect.gen(function*() {
      const [, ours] = yield* both
      for (const kind of kinds.filter(({ name }) => name !== "sqlite_sequence")) {
        const columns = ours.prepare(`PRAGMA table_xinfo(${kind.table})`).all()
        assert.deepStrictEqual(
          kind.columns.map(({ key }) => key).sort(),
          columns.map(({ name }) => String(name)).sort()
        )
        for (const column of columns) {
          const field = kind.columns.find(({ key }) => key === column["name"])
          const always = column["notnull"] === 1n || column["pk"] !== 0n
          assert.strictEqual(field?.presence === "always", always, `${kind.table}.${String(column["name"])}`)
          assert.strictEqual(
            field?.storage === "time",
            column["type"] === "DATETIME",
            `${kind.table}.${String(column["name"])}`
          )
        }
        const sql = String(ours.prepare("SELECT sql FROM sqlite_schema WHERE name = ?").get(kind.table)?.["sql"])
        assert.strictEqual(sql.includes("AUTOINCREMENT"), kind.autoincrement, kind.table)
      }
      assert.deepStrictEqual(
        schema.indexes.map(({ name, unique }) => [name, unique]),
        schema.indexes.map(({ name, sql }) => [name, sql.startsWith("CREATE UNIQUE")])
      )
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.scoped("refuses what Go kata's refuses, with the same words", () =>
    Effect.gen(function*() {
      const databases = yield* both
      for (const db of databases) db.execute(rowsOfTwoProjects)
      const seen = databases.map((db) => {
        const said: Array<string> = []
        for (const [table, { bad, good }] of Object.entries(breaks)) {
          said.push(`${table}: ${insert(db, table, good)}`)
          for (const change of bad) {
            said.push(`${table} ${JSON.stringify(change)}: ${insert(db, table, { ...good, ...change })}`)
          }
        }
        for (const sql of updates) said.push(`${sql}: ${answer(db, sql)}`)
        return said
      })
      assert.deepStrictEqual(seen[1], seen[0])
      const said = seen[1] ?? []
      for (const kind of kinds.filter(({ name }) => name !== "sqlite_sequence")) {
        assert.include(said, `${kind.table}: 1 changed`)
        for (const { holds: sql } of kind.checks.filter(({ holds: sql }) => !lengthOfLinkUid.includes(sql))) {
          const reported = (line: string) =>
            line.startsWith(`${kind.table} `) && line.endsWith(`CHECK constraint failed: ${sql}`)
          assert.isTrue(said.some(reported), `${kind.table} ${sql}`)
        }
      }
      for (const message of abortMessages) assert.include(said.join("\n"), message)
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.scoped("keeps the order of CHECKs that a trigger hides", () =>
    Effect.gen(function*() {
      const databases = yield* both
      const said = databases.map((db) => {
        db.execute(rowsOfTwoProjects)
        for (const { name } of schema.triggers) db.execute(`DROP TRIGGER ${name}`)
        const good = breaks["links"]?.good ?? {}
        return [{ from_issue_uid: "x" }, { to_issue_uid: "x" }, { from_issue_uid: "", to_issue_uid: "", author: "" }]
          .map(
            (change) => insert(db, "links", { ...good, ...change })
          )
      })
      assert.deepStrictEqual(said[1], said[0])
      for (const sql of lengthOfLinkUid) assert.include((said[1] ?? []).join("\n"), sql)
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  const lengthOfLinkUid = ["length(from_issue_uid) = 26", "length(to_issue_uid) = 26"]
  const abortMessages = [
    "cross-project links are not allowed",
    "from_issue_uid does not match from_issue_id",
    "to_issue_uid does not match to_issue_id",
    "projects.uid is immutable",
    "issues.uid is immutable"
  ]
})

// ---- full text ------------------------------------------------------------------------------------------------------

/** The tokens of each column, with the rows they point at: the whole content of the index. */
const tokens = (db: Handle.Handle) => {
  db.execute("CREATE VIRTUAL TABLE IF NOT EXISTS temp.words USING fts5vocab(main, issues_fts, instance)")
  return db.prepare("SELECT term, doc, col, offset FROM temp.words ORDER BY term, doc, col, offset").all()
}
const match = (db: Handle.Handle, words: string) =>
  db.prepare("SELECT rowid FROM issues_fts WHERE issues_fts MATCH ? ORDER BY rowid").all(words).map(({ rowid }) =>
    Number(rowid)
  )

const story = [
  "UPDATE issues SET title = 'Café au lait', body = 'schwarz' WHERE id = 1",
  "INSERT INTO comments(id, issue_id, author, body) VALUES (9, 1, 'a', 'nine'), (5, 1, 'a', 'five'), (7, 1, 'a', 'seven')",
  "INSERT INTO comments(id, issue_id, author, body) VALUES (6, 2, 'a', 'six')",
  "DELETE FROM comments WHERE id = 7",
  "UPDATE issues SET body = 'weiß' WHERE id = 1",
  "UPDATE issues SET status = 'closed', closed_reason = 'done' WHERE id = 2",
  "INSERT INTO comments(id, issue_id, author, body) VALUES (1000, 2, 'a', 'last'), (-3, 2, 'a', 'minus')",
  "DELETE FROM comments WHERE issue_id = 2",
  "INSERT INTO issues(id, uid, project_id, short_id, title, author) VALUES (-4, '01HZNQ7VFPK1XGD8R5MABC0017', 1, '0017', 'negative', 'a')",
  "INSERT INTO issues(id, uid, project_id, short_id, title, author) VALUES (4000, '01HZNQ7VFPK1XGD8R5MABC0019', 1, '0019', 'far', 'a')",
  "DELETE FROM issues WHERE id = 4000"
]

describe("the full text", () => {
  it.scoped("follows issues and comments as Go kata's does", () =>
    Effect.gen(function*() {
      const [go, ours] = yield* both
      for (const db of [go, ours]) db.execute(rowsOfTwoProjects)
      for (const sql of story) {
        for (const db of [go, ours]) db.execute(sql)
        assert.deepStrictEqual(tokens(ours), tokens(go), sql)
        ours.execute("INSERT INTO issues_fts(issues_fts) VALUES('integrity-check')")
      }
      for (
        const words of [
          "cafe",
          "\"five nine\"",
          "\"nine five\"",
          "seven",
          "schwarz",
          "comments: hello",
          "six OR far",
          "minus"
        ]
      ) {
        assert.deepStrictEqual(match(ours, words), match(go, words), words)
      }
      assert.deepStrictEqual(match(ours, "\"five nine\""), [1])
      assert.deepStrictEqual(match(ours, "seven"), [])
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.scoped("is the same when it is filled by parts afterwards", () =>
    Effect.gen(function*() {
      const [, ours] = yield* both
      ours.execute(rowsOfTwoProjects)
      for (const sql of story) ours.execute(sql)
      const grown = tokens(ours)
      ours.execute("INSERT INTO issues_fts(issues_fts) VALUES('delete-all')")
      assert.deepStrictEqual(tokens(ours), [])
      let parts = 0
      let from: Param = schema.fillFullText.from
      for (;;) {
        const to: Cell = ours.prepare(schema.fillFullText.next).get(from, 2)?.["id"] ?? null
        if (to === null) break
        ours.prepare(schema.fillFullText.part).run(from, to)
        from = to
        parts++
      }
      assert.strictEqual(ours.prepare(schema.fillFullText.count).get()?.["n"], 5n)
      assert.strictEqual(parts, 3)
      assert.deepStrictEqual(tokens(ours), grown)
      ours.execute("INSERT INTO issues_fts(issues_fts) VALUES('integrity-check')")
      ours.execute("DELETE FROM comments")
      ours.execute("INSERT INTO issues_fts(issues_fts) VALUES('integrity-check')")
      assert.deepStrictEqual(match(ours, "five OR hello"), [])
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.scoped("is found through the index of comments", () =>
    Effect.gen(function*() {
      const [, ours] = yield* both
      const plan = ours.prepare(`EXPLAIN QUERY PLAN ${schema.fillFullText.part}`).all(-1, 1).map(({ detail }) =>
        String(detail)
      )
      assert.isTrue(plan.some((step) => step.includes("idx_comments_issue")), plan.join("\n"))
    }).pipe(Effect.provide(NodeFileSystem.layer)))
})
