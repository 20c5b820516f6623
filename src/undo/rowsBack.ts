/**
 * What takes back what was done to rows, in the form in which it was done:
 *
 *     entry ──▶ its rows ──digest──▶ what was built on them? ──▶ a changeset, planned against the database as it is
 */
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"
import { apply } from "../changes/apply.ts"
import * as Changeset from "../changes/changeset.ts"
import { readInverse } from "../changes/inverse.ts"
import { attachable } from "../database/change.ts"
import { Database } from "../database/Database.ts"
import { wholeDatabase } from "../database/Selection.ts"
import type { Session } from "../database/Session.ts"
import { SqliteFailure } from "../database/SqliteFailure.ts"
import { inTemporary } from "../database/temporary.ts"
import { parentOf } from "../files/paths.ts"
import { readFile } from "../files/source.ts"
import type { OfRows } from "../history/Entry.ts"
import { eventsAfter, isSameLater, numberOf } from "../history/events.ts"
import type { Format } from "../records/Format.ts"
import { builtOn, forced, inThePlace, isCircular, older } from "./builtOn.ts"
import { putAside } from "./steps.ts"
import { CannotGoBack } from "./UndoReport.ts"

/** The file of the rows, which must be what was put there. */
const rowsOf = Effect.fnUntraced(function*(real: string, entry: OfRows) {
  const { path, refused } = yield* putAside(real, entry)
  const hash = createHash("sha256")
  yield* Stream.runForEach(readFile(path), (bytes) => Effect.sync(() => hash.update(bytes)))
  if (hash.digest("hex") !== entry.back.digest) return yield* refused("changed", "its bytes are not what they were")
  return attachable(path)
})

/** How many rows of each kind there are when it is done: what is asked for then could fail, and it is done. */
const afterwards = (before: ReadonlyMap<string, number>, changes: Changeset.Changes) =>
  Object.fromEntries([...before].map(([kind, count]) => {
    const { gone, new: fresh } = changes[kind] ?? { gone: 0, new: 0 }
    return [kind, count + fresh - gone]
  }))

/** The highest number that a link had when the entry was made; its rows are the schema `a`. */
const lastLinkOf = (db: Session) =>
  Effect.map(
    db.get("read the way back", "SELECT id FROM a.base WHERE name = 'links'"),
    (row) => typeof row?.["id"] === "bigint" ? row["id"] : 0n
  )

/**
 * The changeset that takes an entry of the history of `real` back in the database at `path`, in a session of its own, and what was built on
 * its rows. It is complete when nothing was, or with `force`.
 */
export const planned = Effect.fn("Undo.planned")(
  function*(real: string, entry: OfRows, path: string, format: Format, force: boolean) {
    const { together, view } = yield* Database
    const rows = yield* rowsOf(real, entry)
    const scope = yield* Effect.scope
    // The view goes before anything is written: where there is no WAL, who reads is in the way.
    return yield* Effect.scoped(Effect.gen(function*() {
      const target = yield* view(path, format)
      const db = yield* Scope.extend(together(rows, target), scope)
      return yield* Effect.gen(function*() {
        const refuse = (reason: CannotGoBack["reason"], detail = "") =>
          new CannotGoBack({ path, entry: entry.id, reason, detail })
        const { last_event, last_uid } = entry.after
        const mark = last_event === null && last_uid !== undefined
          ? (yield* numberOf(target.db, last_uid)) ?? 0n
          : BigInt(last_event ?? 0)
        if (last_uid !== undefined && !(yield* isSameLater(target.db, mark, last_uid))) return yield* refuse("other")
        yield* readInverse(db, format, entry.back.shifts)
        const lastLink = yield* lastLinkOf(db)
        const built = yield* builtOn(db, format, mark)
        const refused = built.count > 0 && !force
        if (built.count > 0) {
          yield* forced(db, format)
          const before = yield* older(db)
          if (before > 0 && force) {
            return yield* refuse("older", `${before} projects or issues are in what came in`)
          }
        }
        const place = yield* inThePlace(db)
        if (place !== undefined && !refused) return yield* refuse("taken", place)
        yield* Changeset.base(db, format)
        yield* Changeset.complete(db, format)
        const changes = yield* Changeset.changesIn(db, format)
        const events = yield* eventsAfter(target.db, mark)
        const records = afterwards(yield* target.count(wholeDatabase), changes)
        yield* target.confirm
        yield* Changeset.finish(db)
        return { db, built, refused, changes, events, records, lastLink }
      }).pipe(Effect.mapError(inTemporary(parentOf(db.path))))
    }))
  }
)

/** What a row needs that goes back to what it was is another's by now. */
export const taken = (entry: OfRows, path: string) => <E>(error: E) =>
  error instanceof SqliteFailure && error.code.startsWith("SQLITE_CONSTRAINT")
    ? new CannotGoBack({ path, entry: entry.id, reason: "taken", detail: error.detail })
    : error

/** Applies what was planned, and looks at what only rows that come back can break. */
export const applied = Effect.fn("Undo.applied")(
  function*(db: Session, format: Format, entry: OfRows, name: string, lastLink: bigint) {
    const shifts = yield* apply(db, format, name)
    if (yield* isCircular(db, lastLink)) {
      return yield* new CannotGoBack({ path: name, entry: entry.id, reason: "circle", detail: "" })
    }
    return shifts
  }
)
