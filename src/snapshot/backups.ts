/** Snapshots that lie about: which of them are of a database, what each reaches up to, and whether it is whole. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { gunzip } from "../files/gzip.ts"
import { isRejected } from "../files/rejected.ts"
import { readFile } from "../files/source.ts"
import { blocking } from "../records/Finding.ts"
import { glance } from "./glance.ts"
import { verify } from "./verify.ts"

/** A snapshot of a whole database, or what was one. */
export interface Backup {
  readonly path: string
  /** Of the file: shows which was written last, unless it was copied. */
  readonly modified: Date
  /** Whose it is; empty when it does not say. */
  readonly instance: string
  /** The highest number that an event has had in it; 0 when its end does not say. */
  readonly position: number
  /** When its newest event was, ISO 8601; empty when its end does not say. */
  readonly newest: string
  /** The files beside it with what a salvage left out of it. */
  readonly rejected: ReadonlyArray<string>
}

/** Of a file: enough for what it says of itself, and for its sequences and some events before them. */
const headBytes = 64 * 1024
const tailBytes = 256 * 1024

/** The last bytes of a file, uncompressed, as Latin-1; what came before the damage, when it is damaged. */
const tailOf = Effect.fnUntraced(function*(path: string, size: number) {
  const fs = yield* FileSystem.FileSystem
  const bytes: Stream.Stream<Uint8Array, unknown, FileSystem.FileSystem> = path.endsWith(".gz")
    ? gunzip(readFile(path))
    : fs.stream(path, { offset: Math.max(0, size - tailBytes) })
  let tail = Buffer.alloc(0)
  yield* Effect.ignore(
    Stream.runForEach(
      bytes,
      (piece) => Effect.sync(() => void (tail = Buffer.concat([tail, piece]).subarray(-tailBytes)))
    )
  )
  return tail.toString("latin1")
})

const lastMatch = (text: string, pattern: RegExp): RegExpMatchArray | undefined => [...text.matchAll(pattern)].at(-1)

const endOf = (tail: string) => {
  const sequence = lastMatch(tail, /"name":"events","seq":(\d{1,15})\}/g)?.[1]
  const event = lastMatch(tail, /^\{"kind":"event","data":\{"id":(\d{1,15}),.*"created_at":"([^"]*)"\}/gm)
  return { position: Number(sequence ?? event?.[1] ?? 0), newest: event?.[2] ?? "" }
}

/** A file of that name in which nothing can be read was to be a backup. */
const isNamedSo = /kata|backup|snapshot/i

const beginning = "{\"kind\":\"meta\",\"data\":{\"key\":\"export_version\""

/** Whether that is all that is left of a snapshot whose first line is not whole. */
const isRest = (name: string, text: string) =>
  text === "" ? isNamedSo.test(name) : beginning.startsWith(text) || text.startsWith(beginning)

/** The snapshots of whole databases in these directories, and what is left of some; the one that was written last comes first. */
export const find = Effect.fn("Backups.find")(function*(directories: ReadonlyArray<string>) {
  const fs = yield* FileSystem.FileSystem
  const found: Array<Backup> = []
  for (const directory of new Set(directories)) {
    const names = yield* Effect.orElseSucceed(fs.readDirectory(directory), () => [])
    for (const name of names.filter((name) => /\.jsonl(?:\.gz)?$/.test(name) && !isRejected(name))) {
      const path = `${directory}/${name}`
      const rejected = names.filter((other) => other.startsWith(`${name}.rejected`) && isRejected(other))
        .map((other) => `${directory}/${other}`)
      const info = Option.getOrUndefined(yield* Effect.option(fs.stat(path)))
      const modified = Option.getOrUndefined(info?.mtime ?? Option.none())
      if (info === undefined || info.type !== "File" || modified === undefined) continue
      const size = Number(info.size)
      const head = Option.getOrUndefined(yield* glance(path, headBytes))
      if (head === undefined && size <= headBytes && isRest(name, yield* tailOf(path, size))) {
        found.push({ path, modified, instance: "", position: 0, newest: "", rejected })
      }
      if (head === undefined || head.isPart) continue
      found.push({ path, modified, instance: head.instance, ...endOf(yield* tailOf(path, size)), rejected })
    }
  }
  return found.toSorted((a, b) => b.modified.getTime() - a.modified.getTime())
})

/** As many are read whole in one run. */
const attempts = 8

/**
 * The backup that can be restored as it is and reaches up to the most events; the same of those that are whole, but break a rule; and those
 * that are not whole, with the reason. The last one that was written is read first; when that can be restored, only such are read as say
 * that they reach further.
 */
export const newestWhole = Effect.fn("Backups.newestWhole")(function*(backups: ReadonlyArray<Backup>) {
  const bad: Array<{ readonly backup: Backup; readonly why: string }> = []
  let good: Backup | undefined
  let refused: Backup | undefined
  let left = attempts
  for (const backup of backups) {
    if (left === 0) break
    if (good !== undefined && backup.position <= good.position) continue
    left -= 1
    const read = yield* Effect.either(verify(backup.path))
    if (read._tag === "Left") bad.push({ backup, why: read.left.message.replace(`${backup.path}: `, "") })
    else if (blocking(read.right.findings).length === 0) good = backup
    else if (refused === undefined || backup.position > refused.position) refused = backup
  }
  return { good, refused, bad }
})
