/** What `kata doctor` says of sound and of broken databases, and of what lies around them. */
import { afterEach, beforeEach, expect, it } from "@effect/vitest"
import Sqlite from "better-sqlite3"
import * as Effect from "effect/Effect"
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { gunzipSync } from "node:zlib"
import { open } from "../../src/database/Handle.ts"
import { type Check, type DoctorReport, examine } from "../../src/doctor.ts"
import { type FileOptions, toFile } from "../../src/export/Export.ts"
import { execute, rows } from "../server/sql.ts"
import { services } from "../testing/services.ts"

let place = ""
beforeEach(() => void (place = mkdtempSync(join(tmpdir(), "kata-test-"))))
afterEach(() => rmSync(place, { recursive: true }))

const fixture = (name: string): string => {
  const bytes = readFileSync(new URL(`../fixtures/go-v10/${name}`, import.meta.url))
  const path = join(place, "kata.db")
  writeFileSync(path, name.endsWith(".gz") ? gunzipSync(bytes) : bytes)
  return path
}

const ask = (database: string): Effect.Effect<DoctorReport> =>
  examine({
    database,
    homes: { kataHome: join(place, "home"), userHome: join(place, "user") },
    backups: [join(place, "backups")]
  }).pipe(Effect.provide(services))

const of = (report: DoctorReport, name: Check["name"]) => report.checks.find((check) => check.name === name)

/** Everything of which nobody would have to think. */
const quiet = { integrity: "ok", content: "ok", leftovers: "ok", daemon: "ok" }
const statuses = (report: DoctorReport) => Object.fromEntries(report.checks.map(({ name, status }) => [name, status]))

it.live("a sound database without a backup", () =>
  Effect.gen(function*() {
    const database = fixture("rich.db")
    const before = readFileSync(database)
    const report = yield* ask(database)
    expect(statuses(report)).toMatchObject({ ...quiet, database: "ok", backup: "warning" })
    expect(report.outcome).toBeNull()
    const backups = join(place, "backups")
    expect(of(report, "backup")).toMatchObject({
      details: [`looked in ${backups}, which does not exist`],
      next: expect.stringMatching(`^mkdir -p ${backups} && kata export --output ${backups}/kata-\\d{8}\\.jsonl$`)
    })
    expect(readFileSync(database).equals(before)).toBe(true)
    expect(readdirSync(place)).toEqual(["kata.db"])
  }))

const backups = () => join(place, "backups")
const exportTo = (database: string, name: string, more: Partial<FileOptions> = {}) =>
  Effect.provide(toFile({ database, output: join(backups(), name), ...more }), services)
/** Sets when a file was written, in days before now. */
const age = (name: string, days: number) => {
  const past = new Date(Date.now() - days * 24 * 60 * 60 * 1000)
  utimesSync(join(backups(), name), past, past)
}
const newest = "2026-11-23T00:06:56.746Z"
const change = (database: string, sql: string) => {
  const db = new Sqlite(database)
  db.exec(sql)
  db.close()
}
/** Events that no snapshot has, of so many days ago. */
const addEvents = (database: string, count: number, days: number) => {
  const at = new Date(Date.now() - days * 24 * 60 * 60 * 1000).toISOString()
  change(
    database,
    Array.from(
      { length: count },
      (_, n) =>
        `INSERT INTO events(uid, origin_instance_uid, project_id, project_name, type, actor, payload, created_at)
       SELECT substr(uid, 1, 22) || '${
          String(n).padStart(4, "0")
        }', origin_instance_uid, project_id, project_name, type, actor, payload,
       '${at}' FROM events WHERE id = 1;`
    ).join("\n")
  )
}

it.live("found W5: its newest backup, by what it reaches up to, compressed or not; those of other databases do not count", () =>
  Effect.gen(function*() {
    const database = fixture("small.db")
    mkdirSync(backups())
    yield* exportTo(database, "old.jsonl")
    addEvents(database, 2, 0.1)
    yield* exportTo(database, "new.jsonl.gz")
    yield* exportTo(database, "part.jsonl", { projects: [{ name: "small" }] })
    writeFileSync(join(backups(), "notes.jsonl"), "{\"a\":1}\n")
    writeFileSync(
      join(backups(), "other.jsonl"),
      readFileSync(new URL("../fixtures/go-v10/rich.export.jsonl", import.meta.url))
    )
    // the time of the file says nothing
    age("new.jsonl.gz", 20)
    const report = yield* ask(database)
    const path = join(backups(), "new.jsonl.gz")
    expect(report.backup).toMatchObject({ path, of_this_database: true, events_behind: 0 })
    expect(of(report, "backup")).toMatchObject({ status: "ok", says: `whole, no event is newer than ${path}` })
    expect(report.outcome).toBeNull()
    rmSync(path)
    const behind = yield* ask(database)
    const old = join(backups(), "old.jsonl")
    expect(of(behind, "backup")).toMatchObject({
      status: "ok",
      says: `whole, 2 events behind, the oldest of 2 hours ago: ${old}`
    })
    expect(behind.backup).toEqual({
      path: old,
      of_this_database: true,
      newest_event_at: newest,
      events_behind: 2,
      restorable: true
    })
    rmSync(old)
    rmSync(join(backups(), "part.jsonl"))
    expect(of(yield* ask(database), "backup")).toMatchObject({
      status: "warning",
      says: "no snapshot of this database was found",
      details: [`the newest of another database: ${join(backups(), "other.jsonl")}`, expect.any(String)]
    })
  }))

it.live("found W5: events that are in no snapshot for more than a week are told, with 5", () =>
  Effect.gen(function*() {
    const database = fixture("small.db")
    mkdirSync(backups())
    yield* exportTo(database, "kata.jsonl")
    // a ledger that nobody has used for long is saved all the same
    age("kata.jsonl", 400)
    expect((yield* ask(database)).outcome).toBeNull()
    addEvents(database, 1, 8)
    const report = yield* ask(database)
    expect(of(report, "backup")).toMatchObject({
      status: "warning",
      says: `1 event behind, the oldest of 8 days ago: ${join(backups(), "kata.jsonl")}`,
      next: expect.stringMatching(`^kata export --output ${backups()}/kata-\\d{8}\\.jsonl$`)
    })
    expect(report.outcome).toBe("conflict")
  }))

const damages: { readonly [what: string]: (bytes: Buffer) => Uint8Array } = {
  cut: (bytes) => bytes.subarray(0, bytes.length - 300),
  "cut in its first line": (bytes) => bytes.subarray(0, 40),
  changed: (bytes) => Buffer.from(bytes.toString("utf8").replace("Issue A", "Issue B")),
  empty: () => Buffer.alloc(0)
}
for (const [what, damage] of Object.entries(damages)) {
  it.live(`found W5: a newest backup that is ${what} is none: the newest whole one is named, with 5`, () =>
    Effect.gen(function*() {
      const database = fixture("small.db")
      mkdirSync(backups())
      yield* exportTo(database, "kata-1.jsonl")
      yield* exportTo(database, "kata-2.jsonl")
      age("kata-1.jsonl", 2)
      const [whole, bad] = [join(backups(), "kata-1.jsonl"), join(backups(), "kata-2.jsonl")]
      writeFileSync(bad, damage(readFileSync(bad)))
      const report = yield* ask(database)
      const check = of(report, "backup")
      expect(check).toMatchObject({ status: "warning", says: "the newest snapshot is damaged" })
      expect(check?.details[0]).toMatch(`${bad}: `)
      expect(check?.details[1]).toBe(`whole: no event is newer than ${whole}`)
      expect(report.outcome).toBe("conflict")
      rmSync(whole)
      const none = yield* ask(database)
      expect(of(none, "backup")).toMatchObject({
        status: "warning",
        says: "no whole snapshot of this database was found"
      })
      expect(none.outcome).toBe("conflict")
    }))
}

it.live("found W5: a backup that reaches further than the database is told, with 5", () =>
  Effect.gen(function*() {
    const database = fixture("small.db")
    const older = readFileSync(database)
    mkdirSync(backups())
    addEvents(database, 3, 1)
    yield* exportTo(database, "kata.jsonl")
    writeFileSync(database, older)
    rmSync(`${database}-wal`, { force: true })
    const report = yield* ask(database)
    expect(of(report, "backup")).toMatchObject({
      status: "warning",
      says: "the database is older than its newest snapshot",
      details: [expect.stringMatching(/^\S+kata\.jsonl has 3 events more \(newest event 20\S+Z\)$/)]
    })
    expect(report.outcome).toBe("conflict")
  }))

it.live("a whole newest snapshot that breaks a rule is no backup: one that can be restored is named, with 5", () =>
  Effect.gen(function*() {
    const database = fixture("small.db")
    mkdirSync(backups())
    yield* exportTo(database, "kata-1.jsonl")
    age("kata-1.jsonl", 2)
    // what a salvage takes out of a database that has lost its issues
    const lost = join(place, "lost.db")
    writeFileSync(lost, readFileSync(database))
    change(lost, "PRAGMA foreign_keys = OFF; DELETE FROM issues WHERE id = 1")
    yield* exportTo(lost, "kata-2.jsonl")
    const [older, newest] = [join(backups(), "kata-1.jsonl"), join(backups(), "kata-2.jsonl")]
    const rejected = `${newest}.rejected.jsonl`
    writeFileSync(rejected, "{}\n")
    const report = yield* ask(database)
    expect(of(report, "backup")).toMatchObject({
      status: "warning",
      says: `the newest snapshot cannot be restored as it is (kata verify ${newest})`,
      details: [
        `can be restored: no event is newer than ${older}`,
        `what a salvage left out of ${newest} is in ${rejected}`
      ],
      next: expect.stringMatching(/^kata export --output /)
    })
    expect(report.backup).toMatchObject({ path: older, restorable: true })
    expect(report.outcome).toBe("conflict")
    rmSync(older)
    const alone = yield* ask(database)
    expect(of(alone, "backup")).toMatchObject({
      status: "warning",
      says: `the newest snapshot cannot be restored as it is (kata verify ${newest})`,
      details: [`whole, but breaks a rule: no event is newer than ${newest}`, expect.stringContaining(rejected)]
    })
    expect(alone.backup).toMatchObject({ path: newest, restorable: false })
    expect(alone.outcome).toBe("conflict")
    const unknown = of(yield* ask(join(place, "none.db")), "backup")
    expect(unknown).toMatchObject({
      status: "note",
      says: expect.stringMatching(/^the newest whole snapshot is \S+kata-2\.jsonl .*, and breaks a rule$/),
      next: expect.stringContaining("kata import --repair")
    })
  }))

it.live("a good backup beside which a salvage left something is noted", () =>
  Effect.gen(function*() {
    const database = fixture("small.db")
    mkdirSync(backups())
    yield* exportTo(database, "kata.jsonl")
    const path = join(backups(), "kata.jsonl")
    writeFileSync(`${path}.rejected-2.jsonl`, "{}\n")
    const report = yield* ask(database)
    expect(of(report, "backup")).toMatchObject({
      status: "note",
      says: `whole, no event is newer than ${path}`,
      details: [`what a salvage left out of ${path} is in ${path}.rejected-2.jsonl`]
    })
    expect(report.outcome).toBeNull()
  }))

it.live("found W5: none where some have to be is wrong", () =>
  Effect.gen(function*() {
    const database = fixture("small.db")
    const options = { database, homes: { kataHome: place, userHome: place }, backups: [backups()] }
    expect((yield* Effect.provide(examine(options), services)).outcome).toBeNull()
    expect((yield* Effect.provide(examine({ ...options, expected: true }), services)).outcome).toBe("conflict")
  }))

it.live.each(
  [
    ["file-truncated-half.db.gz", "damaged", { database: "error" }],
    ["index-misses-a-row.db.gz", "damaged", { integrity: "error" }],
    ["invalid-json-issue-metadata.db.gz", "damaged", { content: "error", integrity: "ok" }],
    ["array-issue-metadata.db.gz", "validation", { content: "ok", findings: "error" }]
  ] as const
)("%s is %s", ([name, outcome, wrong]) =>
  Effect.gen(function*() {
    const report = yield* ask(fixture(`badrows/${name}`))
    expect(statuses(report)).toMatchObject(wrong)
    expect(report.outcome).toBe(outcome)
    for (const check of report.checks.filter(({ status }) => status === "error")) expect(check.next).not.toBeNull()
  }))

it.live("one record that breaks a rule is told in the singular", () =>
  Effect.gen(function*() {
    const report = yield* ask(fixture("badrows/array-issue-metadata.db.gz"))
    expect(of(report, "findings")).toMatchObject({ says: "1 breaks a rule: a restore will refuse it" })
  }))

it.live("found W27: a broken CHECK is told of a database that is read beside its log, where integrity_check sees none", () =>
  Effect.scoped(Effect.gen(function*() {
    const database = fixture("rich.db")
    const writer = yield* open(database, "write")
    writer.execute(
      "PRAGMA journal_mode = WAL; PRAGMA ignore_check_constraints = ON; UPDATE issues SET status = 'neither' WHERE id = 2"
    )
    const reader = yield* open(database, "read")
    expect(reader.prepare("PRAGMA integrity_check").all()).toEqual([{ integrity_check: "ok" }])
    const report = yield* ask(database)
    expect(statuses(report)).toMatchObject({ integrity: "ok", findings: "error" })
    expect(report.outcome).toBe("validation")
  })))

it.live("a database that is not there, and one that is none", () =>
  Effect.gen(function*() {
    const missing = yield* ask(join(place, "none.db"))
    expect(missing.outcome).toBe("not_found")
    expect(of(missing, "database")).toMatchObject({ status: "error" })
    mkdirSync(join(place, "backups"))
    const snapshot = join(place, "backups", "kata.jsonl")
    writeFileSync(snapshot, readFileSync(new URL("../fixtures/go-v10/rich.export.jsonl", import.meta.url)))
    expect(of(yield* ask(join(place, "none.db")), "backup")).toMatchObject({
      status: "note",
      says: expect.stringContaining(snapshot)
    })
    const foreign = join(place, "text.db")
    writeFileSync(foreign, "hello")
    expect((yield* ask(foreign)).outcome).toBe("damaged")
  }))

it.live("found W14: what is left of a database that is gone is named, by doctor and by an export", () =>
  Effect.gen(function*() {
    const database = join(place, "kata.db")
    for (const left of ["kata.db-wal", "kata.db-journal", "kata.db.bak.20260504T002107Z"]) {
      writeFileSync(join(place, left), "its work")
      const report = yield* ask(database)
      expect(report.outcome).toBe("validation")
      expect(of(report, "database")).toMatchObject({
        status: "error",
        says: `${database} does not exist, but what may hold its work does (${left})`,
        next: expect.stringContaining("docs/recovery.md")
      })
      expect(of(report, "leftovers")).toMatchObject({ status: "error", details: [join(place, left)] })
      const error = yield* Effect.flip(Effect.provide(toFile({ database, output: join(place, "x.jsonl") }), services))
      expect(error).toMatchObject({ _tag: "OpenError", reason: "lost", kind: "validation", detail: left })
      expect(readdirSync(place)).toEqual([left])
      rmSync(join(place, left))
    }
  }))

it.live("what interrupted work and killed daemons left", () =>
  Effect.gen(function*() {
    const database = fixture("small.db")
    const dead = 4_194_304 + 7
    const left = [`.kata.db.kata-${dead}-0123456789ab`, ".kata.db.kata-stage-0123456789ab", "kata.db.import.tmp.db"]
    for (const name of left) writeFileSync(join(place, name), "")
    const runtime = join(place, "home", "runtime", "0123456789ab")
    mkdirSync(runtime, { recursive: true })
    const record = join(runtime, `daemon.${dead}.json`)
    writeFileSync(record, JSON.stringify({ pid: dead, address: "unix:///none", db_path: database }))
    const report = yield* ask(database)
    expect(of(report, "leftovers")).toMatchObject({ status: "note" })
    for (const name of left) expect(of(report, "leftovers")?.details).toContain(join(place, name))
    expect(of(report, "daemon")).toMatchObject({
      says: "none is running",
      details: [`left by a daemon that is gone: ${record}`]
    })
    expect(readdirSync(place)).toEqual(expect.arrayContaining(left))
  }))

it.live("found W9: issues that wait for each other are named, with the way out", () =>
  Effect.gen(function*() {
    const database = fixture("small.db")
    const link = (from: number, to: number) =>
      execute(
        database,
        `INSERT OR IGNORE INTO links(project_id, from_issue_id, to_issue_id, from_issue_uid, to_issue_uid, type, author)
           SELECT f.project_id, f.id, t.id, f.uid, t.uid, 'blocks', 'ann' FROM issues f, issues t
           WHERE f.id = ${from} AND t.id = ${to}`
      )
    expect(of(yield* ask(database), "blocking")).toMatchObject({ status: "ok", details: [], next: null })
    const [a, b] = rows(
      database,
      `SELECT i.id, p.name || '#' || i.short_id AS ref FROM issues i JOIN projects p ON p.id = i.project_id
       WHERE i.status = 'open' AND i.deleted_at IS NULL ORDER BY i.project_id, i.id LIMIT 2`
    ) as ReadonlyArray<{ readonly id: number; readonly ref: string }>
    link(a!.id, b!.id)
    link(b!.id, a!.id)
    const report = yield* ask(database)
    expect(of(report, "blocking")).toMatchObject({
      status: "warning",
      says: "2 issues wait for each other and are never ready",
      details: [`${a!.ref} -> ${b!.ref} -> ${a!.ref}`],
      next: `kata edit '${a!.ref}' --remove-blocks '${b!.ref}'`
    })
    expect(report.outcome).toBeNull()
    execute(database, `UPDATE issues SET status = 'closed', closed_at = created_at WHERE id = ${b!.id}`)
    expect(of(yield* ask(database), "blocking")).toMatchObject({
      status: "note",
      says: "2 issues would wait for each other if all of them were open"
    })
    execute(database, `UPDATE issues SET deleted_at = created_at WHERE id = ${b!.id}`)
    expect(of(yield* ask(database), "blocking")).toMatchObject({ status: "ok" })
  }))
