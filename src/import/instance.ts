/** The identity of a database, which a copy may need another of. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Stage } from "../database/Database.ts"
import { instanceIn } from "../database/meta.ts"
import { newUlid } from "../database/newUlid.ts"
import { Finding, FindingRow, shorten } from "../records/Finding.ts"
import type { Format } from "../records/Format.ts"
import { write } from "../records/line.ts"
import { ContentSum } from "../snapshot/digest.ts"

/** Newer Go kata says when the instance was made. */
const madeAt = "instance_created_at"

/** Another identity. The events keep theirs: they did happen where they happened. Gives what that adds to the content sum, and what was dropped. */
export const renew = Effect.fnUntraced(function*(stage: Stage, format: Format) {
  const before = yield* instanceIn(stage.db)
  const uid = yield* newUlid
  const made = yield* stage.db.attempt("give the copy an identity", (db) => {
    db.prepare("INSERT OR REPLACE INTO meta(key, value) VALUES ('instance_uid', ?)").run(uid)
    const [row] = db.prepare("DELETE FROM meta WHERE key = ? RETURNING value").all(madeAt)
    return row === undefined ? undefined : String(row["value"])
  })
  const line = (key: string, value: string) =>
    Option.match(format.kindOf("meta"), {
      onNone: () => "",
      onSome: (meta) => write(meta, { key, value })
    })
  const change = new ContentSum()
  if (before !== undefined) change.remove(line("instance_uid", before))
  if (made !== undefined) change.remove(line(madeAt, made))
  change.add(line("instance_uid", uid))
  const dropped = {
    rule: "instance",
    kind: "meta",
    says: "says when the first instance was made, which is not when the copy was",
    outcome: "dropped",
    blocking: false,
    count: 1
  } as const
  return {
    change,
    findings: made === undefined
      ? []
      : [new Finding({ ...dropped, rows: [new FindingRow({ row: madeAt, value: shorten(made) })] })]
  }
})
