/**
 * The entries of a database, in `<database>.history/`, as files that are each written whole: `<id>.json`, or `<id>.pending` from just before
 * the swap until the entry is complete. A kill in between leaves the pending one, and the database tells whether it took effect.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { isDone } from "../changes/inverse.ts"
import { attachable } from "../database/change.ts"
import { Database } from "../database/Database.ts"
import { pagesDigest } from "../database/pagesDigest.ts"
import { fromPlatform } from "../files/FileError.ts"
import { exists, parentOf } from "../files/paths.ts"
import { readSettings } from "../files/settingsFile.ts"
import { version10 } from "../records/kinds.ts"
import { Entry, isOfRows, type OfRows, suffix } from "./Entry.ts"

/** The history of the database at a real path. */
export const directoryOf = (real: string): string => `${real}${suffix}`

/** The file by which an entry goes back. */
export const backupOf = (real: string, { back: { name, way } }: Entry): string =>
  `${way === "rows" ? directoryOf(real) : parentOf(real)}/${name}`

/** What is in a history and is no entry that this kata can use. */
export class OddFile extends Schema.Class<OddFile>("OddFile")({ name: Schema.String, problem: Schema.String }) {}

export interface History {
  /** The oldest first. */
  readonly entries: ReadonlyArray<Entry>
  readonly odd: ReadonlyArray<OddFile>
  /** Entries of work that was killed before it took effect; the next one takes them away. */
  readonly interrupted: ReadonlyArray<string>
  /** The name of the newest entry, usable or not. */
  readonly last: string | undefined
}

/** More are not read. */
const most = 10_000

/** What was killed while it wrote a file of a history; the group is its process. */
export const temporary = /^\.[0-9A-Z]{26}\.(?:json|pending|rows)\.kata-(\d{1,10})-[0-9a-f]+$/
const named = /^([0-7][0-9A-HJKMNP-TV-Z]{25})\.(json|pending|rows)$/
const decode = Schema.decodeUnknownEither(Schema.parseJson(Entry))

/** An entry, or why a file is none. */
const entryIn = (directory: string, name: string, id: string) =>
  readSettings(`${directory}/${name}`, { follow: false }).pipe(
    Effect.map(({ text }) =>
      Either.match(decode(text), {
        onLeft: (error) => {
          const [first] = ParseResult.ArrayFormatter.formatErrorSync(error)
          const at = first?.path.join(".") ?? ""
          return new OddFile({ name, problem: `${at === "" ? "" : `${at}: `}${first?.message.slice(0, 200)}` })
        },
        onRight: (entry) => entry.id === id ? entry : new OddFile({ name, problem: `it says that it is ${entry.id}` })
      })
    ),
    Effect.catchTag("SettingsRefused", ({ found }) => Effect.succeed(new OddFile({ name, problem: `it is ${found}` }))),
    Effect.catchTag("FileError", ({ message }) => Effect.succeed(new OddFile({ name, problem: message })))
  )

/** Whether the rows of a pending entry were changed. What cannot be asked now keeps its entry. */
const isChanged = (real: string, { after, back }: OfRows) =>
  Effect.gen(function*() {
    const { together, view } = yield* Database
    const db = yield* together(attachable(`${directoryOf(real)}/${back.name}`), yield* view(real, version10))
    return yield* isDone(db, version10, back.shifts, { id: after.last_event, uid: after.last_uid })
  }).pipe(Effect.scoped, Effect.orElseSucceed(() => true))

/** Whether what a pending entry tells of was done. */
const tookEffect = Effect.fnUntraced(function*(real: string, entry: Entry) {
  const fs = yield* FileSystem.FileSystem
  const { contentStamp } = yield* Database
  if (!(yield* exists(real))) return false
  if (isOfRows(entry)) return (yield* exists(backupOf(real, entry))) && (yield* isChanged(real, entry))
  const { after } = entry
  // Where a filesystem gives a file another number now and then, it still has its size and its time.
  if ((yield* contentStamp(real)) === after.stamp) return true
  const { ino } = yield* Effect.mapError(fs.stat(real), fromPlatform("stat", real))
  if (!Option.contains(ino, after.inode)) return false
  // It was written to since; or it is the old one, put there anew, which got the number of a new one that is gone.
  const now = yield* Effect.orElseSucceed(pagesDigest(real), () => undefined)
  const old = yield* Effect.orElseSucceed(pagesDigest(backupOf(real, entry)), () => undefined)
  return now === undefined || now !== old
})

/** The names in a history, by what they are; nothing where there is none. */
export const namesIn = Effect.fnUntraced(function*(real: string) {
  const fs = yield* FileSystem.FileSystem
  const directory = directoryOf(real)
  const names = yield* fs.readDirectory(directory).pipe(
    Effect.mapError(fromPlatform("list", directory)),
    // Nothing has a name that is too long; that of a history may be, where that of its database is not.
    Effect.catchIf(({ code }) => code === "ENOENT" || code === "ENAMETOOLONG", () => Effect.succeed([]))
  )
  const files = names.flatMap((name) => {
    const [, id = "", kind] = named.exec(name) ?? []
    return kind === undefined ? [] : [{ id, name, kind }]
  }).toSorted((a, b) => a.id < b.id ? -1 : 1)
  const complete = files.filter(({ kind }) => kind === "json")
  const ids = new Set(complete.map(({ id }) => id))
  return {
    complete,
    pending: files.filter(({ kind }) => kind === "pending"),
    /** Rows by which the entry of the same id goes back. */
    rows: files.filter(({ kind }) => kind === "rows"),
    isComplete: (id: string) => ids.has(id),
    /** Whether an entry has that id, complete or not. */
    has: (id: string) => files.some((file) => file.id === id && file.kind !== "rows"),
    others: names.filter((name) => !named.test(name) && !name.startsWith(".")).toSorted(),
    last: files.findLast(({ kind }) => kind !== "rows")?.id
  }
})

/** Whether a kill has left something in a history that the next work takes away, or completes. */
export const isUnsettled = (real: string) =>
  Effect.map(namesIn(real), ({ has, pending, rows }) => pending.length > 0 || rows.some(({ id }) => !has(id)))

/** The pending entries that are not complete, and whether each took effect. */
export const pendingIn = Effect.fnUntraced(function*(real: string) {
  const { isComplete, pending } = yield* namesIn(real)
  return yield* Effect.forEach(
    pending.filter(({ id }) => !isComplete(id)),
    ({ id, name }) =>
      Effect.gen(function*() {
        const entry = yield* entryIn(directoryOf(real), name, id)
        return { id, name, entry, done: entry instanceof Entry && (yield* tookEffect(real, entry)) }
      })
  )
})

/** The history of the database at a real path. What is damaged or unknown in it is told and is no failure. Nothing is changed. */
export const read = Effect.fn("History.read")(function*(real: string) {
  const { complete, last, others } = yield* namesIn(real)
  const directory = directoryOf(real)
  const found = yield* Effect.forEach(complete.slice(-most), ({ id, name }) => entryIn(directory, name, id))
  const pending = yield* pendingIn(real)
  const all = [...found, ...pending.flatMap(({ done, entry }) => done || entry instanceof OddFile ? [entry] : [])]
  return {
    entries: all.filter((one) => one instanceof Entry).toSorted((a, b) => a.id < b.id ? -1 : 1),
    odd: [
      ...all.filter((one) => one instanceof OddFile),
      ...others.map((name) => new OddFile({ name, problem: "it has not the name of an entry" })),
      ...(complete.length > most
        ? [new OddFile({ name: "", problem: `of ${complete.length} entries only the newest ${most} are read` })]
        : [])
    ],
    interrupted: pending.filter(({ done, entry }) => !done && entry instanceof Entry).map(({ name }) => name),
    last
  } satisfies History
})
