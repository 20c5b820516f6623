/**
 * Two snapshots that come from one have no target: which of them the other one goes into is said by what is in them, so that git may call
 * either of them ours and gets the same file.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"
import { open } from "../database/Handle.ts"
import type { Session } from "../database/Session.ts"
import * as Source from "../files/source.ts"
import { milliseconds, stableUlid } from "../records/versions/derivedUid.ts"
import type { Side } from "./sides.ts"

/** The oldest event that only one side has. */
const firstOwn = (db: Session, schema: "a" | "b", other: "a" | "b") =>
  Effect.map(
    db.get(
      "find what is new",
      `SELECT min(uid) AS uid FROM ${schema}.events e WHERE NOT EXISTS (SELECT 1 FROM ${other}.events o WHERE o.uid = e.uid)`
    ),
    (row) => row?.["uid"] === null ? undefined : String(row?.["uid"])
  )

const digest = (path: string) =>
  Effect.flatMap(
    Source.open(path),
    ({ bytes }) => Stream.runFold(bytes, createHash("sha256"), (hash, piece) => hash.update(piece))
  ).pipe(Effect.map((hash) => hash.digest("hex")))

interface One {
  readonly path: string
  readonly side: Side
}

/**
 * Whether the first, which is `a` of the session, is the one that the other goes into: it holds more of a database, or its own work began
 * earlier, or the other has no work of its own.
 */
export const isTarget = Effect.fnUntraced(function*(db: Session, first: One, second: One) {
  const [whole, otherWhole] = [first.side.projects === null, second.side.projects === null]
  if (whole !== otherWhole) return whole
  const [own, others] = [yield* firstOwn(db, "a", "b"), yield* firstOwn(db, "b", "a")]
  if (own !== others) return others === undefined || (own !== undefined && own < others)
  return (yield* digest(first.path)) <= (yield* digest(second.path))
})

/** The time of the last thing that happened on either side, and uids of decisions that are the same whoever makes the merge. */
export const stampOf = Effect.fnUntraced(function*(db: Session) {
  const row = yield* db.get(
    "find what is new",
    "SELECT max(at) AS at FROM (SELECT max(created_at) AS at FROM a.events UNION ALL SELECT max(created_at) FROM b.events)"
  )
  const now = row?.["at"]
  if (typeof now !== "string") return {}
  const time = milliseconds(now) ?? 0
  return { now, uidOf: (seed: string) => Effect.succeed(stableUlid(`${now} ${seed}`, Math.max(0, time))) }
})

const operation = "merge the names of projects"

const renamedOnlyThere =
  `SELECT x.uid, x.name FROM a.projects x JOIN main.projects y ON y.uid = x.uid AND y.name <> x.name
  WHERE NOT EXISTS (SELECT 1 FROM main.projects o WHERE o.name = x.name)`

/**
 * Renaming a project writes no event: where they come from says who did it. Gives the new names to the projects of the target that only
 * the source has renamed.
 */
export const rename = (target: string, source: string, ancestor: Session) =>
  Effect.scoped(Effect.gen(function*() {
    const db = yield* open(target, "write")
    yield* db.attempt(operation, ({ prepare }) => prepare("ATTACH ? AS a").run(source))
    for (const { name, uid } of yield* db.all(operation, renamedOnlyThere)) {
      const before = yield* ancestor.get(operation, "SELECT name FROM projects WHERE uid = ?", uid!)
      const here = yield* db.get(operation, "SELECT name FROM main.projects WHERE uid = ?", uid!)
      if (before === undefined || before["name"] !== here?.["name"]) continue
      yield* db.attempt(operation, ({ prepare }) =>
        prepare("UPDATE OR IGNORE main.projects SET name = ? WHERE uid = ?").run(name!, uid!))
    }
  }))

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
