/** A database of an older version becomes what Go kata's own upgrade made of it, in its place, and the old one stays. */
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import Sqlite from "better-sqlite3"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { FailureKind } from "../../src/Failure.ts"
import * as Upgrade from "../../src/import/Upgrade.ts"
import { Progress } from "../../src/Progress.ts"
import { neighbour } from "../../src/testing/neighbour.ts"
import * as kit from "../snapshot/kit.ts"
import { some } from "../testing/some.ts"
import * as old from "../versions/kit.ts"
import * as newer from "../versions/newerKit.ts"

const upgrade = (database: string, options: Partial<Upgrade.UpgradeOptions> = {}) =>
  Upgrade.upgrade({ database, homes: kit.homes, ...options })

/** Puts a fixture where it has the name of a database in use. */
const placed = (name: string, edit = "") =>
  Effect.gen(function*() {
    const path = `${yield* kit.temporary}/kata.db`
    yield* kit.writeFile(path, old.unpacked(`${name}.db.gz`))
    if (edit !== "") yield* kit.change(path, edit)
    return path
  })

const directoryOf = (path: string) => path.slice(0, path.lastIndexOf("/"))
const bak = (name: string) => name.replace(/\d{8}T\d{6}Z/, "<time>")
const namesBeside = (path: string) => Effect.map(kit.listing(directoryOf(path)), (names) => names.map(bak))

/** What is there with its bytes, but for the lock. */
const state = (path: string) =>
  Effect.map(old.filesOf(directoryOf(path)), (files) => files.filter((file) => !file.startsWith("kata.db.lock ")))

const rows = (path: string, sql: string) => kit.query(path, sql)

/** Does something when a phase of the upgrade begins. */
const onPhase = (name: string, then: Effect.Effect<void>) =>
  Effect.provideService(Progress, {
    phase: (begun) => begun === name ? then : Effect.void,
    advance: () => Effect.void
  })

/** The failure of an upgrade that has changed nothing. */
const refused = (path: string, kind: FailureKind, options: Partial<Upgrade.UpgradeOptions> = {}) =>
  Effect.gen(function*() {
    const before = yield* state(path)
    const error = yield* Effect.flip(upgrade(path, options))
    assert.strictEqual(error.kind, kind, error.message)
    assert.deepStrictEqual(yield* state(path), before)
    return error
  })

const scoped = <A, E>(name: string, run: Effect.Effect<A, E, Scope.Scope | Layer.Layer.Success<typeof kit.services>>) =>
  it.scopedLive(name, () => Effect.provide(run, kit.services))

describe("a database", () => {
  for (const [name, differ] of some("databases", old.databases, ([name]) => name.split("/")[1])) {
    scoped(
      `${name} becomes what Go kata's upgrade made of it`,
      Effect.gen(function*() {
        const n = Number(name[1])
        const path = yield* placed(name)
        const file = yield* old.opened(path, (db) => old.exportOf(db, n))
        const before = yield* old.opened(path, (db) => db.serialize())
        const report = yield* upgrade(path)
        assert.deepStrictEqual([report.from, report.to, report.losses], [n, 10, {}])
        const go = kit.lines(old.fixture(`${name}.upgraded.jsonl`))
        const expected = n < 7 ? go : old.withNamesOf(file, go)
        assert.strictEqual(expected.filter((line, i) => line !== go[i]).length, differ)
        const lines = kit.lines(yield* kit.exportedAsGo(path))
        assert.deepStrictEqual(old.sameInstance(lines, expected).map(old.withoutUnknown), expected)
        assert.deepStrictEqual(yield* kit.complaints(path), [])
        assert.deepStrictEqual(yield* namesBeside(path), [
          "kata.db",
          "kata.db.bak.<time>",
          "kata.db.history",
          "kata.db.lock"
        ])
        // the header alone says that it is no longer in WAL mode
        const kept = yield* old.opened(report.backup ?? "", (db) => db.serialize())
        assert.isTrue(kept.subarray(100).equals(before.subarray(100)))
      })
    )
  }

  scoped(
    "that is moved in place has 0600, also where the old one had not",
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = yield* placed("v9/minimal")
      yield* fs.chmod(path, 0o644)
      const { backup } = yield* upgrade(path)
      for (const name of [path, backup ?? ""]) assert.strictEqual((yield* fs.stat(name)).mode & 0o777, 0o600, name)
    })
  )

  scoped(
    "whose issue was moved keeps all of its events",
    Effect.gen(function*() {
      const path = yield* placed("v9/moved-issue")
      const sql = "SELECT id, project_id, issue_id FROM events ORDER BY id"
      const before = yield* rows(path, sql)
      yield* upgrade(path)
      assert.deepStrictEqual(yield* rows(path, sql), before)
    })
  )

  scoped(
    "of this version is left alone",
    Effect.gen(function*() {
      const path = yield* placed("v9/minimal")
      yield* upgrade(path)
      const before = yield* state(path)
      const report = yield* upgrade(path)
      assert.deepStrictEqual([report.upgrades, report.from, report.backup], [false, 10, null])
      assert.deepStrictEqual(yield* state(path), before)
    })
  )

  scoped(
    "with work that is only in its log is upgraded with all of it, and so is what stays (W1)",
    Effect.gen(function*() {
      const directory = yield* kit.temporary
      for (const side of ["", "-wal"]) {
        yield* kit.writeFile(`${directory}/kata.db${side}`, old.unpacked(`v9/hot-wal/kata.db${side}.gz`))
      }
      const path = `${directory}/kata.db`
      const report = yield* upgrade(path)
      const expected = kit.lines(old.fixture("v9/hot-wal/expected-when-checkpointed.jsonl"))
      assert.deepStrictEqual(kit.lines(yield* kit.exportedAsGo(path)), expected)
      assert.deepStrictEqual(yield* rows(report.backup ?? "", "SELECT count(*) AS n FROM issues"), [{ n: 20n }])
      assert.deepStrictEqual(yield* namesBeside(path), [
        "kata.db",
        "kata.db.bak.<time>",
        "kata.db.history",
        "kata.db.lock"
      ])
    })
  )

  scoped(
    "can be asked what would come of it, and nothing is changed",
    Effect.gen(function*() {
      const path = yield* placed("v4/rich")
      const before = yield* old.filesOf(directoryOf(path))
      const report = yield* upgrade(path, { dryRun: true })
      assert.deepStrictEqual([report.from, report.to, report.backup], [4, 10, null])
      assert.strictEqual(report.records["issue"], report.read["issue"])
      assert.deepStrictEqual(yield* old.filesOf(directoryOf(path)), before)
    })
  )

  scoped(
    "that cannot be one of version 10 is refused with the row, and what to do",
    Effect.gen(function*() {
      for (
        const [name, says] of [
          ["v6/hash-name", "project 2: name must not contain #: \"C# tools\""],
          ["v7/hash-name-archived", "project 2: name must not contain #: \"C# tools\""],
          ["v1/go-time-issue", "created_at"],
          ["v2/go-time-event", "created_at"]
        ] as const
      ) {
        const error = yield* refused(yield* placed(name), "validation")
        assert.include(error.message, says)
        assert.include(error.hint ?? "", "nothing was changed")
      }
    })
  )

  scoped(
    "whose pages are damaged is refused before anything is made of it",
    Effect.gen(function*() {
      const path = yield* placed("v9/rich")
      const [{ page } = { page: 0n }] = yield* rows(
        path,
        "SELECT rootpage AS page FROM sqlite_schema WHERE name = 'comments'"
      )
      const bytes = Buffer.from(yield* kit.bytesOf(path))
      bytes.fill(0xff, (Number(page) - 1) * 4096, Number(page) * 4096)
      yield* kit.writeFile(path, bytes)
      const error = yield* refused(path, "damaged")
      assert.match(error.message, /kata\.db is damaged \(table comments: /)
    })
  )
})

describe("rows that point at issues that are gone", () => {
  /** What Go kata leaves out of the fixtures, by its own account and by ours. */
  const known = [
    ["v1/orphans-known", {
      "event.orphan": 5,
      "comment.orphan": 1,
      "link.orphan": 2,
      "issue_label.orphan": 1,
      "event.orphan_related": 0
    }],
    ["v9/orphans-known", {
      "event.orphan": 6,
      "comment.orphan": 1,
      "link.orphan": 3,
      "issue_label.orphan": 1,
      "event.orphan_related": 2
    }]
  ] as const

  for (const [name, counts] of known) {
    scoped(
      `of ${name} stop an upgrade, unless they are accepted; then it is as Go kata's, with a line for each`,
      Effect.gen(function*() {
        const path = yield* placed(name)
        const losses = Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0))
        const error = yield* refused(path, "validation")
        assert.strictEqual(error._tag, "LossNotAccepted")
        for (const [loss, count] of Object.entries(losses)) assert.include(error.message, `${loss} ${count}`)
        assert.include(error.hint ?? "", "kata upgrade --accept-loss orphans")
        const dry = yield* upgrade(path, { dryRun: true })
        assert.deepStrictEqual(dry.losses, losses)
        assert.deepStrictEqual(dry.refused_losses.toSorted(), Object.keys(losses).toSorted())
        const report = yield* upgrade(path, { acceptLoss: ["orphans"] })
        assert.deepStrictEqual(report.losses, losses)
        const expected = kit.lines(old.fixture(`${name}.upgraded.jsonl`))
        assert.deepStrictEqual(old.sameInstance(kit.lines(yield* kit.exportedAsGo(path)), expected), expected)
        const lines = kit.lines(yield* kit.textOf(report.rejected_file ?? "")).map((line) => JSON.parse(line))
        assert.strictEqual(lines.length, Object.values<number>(losses).reduce((sum, n) => sum + n, 0))
        assert.deepStrictEqual(
          Object.fromEntries(
            Object.keys(losses).map((loss) => [loss, lines.filter(({ why }) => why.includes(`(${loss})`)).length])
          ),
          losses
        )
        const gone = report.findings.filter(({ outcome }) => outcome === "dropped").reduce(
          (sum, { count }) => sum + count,
          0
        )
        const total = (of: Readonly<Record<string, number>>) =>
          Object.entries(of).filter(([kind]) => kind !== "meta").reduce((sum, [, n]) => sum + n, 0)
        assert.strictEqual(total(report.read) - gone, total(report.records))
      })
    )
  }

  scoped(
    "are accepted class by class",
    Effect.gen(function*() {
      const classes = ["event.orphan", "comment.orphan", "link.orphan", "issue_label.orphan", "event.orphan_related"]
      const path = yield* placed("v9/orphans-known")
      for (const missing of classes) {
        const error = yield* refused(path, "validation", { acceptLoss: classes.filter((name) => name !== missing) })
        assert.strictEqual(error._tag, "LossNotAccepted")
        assert.deepStrictEqual(Object.keys(error._tag === "LossNotAccepted" ? error.losses : {}), [missing])
      }
      assert.strictEqual(Object.keys((yield* upgrade(path, { acceptLoss: classes })).losses).length, 5)
    })
  )

  scoped(
    "that nobody knows what to do about are named with table, row and column",
    Effect.gen(function*() {
      const cases = [
        ["v9/orphans-unknown", 27, "project_aliases row 3: project_id is 500, and no row of projects has that id"],
        ["v9/orphans-unknown-mapping", 1, "import_mappings row 1: issue_id is 999, and no row of issues has that id"],
        ["v6/orphans-event-project", 1, "events row"]
      ] as const
      for (const [name, count, says] of cases) {
        const error = yield* refused(yield* placed(name), "validation", { acceptLoss: ["all"] })
        assert.strictEqual(error._tag === "OrphansUnknown" ? error.count : 0, count)
        assert.include(error.message, says)
      }
      const error = yield* refused(yield* placed("v9/orphans-unknown"), "validation")
      assert.strictEqual(error.message.split("\n").filter((line) => line.includes("project_aliases")).length, 20)
      assert.include(error.message, "  and 5 more")
    })
  )

  scoped(
    "have names, and no others are accepted",
    Effect.gen(function*() {
      const error = yield* refused(yield* placed("v6/orphans-event-project"), "usage", {
        acceptLoss: ["orphans", "events"]
      })
      assert.include(error.message, "\"events\"")
      assert.include(String("hint" in error && error.hint), "event.orphan, ")
    })
  )
})

describe("an upgrade that was interrupted", () => {
  const leftBy = (directory: string) =>
    Effect.forEach(
      ["kata.db", "kata.db.import.tmp.db", "kata.db.import.tmp.jsonl"],
      (name) => kit.writeFile(`${directory}/${name}`, old.unpacked(`v9/leftover-temps/${name}.gz`)),
      { discard: true }
    )

  scoped(
    "of Go kata left files that are told and moved aside, not removed",
    Effect.gen(function*() {
      const directory = yield* kit.temporary
      yield* leftBy(directory)
      const report = yield* upgrade(`${directory}/kata.db`)
      assert.include(report.notes.join(), "was moved aside, not removed")
      assert.deepStrictEqual((yield* kit.listing(directory)).map(bak), [
        "kata.db",
        "kata.db.bak.<time>",
        "kata.db.history",
        "kata.db.import.tmp.db.bak.<time>",
        "kata.db.import.tmp.jsonl.bak.<time>",
        "kata.db.lock"
      ])
      for (const { from, to } of report.moved) {
        const expected = old.unpacked(`v9/leftover-temps/${from.slice(from.lastIndexOf("/") + 1)}.gz`)
        assert.isTrue(Buffer.from(yield* kit.bytesOf(to)).equals(expected))
      }
    })
  )

  it.scopedLive.skipIf(process.platform !== "linux")(
    "of Go kata is still at work when a process has its file open",
    () =>
      Effect.gen(function*() {
        const directory = yield* kit.temporary
        yield* leftBy(directory)
        const fs = yield* FileSystem.FileSystem
        const path = `${directory}/kata.db`
        yield* Effect.scoped(Effect.zipRight(
          fs.open(`${path}.import.tmp.jsonl`, { flag: "r" }),
          Effect.gen(function*() {
            const error = yield* refused(path, "locked")
            assert.include(error.message, `is open (pid ${process.pid})`)
          })
        ))
        assert.strictEqual((yield* upgrade(path)).moved.length, 2)
      }).pipe(Effect.provide(kit.services))
  )

  scoped(
    "of ours left files that the next one takes away",
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = yield* placed("v8/minimal")
      yield* kit.writeFile(`${directoryOf(path)}/.kata.db.kata-stage-0123456789ab`, "half")
      yield* fs.link(path, `${path}.bak.20260504T002107Z`)
      yield* upgrade(path)
      assert.deepStrictEqual(yield* namesBeside(path), [
        "kata.db",
        "kata.db.bak.<time>",
        "kata.db.history",
        "kata.db.lock"
      ])
    })
  )

  scoped(
    "left a transaction, which is rolled back",
    Effect.gen(function*() {
      const path = yield* placed("v9/minimal")
      yield* old.opened(path, (db) => db.pragma("journal_mode = DELETE"))
      const other = yield* neighbour(path)
      yield* other.run(
        "PRAGMA cache_size = 2; BEGIN; UPDATE events SET actor = 'x' || hex(zeroblob(4000)); UPDATE issues SET title = hex(zeroblob(4000))"
      )
      yield* other.kill
      const report = yield* upgrade(path)
      assert.deepStrictEqual(
        kit.lines(yield* kit.exportedAsGo(path)),
        kit.lines(old.fixture("v9/minimal.upgraded.jsonl"))
      )
      assert.deepStrictEqual(
        yield* rows(report.backup ?? "", "SELECT count(*) AS n FROM events WHERE length(actor) > 100"),
        [{ n: 0n }]
      )
    })
  )
})

describe("somebody else who works with the database", () => {
  scoped(
    "keeps an upgrade from taking its place, and works on",
    Effect.gen(function*() {
      const path = yield* placed("v9/minimal")
      const other = yield* neighbour(path)
      yield* other.run("BEGIN; SELECT count(*) FROM issues")
      const error = yield* Effect.flip(upgrade(path))
      assert.strictEqual(error.kind, "locked")
      yield* other.run("COMMIT")
      yield* other.run("UPDATE issues SET title = 'later' WHERE id = 1")
      yield* other.kill
      const report = yield* upgrade(path)
      assert.deepStrictEqual(yield* rows(path, "SELECT title FROM issues WHERE id = 1"), [{ title: "later" }])
      assert.strictEqual(report.from, 9)
    })
  )

  scoped(
    "and writes after it was read is not overwritten",
    Effect.gen(function*() {
      const path = yield* placed("v9/minimal")
      const before = yield* rows(path, "SELECT count(*) AS n FROM comments")
      let written = false
      const late = Effect.sync(() => {
        if (written) return
        written = true
        const db = new Sqlite(path)
        db.exec("INSERT INTO comments(issue_id, author, body) VALUES (1, 'late', 'while it was upgraded')")
        db.close()
      })
      const error = yield* Effect.flip(upgrade(path).pipe(onPhase("proving", late)))
      assert.strictEqual(error.kind, "locked")
      assert.include(error.message, "it was written to meanwhile")
      assert.deepStrictEqual(yield* namesBeside(path), ["kata.db", "kata.db.lock"])
      yield* upgrade(path)
      const [{ n } = { n: 0n }] = yield* rows(path, "SELECT count(*) AS n FROM comments")
      assert.strictEqual(Number(n), Number(before[0]?.["n"]) + 1)
    })
  )
})

describe("a database of a newer version", () => {
  for (const version of [12, 25, 32] as const) {
    scoped(
      `${version} is made one of version 10 only on demand, and only without what was given up by name`,
      Effect.gen(function*() {
        const path = yield* newer.database(version)
        const expected = kit.lines(yield* kit.exported(path, { acceptLoss: ["all"] }))
        const unasked = yield* refused(path, "validation", { acceptLoss: ["all"] })
        assert.strictEqual(unasked._tag === "OpenError" ? unasked.reason : unasked._tag, "newer")
        assert.include(unasked.hint ?? "", "kata upgrade --from-newer --dry-run")
        const unaccepted = yield* refused(path, "validation", { fromNewer: true })
        assert.strictEqual(unaccepted._tag, "LossesRefused")
        const dry = yield* upgrade(path, { fromNewer: true, dryRun: true })
        assert.deepStrictEqual(dry.refused_losses.toSorted(), Object.keys(dry.losses).toSorted())
        assert.include(Object.keys(dry.losses), "event.hlc")
        const report = yield* upgrade(path, { fromNewer: true, acceptLoss: ["all"] })
        assert.deepStrictEqual([report.from, report.to, report.refused_losses], [version, 10, []])
        assert.deepStrictEqual(report.losses, dry.losses)
        assert.deepStrictEqual(kit.lines(yield* kit.exported(path)), expected)
        assert.deepStrictEqual(yield* kit.complaints(path), [])
        assert.deepStrictEqual(
          yield* rows(report.backup ?? "", "SELECT value FROM meta WHERE key = 'schema_version'"),
          [{ value: String(version) }]
        )
      })
    )
  }
})
