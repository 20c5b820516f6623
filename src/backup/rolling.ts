/** What a disk changes later is found out while other backups are still there: a run reads one of the old ones, once a day. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { phase } from "../Progress.ts"
import { check, type Entry, isFresh, longestUnread } from "./entries.ts"
import { isFuture } from "./retention.ts"
import type { Known, Remembered } from "./state.ts"

const day = 24 * 60 * 60 * 1000

const isDue = ({ rolled_at: at }: Remembered, now: number) =>
  at === undefined || isFuture(Date.parse(at), now) || now - Date.parse(at) >= day

export interface Rolled {
  readonly entry: Entry
  readonly known: Known
}

/**
 * Reads the backup that was read longest ago, when that is due and there is one that nobody has read within a day. What is known to be no
 * good is not read again. That it cannot be read now says nothing: the next run tries again.
 */
export const roll = Effect.fn("Backup.roll")((entries: ReadonlyArray<Entry>, remembered: Remembered, now: number) => {
  const [oldest] = entries
    .filter(({ known }) => known === undefined || (known.facts !== null && !isFresh(known, now)))
    .toSorted(longestUnread)
  if (oldest === undefined || !isDue(remembered, now)) return Effect.succeedNone
  return phase("reading an old backup").pipe(
    Effect.zipRight(check(oldest)),
    Effect.map((known): Option.Option<Rolled> => Option.some({ entry: oldest, known })),
    Effect.orElseSucceed(() => Option.none<Rolled>())
  )
})
