/**
 * Two snapshots that come from one have no target: which of them the other one goes into is said by what is in them, so that git may call
 * either of them ours and gets the same file.
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { createHash, hash } from "node:crypto"
import { type Attachable, Database } from "../database/Database.ts"
import type { Cell, Row, Session } from "../database/Session.ts"
import * as Source from "../files/source.ts"
import { encodeUlid } from "../records/ulid.ts"
import type { Side } from "./Side.ts"

/** The oldest event that only one side has, and how many there are. */
const ownEvents = (db: Session, schema: "a" | "b", other: "a" | "b") =>
  Effect.map(
    db.get(
      "find what is new",
      `SELECT min(uid) AS first, count(*) AS n FROM ${schema}.events e
       WHERE NOT EXISTS (SELECT 1 FROM ${other}.events o WHERE o.uid = e.uid)`
    ),
    (row) => ({ first: row?.["first"] === null ? undefined : String(row?.["first"]), count: Number(row?.["n"]) })
  )

/** Hex SHA-256 of the bytes of a file. */
export const digest = (path: string) =>
  Effect.flatMap(
    Source.open(path),
    ({ bytes }) => Stream.runFold(bytes, createHash("sha256"), (hash, piece) => hash.update(piece))
  ).pipe(Effect.map((hash) => hash.digest("hex")))

interface One {
  readonly digest: string
  readonly side: Side
}

/**
 * How many events each has for itself, and whether the first, which is `a` of the session, is the one that the other goes into: it holds more
 * of a database, or its own work began earlier, or the other has no work of its own.
 */
export const compared = Effect.fnUntraced(function*(db: Session, first: One, second: One) {
  const [own, others] = [yield* ownEvents(db, "a", "b"), yield* ownEvents(db, "b", "a")]
  const counts = { own: own.count, others: others.count }
  const [whole, otherWhole] = [first.side.projects === null, second.side.projects === null]
  if (whole !== otherWhole) return { ...counts, into: whole }
  if (own.first !== others.first) {
    return { ...counts, into: others.first === undefined || (own.first !== undefined && own.first < others.first) }
  }
  return { ...counts, into: first.digest <= second.digest }
})

const lastTime = (schema: "a" | "b") =>
  `SELECT max(created_at) AS at FROM ${schema}.events WHERE created_at GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T*Z'`

/** The time of the last thing that happened on either side, and uids of decisions that are the same whoever makes the merge. */
export const stampOf = Effect.fnUntraced(function*(db: Session, first: One, second: One) {
  const row = yield* db.get(
    "find what is new",
    `SELECT max(at) AS at FROM (${lastTime("a")} UNION ALL ${lastTime("b")})`
  )
  const now = row?.["at"]
  if (typeof now !== "string") return { now: DateTime.formatIso(yield* DateTime.now), uidOf: undefined }
  const of = [first.digest, second.digest].toSorted().join(" ")
  const time = Math.max(0, Date.parse(now) || 0)
  const randomOf = (seed: string) => BigInt(`0x${hash("sha256", `${of} ${seed}`, "hex").slice(0, 20)}`)
  return { now, uidOf: (seed: string) => Effect.succeed(encodeUlid(time, randomOf(seed))) }
})

const operation = "prepare the merge"

const renamedOnlyThere =
  `SELECT x.uid, x.name FROM plan.projects x JOIN main.projects y ON y.uid = x.uid AND y.name <> x.name
  WHERE NOT EXISTS (SELECT 1 FROM main.projects o WHERE o.name = x.name)`

/**
 * Renaming a project writes no event: where they come from says who did it. Gives the new names to the projects of the target that only
 * the source has renamed, and says how many.
 */
export const rename = Effect.fnUntraced(function*(target: string, source: Attachable, ancestor: Session) {
  return yield* (yield* Database).change(target, source, (db) =>
    Effect.gen(function*() {
      let renamed = 0
      for (const { name, uid } of yield* db.all(operation, renamedOnlyThere)) {
        const before = yield* ancestor.get(operation, "SELECT name FROM projects WHERE uid = ?", uid!)
        const here = yield* db.get(operation, "SELECT name FROM main.projects WHERE uid = ?", uid!)
        if (before === undefined || before["name"] !== here?.["name"]) continue
        const { changes } = yield* db.attempt(operation, ({ prepare }) =>
          prepare("UPDATE OR IGNORE main.projects SET name = ? WHERE uid = ?").run(name!, uid!))
        renamed += changes
      }
      return renamed
    }))
})

/** Issues that only the first has, whether the other has purged them, and whether they have events that both come from does not know. */
const missingThere = `SELECT x.uid FROM main.issues x WHERE x.uid > ? AND x.deleted_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM plan.issues y WHERE y.uid = x.uid)
  AND NOT EXISTS (SELECT 1 FROM plan.purge_log y WHERE y.issue_uid = x.uid) ORDER BY x.uid LIMIT 1`

const byUid = "(SELECT id FROM main.issues WHERE uid = @uid)"

/** What becomes of an issue that the other side does not have any more, as SQL with its uid. */
const gone = {
  /** A snapshot without what was deleted does not say what was. */
  deleted: ["UPDATE main.issues SET deleted_at = @now WHERE uid = @uid"],
  /** A snapshot of projects does not say what was moved out of them; the events of it that are theirs stay. */
  moved: [
    `DELETE FROM main.import_mappings WHERE issue_id = ${byUid} OR comment_id IN (SELECT id FROM main.comments WHERE issue_id = ${byUid})
       OR link_id IN (SELECT id FROM main.links WHERE ${byUid} IN (from_issue_id, to_issue_id))`,
    `DELETE FROM main.links WHERE ${byUid} IN (from_issue_id, to_issue_id)`,
    `DELETE FROM main.issue_labels WHERE issue_id = ${byUid}`,
    `DELETE FROM main.comments WHERE issue_id = ${byUid}`,
    `UPDATE main.events SET issue_id = NULL WHERE issue_id = ${byUid}`,
    `UPDATE main.events SET related_issue_id = NULL WHERE related_issue_id = ${byUid}`,
    "DELETE FROM main.issues WHERE uid = @uid"
  ]
}

/**
 * An issue that both come from and that is gone on the other side was deleted or moved there: it goes here, too, unless something has happened to it
 * here since. Gives the uids of those that stay for that reason, and how many do not.
 */
export const followMissing = Effect.fnUntraced(
  function*(path: string, other: Attachable, ancestor: Session, how: keyof typeof gone, now: string) {
    return yield* (yield* Database).change(path, other, (db) =>
      Effect.gen(function*() {
        const kept: Array<string> = []
        let followed = 0
        let after: Cell = ""
        for (;;) {
          const row: Row | undefined = yield* db.get(operation, missingThere, after)
          if (row === undefined) return { kept, followed }
          const uid = after = row["uid"]!
          if ((yield* ancestor.get(operation, "SELECT 1 FROM issues WHERE uid = ?", uid)) === undefined) continue
          const events = yield* db.all(operation, "SELECT uid FROM main.events WHERE issue_uid = ?", uid)
          const known = yield* Effect.forEach(
            events,
            (event) => ancestor.get(operation, "SELECT 1 FROM events WHERE uid = ?", event["uid"]!)
          )
          if (known.includes(undefined)) {
            kept.push(String(uid))
            continue
          }
          yield* db.attempt(operation, ({ prepare }) => {
            for (const sql of gone[how]) prepare(sql).run({ uid, now })
          })
          followed += 1
        }
      }))
  }
)

/** Whether the file is compressed, and how many bytes it has. */
export const look = Effect.fnUntraced(function*(path: string) {
  const { bytes, size } = yield* Source.open(path)
  const first = yield* Stream.runHead(Stream.filter(bytes, (piece) => piece.length > 0))
  return {
    isEmpty: Option.isNone(first),
    isCompressed: Option.exists(first, (piece) => piece[0] === 0x1f && piece[1] === 0x8b),
    size
  }
})
