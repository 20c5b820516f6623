/** A new database, empty and whole: built beside its place and put there by one name, so that half a schema is never opened. */
import * as Effect from "effect/Effect"
import { absent, remainsOf } from "../database/absent.ts"
import { Database } from "../database/Database.ts"
import { newUlid } from "../database/newUlid.ts"
import { newMeta } from "../database/schema.ts"
import { exists } from "../files/paths.ts"
import { version10 } from "../records/kinds.ts"

/**
 * Makes the database at a real path when there is none and nothing is left of one, and says whether it did. Who calls this holds its lock.
 */
export const createMissing = Effect.fn("daemon.createMissing")(function*(real: string) {
  if (yield* exists(real)) return false
  if ((yield* remainsOf(real)).length > 0) return yield* absent(real, real)
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
