import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqliteStore from "../../src/store/sqlite.ts"
import { build } from "../../src/testing/database.ts"
import { temporaryDirectory } from "../files/temp.ts"

/** A database of schema 10 without projects, in a directory that goes with the scope. */
export const newDatabase = Effect.gen(function*() {
  const path = `${yield* temporaryDirectory}/kata.db`
  yield* build(path, {
    meta: [{ key: "schema_version", value: "10" }, { key: "instance_uid", value: "01ARZ3NDEKTSV4RRFFQ69G5FAV" }]
  })
  return path
})

/** A store of its own for everybody who builds it. */
export const newStore = Layer.unwrapScoped(Effect.map(newDatabase, SqliteStore.layer))
