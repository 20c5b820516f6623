/** A database whose files are those that were read before was not written to: nothing of it has to be read. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { stamps } from "../database/view.ts"
import { resolve } from "../files/paths.ts"
import type { Entries, Whole } from "./entries.ts"
import { isFuture } from "./retention.ts"
import type { Seen } from "./state.ts"

/** Times of files are as exact as the coarsest filesystem keeps them. */
const coarse = 2000
const day = 24 * 60 * 60 * 1000

/** When any of the files of a database was changed last, milliseconds since 1970. */
const changedAt = Effect.fnUntraced(function*(real: string) {
  const fs = yield* FileSystem.FileSystem
  const times = yield* Effect.forEach(["", "-wal", "-journal"], (side) =>
    Effect.match(fs.stat(real + side), {
      onFailure: () => 0,
      onSuccess: ({ mtime }) => Option.getOrElse(mtime, () => new Date(0)).getTime()
    }))
  return Math.max(...times)
})

/** The files of the database, before anything of them is read. */
export const look = Effect.fnUntraced(function*(database: string, now: number) {
  const real = yield* Effect.orElseSucceed(resolve(database), () => database)
  const changed = yield* changedAt(real)
  // Whoever writes in the moment in which it is looked at would leave no other trace.
  const settled = changed > 0 && changed < now - coarse
  return { real, stamps: settled ? yield* stamps(real) : undefined }
})

/** The backup that holds the database, when its files are those that were read within the last day. Nothing is read for it. */
export const untouched = (seen: Seen | undefined, now: number, stamps: string | undefined, { managed }: Entries) => {
  const isRecent = seen !== undefined && !isFuture(Date.parse(seen.at), now) && now - Date.parse(seen.at) < day
  if (!isRecent || stamps === undefined || seen.stamps !== stamps) return undefined
  const entry = managed.find(({ label: { time }, name }) => name === seen.file && !isFuture(time, now))
  const known = entry?.known
  return entry === undefined || known === undefined || known.facts === null
    ? undefined
    : { entry, known, facts: known.facts } satisfies Whole
}
