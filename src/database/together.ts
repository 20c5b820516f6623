/** Databases that one session reads, each as it is at one moment, and room for what it finds out about them. */
import * as Effect from "effect/Effect"
import { privateDirectory } from "../files/staleFiles.ts"
import type { Attachable } from "./Database.ts"
import { open, uriOf } from "./Handle.ts"
import type { Session } from "./Session.ts"
import { create } from "./stage.ts"
import { inTemporary } from "./temporary.ts"

/** A session on a new private file, in which these are attached by their schemas, with one transaction begun. */
const opened = Effect.fnUntraced(function*(path: string, attached: Readonly<Record<string, Attachable>>) {
  yield* create(path)
  const db = yield* open(path, "write")
  const schemas = Object.entries(attached)
  yield* db.attempt(schemas.length === 0 ? "make room" : "read two databases", () => {
    // What is found out is worth nothing when the process ends.
    db.execute("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA trusted_schema = 0; PRAGMA temp_store = 0")
    for (const [schema, { uri }] of schemas) db.prepare(`ATTACH ? AS ${schema}`).run(uri)
    db.execute("PRAGMA main.cache_size = -12288")
    for (const [schema] of schemas) db.execute(`PRAGMA ${schema}.cache_size = -8192`)
    db.execute("BEGIN")
    // `BEGIN` alone reads nothing: the first statement is what fixes the state that is seen.
    for (const [schema] of schemas.toReversed()) db.prepare(`SELECT count(*) FROM ${schema}.sqlite_schema`).get()
  })
  return { ...db, uri: uriOf(path, "write") } satisfies Session & Attachable
})

const inRoom = (attached: Readonly<Record<string, Attachable>>) =>
  Effect.flatMap(
    privateDirectory("compare"),
    (directory) => Effect.mapError(opened(`${directory}/compared.db`, attached), inTemporary(directory))
  )

/** `Database.together` on the real thing. A name without a schema is looked for in the order in which they were attached. */
export const together = Effect.fn("Database.together")((a: Attachable, b: Attachable) => inRoom({ b, a }))

/** `Database.alone` on the real thing. */
export const alone = Effect.fn("Database.alone")(() => inRoom({}))
