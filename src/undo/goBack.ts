/** The database of an entry: whether it is still what was put aside, and what going back to it would take away. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Database } from "../database/Database.ts"
import { problemsIn } from "../database/integrity.ts"
import { OpenError } from "../database/OpenError.ts"
import { pagesDigest } from "../database/pagesDigest.ts"
import { wholeDatabase } from "../database/Selection.ts"
import { SqliteFailure } from "../database/SqliteFailure.ts"
import { stamp } from "../files/fileIdentity.ts"
import type { Entry, OfFile } from "../history/Entry.ts"
import { eventsAfter, lastEventIn } from "../history/events.ts"
import { onlyInOld } from "../import/lostByReplacing.ts"
import { phase } from "../Progress.ts"
import { version10 } from "../records/kinds.ts"
import { anyVersion } from "../snapshot/convert.ts"
import { putAside, sizeOf } from "./steps.ts"
import { CannotGoBack } from "./UndoReport.ts"

/** Fails unless the file is the one that the entry speaks of, byte for byte; gives its digest. */
export const sameAsPutAside = Effect.fnUntraced(function*(real: string, entry: OfFile) {
  const { bytes, pages, sides, stamp: before } = entry.back
  const { path, refused } = yield* putAside(real, entry)
  if (sides.length > 0) return yield* refused("damaged", "SQLite could not use it before it was replaced")
  for (const side of ["-wal", "-journal"]) {
    if (((yield* sizeOf(path + side)) ?? 0) > 0) {
      return yield* refused("changed", `somebody has worked with it: there is a ${path}${side}`)
    }
  }
  if (pages === null && (yield* stamp(path)) !== before) return yield* refused("changed", "it was written to")
  yield* phase("reading the old database", { bytes })
  const digest = yield* pagesDigest(path)
  if (pages !== null && digest !== pages) return yield* refused("changed", "its bytes are not what they were")
  return digest
})

/** What only the present database holds; none when one of the two cannot be asked. */
const lostBy = (real: string, path: string) =>
  Effect.option(Effect.scoped(Effect.gen(function*() {
    return yield* onlyInOld(yield* anyVersion(real, version10), yield* anyVersion(path, version10))
  })))

/** What the present database says of itself; none when it cannot be read. */
const presentOf = (real: string, last: Entry) =>
  Effect.option(Effect.scoped(Effect.gen(function*() {
    const { db, format } = yield* anyVersion(real, version10)
    const { last_event: mark } = last.after
    return { version: format.version, events: mark === null ? null : yield* eventsAfter(db, mark) }
  })))

/** What the database at `path` is, to which an entry goes back and which must be sound, and what the present one has beside it. `last`: the newest entry. */
export const compared = Effect.fnUntraced(function*(real: string, path: string, entry: Entry, last: Entry) {
  yield* phase("checking the old database")
  const old = yield* Effect.scoped(Effect.gen(function*() {
    const view = yield* anyVersion(path, version10)
    const [problem] = yield* problemsIn(view.db)
    return {
      problem: problem === undefined ? undefined : `table ${problem.table}: ${problem.says}`,
      version: view.format.version,
      records: Object.fromEntries(yield* view.count(wholeDatabase)),
      // Versions that have no such table have no such mark.
      lastEvent: yield* Effect.orElseSucceed(lastEventIn(view.db), () => undefined)
    }
  })).pipe(
    Effect.mapError((error) =>
      error instanceof OpenError && error.kind !== "io" && error.kind !== "locked" ||
        error instanceof SqliteFailure && error.kind === "damaged"
        ? new CannotGoBack({ path, entry: entry.id, reason: "damaged", detail: error.message })
        : error
    )
  )
  if (old.problem !== undefined) {
    return yield* new CannotGoBack({ path, entry: entry.id, reason: "damaged", detail: old.problem })
  }
  yield* phase("comparing with the database that is replaced")
  const present = yield* presentOf(real, last)
  const only = yield* lostBy(real, path)
  return {
    to: old.version,
    records: old.records,
    lastEvent: old.lastEvent,
    from: Option.getOrNull(Option.map(present, ({ version }) => version)),
    events: Option.getOrNull(Option.map(present, ({ events }) => events)),
    only: Option.getOrNull(only)
  }
})

/** What is in the pages of the present database; undefined when that is not all of it. */
const presentPages = Effect.fnUntraced(function*(real: string) {
  // A -journal may be there, as a swap that was killed leaves one: it holds what pages were, and these are as they were put in place.
  if (((yield* sizeOf(`${real}-wal`)) ?? 0) > 0) return undefined
  return yield* pagesDigest(real)
})

/**
 * Whether something was written between the entries, or since the last one, which is the first of these: each replaced what the one before had
 * put in place.
 */
export const writtenSince = Effect.fnUntraced(function*(real: string, undone: ReadonlyArray<Entry>) {
  const { contentStamp } = yield* Database
  const isAsMade = ({ pages, stamp }: Entry["after"], i: number) =>
    Effect.gen(function*() {
      const next = undone[i - 1]?.back
      // Rows are changed beside whatever else is written.
      if (next?.way === "rows") return false
      if (pages === null) return next === undefined && stamp === (yield* contentStamp(real))
      if (next !== undefined) return next.pages === pages
      return stamp === (yield* contentStamp(real)) || pages === (yield* presentPages(real))
    })
  return !(yield* Effect.every(undone, ({ after }, i) => isAsMade(after, i)))
})
