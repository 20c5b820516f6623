/** What a prune removes of real directories. The rules themselves are in retention.test.ts. The kit turns the clock of "effect/TestClock". */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { copyFileSync, readdirSync, renameSync, rmSync, truncateSync, utimesSync } from "node:fs"
import * as Backup from "../../src/backup/Backup.ts"
import { hold } from "../../src/backup/place.ts"
import { layerFaultyFileSystem } from "../../src/testing/faults.ts"
import * as kit from "../snapshot/kit.ts"
import { at, type Site, site, work } from "./kit.ts"

/** One backup on each of these days, each with an event more; their names. */
const runsOn = (place: Site, days: ReadonlyArray<number>) =>
  Effect.forEach(days, (day) =>
    Effect.gen(function*() {
      yield* at(day)
      yield* work(place.database)
      return (yield* place.run()).file
    }))

const last = (count: string): Backup.Words => ({ counts: { last: count }, within: {} })

describe("a prune", () => {
  it.scoped("5: removes what a dry run says, file by file, and then nothing more", () =>
    Effect.gen(function*() {
      const place = yield* site()
      const { directory, home, names, where } = place
      const files = yield* runsOn(place, [0, 0.2, 0.4, 1, 2, 2.5, 9, 40, 41, 80])
      const words: Backup.Words = { counts: { daily: "2" }, within: { all: "40d" } }
      const before = names()
      const dry = yield* Backup.prune({ ...where, words, dryRun: true })
      assert.deepStrictEqual(names(), before)
      assert.deepInclude(dry, { dry_run: true, kept: 3, removed: 7 })
      const done = yield* Backup.prune({ ...where, words })
      assert.deepStrictEqual(done.files, dry.files)
      assert.deepStrictEqual([done.kept, done.removed, done.bytes], [3, 7, dry.bytes])
      assert.deepStrictEqual(names(), files.filter((_, i) => [7, 8, 9].includes(i)))
      assert.deepInclude(yield* Backup.prune({ ...where, words }), { kept: 3, removed: 0, bytes: 0 })
      assert.deepStrictEqual(readdirSync(directory).filter((name) => name.startsWith(".")), [])
      assert.notInclude(yield* kit.textOf(`${home}/backup-state.json`), files[0]!)
    }).pipe(Effect.provide(kit.services)))

  it.scoped("without a rule that keeps something is refused before anything is looked at", () =>
    Effect.gen(function*() {
      const { where } = yield* site()
      for (const words of [{ counts: {}, within: {} }, last("0"), last("-1")]) {
        assert.deepInclude(yield* Effect.flip(Backup.prune({ ...where, words })), {
          _tag: "RetentionRefused",
          kind: "usage"
        })
      }
      assert.deepInclude(yield* Effect.flip(Backup.prune({ ...where, words: last("1") })), { _tag: "BackupsNotThere" })
    }).pipe(Effect.provide(kit.services)))

  it.scoped("reads what it has not read before anything goes: one that is damaged takes nobody's place", () =>
    Effect.gen(function*() {
      const place = yield* site()
      const { directory, home, names, where } = place
      const files = yield* runsOn(place, [0, 1, 2, 40, 80])
      truncateSync(`${directory}/${files[4]!}`, 900)
      truncateSync(`${directory}/${files[2]!}`, 900)
      rmSync(`${home}/backup-state.json`)
      const words: Backup.Words = { counts: { last: "1", monthly: "3" }, within: {} }
      const report = yield* Backup.prune({ ...where, words })
      assert.deepStrictEqual(
        report.files.map(({ file, state, stays }) => [files.indexOf(file), state, stays]),
        [[4, "damaged", true], [3, "good", true], [2, "damaged", true], [1, "good", true], [0, "good", true]]
      )
      const again = yield* Backup.prune({ ...where, words: last("1") })
      assert.strictEqual(again.removed, 2)
      assert.deepStrictEqual(names(), [files[2], files[3], files[4]])
      // what has a later good one goes when that is asked; the newest never
      const damaged = yield* Backup.prune({ ...where, words: last("1"), damaged: true })
      assert.deepStrictEqual([damaged.removed, names()], [1, [files[3], files[4]]])
    }).pipe(Effect.provide(kit.services)))

  it.scoped("a file whose name says other things than its content stays, and counts for nothing", () =>
    Effect.gen(function*() {
      const place = yield* site()
      const { directory, names, where } = place
      const files = yield* runsOn(place, [0, 1, 2])
      const lying = files[0]!.replace(/-e\d+-/, "-e999-")
      renameSync(`${directory}/${files[0]!}`, `${directory}/${lying}`)
      const report = yield* Backup.prune({ ...where, words: last("1") })
      assert.deepInclude(report.files[2], { file: lying, state: "lies", stays: true })
      assert.deepStrictEqual(names(), [lying, files[2]])
      const shown = yield* Backup.showBackup({ ...where, name: "e999" })
      assert.deepInclude(shown.backup, { state: "lies", problem: "its name says otherwise: it is of position 9" })
    }).pipe(Effect.provide(kit.services)))

  it.scoped("removes nothing where nothing is good", () =>
    Effect.gen(function*() {
      const place = yield* site()
      const { directory, names, where } = place
      const files = yield* runsOn(place, [0, 1, 2])
      for (const file of files) truncateSync(`${directory}/${file}`, 900)
      const error = yield* Effect.flip(Backup.prune({ ...where, words: last("1"), damaged: true }))
      assert.deepInclude(error, { _tag: "NoGoodBackup", kind: "damaged" })
      assert.match(error.message, /has no good backup \(3 files; /)
      assert.deepStrictEqual(names(), files)
    }).pipe(Effect.provide(kit.services)))

  it.scoped("keeps the newest good one of each database in the directory", () =>
    Effect.gen(function*() {
      const place = yield* site()
      const { database, names, root, where } = place
      const [one, two] = yield* runsOn(place, [0, 1])
      renameSync(database, `${root}/first.db`)
      yield* kit.copyTo(database, "rich.db")
      yield* at(2)
      const other = yield* place.run({ anotherDatabase: true })
      renameSync(database, `${root}/second.db`)
      copyFileSync(`${root}/first.db`, database)
      const [three] = yield* runsOn(place, [3])
      yield* Backup.prune({ ...where, words: last("1") })
      assert.deepStrictEqual(names(), [other.file, three])
      assert.notInclude(names(), one)
      assert.notInclude(names(), two)
    }).pipe(Effect.provide(kit.services)))

  it.scoped("waits for nobody, and leaves a file alone that has changed since it was looked at", () =>
    Effect.gen(function*() {
      const place = yield* site()
      const { directory, names, where } = place
      const files = yield* runsOn(place, [0, 1, 2])
      const held = Effect.zipRight(
        hold(directory, directory),
        Effect.flip(Backup.prune({ ...where, words: last("1") }))
      )
      assert.deepInclude(yield* Effect.scoped(held), { _tag: "DatabaseLocked", kind: "locked" })
      // a dry run disturbs nobody
      assert.strictEqual((yield* Backup.prune({ ...where, words: last("1"), dryRun: true })).removed, 2)
      let touched = false
      const meanwhile = layerFaultyFileSystem([], ({ operation, path }) => {
        if (operation !== "remove" || touched || !path.endsWith(files[0]!)) return
        touched = true
        utimesSync(`${directory}/${files[1]!}`, 1, 1)
      })
      const report = yield* Effect.provide(Backup.prune({ ...where, words: last("1") }), meanwhile)
      assert.deepStrictEqual([report.removed, names()], [1, [files[1], files[2]]])
      assert.match(report.warnings.join(), /is another file now, or gone: it was left alone$/)
    }).pipe(Effect.provide(kit.services)))

  it.scoped("that the disk stops has removed the oldest, and the next one goes on", () =>
    Effect.gen(function*() {
      const place = yield* site()
      const { names, where } = place
      const files = yield* runsOn(place, [0, 1, 2, 3])
      const broken = layerFaultyFileSystem([{ operation: "remove", call: 2, path: "/kata-2", code: "EIO" }])
      const error = yield* Effect.flip(Effect.provide(Backup.prune({ ...where, words: last("1") }), broken))
      assert.deepInclude(error, { _tag: "FileError", kind: "io", code: "EIO" })
      assert.deepStrictEqual(names(), files.slice(1))
      yield* Backup.prune({ ...where, words: last("1") })
      assert.deepStrictEqual(names(), files.slice(3))
    }).pipe(Effect.provide(kit.services)))
})

describe("the status", () => {
  it.scoped("is stale when an event is in no backup for too long, however old the backup is", () =>
    Effect.gen(function*() {
      yield* at(0)
      const { database, run, where } = yield* site()
      const ask = (full = false) => Backup.status({ ...where, database, maxAge: 26 * 3_600_000, full })
      yield* Backup.initBackups(where)
      assert.deepInclude(yield* ask(), { outcome: "none", newest: null, files: 0 })
      const { file } = yield* run()
      yield* at(100)
      const fine = yield* ask()
      assert.deepInclude(fine, { outcome: "ok", ahead: 0, problem: null })
      assert.deepStrictEqual(fine.behind, { events: 0, since: null })
      assert.deepInclude(fine.newest, { file, state: "good", position: 8 })
      yield* work(database, 2, 99.5)
      yield* at(100.5)
      const behind = yield* ask(true)
      assert.strictEqual(behind.outcome, "ok")
      assert.strictEqual(behind.behind?.events, 2)
      yield* at(101)
      assert.strictEqual((yield* ask()).outcome, "stale")
      yield* run()
      assert.strictEqual((yield* ask()).outcome, "ok")
    }).pipe(Effect.provide(kit.services)))

  it.scoped("says what the backups hold when the database is gone, older, or another one", () =>
    Effect.gen(function*() {
      yield* at(0)
      const { database, run, where } = yield* site()
      const ask = Backup.status({ ...where, database, maxAge: 26 * 3_600_000 })
      copyFileSync(database, `${database}.old`)
      yield* work(database, 3)
      const { file } = yield* run()
      copyFileSync(`${database}.old`, database)
      assert.deepInclude(yield* ask, { outcome: "ok", ahead: 3 })
      rmSync(database)
      const gone = yield* ask
      assert.deepInclude(gone, { outcome: "unknown", behind: null })
      assert.match(gone.problem ?? "", /does not exist/)
      assert.strictEqual(gone.newest?.file, file)
      yield* kit.copyTo(database, "rich.db")
      assert.deepInclude(yield* ask, { outcome: "none", newest: null, files: 1 })
    }).pipe(Effect.provide(kit.services)))
})

describe("a verification", () => {
  it.scoped("reads the newest, one that is named, all, or those that were read longest ago", () =>
    Effect.gen(function*() {
      const place = yield* site()
      const { where } = place
      const files = yield* runsOn(place, [0, 1, 2])
      const read = (options: Omit<Parameters<typeof Backup.verifyBackups>[0], keyof Backup.Where>) =>
        Effect.map(Backup.verifyBackups({ ...where, ...options }), ({ damaged, files: of, whole }) => [
          of.map(({ file }) => files.indexOf(file)),
          whole,
          damaged
        ])
      yield* at(3)
      assert.deepStrictEqual(yield* read({}), [[2], 1, 0])
      assert.deepStrictEqual(yield* read({ name: files[1]!.slice(5, 20) }), [[1], 1, 0])
      yield* at(4)
      assert.deepStrictEqual(yield* read({ sample: 1 }), [[0], 1, 0])
      assert.deepStrictEqual(yield* read({ all: true }), [[2, 1, 0], 3, 0])
      for (const name of ["nothing", "", "kata-2"]) {
        const error = yield* Effect.flip(Backup.verifyBackups({ ...where, name }))
        assert.deepInclude(error, { _tag: "BackupUnknown", kind: "not_found", name })
      }
    }).pipe(Effect.provide(kit.services)))
})
