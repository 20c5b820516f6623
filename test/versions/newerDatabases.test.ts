/**
 * Databases of versions 11 to 32, made by hand of public facts (`test/fixtures/go-newer`), are exported as what version 10 can hold of them. Read
 * directly, a database holds more than its own export: that is carried, or counted.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { dirname } from "node:path"
import * as kit from "../snapshot/kit.ts"
import { some } from "../testing/some.ts"
import * as old from "./kit.ts"
import * as newer from "./newerKit.ts"

const all = { acceptLoss: ["all"] }

describe.each(some("versions", newer.versions))("a database of version %i", (version) => {
  it.scopedLive("is exported as what version 10 can hold of it, and its bytes stay", () =>
    Effect.gen(function*() {
      const path = yield* newer.database(version)
      const before = yield* old.filesOf(dirname(path))
      const { report, text } = yield* old.exportOfDatabase(path, { ...all, plain: true })
      assert.deepStrictEqual(yield* old.filesOf(dirname(path)), before)
      const lines = kit.lines(kit.goEscapes(text))
      const expected = newer.stored(version)
      const { cleared, filled, lost, onlyStored } = newer.counts(version)
      const other = lines.filter((line, i) => line !== expected[i])
      assert.strictEqual(other.length, cleared)
      assert.deepStrictEqual(
        lines.map((line) => other.includes(line) ? line.replace(/("related_issue_uid":)"\w{26}"/, "$1null") : line),
        expected
      )
      assert.deepStrictEqual(newer.told(report.findings), { lost: { ...lost, ...onlyStored }, filled })
      assert.deepStrictEqual(report.losses, { ...lost, ...onlyStored })
      assert.deepInclude(report, { schema_version: version, version: 10, restorable: true })
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("is refused unless every loss is accepted, with the names", () =>
    Effect.gen(function*() {
      const path = yield* newer.database(version)
      const { message, outcome } = yield* kit.outcomeOf(old.exportOfDatabase(path, { acceptLoss: ["federation"] }))
      assert.strictEqual(outcome, "validation")
      assert.include(message, `is of version ${version}, and version 10 cannot hold all of it: `)
      assert.include(message, "derived (")
      assert.include(message, "claims (4)")
      assert.notInclude(message, "federation")
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("gives a sealed snapshot that is restored by its seal", () =>
    Effect.gen(function*() {
      const { text } = yield* old.exportOfDatabase(yield* newer.database(version), all)
      const target = `${yield* kit.temporary}/new.db`
      const report = yield* kit.restore(kit.text(text, "snapshot.jsonl"), target)
      assert.deepInclude(report, { proof: "seal", sealed: true, losses: {} })
      assert.deepStrictEqual(yield* kit.complaints(target), [])
    }).pipe(Effect.provide(kit.services)))
})

describe("which version a database is of", () => {
  /** A database of a version with changes; what it is exported with, or why it is refused. */
  const cases: ReadonlyArray<readonly [what: string, version: number, sql: string, says: string]> = [
    ["cron tables under a lower number", 32, "UPDATE meta SET value = '29' WHERE key = 'schema_version'", ""],
    [
      "cron tables under a number that never had them",
      32,
      "UPDATE meta SET value = '26' WHERE key = 'schema_version'",
      "table (issues|comments), column "
    ],
    [
      "a number above all that are known",
      32,
      "UPDATE meta SET value = '33' WHERE key = 'schema_version'",
      "was written by a newer kata"
    ],
    [
      "the cron of a branch",
      30,
      "CREATE TABLE cron_flows (id INTEGER PRIMARY KEY); INSERT INTO cron_flows VALUES (1)",
      "table cron_flows"
    ],
    [
      "tables that nobody knows, with rows",
      28,
      "CREATE TABLE close_event_deliveries (id INTEGER); INSERT INTO close_event_deliveries VALUES (1)",
      "table close_event_deliveries"
    ],
    ["tables that nobody knows, without rows", 28, "CREATE TABLE close_event_deliveries (id INTEGER)", ""],
    [
      "a column that nobody knows",
      30,
      "ALTER TABLE import_mappings ADD COLUMN status_sync TEXT; UPDATE import_mappings SET status_sync = '{}'",
      "table import_mappings, column status_sync"
    ],
    [
      "replies without cron",
      30,
      "ALTER TABLE comments ADD COLUMN reply_kind TEXT; UPDATE comments SET reply_kind = 'reply'",
      ""
    ],
    [
      "a column that is missing",
      23,
      "ALTER TABLE events RENAME COLUMN hlc_counter TO other",
      "its table events has no column hlc_counter"
    ],
    [
      "another number than its columns",
      12,
      "UPDATE meta SET value = '20' WHERE key = 'schema_version'",
      "no column content_revision|column root_path"
    ]
  ]
  for (const [what, version, sql, says] of cases) {
    it.scopedLive(`${what}: ${says === "" ? "is read" : says}`, () =>
      Effect.gen(function*() {
        const path = yield* newer.database(version)
        yield* old.edited(path, `PRAGMA foreign_keys = OFF; DROP INDEX IF EXISTS idx_events_hlc; ${sql}`)
        const { message, outcome } = yield* kit.outcomeOf(old.exportOfDatabase(path, all))
        assert.strictEqual(outcome, says === "" ? "ok" : "validation", message)
        assert.match(message, new RegExp(says))
      }).pipe(Effect.provide(kit.services)))
  }

  it.scopedLive("the line with teams is read, and says what is lost", () =>
    Effect.gen(function*() {
      const path = yield* newer.database(30)
      yield* old.edited(
        path,
        "UPDATE meta SET value = '32' WHERE key = 'schema_version';" +
          "INSERT INTO meta VALUES ('project_access_revision', '1');" +
          "CREATE TABLE teams (id INTEGER PRIMARY KEY, uid TEXT, name TEXT); INSERT INTO teams VALUES (7, 'x', 'crew');" +
          "CREATE TABLE project_access_policies (project_id INTEGER PRIMARY KEY, mode TEXT);" +
          "INSERT INTO project_access_policies VALUES (1, 'teams'), (2, 'teams');" +
          "CREATE TABLE project_access_teams (project_id INTEGER, team_id INTEGER); INSERT INTO project_access_teams VALUES (1, 7);" +
          "CREATE TABLE federation_event_provenance (event_uid TEXT PRIMARY KEY); INSERT INTO federation_event_provenance VALUES ('e')"
      )
      const { report, text } = yield* old.exportOfDatabase(path, all)
      assert.deepInclude(report.losses, { team: 1, project_access_policy: 2, federation_event_provenance: 1 })
      assert.include(text, "\"project_access_revision\"")
      const { message } = yield* kit.outcomeOf(old.exportOfDatabase(path, { acceptLoss: ["derived", "teams"] }))
      assert.notMatch(message, /\bteams? |project_access_policy|provenance/)
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("version 11 loses nothing but what only its table of tokens says", () =>
    Effect.gen(function*() {
      const path = yield* kit.copyOf("small.db")
      const before = kit.lines(yield* kit.exported(path, { plain: true }))
      const tokens =
        "CREATE TABLE api_tokens (id INTEGER PRIMARY KEY, token_hash TEXT, actor TEXT, name TEXT, created_at, last_used_at, revoked_at);"
      yield* old.edited(path, `UPDATE meta SET value = '11' WHERE key = 'schema_version'; ${tokens}`)
      const { report, text } = yield* old.exportOfDatabase(path, { plain: true })
      assert.deepStrictEqual(kit.lines(text), before)
      assert.deepInclude(report, { schema_version: 11, losses: {} })
      yield* old.edited(path, "INSERT INTO api_tokens VALUES (5, 'h', 'ana', NULL, '2026', '2026', NULL)")
      const { report: lost } = yield* old.exportOfDatabase(path, all)
      assert.deepStrictEqual(lost.losses, { "api_tokens.last_used_at": 1, api_tokens: 1 })
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("it is not written as it is stored", () =>
    Effect.gen(function*() {
      const path = yield* newer.database(23)
      const { message, outcome } = yield* kit.outcomeOf(old.exportOfDatabase(path, { asStored: true, ...all }))
      assert.strictEqual(outcome, "validation")
      assert.include(message, "cannot be exported as it is stored: it is of version 23, and newer than 10")
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("a name that no loss has is refused before anything is read", () =>
    Effect.gen(function*() {
      const { message, outcome } = yield* kit.outcomeOf(old.exportOfDatabase("/nowhere/kata.db", { acceptLoss: ["x"] }))
      assert.strictEqual(outcome, "usage")
      assert.include(message, "no loss is called \"x\"")
    }).pipe(Effect.provide(kit.services)))
})
