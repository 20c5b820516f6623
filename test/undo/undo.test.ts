/** What replaced a database is taken back: what is there then, what stays, and when it is refused. */
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Lock from "../../src/database/Lock.ts"
import { restore as restoreOf } from "../../src/import/Import.ts"
import * as Upgrade from "../../src/import/Upgrade.ts"
import * as kit from "../snapshot/kit.ts"
import * as old from "../versions/kit.ts"
import * as undoKit from "./kit.ts"

const { contentOf, historyOf, list, record, refused, restored, stateOf, undo } = undoKit

const scoped = <A, E>(name: string, run: Effect.Effect<A, E, Scope.Scope | Layer.Layer.Success<typeof kit.services>>) =>
  it.scopedLive(name, () => Effect.provide(run, kit.services))

const modeOf = (path: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.map(fs.stat(path), ({ mode }) => mode & 0o777))

describe("an entry", () => {
  scoped(
    "is left by a restore over a database, private, and says what was done and the way back",
    Effect.gen(function*() {
      const { path, report } = yield* restored
      const names = yield* kit.listing(historyOf(path))
      assert.deepStrictEqual(names, [`${report.entry}.json`])
      assert.deepStrictEqual([yield* modeOf(historyOf(path)), yield* modeOf(`${historyOf(path)}/${names[0]}`)], [
        0o700,
        0o600
      ])
      const { bytes, entries, interrupted, odd } = yield* list(path)
      assert.deepStrictEqual([entries.length, odd, interrupted], [1, [], []])
      const [entry] = entries
      assert.deepStrictEqual([entry?.id, entry?.what, entry?.by, entry?.input, entry?.state], [
        report.entry ?? "",
        "restore",
        "ana",
        "rich.jsonl",
        "there"
      ])
      assert.deepStrictEqual(entry?.records, report.records)
      assert.deepStrictEqual([entry?.backup, entry?.bytes], [report.backup, bytes])
    })
  )

  scoped(
    "is left by an upgrade, and by a restore over a damaged database",
    Effect.gen(function*() {
      const directory = yield* kit.temporary
      const path = yield* kit.writeFile(`${directory}/kata.db`, old.unpacked("v9/minimal.db.gz"))
      const { entry } = yield* Upgrade.upgrade({ database: path, homes: kit.homes })
      assert.isString(entry)
      yield* kit.writeFile(path, "not a database")
      yield* kit.restore(kit.text(undoKit.rich), path, { force: true })
      assert.deepStrictEqual((yield* list(path)).entries.map(({ what }) => what), ["restore", "upgrade"])
    })
  )

  scoped(
    "is not left where nothing was replaced: a new file, a dry run, a failure, an upgrade of what is of this version",
    Effect.gen(function*() {
      const directory = yield* kit.temporary
      const report = yield* kit.restore(kit.text(undoKit.small), `${directory}/new.db`)
      assert.strictEqual(report.entry, null)
      yield* kit.restore(kit.text(undoKit.rich), `${directory}/new.db`, { force: true, dryRun: true })
      const cut = kit.text(undoKit.rich.slice(0, -10))
      yield* Effect.flip(kit.restore(cut, `${directory}/new.db`, { force: true }))
      yield* Upgrade.upgrade({ database: `${directory}/new.db`, homes: kit.homes })
      assert.deepStrictEqual(yield* kit.listing(directory), ["new.db", "new.db.lock"])
    })
  )

  scoped(
    "is beside the database, not beside a link to it",
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const { path } = yield* restored
      const away = `${yield* kit.temporary}/link.db`
      yield* fs.symlink(path, away)
      assert.strictEqual((yield* list(away)).entries.length, 1)
      yield* undo(away)
      assert.strictEqual(yield* fs.readLink(away), path)
      assert.strictEqual(yield* contentOf(path), "small")
    })
  )

  scoped(
    "has an id above the last one, also when the clock was set back",
    Effect.gen(function*() {
      const { path, report } = yield* restored
      const future = `7ZZZZZZZZY${report.entry?.slice(10)}`
      const text = yield* kit.textOf(`${historyOf(path)}/${report.entry}.json`)
      yield* kit.writeFile(`${historyOf(path)}/${future}.json`, text.replace(report.entry ?? "", future))
      const { entry } = yield* kit.restore(kit.text(undoKit.small), path, { force: true })
      assert.isTrue(entry !== null && entry > future, entry ?? "")
      // there is no later one than this
      yield* kit.writeFile(`${historyOf(path)}/7${"Z".repeat(25)}.json`, "")
      yield* undo(path)
    })
  )
})

describe("an undo", () => {
  scoped(
    "of a restore gives the database back that was there, and another one takes that back",
    Effect.gen(function*() {
      const { path, report } = yield* restored
      const first = yield* undo(path, { by: "ben" })
      assert.strictEqual(yield* contentOf(path), "small")
      assert.deepStrictEqual(first.undone.map(({ id }) => id), [report.entry])
      assert.deepInclude(first, { from: 10, to: 10, written_since: false, events_since: 0, refused: false, notes: [] })
      assert.strictEqual(yield* contentOf(first.backup ?? ""), "rich")
      assert.deepStrictEqual(yield* kit.complaints(path), [])
      // what it went back to stays what it is
      assert.strictEqual(yield* contentOf(report.backup ?? ""), "small")
      const redo = yield* undo(path)
      assert.strictEqual(yield* contentOf(path), "rich")
      assert.deepStrictEqual(redo.undone.map(({ id, what }) => [id, what]), [[first.entry, "undo"]])
      const { entries } = yield* list(path)
      assert.deepStrictEqual(entries.map(({ by, undone, what }) => [what, by, undone]), [
        ["undo", null, [first.entry ?? ""]],
        ["undo", "ben", [report.entry ?? ""]],
        ["restore", "ana", []]
      ])
      yield* undo(path)
      assert.strictEqual(yield* contentOf(path), "small")
    })
  )

  scoped(
    "of an upgrade gives back the old version, byte for byte but for the header",
    Effect.gen(function*() {
      const directory = yield* kit.temporary
      const before = old.unpacked("v9/rich.db.gz")
      const path = yield* kit.writeFile(`${directory}/kata.db`, before)
      yield* Upgrade.upgrade({ database: path, homes: kit.homes })
      const report = yield* undo(path)
      assert.deepInclude(report, { from: 10, to: 9, written_since: false })
      assert.isTrue(Buffer.from(yield* kit.bytesOf(path)).subarray(100).equals(Buffer.from(before).subarray(100)))
      const again = yield* undo(path)
      assert.deepInclude(again, { from: 9, to: 10, written_since: false })
      assert.deepStrictEqual(yield* kit.complaints(path), [])
    })
  )

  scoped(
    "takes back what was in the log of the database too",
    Effect.gen(function*() {
      const directory = yield* kit.temporary
      const path = yield* kit.copyTo(`${directory}/kata.db`, "hot-wal/kata.db")
      yield* kit.copyTo(`${path}-wal`, "hot-wal/kata.db-wal")
      yield* kit.restore(kit.text(undoKit.rich), path, { force: true })
      yield* undo(path)
      assert.strictEqual(yield* kit.exportedAsGo(path), kit.fixtureText("hot-wal/expected.export.jsonl"))
    })
  )

  scoped(
    "--to goes back to the state before an entry, all later ones included, by the beginning of its id",
    Effect.gen(function*() {
      const { path, report } = yield* restored
      const second = yield* kit.restore(kit.text(undoKit.small, "again.jsonl"), path, { force: true })
      const third = yield* kit.restore(kit.text(undoKit.rich), path, { force: true })
      const done = yield* undo(path, { to: second.entry!.toLowerCase() })
      assert.strictEqual(yield* contentOf(path), "rich")
      assert.deepStrictEqual(done.undone.map(({ id }) => id), [third.entry, second.entry])
      const all = yield* undo(path, { to: report.entry!.slice(0, 25) })
      assert.deepStrictEqual(all.undone.map(({ id }) => id), [done.entry, third.entry, second.entry, report.entry])
      assert.strictEqual(yield* contentOf(path), "small")
    })
  )

  scoped(
    "as a dry run says the same and changes no byte",
    Effect.gen(function*() {
      const { path } = yield* restored
      const before = yield* stateOf(path)
      const dry = yield* undo(path, { dryRun: true })
      assert.deepStrictEqual(yield* stateOf(path), before)
      const done = yield* undo(path)
      assert.deepStrictEqual(
        { ...dry, dry_run: false, backup: done.backup, entry: done.entry },
        { ...done }
      )
    })
  )

  scoped(
    "brings a database back that is damaged now",
    Effect.gen(function*() {
      const { path } = yield* restored
      yield* kit.writeFile(path, "damaged meanwhile")
      const { error, unchanged } = yield* refused(path)
      assert.deepInclude(error, { _tag: "RecordedSince", events: null, only_in_present: null })
      assert.isTrue(unchanged)
      const report = yield* undo(path, { force: true })
      assert.strictEqual(yield* contentOf(path), "small")
      assert.strictEqual(report.from, null)
      assert.include(report.notes.join(), "could not be compared")
    })
  )
})

describe("something that was recorded since", () => {
  scoped(
    "is told and not taken away, unless it is forced; then it is kept",
    Effect.gen(function*() {
      const { path } = yield* restored
      yield* record(path)
      const { error, unchanged } = yield* refused(path)
      assert.isTrue(unchanged)
      assert.deepInclude(error, { _tag: "RecordedSince", kind: "conflict", events: 1 })
      assert.match(
        error.message,
        /kata\.db was written to since: 1 event recorded; only it holds \d+ projects?, \d+ issues, \d+ events$/
      )
      const dry = yield* undo(path, { dryRun: true })
      assert.deepInclude(dry, { refused: true, written_since: true, events_since: 1 })
      const done = yield* undo(path, { force: true })
      assert.deepInclude(done, { refused: false, written_since: true, events_since: 1 })
      assert.strictEqual(yield* contentOf(path), "small")
      yield* undo(path)
      const [row] = yield* kit.query(path, "SELECT count(*) AS n FROM events WHERE uid LIKE '%0000'")
      assert.strictEqual(row?.["n"], 1n)
    })
  )

  scoped(
    "counts also when no event says so",
    Effect.gen(function*() {
      const { path } = yield* restored
      yield* kit.change(path, "UPDATE projects SET name = name || '2' WHERE id = 1")
      const { error } = yield* refused(path)
      assert.deepInclude(error, { _tag: "RecordedSince", events: 0 })
    })
  )

  scoped(
    "counts between two entries, when both are taken back",
    Effect.gen(function*() {
      const { path, report } = yield* restored
      yield* record(path)
      yield* kit.restore(kit.text(undoKit.small), path, { force: true })
      const { error } = yield* refused(path, { to: report.entry ?? "" })
      assert.deepInclude(error, { _tag: "RecordedSince" })
      // not when only the last one is
      yield* undo(path)
    })
  )

  scoped(
    "is nothing when somebody only looked",
    Effect.gen(function*() {
      const { path } = yield* restored
      yield* kit.query(path, "SELECT count(*) FROM issues")
      yield* contentOf(path)
      yield* undo(path)
    })
  )
})

const damages: {
  readonly [what: string]: {
    readonly damage: (path: string) => Effect.Effect<unknown, unknown, FileSystem.FileSystem>
    readonly kind: string
    readonly says: RegExp
  }
} = {
  "is gone": {
    damage: (path) => Effect.flatMap(FileSystem.FileSystem, (fs) => fs.remove(path)),
    kind: "not_found",
    says: /\.bak\.\S+ is gone$/
  },
  "has another size": {
    damage: (path) => kit.writeFile(path, "short"),
    kind: "conflict",
    says: /is not the file that was put there: it had \d+ bytes and has 5$/
  },
  "has another byte, at the same time": {
    damage: (path) =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const { atime, mtime } = yield* fs.stat(path)
        const bytes = yield* fs.readFile(path)
        bytes[bytes.length - 1] = 1 ^ bytes[bytes.length - 1]!
        yield* fs.writeFile(path, bytes)
        if (atime._tag === "Some" && mtime._tag === "Some") yield* fs.utimes(path, atime.value, mtime.value)
      }),
    kind: "conflict",
    says: /is not the file that was put there: its bytes are not what they were$/
  },
  "is a directory": {
    damage: (path) =>
      Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.zipRight(fs.remove(path), fs.makeDirectory(path))),
    kind: "conflict",
    says: /is not the file that was put there: it is no regular file$/
  },
  "has a log of its own": {
    damage: (path) => kit.writeFile(`${path}-wal`, "work"),
    kind: "conflict",
    says: /somebody has worked with it: there is a \S+-wal$/
  }
}

describe("it is refused, and nothing is changed, when", () => {
  for (const [what, { damage, kind, says }] of Object.entries(damages)) {
    scoped(
      `the file that it would go back to ${what}`,
      Effect.gen(function*() {
        const { path, report } = yield* restored
        yield* damage(report.backup ?? "")
        for (const options of [{}, { force: true }, { dryRun: true }]) {
          const { error, unchanged } = yield* refused(path, options)
          assert.strictEqual(error.kind, kind, error.message)
          assert.match(error.message, says)
          assert.match(error.hint ?? "", /^nothing was changed/)
          assert.isTrue(unchanged)
        }
      })
    )
  }

  for (
    const [what, name] of [["damaged pages", "badrows/file-truncated-half.db.gz"], ["no database", undefined]] as const
  ) {
    scoped(
      `what was replaced was ${what}`,
      Effect.gen(function*() {
        const path = `${yield* kit.temporary}/kata.db`
        yield* kit.writeFile(path, name === undefined ? "not a database" : kit.fixtureBytes(name))
        yield* kit.restore(kit.text(undoKit.rich), path, { force: true })
        const { error, unchanged } = yield* refused(path)
        assert.deepInclude(error, { _tag: "CannotGoBack", reason: "damaged", kind: "damaged" })
        assert.include(error.hint, "kata export --salvage")
        assert.isTrue(unchanged)
      })
    )
  }

  scoped(
    "there is no history, no database, or no such entry",
    Effect.gen(function*() {
      const directory = yield* kit.temporary
      const path = yield* kit.copyTo(`${directory}/kata.db`, "small.db")
      assert.deepInclude((yield* refused(path)).error, { _tag: "NothingToUndo", kind: "not_found" })
      assert.deepInclude(yield* Effect.flip(undo(`${directory}/none.db`)), { _tag: "OpenError", reason: "missing" })
      assert.deepStrictEqual(yield* kit.listing(directory), ["kata.db"])
      yield* kit.restore(kit.text(undoKit.rich), path, { force: true })
      yield* kit.restore(kit.text(undoKit.rich), path, { force: true })
      assert.deepInclude((yield* refused(path, { to: "7Z" })).error, { _tag: "NoSuchEntry", count: 0 })
      assert.deepInclude((yield* refused(path, { to: "0" })).error, { _tag: "NoSuchEntry", count: 2 })
      assert.deepInclude((yield* refused(path, { to: "" })).error, { _tag: "NoSuchEntry", count: 0 })
    })
  )

  scoped(
    "a daemon has the lock, or another kata",
    Effect.gen(function*() {
      const { path } = yield* restored
      for (const purpose of ["daemon", "restore"] as const) {
        const error = yield* Effect.scoped(Effect.gen(function*() {
          yield* Lock.acquire(path, purpose)
          return (yield* refused(path)).error
        }))
        assert.strictEqual(error.kind, "locked", error.message)
      }
      yield* undo(path)
    })
  )
})

describe("a history that is damaged", () => {
  scoped(
    "is told and never a crash: the other entries can be taken back",
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const { path, report } = yield* restored
      const good = yield* kit.textOf(`${historyOf(path)}/${report.entry}.json`)
      const id = (n: number) => `00000000000000000000000${String(n).padStart(3, "0")}`
      const files: ReadonlyArray<string | Uint8Array> = [
        "",
        "{",
        "[]",
        good,
        good.replace(report.entry ?? "", id(4)).replace("\"restore\"", "\"magic\""),
        good.replace(report.entry ?? "", id(5)).replace(/"name": "/, "\"name\": \"../"),
        good.replace(report.entry ?? "", id(6)).replace("\"entry_version\": 1", "\"entry_version\": 2"),
        Buffer.alloc(100_000, 0x20)
      ]
      for (const [n, content] of files.entries()) yield* kit.writeFile(`${historyOf(path)}/${id(n)}.json`, content)
      yield* fs.makeDirectory(`${historyOf(path)}/${id(100)}.json`)
      yield* fs.symlink("/dev/zero", `${historyOf(path)}/${id(101)}.json`)
      yield* kit.writeFile(`${historyOf(path)}/notes.txt`, "mine")
      const { entries, odd } = yield* list(path)
      assert.deepStrictEqual(entries.map((entry) => entry.id), [report.entry])
      assert.strictEqual(odd.length, files.length + 3)
      assert.deepStrictEqual(odd.filter(({ problem }) => problem === "").map(({ name }) => name), [])
      const done = yield* undo(path)
      assert.strictEqual(done.notes.length, odd.length)
      assert.strictEqual(yield* contentOf(path), "small")
      assert.isTrue((yield* kit.listing(historyOf(path))).includes("notes.txt"))
    })
  )

  scoped(
    "at its end: what the newest did is not known, so it takes --force",
    Effect.gen(function*() {
      const { path } = yield* restored
      const { entry } = yield* kit.restore(kit.text(undoKit.small), path, { force: true })
      yield* kit.writeFile(`${historyOf(path)}/${entry}.json`, "{}")
      const { error } = yield* refused(path)
      assert.deepInclude(error, { _tag: "RecordedSince" })
      const done = yield* undo(path, { force: true })
      assert.include(done.notes.join("\n"), `that is the newest entry, ${entry}`)
    })
  )

  scoped(
    "as a whole: no directory of ours, and a restore says so before it begins",
    Effect.gen(function*() {
      const path = yield* kit.copyTo(`${yield* kit.temporary}/kata.db`, "small.db")
      yield* kit.writeFile(historyOf(path), "a file of somebody")
      const before = yield* stateOf(path)
      const error = yield* Effect.flip(
        restoreOf({ input: kit.text(undoKit.rich), target: path, force: true, homes: kit.homes })
      )
      assert.deepInclude(error, { _tag: "NotOurs", kind: "io" })
      assert.deepStrictEqual(yield* stateOf(path), before)
    })
  )
})
