import * as FileSystem from "@effect/platform/FileSystem"
import { assert, layer } from "@effect/vitest"
import Sqlite from "better-sqlite3"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as DatabaseLayer from "../../src/database/sqlite.ts"
import { toFile } from "../../src/export/Export.ts"
import { restore } from "../../src/import/Import.ts"
import { generate } from "../../src/testing/generate.ts"
import { neighbour } from "../../src/testing/neighbour.ts"
import { temporaryDirectory } from "../files/temp.ts"
import { complaints } from "../property/dump.ts"
import { services } from "../testing/services.ts"

/** Two databases and their snapshots. */
const prepared = Effect.gen(function*() {
  const directory = yield* temporaryDirectory
  const at = (name: string) => `${directory}/${name}`
  for (const [i, name] of ["a", "b"].entries()) {
    yield* generate(at(`${name}.db`), { issues: 60, seed: i + 1 })
    yield* toFile({ database: at(`${name}.db`), output: at(name) })
  }
  return { at, directory, homes: { kataHome: directory, userHome: directory } }
})

layer(services, { excludeTestServices: true })("at once", (it) => {
  for (const there of [false, true]) {
    it.scoped(
      `two imports of one target${there ? ", which is there" : ""}: one wins, the other is told who works there`,
      () =>
        Effect.gen(function*() {
          const fs = yield* FileSystem.FileSystem
          const { at, directory, homes } = yield* prepared
          const target = at("target.db")
          if (there) yield* restore({ input: at("a"), target, homes })
          const before = yield* fs.readDirectory(directory)
          const both = yield* Effect.all(
            ["a", "b"].map((name) => Effect.either(restore({ input: at(name), target, force: true, homes }))),
            { concurrency: 2 }
          )
          const [lost, ...more] = both.filter(Either.isLeft)
          assert.deepStrictEqual(more, [])
          assert.strictEqual(lost?.left._tag, "DatabaseLocked")
          assert.strictEqual(lost?.left.kind, "locked")
          assert.include(lost?.left.message, `pid ${process.pid}`)
          const winner = both.findIndex(Either.isRight) === 0 ? "a" : "b"
          yield* toFile({ database: target, output: at("again") })
          assert.strictEqual(yield* fs.readFileString(at("again")), yield* fs.readFileString(at(winner)))
          assert.deepStrictEqual(yield* complaints(target), [])
          const after = (yield* fs.readDirectory(directory)).filter((name) => !before.includes(name))
          const made = after.map((name) => name.replace(/\d{8}T\d{6}Z/, "<time>")).toSorted()
          assert.deepStrictEqual(
            made,
            there
              ? ["again", "target.db.bak.<time>", "target.db.history"]
              : ["again", "target.db", "target.db.lock"]
          )
        })
    )
  }

  it.scoped(
    "an import of a target whose lock another process has is refused, and works when that one was killed",
    () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const { at, homes } = yield* prepared
        const target = at("target.db")
        yield* restore({ input: at("a"), target, homes })
        const before = yield* fs.readFile(target)
        const other = yield* neighbour(`${target}.lock`)
        yield* other.run("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE")
        const error = yield* Effect.flip(restore({ input: at("b"), target, force: true, homes }))
        assert.strictEqual(error._tag, "DatabaseLocked")
        assert.isTrue(Buffer.from(yield* fs.readFile(target)).equals(before))
        yield* other.kill
        assert.isNotNull((yield* restore({ input: at("b"), target, force: true, homes })).backup)
      })
  )

  it.scoped(
    "several exports to one output: it is one of them, whole, and nothing is left beside it",
    () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const { at, directory } = yield* prepared
        const output = at("output")
        const before = yield* fs.readDirectory(directory)
        const whole = [yield* fs.readFileString(at("a")), yield* fs.readFileString(at("b"))]
        for (let round = 0; round < 5; round++) {
          yield* Effect.all(
            ["a", "b", "a", "b"].map((name) => toFile({ database: at(`${name}.db`), output, force: true })),
            { concurrency: 4 }
          )
          assert.include(whole, yield* fs.readFileString(output))
        }
        const after = (yield* fs.readDirectory(directory)).filter((name) => !before.includes(name))
        assert.deepStrictEqual(after, ["output"])
      })
  )

  it.scoped(
    "an export while the database is replaced is of the old one or of the new one",
    () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const { at, homes } = yield* prepared
        const target = at("target.db")
        const whole = [yield* fs.readFileString(at("a")), yield* fs.readFileString(at("b"))]
        yield* restore({ input: at("a"), target, homes })
        for (const input of [at("b"), at("a"), at("b")]) {
          const [, exported] = yield* Effect.all([
            Effect.retry(restore({ input, target, force: true, homes }), { while: ({ kind }) => kind === "locked" }),
            Effect.forEach(
              Array.from({ length: 6 }, (_, i) => at(`out ${i}`)),
              (output) =>
                Effect.map(
                  Effect.either(toFile({ database: target, output, force: true })),
                  (result) => ({ output, result })
                )
            )
          ], { concurrency: 2 })
          for (const { output, result } of exported) {
            if (Either.isLeft(result)) assert.strictEqual(result.left.kind, "locked", result.left.message)
            else assert.include(whole, yield* fs.readFileString(output))
          }
          assert.deepStrictEqual(yield* complaints(target), [])
        }
      })
  )

  it.scoped("an empty target that somebody fills just before it is taken stays theirs, and meets no side file of the old one", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const { at, directory, homes } = yield* prepared
      const target = at("empty.db")
      yield* fs.writeFileString(target, "")
      yield* fs.writeFileString(`${target}-wal`, "what the WAL was")
      // the directory is synced between the last look at the target and the lock on it
      const filling = {
        ...fs,
        link: (from: string, to: string) =>
          Effect.tap(fs.link(from, to), () => Effect.sync(() => void (linked ||= to.includes(".bak.")))),
        open: (path: string, options?: FileSystem.OpenFileOptions) =>
          Effect.zipRight(
            Effect.sync(() => linked && !filled && path === directory ? fill() : undefined),
            fs.open(path, options)
          )
      }
      let [linked, filled] = [false, false]
      const fill = () => {
        filled = true
        const db = new Sqlite(target)
        db.exec("CREATE TABLE theirs(word); INSERT INTO theirs VALUES ('kept')")
        db.close()
      }
      const error = yield* restore({ input: at("a"), target, force: true, homes }).pipe(
        Effect.provideService(FileSystem.FileSystem, filling),
        Effect.provide(Layer.provide(DatabaseLayer.layer, Layer.succeed(FileSystem.FileSystem, filling))),
        Effect.flip
      )
      assert.isTrue(filled)
      assert.strictEqual(error.kind, "locked")
      assert.include(error.message, "it was written to meanwhile")
      const db = new Sqlite(target, { readonly: true })
      assert.deepStrictEqual(db.prepare("SELECT word FROM theirs").pluck().all(), ["kept"])
      db.close()
      const names = (yield* fs.readDirectory(directory)).filter((name) => name.startsWith("empty.db"))
        .map((name) => name.replace(/\d{8}T\d{6}Z/, "<time>")).toSorted()
      assert.deepStrictEqual(names, ["empty.db", "empty.db.bak.<time>-wal", "empty.db.lock"])
    }))
})
