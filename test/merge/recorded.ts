/** What somebody records in a copy of the rich fixture, by the operations of the ledger. */
import * as Effect from "effect/Effect"
import { create } from "../../src/ledger/issues/create.ts"
import { purge } from "../../src/ledger/issues/removal.ts"
import * as SqliteStore from "../../src/store/sqlite.ts"
import type { Store } from "../../src/store/Store.ts"

/** An issue of the project `app`, and who does something to it. */
export const on = (ref: string) => ({ projectId: 1n, ref, actor: "ann" })

/** A new issue of it; gives its short id. */
export const born = (title: string, links: Parameters<typeof create>[0]["links"] = []) =>
  Effect.map(
    create({
      projectId: 1n,
      actor: "ann",
      title,
      body: `what ${title} is`,
      owner: "",
      priority: undefined,
      labels: ["fresh"],
      links,
      forceNew: true,
      idempotencyKey: ""
    }),
    ({ issue }) => issue.short_id
  )

export const gone = (ref: string) => purge({ ...on(ref), confirm: `PURGE app#${ref}` })

/** Does something in the database at a path, which nobody has open. */
export const work = <A, E>(path: string, done: Effect.Effect<A, E, Store>) =>
  Effect.provide(done, SqliteStore.layer(path))
