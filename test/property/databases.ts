/** What becomes of a database whose bytes were damaged: the promises that an export keeps. */
import * as FileSystem from "@effect/platform/FileSystem"
import Sqlite from "better-sqlite3"
import * as Effect from "effect/Effect"
import * as FC from "effect/FastCheck"
import assert from "node:assert/strict"
import { content } from "../../src/testing/contents.ts"
import { build } from "../../src/testing/database.ts"
import { temporaryDirectory } from "../files/temp.ts"
import { assertRefused, kata, stateOf } from "../hostile/kit.ts"
import { property } from "./Property.ts"

const page = 4096
const bytes = FC.uint8Array({ minLength: 1, maxLength: 64 })

/** Something that a disk, a copy or another program does to a file. */
const damage = FC.oneof(
  { weight: 6, arbitrary: FC.record({ how: FC.constant("bytes" as const), at: FC.nat(), bytes }) },
  { weight: 2, arbitrary: FC.record({ how: FC.constant("bit" as const), at: FC.nat(), bytes }) },
  { weight: 1, arbitrary: FC.record({ how: FC.constant("zeros" as const), at: FC.nat(), bytes }) },
  { weight: 1, arbitrary: FC.record({ how: FC.constant("another page" as const), at: FC.nat(), bytes }) },
  { weight: 1, arbitrary: FC.record({ how: FC.constant("cut" as const), at: FC.nat(), bytes }) }
)

type Damage = typeof damage extends FC.Arbitrary<infer A> ? A : never

/** Most pages of a small database are empty or never looked at: `used` are those that are not. */
const inflict = (file: Buffer, { at, bytes, how }: Damage): Buffer => {
  const used = Array.from({ length: file.length / page }, (_, n) => n * page)
    .filter((from) => file.subarray(from + 8, from + page).some((byte) => byte !== 0))
  const place = used.length === 0 ? 0 : used[at % used.length]! + (Math.floor(at / used.length) % page)
  const from = place - place % page
  const copy = Buffer.from(file)
  switch (how) {
    case "bytes":
      copy.set(bytes.subarray(0, Math.max(0, file.length - place)), place)
      return copy
    case "bit":
      copy[place]! ^= 1 << (bytes[0]! & 7)
      return copy
    case "zeros":
      return copy.fill(0, from, from + page)
    case "another page":
      copy.set(file.subarray((from + page) % file.length, (from + page) % file.length + page), from)
      return copy
    case "cut":
      return file.subarray(0, place)
  }
}

/** Files that SQLite makes when it reads what has a WAL. */
const lasting = (state: ReadonlyArray<string>) => state.filter((line) => !/^kata\.db-(?:shm|wal e3b0c442)/.test(line))

/** A failed export changes nothing; one that succeeded says what a restore would do. Never is the database touched. */
const exports = (directory: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const at = (name: string) => `${directory}/${name}`
    yield* fs.writeFileString(at("out"), "what was there before")
    const before = lasting(yield* stateOf(directory))
    const env = { KATA_DB: at("kata.db") }
    const found = yield* kata(directory, ["export", "--output", at("out")], env)
    const after = lasting(yield* stateOf(directory))
    const others = (state: ReadonlyArray<string>) => state.filter((line) => !line.startsWith("out "))
    assert.deepStrictEqual(others(after), others(before))
    if (found.exit !== 0) {
      assertRefused(found)
      assert.ok(found.stderr.includes(at("kata.db")), found.stderr)
      assert.deepStrictEqual(after, before)
      return undefined
    }
    const text = yield* fs.readFileString(at("out"))
    const again = yield* kata(directory, ["export", "--output", at("again")], env)
    assert.strictEqual(again.exit, 0, again.stderr)
    assert.strictEqual(yield* fs.readFileString(at("again")), text, "the same bytes")
    const verified = yield* kata(directory, ["verify", at("out")])
    const restored = yield* kata(directory, ["import", "--input", at("out"), "--target", at("new.db")])
    const restorable = found.stdout.includes("kata import takes it as it is")
    assert.deepStrictEqual(
      [verified.exit, restored.exit],
      restorable ? [0, 0] : [3, 3],
      verified.stderr + restored.stderr
    )
    if (restorable) {
      const back = yield* kata(directory, ["export", "--output", at("back")], { KATA_DB: at("new.db") })
      assert.strictEqual(back.exit, 0, back.stderr)
      assert.strictEqual(yield* fs.readFileString(at("back")), text, "what was restored is what was exported")
    }
    return text
  })

export const pages = property(
  "whole",
  "a database with damaged pages is never touched; its export is refused with one clear error, or can be verified and restored",
  15,
  FC.tuple(content, FC.array(damage, { minLength: 1, maxLength: 3 })),
  ([content, damages]) =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* temporaryDirectory
      const path = `${directory}/kata.db`
      yield* build(path, content, { journal: "delete" })
      yield* fs.writeFile(path, damages.reduce(inflict, Buffer.from(yield* fs.readFile(path))))
      yield* exports(directory)
    })
)

/** A database and its log of `commits` transactions, as a crash leaves them. */
const logged = (path: string, commits: number) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const files = yield* Effect.acquireUseRelease(
      Effect.sync(() => new Sqlite(path)),
      (db) =>
        Effect.gen(function*() {
          yield* Effect.sync(() => {
            db.pragma("wal_autocheckpoint = 0")
            const insert = db.prepare("INSERT OR REPLACE INTO meta(key, value) VALUES ('commits', ?)")
            for (let n = 1; n <= commits; n++) insert.run(String(n))
          })
          return { main: yield* fs.readFile(path), wal: yield* fs.readFile(`${path}-wal`) }
        }),
      (db) => Effect.sync(() => db.close())
    )
    return { main: Buffer.from(files.main), wal: Buffer.from(files.wal) }
  })

export const log = property(
  "whole",
  "with a damaged log, an export is one state that was committed",
  12,
  FC.tuple(content, FC.integer({ min: 1, max: 6 }), damage),
  ([content, commits, damage]) =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* temporaryDirectory
      const place = yield* temporaryDirectory
      yield* build(`${place}/kata.db`, content, { journal: "wal" })
      const { main, wal } = yield* logged(`${place}/kata.db`, commits)
      yield* fs.writeFile(`${directory}/kata.db`, main)
      yield* fs.writeFile(`${directory}/kata.db-wal`, inflict(wal, damage))
      const text = yield* exports(directory)
      assert.notStrictEqual(text, undefined)
      const seen = Number(/"key":"commits","value":"(\d+)"/.exec(text ?? "")?.[1] ?? 0)
      assert.ok(seen <= commits)
    })
)

export const litter = property(
  "whole",
  "whatever lies beside a database as its -wal, -shm or -journal, an export touches none of it",
  12,
  FC.tuple(content, FC.constantFrom("-wal", "-shm", "-journal"), FC.uint8Array({ maxLength: 9000, size: "max" })),
  ([content, side, bytes]) =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* temporaryDirectory
      yield* build(`${directory}/kata.db`, content, { journal: side === "-journal" ? "delete" : "wal" })
      yield* fs.writeFile(`${directory}/kata.db${side}`, bytes)
      assert.notStrictEqual(yield* exports(directory), undefined)
    })
)
