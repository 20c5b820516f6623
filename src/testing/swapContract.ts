/** The contract of `Database.stage` and `Database.swap`: one rename, a backup, and never two databases in one file. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import { strict as assert } from "node:assert"
import { Database } from "../database/Database.ts"
import { version10 } from "../records/kinds.ts"
import { type Case, contentOf, filesIn, refusedAs, staged, swapped, tampered, temporary, uidOf } from "./contractKit.ts"
import { build } from "./database.ts"
import { neighbour } from "./neighbour.ts"
import { crash } from "./viewContract.ts"

const directoryOf = (path: string) => path.slice(0, -"/kata.db".length)
const names = (path: string) => Effect.map(filesIn(directoryOf(path)), Object.keys)
const insert = "INSERT INTO meta(key, value) VALUES ('late', 'x')"

/** The only backup beside a target. */
const backupOf = (path: string) =>
  Effect.map(names(path), (all) => {
    const backups = all.filter((name) => /^kata\.db\.bak\.\d{8}T\d{6}Z$/.test(name))
    assert.equal(backups.length, 1, `one backup: ${all.join()}`)
    return `${directoryOf(path)}/${backups[0]}`
  })

const keyOf = (path: string, key: string) =>
  Effect.scoped(Effect.gen(function*() {
    const { db } = yield* (yield* Database).view(path, version10)
    return (yield* db.get("read", "SELECT value FROM meta WHERE key = ?", key))?.["value"]
  }))

/** A swap that is refused, and nothing has changed but what SQLite may write when somebody else has it open. */
const busy = (name: string, journal: "wal" | "delete", sql: string): Case => ({
  name: `is locked by ${name}, and changes nothing`,
  run: Effect.gen(function*() {
    const path = yield* tampered("", { journal })
    const other = yield* neighbour(path)
    yield* other.run(sql)
    const before = yield* filesIn(directoryOf(path))
    const error = yield* Effect.flip(swapped(path, "new"))
    assert.equal(error.kind, "locked", error.message)
    const { "kata.db-shm": _, ...after } = yield* filesIn(directoryOf(path))
    const { "kata.db-shm": __, ...rest } = before
    assert.deepEqual(after, rest)
    assert.equal(yield* other.run("ROLLBACK").pipe(Effect.zipRight(other.run(insert))), 1, "the other one works on")
    yield* other.kill
    assert.equal(yield* uidOf(path), "old")
  })
})

const replaced = (name: string, run: (path: string) => Case["run"], journal: "wal" | "delete" = "delete"): Case => ({
  name,
  run: Effect.gen(function*() {
    const path = yield* tampered("", { journal })
    yield* run(path)
    assert.equal(yield* uidOf(path), "new")
    assert.deepEqual((yield* names(path)).filter((name) => /^kata\.db-|^\./.test(name)), [], "no side file is left")
  })
})

const staging: ReadonlyArray<Case> = [
  {
    name: "a stage is private, and disappears with its scope",
    run: Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = `${yield* temporary}/kata.db`
      yield* Effect.scoped(Effect.gen(function*() {
        const stage = yield* staged(path, "new")
        assert.equal((yield* fs.stat(stage.path)).mode & 0o777, 0o600)
        assert.equal((yield* names(path)).length, 1)
        assert.equal(yield* fs.exists(path), false)
      }))
      assert.deepEqual(yield* names(path), [])
    })
  },
  {
    name: "a stage disappears when the load fails in the middle",
    run: Effect.gen(function*() {
      const path = `${yield* temporary}/kata.db`
      const load = Effect.gen(function*() {
        const { db } = yield* (yield* Database).stage(path, version10)
        yield* db.exec("load", "INSERT INTO meta(key, value) VALUES ('a', 'b')")
        yield* db.exec("load", "INSERT INTO meta(key, value) VALUES ('a', 'b')")
      })
      assert.equal((yield* Effect.flip(Effect.scoped(load))).kind, "validation")
      assert.deepEqual(yield* names(path), [])
    })
  },
  {
    name: "what a killed restore left is removed, and nothing else",
    run: Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = yield* tampered("")
      const directory = directoryOf(path)
      for (const name of [".kata.db.kata-stage-0123", ".kata.db.kata-stage-0123-journal", ".other.db.kata-stage-1"]) {
        yield* fs.writeFileString(`${directory}/${name}`, "left")
      }
      yield* fs.link(path, `${path}.bak.20260504T002107Z`)
      yield* fs.copyFile(path, `${path}.bak.20260504T002108Z`)
      yield* (yield* Database).cleanUp(path)
      assert.deepEqual(yield* names(path), [".other.db.kata-stage-1", "kata.db", "kata.db.bak.20260504T002108Z"])
    })
  },
  {
    name: "a path means itself here too",
    run: Effect.gen(function*() {
      const directory = yield* temporary
      for (const name of ["a?b", "a#b", "%41", ":memory:", "blank ", "line\n", "größe 🙂", "n".repeat(200)]) {
        yield* swapped(`${directory}/${name}`, `first ${name}`)
        yield* swapped(`${directory}/${name}`, name)
        assert.equal(yield* uidOf(`${directory}/${name}`), name)
      }
      assert.equal(Object.keys(yield* filesIn(directory)).length, 16, "each with its backup")
    })
  }
]

const swapping: ReadonlyArray<Case> = [
  {
    name: "a new database has no backup",
    run: Effect.gen(function*() {
      const path = `${yield* temporary}/kata.db`
      assert.deepEqual(yield* swapped(path, "new", false), { target: path, backup: undefined })
      assert.equal(yield* uidOf(path), "new")
      assert.deepEqual(yield* names(path), ["kata.db"])
    })
  },
  {
    name: "refuses to replace without force",
    run: Effect.gen(function*() {
      const path = yield* tampered("")
      const before = yield* filesIn(directoryOf(path))
      yield* refusedAs(swapped(path, "new", false), "exists")
      assert.deepEqual(yield* filesIn(directoryOf(path)), before)
    })
  },
  replaced("the old one stays, under the name of a backup", (path) =>
    Effect.gen(function*() {
      const { backup } = yield* swapped(path, "new")
      assert.equal(backup, yield* backupOf(path))
      assert.equal(yield* uidOf(yield* backupOf(path)), "old")
    })),
  replaced("what was only in a WAL is in the backup", (path) =>
    Effect.gen(function*() {
      const other = yield* neighbour(path)
      yield* other.run(`PRAGMA wal_autocheckpoint = 0; ${insert}`)
      yield* other.kill
      yield* swapped(path, "new")
      assert.equal(yield* keyOf(yield* backupOf(path), "late"), "x")
      assert.equal(yield* keyOf(path, "late"), undefined)
    }), "wal"),
  replaced("what a killed transaction left is rolled back in the backup", (path) =>
    Effect.gen(function*() {
      yield* crash(path)
      yield* swapped(path, "new")
      assert.equal(yield* uidOf(yield* backupOf(path)), "old")
      assert.equal(yield* keyOf(yield* backupOf(path), "key 1"), undefined)
    })),
  replaced("a WAL of an earlier database does not meet the new one", (path) =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const other = `${path}.other`
      yield* build(other, contentOf("other"), { journal: "wal" })
      const writer = yield* neighbour(other)
      yield* writer.run(`PRAGMA wal_autocheckpoint = 0; ${insert}`)
      yield* writer.kill
      yield* fs.rename(`${other}-wal`, `${path}-wal`)
      yield* swapped(path, "new")
      assert.equal(yield* keyOf(path, "late"), undefined)
    })),
  replaced("a writer that had the old one open writes to the backup, or not at all", (path) =>
    Effect.gen(function*() {
      const other = yield* neighbour(path)
      yield* other.run("SELECT count(*) FROM meta")
      yield* swapped(path, "new")
      yield* other.run(insert)
      yield* other.kill
      assert.equal(yield* keyOf(path, "late"), undefined)
      assert.equal(yield* uidOf(yield* backupOf(path)), "old")
    })),
  {
    name: "refuses a WAL without its database; by force it becomes a backup",
    run: Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = `${yield* temporary}/kata.db`
      yield* fs.writeFileString(`${path}-wal`, "work that is in no other file")
      yield* refusedAs(swapped(path, "new", false), "orphan")
      assert.deepEqual(yield* names(path), ["kata.db-wal"])
      const { backup } = yield* swapped(path, "new")
      assert.equal(yield* uidOf(path), "new")
      assert.equal(yield* fs.readFileString(backup?.replace("*", "wal") ?? ""), "work that is in no other file")
      assert.equal((yield* names(path)).length, 2)
    })
  },
  {
    name: "a damaged database is kept byte for byte, with its side files",
    run: Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = `${yield* temporary}/kata.db`
      const old = "SQLite format 3\0".padEnd(8192, "damaged")
      yield* fs.writeFileString(path, old)
      yield* fs.writeFileString(`${path}-wal`, "its WAL")
      const { backup } = yield* swapped(path, "new")
      assert.equal(yield* uidOf(path), "new")
      assert.equal(yield* fs.readFileString(`${backup}`), old)
      assert.equal(yield* fs.readFileString(`${backup}-wal`), "its WAL")
    })
  },
  replaced("side files that SQLite lets lie beside a database in no WAL mode go", (path) =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      yield* fs.writeFileString(`${path}-wal`, "")
      yield* fs.writeFileString(`${path}-shm`, "stale")
      yield* swapped(path, "new")
      assert.equal(yield* uidOf(yield* backupOf(path)), "old")
    })),
  {
    name: "a journal in which SQLite finds nothing is kept beside the backup",
    run: Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = yield* tampered("")
      yield* fs.writeFileString(`${path}-journal`, "what somebody may want to look at")
      const { backup } = yield* swapped(path, "new")
      assert.equal(yield* uidOf(path), "new")
      assert.equal(yield* fs.readFileString(`${backup}-journal`), "what somebody may want to look at")
    })
  },
  {
    name: "a restore that was killed between its backup and its rename leaves nothing that the next does not take away",
    run: Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = yield* tampered("")
      yield* fs.writeFileString(`${path}-wal`, "")
      const database = yield* Database
      const backup = `${path}.bak.20260101T000000Z`
      for (const side of ["", "-wal"]) yield* fs.link(path + side, backup + side)
      yield* fs.writeFileString(`${directoryOf(path)}/.kata.db.kata-stage-0123456789ab`, "half of")
      yield* database.cleanUp(path)
      assert.deepEqual(yield* names(path), ["kata.db", "kata.db-wal"])
      // its side files are only in the backup by now
      for (const side of ["", "-wal"]) yield* fs.link(path + side, backup + side)
      yield* fs.remove(`${path}-wal`)
      yield* database.cleanUp(path)
      assert.deepEqual(yield* names(path), [
        "kata.db",
        "kata.db.bak.20260101T000000Z",
        "kata.db.bak.20260101T000000Z-wal"
      ])
    })
  },
  {
    name: "cleans up beside a name as long as a backup of it can be",
    run: Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* temporary
      const path = `${directory}/${"d".repeat(225)}.db`
      yield* fs.writeFileString(path, "it")
      yield* fs.link(path, `${path}.bak.20260101T000000Z`)
      yield* (yield* Database).cleanUp(path)
      assert.deepEqual(Object.keys(yield* filesIn(directory)), [`${"d".repeat(225)}.db`])
    })
  },
  busy("a transaction that writes", "delete", `BEGIN IMMEDIATE; ${insert}`),
  busy("a transaction that reads", "delete", "BEGIN; SELECT count(*) FROM meta"),
  busy("a transaction in WAL mode", "wal", `BEGIN IMMEDIATE; ${insert}`),
  busy("another connection in WAL mode", "wal", "SELECT count(*) FROM meta")
]

const faulty: ReadonlyArray<Case> = [
  {
    ...replaced("without hard links the backup is a copy", (path) =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const backup = yield* Effect.zipRight(swapped(path, "new"), backupOf(path))
        assert.equal(yield* uidOf(backup), "old")
        assert.equal((yield* fs.stat(backup)).mode & 0o777, 0o600)
      })),
    faults: [{ operation: "link", call: 1, code: "EPERM", onwards: true }]
  },
  {
    // The first sync of a directory confirms the backup; the last one the rename.
    ...replaced("a rename that is not confirmed on disk is told of, and done", (path) =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(swapped(path, "new"))
        assert.equal(error._tag, "DurabilityNotConfirmed")
        assert.equal(yield* uidOf(yield* backupOf(path)), "old")
      })),
    faults: [{ operation: "sync", call: 4, code: "EIO" }]
  },
  {
    name: "a rename that fails leaves the old one, and no backup",
    run: Effect.gen(function*() {
      const path = yield* tampered("")
      const before = yield* filesIn(directoryOf(path))
      assert.equal((yield* Effect.flip(swapped(path, "new"))).kind, "io")
      assert.deepEqual(yield* filesIn(directoryOf(path)), before)
    }),
    faults: [{ operation: "rename", call: 1, code: "EIO" }]
  }
]

export const swapContract: ReadonlyArray<Case> = [...staging, ...swapping, ...faulty]
