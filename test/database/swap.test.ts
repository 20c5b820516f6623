/** The checks of the swap, each made to say no by somebody who works on the same files; and the order of what it does. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import * as Sqlite from "../../src/database/sqlite.ts"
import { contentOf, filesIn, swapped, uidOf } from "../../src/testing/contractKit.ts"
import { build } from "../../src/testing/database.ts"
import { type Fault, type FileCall, layerFaultyFileSystem } from "../../src/testing/faults.ts"
import * as kit from "../snapshot/kit.ts"

const services = (faults: ReadonlyArray<Fault>, observe: (call: FileCall) => void) =>
  Sqlite.layer.pipe(
    Layer.provideMerge(layerFaultyFileSystem(faults, observe)),
    Layer.provideMerge(NodeContext.layer)
  )

const noLinks: Fault = { operation: "link", call: 1, code: "EPERM", onwards: true }
const damagedBytes = "SQLite format 3\0".padEnd(8192, "damaged")

/** What is there before: `kata.db` and its side files. */
const before = {
  missing: () => Effect.void,
  sound: (path: string) => build(path, contentOf("old"), { journal: "delete" }),
  damaged: (path: string) => kit.writeFile(path, damagedBytes),
  "damaged, with a -wal": (path: string) =>
    Effect.zipRight(kit.writeFile(path, damagedBytes), kit.writeFile(`${path}-wal`, "its WAL")),
  "an orphan -wal": (path: string) => kit.writeFile(`${path}-wal`, "its WAL"),
  "a directory": (path: string) => Effect.sync(() => fs.mkdirSync(path)),
  "a pipe": (path: string) => Effect.sync(() => execFileSync("mkfifo", [path]))
}

interface Options {
  readonly faults?: ReadonlyArray<Fault>
  readonly force?: boolean
  /** Is shown each call of the filesystem before it happens, once the swap has begun. */
  readonly meanwhile?: (call: FileCall, path: string) => void
}

/** The path as it stands in the lists of this file. */
const shown = (directory: string, path: string) =>
  path === directory ? "." : path.slice(directory.length + 1)
    .replace(/^\.kata\.db\.kata-stage-[0-9a-f]+/, "staged")
    .replace(/kata\.db\.bak\.\d{8}T\d{6}Z/, "backup")

const changing: ReadonlySet<string> = new Set(["link", "rename", "remove", "sync", "chmod", "copyFile"])

/** Puts a database that says "new" in the place of what is there. */
const swap = (from: keyof typeof before, { faults = [], force = true, meanwhile = () => {} }: Options = {}) =>
  Effect.gen(function*() {
    const directory = yield* kit.temporary
    const path = `${directory}/kata.db`
    yield* before[from](path)
    for (const name of fs.readdirSync(directory)) {
      fs.chmodSync(`${directory}/${name}`, from === "a directory" ? 0o700 : 0o600)
    }
    const calls: Array<string> = []
    const openToOthers: Array<string> = []
    const observe = (call: FileCall) => {
      meanwhile(call, path)
      const name = shown(directory, call.path)
      // what was made has its mode from the first moment on, and not only when it is set; a copy has that of what is copied
      if (call.operation === "chmod" && name.startsWith("staged") && (fs.statSync(call.path).mode & 0o077) !== 0) {
        openToOthers.push(name)
      }
      if (changing.has(call.operation)) calls.push(`${call.operation} ${name}`)
    }
    const result = yield* Effect.either(Effect.provide(swapped(path, "new", force), services(faults, observe)))
    const outcome = Either.match(result, {
      onLeft: (error) => `${"reason" in error ? error.reason : error._tag}: ${"detail" in error ? error.detail : ""}`,
      onRight: () => "done"
    })
    const names = Object.keys(yield* filesIn(directory)).filter((name) => !name.endsWith("-shm"))
      .map((name) => shown(directory, `${directory}/${name}`))
    return { calls, names, openToOthers, outcome, path }
  }).pipe(Effect.provide(kit.services))

const once = (does: (path: string) => void, at: (call: FileCall, path: string) => boolean) => {
  let done = false
  return (call: FileCall, path: string) => {
    if (done || !at(call, path)) return
    done = true
    does(path)
  }
}

const fill = (path: string) => fs.writeFileSync(path, "somebody else's")
const touch = (path: string) => fs.utimesSync(path, 1, 1)

describe("a swap is refused", () => {
  const atLink = ({ operation, path }: FileCall) => operation === "link" && path.includes("kata-stage")
  for (const [force, says] of [[true, "locked: it was made meanwhile"], [false, "exists: "]] as const) {
    it.scopedLive(`when somebody makes the target just before it appears${force ? ", by force too" : ""}`, () =>
      Effect.gen(function*() {
        const found = yield* swap("missing", { force, meanwhile: once(fill, atLink) })
        assert.deepStrictEqual([found.outcome, found.names], [says, ["kata.db"]])
        assert.strictEqual(fs.readFileSync(found.path, "utf8"), "somebody else's")
      }))
  }

  for (const side of ["-wal", "-journal", "-shm"]) {
    it.scopedLive(`when a ${side} lies beside the new database`, () =>
      Effect.gen(function*() {
        const found = yield* swap("sound", {
          meanwhile: ({ operation, path }) => {
            if (operation === "stat" && path.includes("kata-stage") && path.endsWith(side)) fill(path)
          }
        })
        assert.deepStrictEqual([found.outcome, found.names], [`FileError: SQLite left a ${side}`, ["kata.db"]])
        assert.strictEqual(yield* Effect.provide(uidOf(found.path), services([], () => {})), "old")
      }))
  }

  it.scopedLive("when the old database, locked, has a -wal with something in it", () =>
    Effect.gen(function*() {
      const found = yield* swap("sound", {
        meanwhile: once(
          (path) => fill(`${path}-wal`),
          ({ operation, path }, target) => operation === "stat" && path === `${target}-wal`
        )
      })
      assert.deepStrictEqual(
        [found.outcome, found.names],
        ["FileError: SQLite left its -wal", ["kata.db", "kata.db-wal"]]
      )
      assert.strictEqual(fs.readFileSync(`${found.path}-wal`, "utf8"), "somebody else's")
    }))

  it.scopedLive("when the old database is written to while it is copied", () =>
    Effect.gen(function*() {
      const found = yield* swap("sound", {
        faults: [noLinks],
        meanwhile: once(touch, ({ operation, path }, target) => operation === "copyFile" && path === target)
      })
      assert.deepStrictEqual(
        [found.outcome, found.names],
        ["locked: it was written to meanwhile", ["kata.db"]]
      )
      assert.strictEqual(yield* Effect.provide(uidOf(found.path), services([], () => {})), "old")
    }))

  for (const from of ["damaged", "damaged, with a -wal"] as const) {
    it.scopedLive(`when the old file, ${from}, is written to while it gets its second name: that stays`, () =>
      Effect.gen(function*() {
        const found = yield* swap(from, {
          meanwhile: once(touch, ({ operation, path }, target) => operation === "link" && path === target)
        })
        assert.strictEqual(found.outcome, "locked: it was written to meanwhile")
        assert.includeMembers(found.names, ["kata.db", "backup"])
        assert.strictEqual(fs.readFileSync(found.path, "utf8"), damagedBytes)
      }))
  }

  it.scopedLive("when a side file of a damaged one goes while it is copied", () =>
    Effect.gen(function*() {
      const found = yield* swap("damaged, with a -wal", {
        faults: [noLinks],
        meanwhile: once(
          (path) => fs.rmSync(`${path}-wal`),
          ({ operation, path }, target) => operation === "copyFile" && path === `${target}-wal`
        )
      })
      assert.deepStrictEqual(
        [found.outcome, found.names],
        ["locked: a side file of it went meanwhile", ["kata.db"]]
      )
    }))

  const refused = [
    ["sound", false, "exists: "],
    ["a directory", true, "directory: "],
    ["a pipe", true, "special: "],
    ["an orphan -wal", false, "orphan: "]
  ] as const
  for (const [from, force, says] of refused) {
    it.scopedLive(`when there is ${from}${force ? ", by force too" : ""}`, () =>
      Effect.gen(function*() {
        const found = yield* swap(from, { force })
        assert.strictEqual(found.outcome, says)
        assert.notInclude(found.names.join(), "backup")
        // The new database is synced, and disappears again.
        assert.deepStrictEqual(found.calls.filter((call) => !call.includes("staged")), [])
      }))
  }
})

const made = ["chmod staged", "sync staged", "sync staged"]
const cleared = ["remove kata.db-wal", "remove kata.db-journal", "remove kata.db-shm"]
const appeared = ["sync .", "rename staged", "sync .", "chmod backup"]

/** What changes something or confirms it on disk, call by call. */
const orders: { readonly [what: string]: readonly [keyof typeof before, ReadonlyArray<Fault>, ReadonlyArray<string>] } =
  {
    "where there is nothing": [
      "missing",
      [],
      [...made, "remove kata.db-shm", "link staged", "remove staged", "sync ."]
    ],
    "where there is nothing, without hard links": [
      "missing",
      [noLinks],
      [...made, "remove kata.db-shm", "link staged", "rename staged", "sync ."]
    ],
    "over a sound one": ["sound", [], [...made, ...cleared, "link kata.db", ...appeared]],
    "over a sound one, without hard links": ["sound", [noLinks], [
      ...made,
      ...cleared,
      "link kata.db",
      "copyFile kata.db",
      "chmod staged",
      "sync staged",
      "rename staged",
      ...cleared,
      ...appeared
    ]],
    "over a damaged one": [
      "damaged, with a -wal",
      [],
      [...made, "link kata.db", "link kata.db-wal", "sync .", ...cleared, ...appeared]
    ],
    "over a damaged one, without hard links": ["damaged, with a -wal", [noLinks], [
      ...made,
      "link kata.db",
      "copyFile kata.db",
      "chmod staged",
      "sync staged",
      "copyFile kata.db-wal",
      "chmod staged-wal",
      "sync staged-wal",
      "rename staged",
      "rename staged-wal",
      "sync .",
      ...cleared,
      ...appeared
    ]],
    "over side files without their database": [
      "an orphan -wal",
      [],
      [...made, "rename kata.db-wal", "remove kata.db-shm", "sync .", "link staged", "remove staged", "sync ."]
    ]
  }

/** The end of the stage, which is in place by then. */
const gone = ["remove staged", "remove staged-journal", "remove staged-wal", "remove staged-shm"]

describe("a swap takes its steps in order", () => {
  for (const [what, [from, faults, expected]] of Object.entries(orders)) {
    it.scopedLive(what, () =>
      Effect.gen(function*() {
        const { calls, openToOthers, outcome, path } = yield* swap(from, { faults })
        assert.strictEqual(outcome, "done")
        assert.deepStrictEqual(openToOthers, [])
        assert.deepStrictEqual(calls, [...expected, ...gone])
        assert.strictEqual(yield* Effect.provide(uidOf(path), services([], () => {})), "new")
      }))
  }
})
