/**
 * What an upgrade by Go kata leaves beside a database when it is killed: a half or whole export, and a half or whole new database. Go kata
 * refuses to start again while one of the two is there. The database itself is untouched then.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { exists } from "../files/paths.ts"
import { hasOpen } from "./goLock.ts"

/** Longer than any pause of an upgrade that is at work. */
const recent = 10 * 60_000

/** The two files, as far as they are there. */
export const leftovers = (real: string) =>
  Effect.filter([`${real}.import.tmp.jsonl`, `${real}.import.tmp.db`], (path) => exists(path))

/** Somebody has one of these files open. */
export interface AtWork {
  readonly path: string
  /** 0 when this machine does not tell: the file was written to just now. */
  readonly pid: number
}

/** Whether somebody is at work on one of the files; where the machine does not say who has what open, whether one was written to lately. */
export const atWork = Effect.fn("goUpgrade.atWork")(function*(paths: ReadonlyArray<string>) {
  const fs = yield* FileSystem.FileSystem
  if (paths.length === 0) return Option.none<AtWork>()
  const pids = yield* Effect.option(
    Effect.map(fs.readDirectory("/proc"), (names) => names.filter((name) => /^\d+$/.test(name)).map(Number))
  )
  for (const path of paths) {
    if (Option.isSome(pids) && pids.value.length > 0) {
      for (const pid of pids.value) if (yield* hasOpen(fs, pid, path)) return Option.some<AtWork>({ path, pid })
      continue
    }
    const changed = yield* Effect.option(Effect.map(fs.stat(path), ({ mtime }) => mtime))
    const now = DateTime.toEpochMillis(yield* DateTime.now)
    const isRecent = Option.exists(Option.flatten(changed), (time) => now - time.getTime() < recent)
    if (isRecent) return Option.some<AtWork>({ path, pid: 0 })
  }
  return Option.none<AtWork>()
})
