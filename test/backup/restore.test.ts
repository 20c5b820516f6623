/** Backups become the database again. The kit turns the clock of "effect/TestClock". */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import * as Backup from "../../src/backup/Backup.ts"
import * as Lock from "../../src/database/Lock.ts"
import { undo } from "../../src/undo/Undo.ts"
import * as kit from "../snapshot/kit.ts"
import { at, beginning, site, work } from "./kit.ts"

const { homes } = kit
const day = 24 * 60 * 60 * 1000

describe("a restore", () => {
  it.scoped("3: of a database that was lost, or that an empty one has replaced, is done at once", () =>
    Effect.gen(function*() {
      yield* at(0)
      const { database, run, where } = yield* site("rich.db")
      const { file } = yield* run()
      const text = yield* kit.exported(database)
      for (const replace of [() => {}, () => copyFileSync(`${where.kataHome}/../empty.db`, database)]) {
        yield* kit.copyTo(`${where.kataHome}/../empty.db`, "empty.db")
        rmSync(database)
        replace()
        const dry = yield* Backup.restoreBackup({ ...where, database, homes, dryRun: true })
        assert.deepInclude(dry, { dry_run: true, saved: null, next: null })
        const report = yield* Backup.restoreBackup({ ...where, database, homes })
        assert.deepInclude(report, { dry_run: false, saved: null, next: null, skipped: [], warnings: [] })
        assert.deepInclude(report.restored, { proof: "seal" })
        assert.strictEqual(report.backup.file, file)
        assert.strictEqual(yield* kit.exported(database), text)
      }
      assert.deepInclude(yield* run(), { outcome: "unchanged", file })
    }).pipe(Effect.provide(kit.services)))

  it.scoped("in the place of one that holds something takes force, saves that first, and can be taken back", () =>
    Effect.gen(function*() {
      yield* at(0)
      const { database, names, run, where } = yield* site()
      const first = yield* run()
      yield* work(database, 2)
      const text = yield* kit.exported(database)
      yield* at(1)
      const asked = { ...where, database, homes }
      const error = yield* Effect.flip(Backup.restoreBackup(asked))
      assert.deepInclude(error, { _tag: "OpenError", reason: "exists" })
      assert.deepStrictEqual(names(), [first.file])
      const report = yield* Backup.restoreBackup({ ...asked, force: true, by: "ana" })
      assert.strictEqual(report.backup.file, first.file)
      assert.deepStrictEqual(names(), [first.file, report.saved])
      assert.deepInclude(report.restored.only_in_old, { events: 2 })
      yield* undo({ database, homes })
      assert.strictEqual(yield* kit.exported(database), text)
      // whoever works with it is not disturbed
      const held = Effect.zipRight(
        Lock.acquire(database, "daemon"),
        Effect.flip(Backup.restoreBackup({ ...asked, force: true }))
      )
      assert.deepInclude(yield* Effect.scoped(held), { _tag: "DatabaseLocked", kind: "locked" })
    }).pipe(Effect.provide(kit.services)))

  it.scoped("that is damaged too is done with force: what is there stays as .bak", () =>
    Effect.gen(function*() {
      yield* at(0)
      const { database, run, root, where } = yield* site()
      yield* run()
      writeFileSync(database, "SQLite format 3\0 and no more")
      const report = yield* Backup.restoreBackup({ ...where, database, homes, force: true })
      assert.strictEqual(report.saved, null)
      assert.match(report.warnings.join(), /^what was there could not be saved as a backup/)
      assert.strictEqual(readdirSync(root).filter((name) => name.startsWith("kata.db.bak.")).length, 1)
      assert.deepInclude(yield* run(), { outcome: "unchanged" })
    }).pipe(Effect.provide(kit.services)))

  it.scoped("6: takes the newest that is whole, names those that are not, and one by time or name", () =>
    Effect.gen(function*() {
      const { database, directory, names, root, run, where } = yield* site()
      for (const day of [0, 1, 2, 3]) {
        yield* at(day)
        yield* work(database)
        yield* run()
      }
      const [zero, one, two, three] = names()
      truncateSync(`${directory}/${three!}`, 900)
      const restored = (options: Partial<Backup.RestoreOptions>) => {
        rmSync(`${root}/new.db`, { force: true })
        return Backup.restoreBackup({ ...where, database, homes, target: `${root}/new.db`, ...options })
      }
      const newest = yield* restored({})
      assert.strictEqual(newest.backup.file, two)
      assert.deepStrictEqual(newest.skipped.map(({ file }) => file), [three])
      assert.strictEqual(newest.next?.file, three)
      const past = yield* restored({ at: beginning + 2 * day - 1 })
      assert.deepStrictEqual([past.backup.file, past.next?.file, past.skipped], [one, two, []])
      assert.strictEqual((yield* restored({ at: beginning })).backup.file, zero)
      assert.deepInclude(yield* Effect.flip(restored({ at: beginning - 1 })), { _tag: "BackupUnknown" })
      assert.strictEqual((yield* restored({ name: "-e9-" })).backup.file, zero)
      assert.deepInclude(yield* Effect.flip(restored({ name: three })), { _tag: "SnapshotDamaged", kind: "damaged" })
      assert.isFalse(existsSync(`${root}/new.db`))
    }).pipe(Effect.provide(kit.services)))

  it.scoped("of a lost database in a directory of several goes by what was saved from its path, or asks", () =>
    Effect.gen(function*() {
      yield* at(0)
      const { database, home, root, run, where } = yield* site()
      const first = yield* run()
      yield* kit.copyTo(`${root}/other.db`, "rich.db")
      yield* at(1)
      const other = yield* run({ database: `${root}/other.db`, anotherDatabase: true })
      rmSync(database)
      const { backup } = yield* Backup.restoreBackup({ ...where, database, homes })
      assert.strictEqual(backup.file, first.file)
      rmSync(database)
      rmSync(`${home}/backup-state.json`)
      const error = yield* Effect.flip(Backup.restoreBackup({ ...where, database, homes }))
      assert.deepInclude(error, { _tag: "BackupUnknown", kind: "not_found" })
      assert.include(error.message, first.file)
      assert.include(error.message, other.file)
      assert.isFalse(existsSync(database))
    }).pipe(Effect.provide(kit.services)))
})

describe("12: a drill", () => {
  it.scoped("says equal, how far behind, or that it is not of this database; and leaves nothing", () =>
    Effect.gen(function*() {
      yield* at(0)
      const { contents, database, run, where } = yield* site()
      const left = () => readdirSync(tmpdir()).filter((name) => name.startsWith(`kata-import-${process.pid}-`))
      const ask = (name?: string) => Backup.drill({ ...where, database, homes, name })
      copyFileSync(database, `${database}.old`)
      yield* work(database, 2)
      const first = yield* run()
      const before = [contents(), readFileSync(database)]
      assert.deepInclude(yield* ask(), { outcome: "equal", file: first.file })
      yield* work(database, 3)
      const behind = yield* ask()
      assert.strictEqual(behind.outcome, "behind")
      assert.strictEqual(behind.behind.events, 3)
      yield* at(1)
      yield* run()
      assert.strictEqual((yield* ask()).outcome, "equal")
      assert.strictEqual((yield* ask(first.file)).behind.events, 3)
      yield* kit.change(database, "UPDATE projects SET name = 'other'")
      assert.strictEqual((yield* ask()).outcome, "differs")
      copyFileSync(`${database}.old`, database)
      yield* work(database, 9)
      assert.strictEqual((yield* ask()).outcome, "another")
      assert.isTrue(
        contents().get(first.file)?.equals(before[0] instanceof Map ? before[0].get(first.file)! : Buffer.of())
      )
      assert.deepStrictEqual(left(), [])
    }).pipe(Effect.provide(kit.services)))

  it.scoped("without a backup that is whole fails", () =>
    Effect.gen(function*() {
      yield* at(0)
      const { database, directory, run, where } = yield* site()
      const { file } = yield* run()
      truncateSync(`${directory}/${file}`, 900)
      const error = yield* Effect.flip(Backup.drill({ ...where, database, homes }))
      assert.deepInclude(error, { _tag: "BackupUnknown", kind: "not_found" })
    }).pipe(Effect.provide(kit.services)))
})
