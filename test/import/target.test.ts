/** Where a restore may write, what it leaves when it may not, and where the old database goes. */
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Lock from "../../src/database/Lock.ts"
import * as kit from "../snapshot/kit.ts"

const small = kit.fixtureText("small.export.jsonl")
const rich = kit.fixtureText("rich.export.jsonl")
const fs = FileSystem.FileSystem

/** Everything in a directory, links and contents too; a lock file may come and stay. */
const stateOf = (directory: string) =>
  Effect.gen(function*() {
    const names = (yield* kit.listing(directory)).filter((name) => !name.endsWith(".lock"))
    return yield* Effect.forEach(names, (name) =>
      Effect.all({
        name: Effect.succeed(name),
        link: Effect.option(Effect.flatMap(fs, (fs) => fs.readLink(`${directory}/${name}`))),
        content: Effect.option(Effect.map(kit.bytesOf(`${directory}/${name}`), (bytes) => Buffer.from(bytes)))
      }))
  })

interface Refused {
  readonly make: (directory: string) => Effect.Effect<unknown, unknown, FileSystem.FileSystem>
  readonly target?: string
  readonly input?: string
  readonly force?: boolean
  readonly outcome: "validation" | "not_found" | "damaged"
  readonly says: string
}

const database = (path: string) => kit.copyTo(path, "small.db")
const make = {
  nothing: () => Effect.void,
  database: (directory: string) => database(`${directory}/kata.db`),
  directory: (directory: string) => Effect.flatMap(fs, (fs) => fs.makeDirectory(`${directory}/kata.db`)),
  link: (directory: string) =>
    Effect.zipRight(
      database(`${directory}/real.db`),
      Effect.flatMap(fs, (fs) => fs.symlink("real.db", `${directory}/kata.db`))
    ),
  wal: (directory: string) => kit.copyTo(`${directory}/kata.db-wal`, "hot-wal/kata.db-wal"),
  journal: (directory: string) => kit.writeFile(`${directory}/kata.db-journal`, "hot"),
  snapshot: (directory: string) => kit.writeFile(`${directory}/kata.db`, small)
}

const refused: { readonly [what: string]: Refused } = {
  "a database that is there": { make: make.database, outcome: "validation", says: "kata.db exists already" },
  "a file that is no database": { make: make.snapshot, outcome: "validation", says: "kata.db exists already" },
  "a link to a database": { make: make.link, outcome: "validation", says: "kata.db exists already" },
  "a directory": { make: make.directory, outcome: "validation", says: "is a directory" },
  "found L9: a lock, by force": {
    make: (directory) =>
      Effect.zipRight(
        kit.writeFile(`${directory}/other.db`, ""),
        Effect.scoped(Effect.provide(Lock.acquire(`${directory}/other.db`, "daemon"), kit.services))
      ),
    target: "other.db.lock",
    force: true,
    outcome: "validation",
    says: "is the lock of a database"
  },
  "found L9: the place of another database's -wal": {
    make: make.database,
    target: "kata.db-wal",
    force: true,
    outcome: "validation",
    says: "belongs to a SQLite database"
  },
  "found L9: a backup, by force": {
    make: (directory) => database(`${directory}/kata.db.bak.20260504T002107Z`),
    target: "kata.db.bak.20260504T002107Z",
    force: true,
    outcome: "validation",
    says: "is the backup of a database that was replaced"
  },
  "an entry of a history, by force": {
    make: (directory) =>
      Effect.zipRight(
        Effect.flatMap(fs, (fs) => fs.makeDirectory(`${directory}/kata.db.history`)),
        kit.writeFile(`${directory}/kata.db.history/01KB4CZZ0Q0000000000000000.json`, "{}")
      ),
    target: "kata.db.history/01KB4CZZ0Q0000000000000000.json",
    force: true,
    outcome: "validation",
    says: "is an entry of the history of a database"
  },
  "found L9: settings, by force": {
    make: (directory) => kit.writeFile(`${directory}/.kata.toml`, "version = 1\n"),
    target: ".kata.toml",
    force: true,
    outcome: "validation",
    says: "is a file of settings for kata"
  },
  "a directory, by force": { make: make.directory, force: true, outcome: "validation", says: "is a directory" },
  "a device, by force": {
    make: make.nothing,
    target: "/dev/null",
    force: true,
    outcome: "validation",
    says: "is no regular file"
  },
  "a place in a directory that is missing": {
    make: make.nothing,
    target: "none/kata.db",
    outcome: "not_found",
    says: "no such directory"
  },
  "a place beside the -wal of a database that is gone": {
    make: make.wal,
    outcome: "validation",
    says: "does not exist, but its -wal or -journal does"
  },
  "a place beside a -journal": {
    make: make.journal,
    outcome: "validation",
    says: "does not exist, but its -wal or -journal does"
  },
  "the input itself": {
    make: make.snapshot,
    input: "kata.db",
    outcome: "validation",
    says: "input and target are the same file"
  },
  "the input itself, by force": {
    make: make.snapshot,
    input: "kata.db",
    force: true,
    outcome: "validation",
    says: "input and target are the same file"
  },
  "a database, by force, from a file that is missing": {
    make: make.database,
    input: "none.jsonl",
    force: true,
    outcome: "not_found",
    says: "no such file"
  },
  "a database, by force, from a database": {
    make: (directory) => Effect.zipRight(make.database(directory), database(`${directory}/other.db`)),
    input: "other.db",
    force: true,
    outcome: "damaged",
    says: "other.db: is a SQLite database, not a snapshot"
  }
}

describe("a restore is refused, and nothing is changed, into", () => {
  for (const [what, { force = false, input, make, outcome, says, target = "kata.db" }] of Object.entries(refused)) {
    it.scopedLive(what, () =>
      Effect.gen(function*() {
        const directory = yield* kit.temporary
        yield* make(directory)
        const before = yield* stateOf(directory)
        const path = target.startsWith("/") ? target : `${directory}/${target}`
        const from = input === undefined ? kit.text(rich) : `${directory}/${input}`
        const found = yield* kit.outcomeOf(kit.restore(from, path, { force }))
        assert.strictEqual(found.outcome, outcome, found.message)
        assert.include(found.message, says)
        assert.deepStrictEqual(yield* stateOf(directory), before)
      }).pipe(Effect.provide(kit.services)))
  }

  for (
    const damaged of ["cut-inside-line.jsonl", "dangling-comment-issue.jsonl", "version-11.jsonl", "empty-file.jsonl"]
  ) {
    it.scopedLive(`a database, by force, from ${damaged}`, () =>
      Effect.gen(function*() {
        const directory = yield* kit.temporary
        yield* make.database(directory)
        const before = yield* stateOf(directory)
        const input = kit.text(kit.fixtureBytes(`imports/${damaged}`))
        const found = yield* kit.outcomeOf(kit.restore(input, `${directory}/kata.db`, { force: true }))
        assert.notStrictEqual(found.outcome, "ok")
        assert.deepStrictEqual(yield* stateOf(directory), before)
      }).pipe(Effect.provide(kit.services)))
  }
})

describe("found W13: a restore that is refused leaves where there was nothing", () => {
  for (
    const damaged of ["cut-inside-line.jsonl", "dangling-comment-issue.jsonl", "version-11.jsonl", "empty-file.jsonl"]
  ) {
    it.scopedLive(`nothing, from ${damaged}`, () =>
      Effect.gen(function*() {
        const directory = yield* kit.temporary
        const input = kit.text(kit.fixtureBytes(`imports/${damaged}`))
        assert.notStrictEqual((yield* kit.outcomeOf(kit.restore(input, `${directory}/new.db`))).outcome, "ok")
        assert.deepStrictEqual(yield* kit.listing(directory), [])
      }).pipe(Effect.provide(kit.services)))
  }

  it.scopedLive("the lock that was there", () =>
    Effect.gen(function*() {
      const directory = yield* kit.temporary
      yield* kit.writeFile(`${directory}/new.db.lock`, "")
      const input = kit.text(kit.fixtureBytes("imports/version-11.jsonl"))
      assert.strictEqual((yield* kit.outcomeOf(kit.restore(input, `${directory}/new.db`))).outcome, "validation")
      assert.deepStrictEqual(yield* kit.listing(directory), ["new.db.lock"])
    }).pipe(Effect.provide(kit.services)))
})

const stamp = /^kata\.db\.bak\.\d{8}T\d{6}Z/

describe("by force, the old database stays beside the new one", () => {
  it.scopedLive("as a file of its own, with what it held", () =>
    Effect.gen(function*() {
      const directory = yield* kit.temporary
      const target = yield* database(`${directory}/kata.db`)
      const report = yield* kit.restore(kit.text(rich), target, { force: true })
      const [, backup, ...rest] = yield* kit.listing(directory)
      assert.match(backup!, stamp)
      assert.deepStrictEqual([report.backup, rest], [`${directory}/${backup}`, ["kata.db.history", "kata.db.lock"]])
      assert.strictEqual(yield* kit.exportedAsGo(target), rich)
      assert.strictEqual(yield* kit.exportedAsGo(report.backup!), small)
      assert.deepStrictEqual({ ...report.only_in_old }, { projects: 1, issues: 5, events: 8 })
      assert.deepStrictEqual([...yield* kit.complaints(target), ...yield* kit.complaints(report.backup!)], [])
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("under another name each time", () =>
    Effect.gen(function*() {
      const directory = yield* kit.temporary
      const target = yield* database(`${directory}/kata.db`)
      const backups: Array<string> = []
      for (let i = 0; i < 3; i++) {
        backups.push((yield* kit.restore(kit.text(rich), target, { force: true })).backup!)
      }
      assert.deepStrictEqual(
        yield* kit.listing(directory),
        ["kata.db", ...backups.map((path) => path.slice(directory.length + 1)), "kata.db.history", "kata.db.lock"]
          .toSorted()
      )
      const texts = yield* Effect.forEach(backups, (path) => kit.exportedAsGo(path))
      assert.deepStrictEqual(texts.map((text) => text === small ? "small" : text === rich ? "rich" : "?"), [
        "small",
        "rich",
        "rich"
      ])
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("with a -2 when the name of this second is taken", () =>
    Effect.gen(function*() {
      const directory = yield* kit.temporary
      const target = yield* database(`${directory}/kata.db`)
      // every name of the minutes around now
      const now = Date.now()
      for (let s = -5; s < 120; s++) {
        const name = new Date(now + s * 1000).toISOString().replace(/[-:]|\.\d+/g, "")
        yield* kit.writeFile(`${target}.bak.${name}`, "taken")
      }
      const { backup } = yield* kit.restore(kit.text(rich), target, { force: true })
      assert.match(backup!, /\.bak\.\d{8}T\d{6}Z-2$/)
      assert.strictEqual(yield* kit.exportedAsGo(backup!), small)
      assert.strictEqual(yield* kit.textOf(backup!.slice(0, -2)), "taken")
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("with the rows that were only in its WAL", () =>
    Effect.gen(function*() {
      const directory = yield* kit.temporary
      const target = yield* kit.copyTo(`${directory}/kata.db`, "hot-wal/kata.db")
      yield* kit.copyTo(`${target}-wal`, "hot-wal/kata.db-wal")
      const report = yield* kit.restore(kit.text(rich), target, { force: true })
      assert.strictEqual(yield* kit.exportedAsGo(target), rich)
      assert.strictEqual(yield* kit.exportedAsGo(report.backup!), kit.fixtureText("hot-wal/expected.export.jsonl"))
      assert.strictEqual(report.only_in_old?.issues, 6)
      assert.strictEqual((yield* kit.listing(directory)).length, 4)
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("through a link, which stays one", () =>
    Effect.gen(function*() {
      const directory = yield* kit.temporary
      yield* make.link(directory)
      const report = yield* kit.restore(kit.text(rich), `${directory}/kata.db`, { force: true })
      assert.match(report.backup!, /\/real\.db\.bak\./)
      assert.strictEqual(yield* Effect.flatMap(fs, (fs) => fs.readLink(`${directory}/kata.db`)), "real.db")
      assert.strictEqual(yield* kit.exportedAsGo(`${directory}/kata.db`), rich)
      assert.strictEqual(yield* kit.exportedAsGo(report.backup!), small)
    }).pipe(Effect.provide(kit.services)))

  const unreadable: { readonly [what: string]: Uint8Array } = {
    "no bytes": Buffer.alloc(0),
    "a damaged header": Buffer.from(kit.fixtureBytes("small.db")).fill(0x5a, 0, 100),
    "half its pages": kit.fixtureBytes("badrows/file-truncated-half.db.gz"),
    "text": Buffer.from("not a database")
  }
  for (const [what, bytes] of Object.entries(unreadable)) {
    it.scopedLive(`byte for byte, when it is ${what}`, () =>
      Effect.gen(function*() {
        const directory = yield* kit.temporary
        const target = yield* kit.writeFile(`${directory}/kata.db`, bytes)
        yield* kit.writeFile(`${target}-wal`, "what the WAL was")
        const report = yield* kit.restore(kit.text(rich), target, { force: true })
        assert.isTrue(Buffer.from(bytes).equals(yield* kit.bytesOf(report.backup!)))
        assert.strictEqual(yield* kit.textOf(`${report.backup}-wal`), "what the WAL was")
        assert.strictEqual(report.only_in_old, null)
        assert.include(report.notes.join("\n"), "could not be read, so what only it held is not known")
        assert.strictEqual(yield* kit.exportedAsGo(target), rich)
        assert.strictEqual((yield* kit.listing(directory)).length, 5)
      }).pipe(Effect.provide(kit.services)))
  }

  it.scopedLive("as side files only, when no more was left of it", () =>
    Effect.gen(function*() {
      const directory = yield* kit.temporary
      yield* make.wal(directory)
      const report = yield* kit.restore(kit.text(rich), `${directory}/kata.db`, { force: true })
      const wal = (yield* kit.listing(directory)).find((name) => name.endsWith("-wal"))!
      assert.match(wal, /^kata\.db\.bak\.\d{8}T\d{6}Z-wal$/)
      assert.strictEqual(report.backup, `${directory}/${wal.replace(/-wal$/, "-*")}`)
      assert.isTrue(kit.fixtureBytes("hot-wal/kata.db-wal").equals(yield* kit.bytesOf(`${directory}/${wal}`)))
      assert.strictEqual(yield* kit.exportedAsGo(`${directory}/kata.db`), rich)
    }).pipe(Effect.provide(kit.services)))
})
