/** A run, and what it says of databases that are not what they were. The numbers are those of the acceptance checks of the design. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync
} from "node:fs"
import { gunzipSync, gzipSync } from "node:zlib"
import * as Backup from "../../src/backup/Backup.ts"
import { hold } from "../../src/backup/place.ts"
import { layerFaultyFileSystem } from "../../src/testing/faults.ts"
import * as kit from "../snapshot/kit.ts"
import { at, site, textIn, work } from "./kit.ts"

const mode = (path: string) => (statSync(path).mode & 0o777).toString(8)

describe("a run", () => {
  for (const umask of [0o000, 0o022]) {
    it.scoped(`1: makes the directory and a private file, then nothing, then another one (umask ${umask})`, () =>
      Effect.gen(function*() {
        yield* at(0)
        const { database, directory, names, run } = yield* site()
        const old = process.umask(umask)
        yield* Effect.addFinalizer(() => Effect.sync(() => process.umask(old)))
        const first = yield* run()
        assert.deepInclude(first, { outcome: "saved", previous: null, new_events: null, read_back: true, warnings: [] })
        assert.match(first.file, /^kata-\d{8}T000000Z-e8-TT2232T3\.jsonl\.gz$/)
        assert.deepStrictEqual([mode(directory), mode(`${directory}/${first.file}`)], ["700", "600"])
        assert.strictEqual(mode(`${directory}/../backup-state.json`), "600")
        assert.strictEqual(statSync(`${directory}/${first.file}`).size, first.bytes)
        yield* at(0, 1)
        assert.deepInclude(yield* run(), { outcome: "unchanged", file: first.file, read_back: false, objects: false })
        assert.deepStrictEqual(names(), [first.file])
        yield* work(database)
        yield* at(0, 2)
        const second = yield* run()
        assert.deepInclude(second, { outcome: "saved", new_events: 1, position: 9, objects: false })
        assert.strictEqual(second.previous?.file, first.file)
        assert.deepStrictEqual(names(), [first.file, second.file])
        assert.deepStrictEqual(
          readdirSync(directory).filter((name) => !name.startsWith("kata-2")),
          ["kata-backups.txt"]
        )
      }).pipe(Effect.provide(kit.services)))
  }

  it.scoped("2: saves byte for byte what an export gives, also while somebody writes", () =>
    Effect.gen(function*() {
      yield* at(0)
      const { database, directory, run } = yield* site("rich.db")
      const { file, sha256 } = yield* run()
      const text = yield* kit.exported(database)
      assert.strictEqual(textIn(`${directory}/${file}`), text)
      assert.include(text, `"sha256":"${sha256}"`)
      yield* kit.restore(`${directory}/${file}`, `${directory}/../again.db`)
      assert.strictEqual(yield* kit.exported(`${directory}/../again.db`), text)
    }).pipe(Effect.provide(kit.services)))

  it.scoped("15: reads nothing of a database that was not written to, but once a day", () =>
    Effect.gen(function*() {
      yield* at(0)
      const { database, directory, run } = yield* site()
      const { file } = yield* run()
      const before = statSync(`${directory}/${file}`)
      const calls: Array<string> = []
      const watched = layerFaultyFileSystem([], ({ operation, path }) => {
        if (operation === "open" || operation === "write") calls.push(`${operation} ${path}`)
      })
      yield* at(0, 23)
      assert.deepInclude(yield* Effect.provide(run(), watched), { outcome: "unchanged", file })
      // only the lock is opened
      assert.deepStrictEqual(calls.filter((call) => !call.includes(".kata-backups.lock")), [])
      yield* at(1, 1)
      assert.deepInclude(yield* Effect.provide(run(), watched), { outcome: "unchanged", file })
      assert.include(calls, `open ${directory}/${file}`)
      assert.strictEqual(statSync(`${directory}/${file}`).mtimeMs, before.mtimeMs)
      // a change that no event tells of is seen
      yield* kit.change(database, "UPDATE projects SET name = 'other'")
      assert.deepInclude(yield* run(), { outcome: "saved", new_events: 0 })
    }).pipe(Effect.provide(kit.services)))

  it.scoped("reads an old backup again, one a day, and tells what the disk has made of it", () =>
    Effect.gen(function*() {
      const { database, directory, names, run, where } = yield* site()
      for (const days of [0, 1, 2]) {
        yield* at(days)
        yield* work(database)
        yield* run()
      }
      const readAt = Effect.map(
        Backup.listBackups(where),
        ({ backups }) => backups.toReversed().map(({ read_at: at }) => at)
      )
      const before = yield* readAt
      yield* at(2, 3)
      assert.deepInclude(yield* run({ always: true }), { warnings: [] })
      // that of the second day was read by the run of the third, as the newest; a day has not passed since the first was
      assert.deepStrictEqual((yield* readAt).slice(0, 3), before)
      truncateSync(`${directory}/${names()[0]!}`, 900)
      yield* at(3, 4)
      const { outcome, warnings } = yield* run()
      assert.strictEqual(outcome, "unchanged")
      assert.match(warnings.join(), new RegExp(`^${names()[0]} is no good: `))
      yield* at(4, 5)
      assert.deepStrictEqual((yield* run()).warnings, [])
      const after = yield* readAt
      assert.notStrictEqual(after[1], before[1])
      assert.strictEqual((yield* Backup.listBackups(where)).backups.at(-1)?.state, "damaged")
    }).pipe(Effect.provide(kit.services)))

  it.scoped("writes a file with the same content when that is asked", () =>
    Effect.gen(function*() {
      yield* at(0)
      const { names, run } = yield* site()
      const [one, two] = [yield* run({ always: true }), yield* run({ always: true })]
      assert.strictEqual(one.sha256, two.sha256)
      assert.match(two.file, /Z-2-e8-TT2232T3\.jsonl\.gz$/)
      assert.deepStrictEqual(names(), [two.file, one.file])
    }).pipe(Effect.provide(kit.services)))

  it.scoped("never takes a name that something has", () =>
    Effect.gen(function*() {
      yield* at(0)
      const first = yield* site()
      const { file } = yield* first.run()
      const { directory, run } = yield* site()
      mkdirSync(directory, { recursive: true })
      writeFileSync(`${directory}/other`, "of somebody")
      symlinkSync(`${directory}/nowhere`, `${directory}/${file}`)
      const second = yield* run()
      assert.strictEqual(second.file, file.replace("Z-e", "Z-2-e"))
      assert.isFalse(existsSync(`${directory}/nowhere`))
      const { backups, unmanaged } = yield* Backup.listBackups({ directory, kataHome: `${directory}/..` })
      assert.deepStrictEqual([backups.map(({ file }) => file), unmanaged], [[second.file], 2])
    }).pipe(Effect.provide(kit.services)))

  it.scoped("waits for nobody: the second of two says who has the directory", () =>
    Effect.gen(function*() {
      yield* at(0)
      const { directory, names, run } = yield* site()
      yield* run()
      const error = yield* Effect.scoped(Effect.zipRight(
        hold(directory, directory),
        Effect.flip(run({ always: true }))
      ))
      assert.deepInclude(error, { _tag: "DatabaseLocked", kind: "locked", path: directory })
      assert.match(error.message, /is in use by a backup \(pid \d+/)
      assert.strictEqual(names().length, 1)
      yield* run({ always: true })
      assert.strictEqual(names().length, 2)
    }).pipe(Effect.provide(kit.services)))
})

describe("a database that is not what it was", () => {
  it.scoped("3: one that is gone is not made, and nothing is written; a new one in its place is refused", () =>
    Effect.gen(function*() {
      yield* at(0)
      const { contents, database, run } = yield* site()
      yield* run()
      const before = contents()
      rmSync(database)
      assert.deepInclude(yield* Effect.flip(run()), { _tag: "OpenError", reason: "missing", kind: "not_found" })
      assert.isFalse(existsSync(database))
      writeFileSync(database, "")
      assert.deepInclude(yield* Effect.flip(run()), { _tag: "OpenError", reason: "empty", kind: "damaged" })
      yield* kit.copyTo(database, "empty.db")
      const error = yield* Effect.flip(run())
      assert.deepInclude(error, { _tag: "AnotherDatabase", kind: "conflict" })
      assert.match(
        error.message,
        /^nothing was written: \S+ has 1 backup of the database …TT2232T3 \(8 events\), and \S+kata\.db is …\w{8}, with 0 issues$/
      )
      assert.deepStrictEqual(contents(), before)
      const saved = yield* run({ anotherDatabase: true })
      assert.deepInclude(saved, { outcome: "saved", previous: null, position: 0 })
      // once it is there nobody has to say it again
      yield* kit.change(database, "INSERT INTO meta(key, value) VALUES ('more', '1')")
      assert.deepInclude(yield* run(), { outcome: "saved", new_events: 0 })
    }).pipe(Effect.provide(kit.services)))

  it.scoped("3: also when what was remembered is lost", () =>
    Effect.gen(function*() {
      yield* at(0)
      const { database, home, run } = yield* site()
      yield* run()
      rmSync(`${home}/backup-state.json`)
      yield* kit.copyTo(database, "empty.db")
      assert.deepInclude(yield* Effect.flip(run()), { _tag: "AnotherDatabase" })
    }).pipe(Effect.provide(kit.services)))

  it.scoped("4: one that was put back is saved with a warning, and what only the older backups hold stays", () =>
    Effect.gen(function*() {
      yield* at(0)
      const { contents, database, run, where } = yield* site()
      copyFileSync(database, `${database}.old`)
      yield* work(database, 5)
      const before = yield* run()
      copyFileSync(`${database}.old`, database)
      yield* work(database, 2)
      yield* at(1)
      const after = yield* run()
      assert.deepInclude(after, { outcome: "saved", position: 10, objects: false })
      assert.deepStrictEqual(after.warnings, [
        `the database is older than ${before.file}: up to 3 events are only in that backup and those before it`
      ])
      // the next ones have passed it
      for (let day = 2; day < 20; day++) {
        yield* work(database, 3)
        yield* at(day)
        assert.deepInclude(yield* run(), { outcome: "saved", warnings: [] })
        yield* Backup.prune({ ...where, words: { counts: { last: "1" }, within: {} } })
        assert.include([...contents().keys()], before.file)
      }
      assert.strictEqual(contents().size, 3)
    }).pipe(Effect.provide(kit.services)))

  it.scoped("4: also when the new work has passed it before the next run", () =>
    Effect.gen(function*() {
      yield* at(0)
      const { contents, database, directory, names, run } = yield* site()
      copyFileSync(database, `${database}.old`)
      yield* work(database, 2)
      const before = yield* run()
      const bytes = readFileSync(`${directory}/${before.file}`)
      copyFileSync(`${database}.old`, database)
      yield* work(database, 7)
      yield* at(1)
      const after = yield* run()
      assert.deepInclude(after, { outcome: "saved", position: 15, new_events: 5, objects: false })
      assert.match(after.warnings[0] ?? "", /^the last event of \S+ is not in the database: it was put back/)
      assert.deepStrictEqual(names(), [after.file])
      assert.isTrue(contents().get(`left-${before.file}`)?.equals(bytes))
      yield* work(database)
      yield* at(2)
      assert.deepInclude(yield* run(), { outcome: "saved", warnings: [] })
    }).pipe(Effect.provide(kit.services)))

  it.scoped("4: work that is gone without a purge ends with a warning and exit 9, and a purge without", () =>
    Effect.gen(function*() {
      yield* at(0)
      const { database, run } = yield* site()
      yield* work(database, 3)
      const before = yield* run()
      yield* kit.change(database, "DELETE FROM comments WHERE id = 3")
      yield* at(1)
      const after = yield* run()
      assert.deepInclude(after, { outcome: "saved", objects: true })
      assert.deepStrictEqual(after.warnings, [`gone since ${before.file} without a purge: 1 comment`])
      yield* kit.change(
        database,
        `INSERT INTO purge_log(uid, origin_instance_uid, project_id, purged_issue_id, issue_uid, project_uid, project_name,
          issue_title, issue_author, comment_count, link_count, label_count, event_count, events_deleted_min_id,
          events_deleted_max_id, purge_reset_after_event_id, short_id, actor, purged_at)
        SELECT substr(i.uid, 1, 20) || '000000', '01M82VMAXEZXB9DG63TT2232T3', i.project_id, i.id, i.uid, p.uid, p.name, i.title,
          i.author, (SELECT count(*) FROM comments WHERE issue_id = 1), 0, 0, (SELECT count(*) FROM events WHERE issue_id = 1),
          (SELECT min(id) FROM events WHERE issue_id = 1), (SELECT max(id) FROM events WHERE issue_id = 1), 12, i.short_id, 'ana',
          '2026-11-29T00:00:00.000Z' FROM issues i JOIN projects p ON p.id = i.project_id WHERE i.id = 1;
        DELETE FROM comments WHERE issue_id = 1;
        DELETE FROM events WHERE issue_id = 1;
        DELETE FROM links WHERE from_issue_id = 1 OR to_issue_id = 1;
        DELETE FROM issue_labels WHERE issue_id = 1;
        UPDATE events SET related_issue_id = NULL WHERE related_issue_id = 1;
        DELETE FROM issues WHERE id = 1;
        UPDATE sqlite_sequence SET seq = 12 WHERE name = 'events'`
      )
      yield* at(2)
      assert.deepInclude(yield* run(), { outcome: "saved", position: 12, warnings: [], objects: false })
    }).pipe(Effect.provide(kit.services)))

  it.scoped("one that breaks a rule is saved, and says that a restore will refuse it", () =>
    Effect.gen(function*() {
      yield* at(0)
      const { database, run, where } = yield* site()
      yield* run()
      yield* kit.change(database, "UPDATE issues SET priority = 9 WHERE id = 1")
      yield* at(1)
      const report = yield* run()
      assert.deepInclude(report, { outcome: "saved", objects: true })
      assert.match(report.warnings.join(), /breaks a rule: a restore will refuse this backup/)
      const { refused, whole } = yield* Backup.verifyBackups({ ...where, all: true })
      assert.deepStrictEqual([whole, refused], [2, 1])
    }).pipe(Effect.provide(kit.services)))
})

describe("6: a newest backup that is no good", () => {
  /** Changes the file at a path. */
  const damages: Readonly<Record<string, (path: string, other: string) => void>> = {
    "is cut": (path) => truncateSync(path, statSync(path).size - 30),
    "is empty": (path) => truncateSync(path, 0),
    "has one bit changed": (path) => {
      const bytes = readFileSync(path)
      bytes[bytes.length >> 1]! ^= 4
      writeFileSync(path, bytes)
    },
    "has one letter changed, within its compression": (path) =>
      writeFileSync(path, gzipSync(gunzipSync(readFileSync(path)).toString("utf8").replace("work", "worm"))),
    "has something behind its end": (path) => appendFileSync(path, "more"),
    "is one of another database": (path, other) => copyFileSync(other, path),
    "is no snapshot": (path) => writeFileSync(path, gzipSync("hello\n"))
  }
  for (const [what, damage] of Object.entries(damages)) {
    it.scoped(`${what}: it is told, a new one is saved, and the one before it stays whatever is pruned`, () =>
      Effect.gen(function*() {
        yield* at(0)
        const other = yield* site("rich.db")
        const { file: foreign } = yield* other.run()
        const { database, directory, names, run, where } = yield* site()
        const first = yield* run()
        yield* work(database)
        yield* at(1)
        const { file } = yield* run()
        damage(`${directory}/${file}`, `${other.directory}/${foreign}`)
        yield* at(2)
        yield* Backup.prune({ ...where, words: { counts: { last: "1" }, within: {} } })
        assert.deepStrictEqual(names(), [first.file, file])
        const status = yield* Backup.status({ ...where, database, maxAge: 1000, full: true })
        assert.deepInclude(status, { outcome: "damaged" })
        assert.strictEqual(status.newest?.file, first.file)
        assert.strictEqual(status.bad[0]?.file, file)
        assert.strictEqual((yield* Backup.verifyBackups(where)).damaged, 1)
        const next = yield* run()
        assert.deepInclude(next, { outcome: "saved" })
        assert.strictEqual(next.previous?.file, first.file)
        assert.match(next.warnings.join(), new RegExp(`^${file} is no good: `))
        assert.strictEqual((yield* Backup.verifyBackups(where)).damaged, 0)
        assert.deepStrictEqual(names(), [first.file, file, next.file])
      }).pipe(Effect.provide(kit.services)))
  }
})

describe("7: a clock that is wrong", () => {
  it.scoped("loses no backup, overwrites none, and what is dated in the future counts for nothing", () =>
    Effect.gen(function*() {
      const { contents, database, run, where } = yield* site()
      const kept = new Map<string, Buffer>()
      for (const days of [400, 399, 401, 35, 401.1, 402, 2227, 403]) {
        yield* at(days)
        yield* work(database)
        const report = yield* run()
        assert.strictEqual(report.outcome, "saved")
        for (const [name, bytes] of kept) assert.isTrue(contents().get(name)?.equals(bytes), name)
        kept.set(report.file, readFileSync(`${where.directory}/${report.file}`))
        const [newest] = (yield* Backup.listBackups(where)).backups.filter(({ future }) => !future)
        assert.strictEqual(newest?.file, report.file)
      }
      assert.strictEqual(contents().size, 8)
      const status = yield* Backup.status({ ...where, database, maxAge: 1000 })
      assert.deepInclude(status, { outcome: "ok" })
      assert.strictEqual(status.future.length, 1)
    }).pipe(Effect.provide(kit.services)))

  it.scoped("that is set back a little does not make the newest an older one", () =>
    Effect.gen(function*() {
      const { database, names, run } = yield* site()
      yield* at(1)
      yield* run()
      yield* work(database)
      yield* at(1, -5 / 60)
      const { file } = yield* run()
      assert.strictEqual(names().length, 2)
      assert.match(file, /T000000Z-2-e9-/)
      yield* TestClock.adjust("1 minute")
      assert.deepInclude(yield* run(), { outcome: "unchanged", file })
    }).pipe(Effect.provide(kit.services)))
})

describe("a directory that is not there", () => {
  it.scoped("is not made anew where one was, nor accepted when it is another one", () =>
    Effect.gen(function*() {
      yield* at(0)
      const { directory, run, where } = yield* site()
      yield* run()
      renameSync(directory, `${directory}.disk`)
      const gone = yield* Effect.flip(run())
      assert.deepInclude(gone, { _tag: "BackupsNotThere", problem: "missing", kind: "not_found" })
      assert.match(gone.hint ?? "", /^is the disk mounted\?/)
      assert.isFalse(existsSync(directory))
      mkdirSync(directory)
      assert.deepInclude(yield* Effect.flip(run()), { _tag: "BackupsNotThere", problem: "unmarked" })
      assert.deepStrictEqual(readdirSync(directory), [])
      yield* Backup.initBackups({ directory, kataHome: `${where.kataHome}/other` })
      assert.deepInclude(yield* Effect.flip(run()), { _tag: "BackupsNotThere", problem: "another" })
      assert.deepInclude(yield* Effect.flip(Backup.listBackups(where)), { problem: "another" })
      assert.deepStrictEqual(readdirSync(directory), ["kata-backups.txt"])
      // until somebody says that it is meant
      assert.deepInclude(yield* Backup.initBackups(where), { made: false })
      assert.deepInclude(yield* run(), { outcome: "saved", previous: null })
    }).pipe(Effect.provide(kit.services)))

  it.scoped("is only made by init when it is not the usual one", () =>
    Effect.gen(function*() {
      yield* at(0)
      const { database, home, root } = yield* site()
      const where = { directory: `${root}/disk/kata`, kataHome: home }
      assert.deepInclude(yield* Effect.flip(Backup.run({ ...where, database })), { problem: "missing" })
      assert.isFalse(existsSync(`${root}/disk`))
      assert.deepInclude(yield* Backup.initBackups(where), { made: true })
      assert.deepInclude(yield* Backup.initBackups(where), { made: false })
      assert.deepInclude(yield* Backup.run({ ...where, database }), { outcome: "saved" })
      writeFileSync(`${where.directory}/kata-backups.txt`, "notes of mine\n")
      for (
        const problem of [
          yield* Effect.flip(Backup.run({ ...where, database })),
          yield* Effect.flip(Backup.initBackups(where))
        ]
      ) {
        assert.deepInclude(problem, { _tag: "BackupsNotThere", problem: "odd" })
      }
      assert.strictEqual(readFileSync(`${where.directory}/kata-backups.txt`, "utf8"), "notes of mine\n")
      writeFileSync(`${root}/file`, "")
      const file = { ...where, directory: `${root}/file` }
      assert.deepInclude(yield* Effect.flip(Backup.initBackups(file)), { problem: "directory" })
      assert.deepInclude(yield* Effect.flip(Backup.listBackups(file)), { problem: "directory" })
    }).pipe(Effect.provide(kit.services)))
})

it.scoped("what is remembered may be lost, cut, of others, or of a later kata: the outcome is the same", () =>
  Effect.gen(function*() {
    yield* at(0)
    const { database, home, names, run } = yield* site()
    const { file } = yield* run()
    const state = `${home}/backup-state.json`
    const text = readFileSync(state, "utf8")
    const states: ReadonlyArray<() => void> = [
      () => rmSync(state),
      () => writeFileSync(state, ""),
      () => writeFileSync(state, text.slice(0, 100)),
      () => writeFileSync(state, "[]"),
      () => writeFileSync(state, text.replace(`"state_version": 1`, `"state_version": 2`)),
      () => writeFileSync(state, text.replaceAll(/"(read_at|at)": "2/g, `"$1": "7`))
    ]
    for (const change of states) {
      change()
      assert.deepInclude(yield* run(), { outcome: "unchanged", file, warnings: [] })
      assert.strictEqual(readFileSync(state, "utf8").length, text.length)
    }
    rmSync(state)
    mkdirSync(state)
    const { outcome, warnings } = yield* run()
    assert.strictEqual(outcome, "unchanged")
    assert.match(warnings.join(), /^what was found out could not be noted: /)
    yield* work(database)
    assert.deepInclude(yield* run(), { outcome: "saved" })
    assert.strictEqual(names().length, 2)
  }).pipe(Effect.provide(kit.services)))

it.scoped("only regular files with exactly such names are looked at", () =>
  Effect.gen(function*() {
    yield* at(0)
    const { database, directory, run, where } = yield* site()
    const { file } = yield* run()
    const later = file.replace("Z-e8", "Z-e9")
    linkSync(`${directory}/${file}`, `${directory}/keep-${file}`)
    symlinkSync(`${directory}/${file}`, `${directory}/${later}`)
    mkdirSync(`${directory}/${file.replace("Z-e8", "Z-e10")}`)
    for (const name of [file.replace(/\d{8}T/, "20260230T"), file.replace("-e8", "-e08"), file.replace(".gz", "")]) {
      writeFileSync(`${directory}/${name}`, "")
    }
    const { backups, unmanaged } = yield* Backup.listBackups(where)
    assert.deepStrictEqual([backups.map(({ file }) => file), unmanaged], [[file], 6])
    yield* work(database)
    yield* at(1)
    const next = yield* run()
    yield* Backup.prune({ ...where, words: { counts: { last: "1" }, within: {} } })
    assert.deepStrictEqual((yield* Backup.listBackups(where)).backups.map(({ file }) => file), [next.file])
    assert.strictEqual((yield* Backup.listBackups(where)).unmanaged, 6)
    assert.isTrue(existsSync(`${directory}/keep-${file}`))
  }).pipe(Effect.provide(kit.services)))
