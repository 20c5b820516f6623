/** The identity of a database, which a copy may need another of. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Stage } from "../database/Database.ts"
import { instanceIn } from "../database/meta.ts"
import { newUlid } from "../database/newUlid.ts"
import type { Format } from "../records/Format.ts"
import { write } from "../records/line.ts"
import { ContentSum } from "../snapshot/digest.ts"

/** Another identity. The events keep theirs: they did happen where they happened. Gives what that adds to the content sum. */
export const renew = Effect.fnUntraced(function*(stage: Stage, format: Format) {
  const before = yield* instanceIn(stage.db)
  const uid = yield* newUlid
  yield* stage.db.attempt(
    "give the copy an identity",
    (db) => db.prepare("INSERT OR REPLACE INTO meta(key, value) VALUES ('instance_uid', ?)").run(uid)
  )
  const line = (value: string) =>
    Option.match(format.kindOf("meta"), {
      onNone: () => "",
      onSome: (meta) => write(meta, { key: "instance_uid", value })
    })
  const change = new ContentSum()
  if (before !== undefined) change.remove(line(before))
  change.add(line(uid))
  return change
})
