/** The proof of a restore says no, whatever is changed of the new database between its load and its proof. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { createHash } from "node:crypto"
import { readFileSync, truncateSync, writeFileSync } from "node:fs"
import * as Handle from "../../src/database/Handle.ts"
import { ProofFailed } from "../../src/import/proof.ts"
import { Random } from "../../src/testing/random.ts"
import * as kit from "../snapshot/kit.ts"
import { layerAlteredFile } from "../testing/alteredDatabase.ts"
import { some } from "../testing/some.ts"

type Options = NonNullable<Parameters<typeof kit.restore>[2]>

const plain = kit.fixtureText("rich.export.jsonl")
const sealed = Effect.scoped(Effect.flatMap(kit.copyOf("rich.db"), (database) => kit.exported(database)))

/** The same records with blanks between their members, under a seal that holds. */
const respelled = (text: string): string => {
  const body = text.replace(/,"seal":.*\n$/, "").replaceAll("\"data\":{", "\"data\": {")
  const sha256 = createHash("sha256").update(body).digest("hex")
  return `${body},"seal":{"records":${kit.lines(text).length},"sha256":"${sha256}"}}\n`
}

interface Way {
  /** What holds when nobody changes anything. */
  readonly proof: "seal" | "sum"
  readonly text: typeof sealed
  readonly options?: Options
}

const ways = {
  "a sealed file": { proof: "seal", text: sealed },
  "a file without a seal": { proof: "sum", text: Effect.succeed(plain) },
  "a sealed file of another spelling": { proof: "sum", text: Effect.map(sealed, respelled) },
  "a sealed file, repaired": { proof: "sum", text: sealed, options: { repair: true } },
  "a sealed file, with an identity of its own": { proof: "sum", text: sealed, options: { newInstance: true } },
  "a sealed file, transformed": {
    proof: "sum",
    text: sealed,
    options: {
      transform: (kind, record) =>
        Option.some(kind.name === "comment" ? { ...record, body: `${record["body"]}, edited` } : record)
    }
  },
  "a sealed file, salvaged": { proof: "seal", text: sealed, options: { salvage: true } },
  "a damaged file, salvaged": {
    proof: "sum",
    text: Effect.map(sealed, (text) => text.replace(/\n[^\n]*"kind":"comment"[^\n]*\n/, "\nno record\n")),
    options: { salvage: true }
  }
} satisfies { readonly [way: string]: Way }

const differ = /the counts agree, the contents differ$/

/** What is done to the new database, and what the proof says of it. */
const changes: { readonly [what: string]: readonly [sql: string, says: RegExp] } = {
  "one cell": ["UPDATE issues SET owner = 'eve' WHERE id = 21", differ],
  "one blank in a cell": [
    "UPDATE comments SET body = body || ' ' WHERE id = (SELECT max(id) FROM comments)",
    differ
  ],
  "NULL instead of an empty text": [
    "UPDATE issues SET owner = CASE WHEN owner IS NULL THEN '' END WHERE id = 21",
    differ
  ],
  "the contents of two rows exchanged": [
    "UPDATE comments SET body = replace(replace(replace(body, 'comment 1', '*'), 'comment 2', 'comment 1'), '*', 'comment 2')" +
    " WHERE id IN (7, 8)",
    differ
  ],
  "the numbers of two rows exchanged": [
    "UPDATE comments SET id = -id WHERE id IN (7, 8); UPDATE comments SET id = 15 + id WHERE id < 0",
    differ
  ],
  "a row less": [
    "DELETE FROM issue_labels WHERE rowid = (SELECT max(rowid) FROM issue_labels)",
    /issue_label: (\d+) in the file, 0 left out, (?!\1)\d+ in the database$/
  ],
  "a row more": [
    "INSERT INTO issue_labels(issue_id, label, author, created_at) VALUES (21, 'zz', 'eve', '2026-01-01T00:00:00.000Z')",
    /issue_label: (\d+) in the file, 0 left out, (?!\1)\d+ in the database$/
  ],
  "a row instead of another": [
    "UPDATE issue_labels SET label = 'zz' WHERE rowid = (SELECT max(rowid) FROM issue_labels)",
    differ
  ],
  "rows less of two kinds": [
    "DELETE FROM purge_log; DELETE FROM issue_labels",
    /issue_label: (\d+) in the file, 0 left out, 0 in the database; purge_log: (\d+) in the file, 0 left out, 0 in the database$/
  ],
  "a row of meta more": ["INSERT INTO meta(key, value) VALUES ('more', 'x')", differ],
  "a row of meta less": [
    "DELETE FROM meta WHERE key = 'created_by_version'",
    /meta: (\d+) in the file, 0 left out, (?!\1)\d+ in the database$/
  ],
  "a sequence that is one higher": ["UPDATE sqlite_sequence SET seq = seq + 1 WHERE name = 'events'", differ],
  "a sequence more": ["INSERT INTO sqlite_sequence(name, seq) VALUES ('more', 1)", differ],
  "a sequence less": ["DELETE FROM sqlite_sequence WHERE name = 'events'", /sqlite_sequence: .* in the database$/],
  "a row that breaks a CHECK": [
    "UPDATE issues SET status = 'neither' WHERE id = 21",
    /issues: CHECK constraint failed in issues$/
  ],
  "a row whose parent went": [
    "UPDATE comments SET issue_id = 9999 WHERE id = 17",
    /comments, row 17 points at no row of issues$/
  ],
  "an entry that an index lacks": [
    "PRAGMA writable_schema = 1; UPDATE sqlite_schema SET sql = sql || ' WHERE id <> 129' WHERE name = 'idx_events_project';" +
    "PRAGMA writable_schema = RESET; REINDEX idx_events_project;" +
    "PRAGMA writable_schema = 1; UPDATE sqlite_schema SET sql = replace(sql, ' WHERE id <> 129', '') WHERE name = 'idx_events_project';" +
    "PRAGMA writable_schema = RESET",
    /events: .*index idx_events_project$/
  ]
}

/** These are tried with every way; the others with a seal. */
const always = new Set(["one cell", "a row less"])

/** Changes a database with every rule off, that of its schema too. */
const changed = (path: string, sql: string) =>
  Effect.scoped(
    Effect.flatMap(Handle.open(path, "write", { damaged: true }), (db) =>
      db.exec("change", `PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; ${sql}`))
  )

/** A restore over a database that is there, of which `change` is made before the proof. */
const restored = (way: Way, change: (path: string) => Effect.Effect<unknown, unknown>, options: Options = {}) =>
  Effect.gen(function*() {
    const directory = yield* kit.temporary
    const target = yield* kit.copyTo(`${directory}/kata.db`, "small.db")
    const text = yield* way.text
    let ran = 0
    const counted = (path: string) => Effect.zipRight(Effect.sync(() => ran++), change(path))
    const result = yield* Effect.either(
      Effect.provide(
        kit.restore(kit.text(text), target, { force: true, ...way.options, ...options }),
        Layer.provide(layerAlteredFile(counted), kit.services)
      )
    )
    assert.strictEqual(ran, 1, "the change was made")
    return { directory, result, target }
  })

/** The restore failed, and the directory has what it had before. */
const untouched = (directory: string) =>
  Effect.gen(function*() {
    assert.deepStrictEqual(yield* kit.listing(directory), ["kata.db", "kata.db.lock"])
    assert.isTrue(kit.fixtureBytes("small.db").equals(yield* kit.bytesOf(`${directory}/kata.db`)))
  })

describe("the proof holds, when nobody changes the new database, of", () => {
  for (const [name, way] of Object.entries<Way>(ways)) {
    it.scopedLive(name, () =>
      Effect.gen(function*() {
        const { result } = yield* restored(way, () => Effect.void)
        assert.strictEqual(Either.getOrThrow(result).proof, way.proof)
      }).pipe(Effect.provide(kit.services)))
  }
})

describe("the proof fails, and nothing is replaced, of", () => {
  for (const [name, way] of Object.entries<Way>(ways)) {
    const rows = Object.entries(changes).filter(([what]) => way === ways["a sealed file"] || always.has(what))
    for (const [what, [sql, says]] of some(`changes of ${name}`, rows, ([, [, says]]) => says)) {
      it.scopedLive(`${name}: ${what}`, () =>
        Effect.gen(function*() {
          const { directory, result } = yield* restored(way, (path) => changed(path, sql))
          const error = Either.getOrThrow(Either.flip(result))
          assert.instanceOf(error, ProofFailed)
          assert.match(error.message, says)
          assert.deepInclude(error, { kind: "internal", file: "the snapshot" })
          yield* untouched(directory)
        }).pipe(Effect.provide(kit.services)))
    }
  }

  it.scopedLive("a dry run too", () =>
    Effect.gen(function*() {
      const { directory, result } = yield* restored(
        ways["a sealed file"],
        (path) => changed(path, changes["one cell"]![0]),
        { dryRun: true }
      )
      assert.instanceOf(Either.getOrThrow(Either.flip(result)), ProofFailed)
      assert.deepStrictEqual(yield* kit.listing(directory), ["kata.db"])
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("a repair that left one record out, when another one went too", () =>
    Effect.gen(function*() {
      const label = kit.lines(plain).find((line) => line.includes("\"kind\":\"issue_label\""))!
      const twice = Effect.succeed(plain.replace(label, `${label}\n${label}`))
      const way: Way = { proof: "sum", text: twice, options: { repair: true } }
      const sound = Either.getOrThrow((yield* restored(way, () => Effect.void)).result)
      assert.strictEqual(sound.read["issue_label"]! - sound.records["issue_label"]!, 1)
      const { directory, result } = yield* restored(way, (path) => changed(path, changes["a row less"]![0]))
      const [there, here] = [sound.read["issue_label"]!, sound.records["issue_label"]! - 1]
      assert.include(
        Either.getOrThrow(Either.flip(result)).message,
        `issue_label: ${there} in the file, 1 left out, ${here} in the database`
      )
      yield* untouched(directory)
    }).pipe(Effect.provide(kit.services)))
})

describe("a new database whose file was damaged before its proof", () => {
  it.scopedLive("is refused when it was cut", () =>
    Effect.gen(function*() {
      for (const left of [0, 100, 4096, 40_960]) {
        const { directory, result } = yield* restored(
          ways["a sealed file"],
          (path) => Effect.sync(() => truncateSync(path, left))
        )
        assert.isTrue(Either.isLeft(result), `cut after ${left} bytes`)
        yield* untouched(directory)
      }
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("by one bit is refused, or has every record all the same", () =>
    Effect.gen(function*() {
      const random = new Random(20_261_129)
      const expected = yield* sealed
      let refused = 0
      for (let n = 0; n < 12; n++) {
        const { directory, result, target } = yield* restored(ways["a sealed file"], (path) =>
          Effect.sync(() => {
            const bytes = readFileSync(path)
            bytes[random.below(bytes.length)]! ^= 1 << random.below(8)
            writeFileSync(path, bytes)
          }))
        if (Either.isRight(result)) assert.strictEqual(yield* kit.exported(target), expected)
        else {
          refused++
          yield* untouched(directory)
        }
      }
      assert.isAbove(refused, 2)
    }).pipe(Effect.provide(kit.services)), 300_000)
})
