/** A database in the making beside the one that it may become (D5.2): loaded without rules and indexes, which are fastest made last. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import { randomBytes } from "node:crypto"
import { closed } from "../files/closeErrors.ts"
import { fromPlatform } from "../files/FileError.ts"
import { nameOf, parentOf, resolve } from "../files/paths.ts"
import { turn } from "../host/turn.ts"
import { advance, phase } from "../Progress.ts"
import type { Format } from "../records/Format.ts"
import type { Stage } from "./Database.ts"
import { type Handle, open, uriOf } from "./Handle.ts"
import { fillFullText, fullText, indexes, tablesOf, triggers } from "./schema.ts"

/** Issues whose text is indexed by one statement, so that a signal is handled in between. */
const fullTextPart = 1_000

/** How the names of staged files begin. Who holds the lock of the target knows that all of them are dead. */
export const stagePrefix = (target: string) => `.${nameOf(target).slice(0, 60)}.kata-stage-`

/** A path beside the target for something that may become it. */
export const stageName = (target: string) =>
  `${parentOf(target)}/${stagePrefix(target)}${randomBytes(6).toString("hex")}`

const sideFiles = ["-journal", "-wal", "-shm"]

/** An empty file that goes with the scope, its side files too. */
export const create = Effect.fnUntraced(function*(path: string) {
  const fs = yield* FileSystem.FileSystem
  // Registered before the file is made. What cannot be removed now is removed by the next restore of the same target.
  yield* Effect.addFinalizer(() =>
    Effect.forEach(["", ...sideFiles], (side) => Effect.ignore(fs.remove(path + side, { force: true })), {
      discard: true
    })
  )
  yield* Effect.scoped(fs.open(path, { flag: "wx", mode: 0o600 })).pipe(
    Effect.zipRight(fs.chmod(path, 0o600)),
    Effect.mapError(fromPlatform("create", path)),
    closed(path)
  )
})

/** Confirms on disk a file that no process has open. */
export const sync = Effect.fnUntraced(function*(path: string) {
  const fs = yield* FileSystem.FileSystem
  yield* fs.open(path, { flag: "r+" }).pipe(
    Effect.flatMap((file) => file.sync),
    Effect.scoped,
    Effect.mapError(fromPlatform("sync", path)),
    closed(path)
  )
})

const build = Effect.fnUntraced(function*(db: Handle) {
  yield* phase("making the indexes", { rows: indexes.length })
  for (const index of indexes) {
    yield* db.exec(`make the index ${index.name}`, index.sql)
    yield* Effect.zipRight(advance(1, 0), turn)
  }
  const issues = yield* db.get("count the issues", fillFullText.count)
  yield* phase("indexing the text", { rows: Number(issues?.["n"] ?? 0) })
  yield* db.exec("make the search index", fullText)
  const next = (after: bigint | number) =>
    Effect.map(db.get("index the text", fillFullText.next, after, fullTextPart), (row) => row?.["id"])
  let after: bigint | number = fillFullText.from
  for (let to = yield* next(after); typeof to === "bigint"; to = yield* next(after)) {
    const [from, end] = [after, to]
    const { changes } = yield* db.attempt("index the text", () => db.prepare(fillFullText.part).run(from, end))
    yield* Effect.zipRight(advance(changes, 0), turn)
    after = to
  }
  yield* db.exec("check the search index", "INSERT INTO issues_fts(issues_fts) VALUES('integrity-check')")
  yield* Effect.forEach(triggers, (trigger) => db.exec(`make the trigger ${trigger.name}`, trigger.sql), {
    discard: true
  })
})

/** `Database.stage` on the real thing. */
export const stage = Effect.fn("Database.stage")(function*(target: string, format: Format) {
  const fs = yield* FileSystem.FileSystem
  const path = stageName(yield* resolve(target))
  yield* create(path)
  const db = yield* open(path, "write")
  yield* db.attempt("prepare the new database", () => {
    db.execute(
      "PRAGMA journal_mode = DELETE; PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF;" +
        " PRAGMA ignore_check_constraints = ON; PRAGMA cache_size = -24576; PRAGMA temp_store = 0; PRAGMA recursive_triggers = OFF"
    )
    db.execute("BEGIN EXCLUSIVE")
    for (const table of tablesOf(format)) db.execute(table)
  })
  return {
    path,
    uri: uriOf(path, "read"),
    db,
    build: build(db),
    // Nothing was synced so far: until the rename the file is worth nothing, and then all of it must be on disk.
    seal: Effect.provideService(
      db.exec("finish the new database", "COMMIT").pipe(Effect.zipRight(db.close), Effect.zipRight(sync(path))),
      FileSystem.FileSystem,
      fs
    )
  } satisfies Stage
})
