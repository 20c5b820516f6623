/** The lock of the newest Go kata: `flock` on `<database>.daemon.lock`, which no lock of SQLite's meets. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

export const pathOf = (real: string): string => `${real}.daemon.lock`

export interface GoLock {
  readonly path: string
  /** The pid of its holder; none without a holder, 0 when it is not known. */
  readonly holder: Option.Option<number>
}

/** A number of a device, as /proc/locks spells it. */
const deviceOf = (dev: number) => {
  const [high, low] = [Math.floor(dev / 2 ** 8) % 2 ** 12, (dev % 2 ** 8) + (Math.floor(dev / 2 ** 12) & ~0xff)]
  const hex = (n: number) => n.toString(16).padStart(2, "0")
  return `${hex(high)}:${hex(low)}`
}

/**
 * That lock of the database at a real path; none where the file is not there. Who has it is known on Linux, which lists locks. On a filesystem
 * that lists another device than it says, the process has to have the file open.
 */
export const find = Effect.fn("goLock.find")(function*(real: string) {
  const fs = yield* FileSystem.FileSystem
  const path = pathOf(real)
  const info = yield* Effect.option(fs.stat(path))
  if (!Option.exists(info, ({ type }) => type === "File")) return Option.none<GoLock>()
  const { dev, ino } = Option.getOrThrow(info)
  const inode = Option.getOrElse(ino, () => 0)
  const locks = yield* Effect.orElseSucceed(fs.readFileString("/proc/locks"), () => "")
  let holder = Option.none<number>()
  for (const line of locks.split("\n")) {
    const [, number = "", device, at] = /^\d+: FLOCK +\w+ +\w+ +(-?\d+) ([0-9a-f]+:[0-9a-f]+):(\d+) /.exec(line) ?? []
    if (Number(at) !== inode) continue
    const pid = Math.max(0, Number(number))
    if (device === deviceOf(dev) || (yield* hasOpen(fs, pid, path))) holder = Option.some(pid)
  }
  return Option.some<GoLock>({ path, holder })
})

/** Whether a process has a file open; false for those of other users. */
export const hasOpen = Effect.fnUntraced(function*(fs: FileSystem.FileSystem, pid: number, path: string) {
  const names = yield* Effect.orElseSucceed(fs.readDirectory(`/proc/${pid}/fd`), () => [])
  for (const name of names) {
    if (Option.contains(yield* Effect.option(fs.readLink(`/proc/${pid}/fd/${name}`)), path)) return true
  }
  return false
})
