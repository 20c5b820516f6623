/** The identity of a database, which a copy may need another of. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Stage } from "../database/Database.ts"
import { newUlid } from "../database/newUlid.ts"
import type { Format } from "../records/Format.ts"
import { write } from "../records/line.ts"
import type { Reading } from "../snapshot/Reading.ts"

/** Who the events of a stage are made in the name of. */
export const instanceOf = (stage: Stage) =>
  Effect.map(
    stage.db.get("read the instance", "SELECT value FROM meta WHERE key = 'instance_uid'"),
    (row) => row === undefined ? undefined : String(row["value"])
  )

/** Another identity. The events keep theirs: they did happen where they happened. */
export const renew = Effect.fnUntraced(function*(stage: Stage, format: Format, reading: Reading) {
  const before = yield* instanceOf(stage)
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
  if (before !== undefined) reading.sum?.remove(line(before))
  reading.sum?.add(line(uid))
})
