/** What `kata doctor` says of sound and of broken databases, and of what lies around them. */
import { afterEach, beforeEach, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { gunzipSync } from "node:zlib"
import { open } from "../../src/database/Handle.ts"
import { type Check, type DoctorReport, examine } from "../../src/doctor.ts"
import { toFile } from "../../src/export/Export.ts"
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

it.live("its newest backup, compressed or not; those of other databases do not count", () =>
  Effect.gen(function*() {
    const database = fixture("small.db")
    mkdirSync(join(place, "backups"))
    const exportTo = (name: string) =>
      Effect.provide(toFile({ database, output: join(place, "backups", name) }), services)
    yield* exportTo("old.jsonl")
    yield* exportTo("new.jsonl.gz")
    const past = new Date(Date.now() - 9 * 24 * 60 * 60 * 1000)
    utimesSync(join(place, "backups", "old.jsonl"), past, past)
    writeFileSync(join(place, "backups", "notes.jsonl"), "{\"a\":1}\n")
    writeFileSync(
      join(place, "backups", "other.jsonl"),
      readFileSync(new URL("../fixtures/go-v10/rich.export.jsonl", import.meta.url))
    )
    const fresh = yield* ask(database)
    expect(fresh.backup).toMatchObject({ path: join(place, "backups", "new.jsonl.gz"), of_this_database: true })
    expect(of(fresh, "backup")).toMatchObject({ status: "ok", says: expect.stringMatching(/^0 minutes old: /) })
    rmSync(join(place, "backups", "new.jsonl.gz"))
    expect(of(yield* ask(database), "backup")).toMatchObject({
      status: "warning",
      says: `9 days old: ${join(place, "backups", "old.jsonl")}`,
      next: expect.stringMatching(`^kata export --output ${join(place, "backups")}/kata-\\d{8}\\.jsonl$`)
    })
    rmSync(join(place, "backups", "old.jsonl"))
    expect(of(yield* ask(database), "backup")).toMatchObject({
      status: "warning",
      says: "no snapshot of this database was found",
      details: [`the newest of another database: ${join(place, "backups", "other.jsonl")}`, expect.any(String)]
    })
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
