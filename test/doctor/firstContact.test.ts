/** What `kata doctor` says of what the newest Go kata would stop at: each condition is made in a database, found, and mended. */
import { afterEach, beforeEach, expect, it } from "@effect/vitest"
import Sqlite from "better-sqlite3"
import * as Effect from "effect/Effect"
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type DoctorReport, examine } from "../../src/doctor.ts"
import { toFile } from "../../src/export/Export.ts"
import { restore } from "../snapshot/kit.ts"
import { services } from "../testing/services.ts"

let place = ""
let database = ""
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), "kata-test-"))
  database = join(place, "kata.db")
  copyFileSync(new URL("../fixtures/go-v10/rich.db", import.meta.url), database)
})
afterEach(() => rmSync(place, { recursive: true }))

const change = (sql: string) => {
  const db = new Sqlite(database)
  db.exec(`PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; ${sql}`)
  db.close()
}
const ask = Effect.suspend(() =>
  examine({
    database,
    homes: { kataHome: join(place, "home"), userHome: join(place, "user") },
    backups: [join(place, "backups")]
  }).pipe(Effect.provide(services))
)
const of = (report: DoctorReport) => report.checks.find(({ name }) => name === "go-kata")!
/** Where it would stop: kind, field, how many, and who mends it. */
const at = ({ newest_go_kata: newest }: DoctorReport) =>
  newest?.at.map(({ finding, mended_by }) => [`${finding.kind}.${finding.field}`, finding.count, mended_by])

const hash = "0".repeat(64)
const zeros = "0".repeat(26)
const token = (id: number, type: string, payload: string, project = ".kata-system") =>
  `INSERT INTO events(uid, origin_instance_uid, project_id, project_name, type, actor, payload)
   SELECT substr(uid, 1, 22) || 'TK0${id}', origin_instance_uid, (SELECT id FROM projects WHERE name = '${project}'), '${project}', '${type}',
   'bootstrap', '${payload}' FROM events WHERE id = 5;`
const system = `INSERT INTO projects(uid, name) VALUES ('${zeros}', '.kata-system');`
const created = `{"token_id":1,"token_hash":"${hash}","target_actor":"ana"}`

it.live("a database in which nothing stops it", () =>
  Effect.gen(function*() {
    const report = yield* ask
    expect(of(report)).toMatchObject({ status: "ok", says: "nothing here would stop the newest Go kata", next: null })
    expect(report.newest_go_kata).toEqual({ stops: 0, leaves_out: 0, at: [] })
    change(system + token(1, "token.created", created) + token(2, "token.revoked", "{\"token_id\":1}"))
    expect(at(yield* ask)).toEqual([])
    change("UPDATE comments SET created_at = '2026-05-04 00:21:07.5 +0000 UTC' WHERE id = 4")
    expect(of(yield* ask).status).toBe("ok")
  }))

/** What is done to the database, and where it is told; the last: after a repair it stops no more. */
const cases: {
  readonly [what: string]: readonly [sql: string, where: ReadonlyArray<readonly [string, number, "repair" | "hand"]>]
} = {
  "keys twice, halves of characters": [
    String
      .raw`UPDATE projects SET metadata = '{"a":1,"\u0061":2}' WHERE id = 1; UPDATE issues SET metadata = '{"a":"\ud83d"}' WHERE id = 2;`,
    [["project.metadata", 1, "repair"], ["issue.metadata", 1, "repair"]]
  ],
  "times that it cannot read, and a person must": [
    "UPDATE issues SET created_at = '2026-05-04', updated_at = 'soon' WHERE id IN (2, 3);" +
    "UPDATE issues SET updated_at = '2026-05-04 00:21:07' WHERE id = 3; UPDATE events SET created_at = 12 WHERE id = 9",
    [["issue.created_at", 2, "repair"], ["issue.updated_at", 1, "hand"], ["event.created_at", 1, "hand"]]
  ],
  "a name that is not printable": [
    "UPDATE projects SET name = 'a'||char(9)||'b' WHERE id = 1",
    [["project.name", 1, "repair"]]
  ],
  "a project that is named like its own": [
    "UPDATE projects SET name = '.kata-system' WHERE id = 1",
    [["project.name", 1, "repair"]]
  ],
  "an occurrence without recurrence": [
    "UPDATE issues SET occurrence_key = '2026-01-05', recurrence_id = NULL WHERE id = 2",
    [["issue.occurrence_key", 1, "repair"]]
  ],
  "a mapping of a comment of another issue": [
    "INSERT INTO import_mappings(source, external_id, object_type, project_id, issue_id, comment_id)" +
    " SELECT 's', 'x', 'comment', i.project_id, i.id, c.id FROM comments c, issues i WHERE i.id <> c.issue_id LIMIT 1",
    [["import_mapping.comment_id", 1, "repair"]]
  ],
  "a mapping of a comment that is not there": [
    "INSERT INTO import_mappings(source, external_id, object_type, project_id, issue_id, comment_id) VALUES('s','x','comment',1,2,9999)",
    [["import_mapping.comment_id", 1, "repair"]]
  ],
  "an event whose project is not there": ["UPDATE events SET project_id = 99 WHERE id = 9", [
    ["event.project_id", 1, "repair"]
  ]],
  "payloads of another shape": [
    "UPDATE events SET payload = '{\"links\":[1],\"teammate\":\"a b\"}' WHERE id = (SELECT min(id) FROM events WHERE type = 'issue.created');" +
    "UPDATE events SET payload = '[]' WHERE id = (SELECT min(id) FROM events WHERE type = 'issue.commented')",
    [["event.payload", 2, "repair"]]
  ],
  "cron that is none": [
    "UPDATE events SET type = 'cron.flow.created' WHERE id = 9; INSERT INTO meta VALUES ('cron_state.x', '1')",
    [["meta.key", 1, "repair"], ["event.type", 1, "hand"]]
  ],
  "tokens out of place": [
    system + token(1, "token.created", created, "app") + token(2, "token.revoked", "{\"token_id\":7}") +
    token(3, "token.created", "{\"token_id\":2}") +
    token(4, "token.created", created.replace("}", ",\"scope\":{\"kind\":\"issue_subtree\"}}")),
    [["event.project_name", 1, "hand"], ["event.payload", 2, "hand"], ["event.payload", 1, "hand"]]
  ]
}

for (const [what, [sql, where]] of Object.entries(cases)) {
  it.live(`${what}: found with its place, and mended as it says`, () =>
    Effect.gen(function*() {
      change(sql)
      const report = yield* ask
      expect(at(report)).toEqual(where)
      const stops = where.reduce((sum, [, count]) => sum + count, 0)
      expect(report.newest_go_kata?.stops).toBe(stops)
      expect(of(report)).toMatchObject({
        status: "note",
        says: `the newest Go kata would stop at ${stops} thing${stops === 1 ? "" : "s"}`,
        next: where.some(([, , by]) => by === "repair")
          ? `kata export --output before-repair.jsonl && kata import --input before-repair.jsonl --target ${database} --force --repair`
          : expect.stringContaining("docs/go-kata.md")
      })
      for (const { finding } of report.newest_go_kata?.at ?? []) expect(finding.rows[0]?.row).toMatch(/./)
      const file = join(place, "before-repair.jsonl")
      yield* Effect.provide(toFile({ database, output: file }), services)
      yield* Effect.provide(restore(file, join(place, "new.db"), { repair: true }), services)
      renameSync(join(place, "new.db"), database)
      expect(at(yield* ask)).toEqual(where.filter(([, , by]) => by === "hand"))
    }))
}

it.live("rows without their issue are left out by it, and that is told apart", () =>
  Effect.gen(function*() {
    change("UPDATE comments SET issue_id = 9999 WHERE id = 4")
    const report = yield* ask
    expect(of(report)).toMatchObject({
      status: "note",
      says: "the newest Go kata would leave out 1 row without an issue",
      details: ["left out: comment 4: issue_id points at no row of issues (--repair)"]
    })
    expect(report.newest_go_kata).toMatchObject({ stops: 0, leaves_out: 1 })
  }))

it.live("what an upgrade of Go kata left is in its way, and so is text that is no UTF-8, or JSON that nobody reads", () =>
  Effect.gen(function*() {
    const temporary = `${database}.import.tmp.db`
    writeFileSync(temporary, "")
    expect(of(yield* ask)).toMatchObject({
      says: "the newest Go kata would stop at 1 thing",
      details: [temporary],
      next: expect.stringContaining("docs/go-kata.md")
    })
    rmSync(temporary)
    change("UPDATE issues SET title = CAST(x'ff41' AS TEXT) WHERE id = 2")
    const report = yield* ask
    expect(of(report).details).toEqual([expect.stringMatching(/table issues, row 2: title /)])
    expect(report.newest_go_kata?.stops).toBe(1)
    expect(report.outcome).toBe("damaged")
    change(`UPDATE issues SET title = 'a', metadata = '{"a":${"[".repeat(10_001)}${"]".repeat(10_001)}}' WHERE id = 2`)
    expect(of(yield* ask).details).toEqual([expect.stringMatching(/table issues, row 2: metadata is not JSON$/)])
  }))

it.live("asking changes nothing", () =>
  Effect.gen(function*() {
    change("UPDATE issues SET created_at = '2026-05-04' WHERE id = 2")
    const before = readFileSync(database)
    yield* ask
    expect(readFileSync(database).equals(before)).toBe(true)
    expect(readdirSync(place)).toEqual(["kata.db"])
  }))
