/** Two databases that one session reads, each as it is at one moment. */
import * as Effect from "effect/Effect"
import { privateDirectory } from "../files/staleFiles.ts"
import type { Attachable } from "./Database.ts"
import { open, uriOf } from "./Handle.ts"
import type { Session } from "./Session.ts"
import { create } from "./stage.ts"
import { inTemporary } from "./temporary.ts"

const attached = Effect.fnUntraced(function*(path: string, a: Attachable, b: Attachable) {
  yield* create(path)
  const db = yield* open(path, "write")
  yield* db.attempt("read two databases", () => {
    // What is found out is worth nothing when the process ends.
    db.execute("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA trusted_schema = 0; PRAGMA temp_store = 0")
    db.prepare("ATTACH ? AS b").run(b.uri)
    db.prepare("ATTACH ? AS a").run(a.uri)
    db.execute("PRAGMA main.cache_size = -12288; PRAGMA a.cache_size = -8192; PRAGMA b.cache_size = -8192; BEGIN")
    // `BEGIN` alone reads nothing: the first statement is what fixes the state that is seen.
    for (const schema of ["a", "b"]) db.prepare(`SELECT count(*) FROM ${schema}.sqlite_schema`).get()
  })
  return { ...db, uri: uriOf(path, "write") } satisfies Session & Attachable
})

/** `Database.together` on the real thing. */
export const together = Effect.fn("Database.together")(function*(a: Attachable, b: Attachable) {
  const directory = yield* privateDirectory("compare")
  return yield* Effect.mapError(attached(`${directory}/compared.db`, a, b), inTemporary(directory))
})
