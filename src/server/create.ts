/** A new database, empty and whole: built beside its place and put there by one name, so that nobody ever opens half a schema. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Database } from "../database/Database.ts"
import { newUlid } from "../database/newUlid.ts"
import { newMeta } from "../database/schema.ts"
import type { FailureKind } from "../Failure.ts"
import { fromPlatform } from "../files/FileError.ts"
import { exists, nameOf, parentOf } from "../files/paths.ts"
import { version10 } from "../records/kinds.ts"

/** The database is gone, and what may be left of it is not: beginning a new one would hide that. */
export class DatabaseLost extends Schema.TaggedError<DatabaseLost>()("DatabaseLost", {
  path: Schema.String,
  /** Files beside it that may hold its content. */
  found: Schema.Array(Schema.String)
}) {
  readonly kind = "validation" satisfies FailureKind
  override get message() {
    return `${this.path} does not exist, but ${this.found.join(", ")} beside it does: the work may be in there`
  }
  get hint(): string {
    return "put the database back (docs/recovery.md), or move these files away to begin a new one"
  }
}

/** What an interrupted upgrade or restore, of kata or Go kata, or a moved database leaves. */
const remains = /^(?:-wal$|-journal$|\.bak\.\d{8}T\d{6}Z|\.import\.tmp\.(?:db|jsonl)$)/

/** Makes the database at a real path when there is none, and says whether it did. Who calls this holds its lock. */
export const createMissing = Effect.fn("daemon.createMissing")(function*(real: string) {
  if (yield* exists(real)) return false
  const fs = yield* FileSystem.FileSystem
  const names = yield* Effect.mapError(fs.readDirectory(parentOf(real)), fromPlatform("list", parentOf(real)))
  const found = names.filter((name) => name.startsWith(nameOf(real)) && remains.test(name.slice(nameOf(real).length)))
  if (found.length > 0) return yield* new DatabaseLost({ path: real, found: found.toSorted().slice(0, 5) })
  const database = yield* Database
  yield* database.cleanUp(real)
  yield* Effect.scoped(Effect.gen(function*() {
    const stage = yield* database.stage(real, version10)
    const instance = { key: "instance_uid", value: yield* newUlid }
    yield* stage.db.attempt("fill the new database", (db) => {
      const insert = db.prepare("INSERT INTO meta(key, value) VALUES (@key, @value)")
      for (const row of [...newMeta(version10), instance]) insert.run(row)
    })
    yield* stage.build
    yield* stage.seal
    yield* database.swap(stage, real, false)
  }))
  return true
})
