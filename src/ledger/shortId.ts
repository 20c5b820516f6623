/** The short name of an issue in its project: the tail of its ULID, as long as it must be (spec of schema 10, section 4). */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Store } from "../store/Store.ts"
import { first } from "./query.ts"

const found = first(Schema.Struct({ one: Schema.Unknown }))

/**
 * The first free tail of at least `least` characters: no issue of the project has it, deleted ones included, and no purged one had it.
 * `projects` are more than one where two become one.
 */
export const freeShortId = Effect.fnUntraced(function*(
  uid: string,
  projects: ReadonlyArray<bigint>,
  least = 4
) {
  const { sql } = yield* Store
  for (let length = least; length <= uid.length; length++) {
    const candidate = uid.slice(-length).toLowerCase()
    const taken = yield* found(sql`
      SELECT 1 AS one FROM issues WHERE project_id IN ${sql.in(projects)} AND short_id = ${candidate} AND uid <> ${uid}
      UNION ALL SELECT 1 FROM purge_log WHERE project_id IN ${sql.in(projects)} AND short_id = ${candidate} LIMIT 1`)
    if (Option.isNone(taken)) return candidate
  }
  return yield* Effect.dieMessage(`no short id is free for ${uid}`)
})
