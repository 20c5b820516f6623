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
import { Database } from "../database/Database.ts"
import { fromPlatform } from "../files/FileError.ts"
import { exists, parentOf } from "../files/paths.ts"
import { readSettings } from "../files/settingsFile.ts"
import { Entry, suffix } from "./Entry.ts"

/** The history of the database at a real path. */
export const directoryOf = (real: string): string => `${real}${suffix}`

/** The file of the replaced database of an entry. */
export const backupOf = (real: string, { back: { name } }: Entry): string => `${parentOf(real)}/${name}`

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

const temporary = /^\.[0-9A-Z]{26}\.(?:json|pending)\.kata-\d+-[0-9a-f]+$/
const named = /^([0-7][0-9A-HJKMNP-TV-Z]{25})\.(json|pending)$/
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

/** Whether the database of a pending entry was put in place. */
export const tookEffect = Effect.fnUntraced(function*(real: string, { after }: Entry) {
  const fs = yield* FileSystem.FileSystem
  const { contentStamp } = yield* Database
  if (!(yield* exists(real))) return false
  const { ino } = yield* Effect.mapError(fs.stat(real), fromPlatform("stat", real))
  // Where a filesystem gives a file another number now and then, it still has its size and its time.
  return Option.contains(ino, after.inode) || (yield* contentStamp(real)) === after.stamp
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
    isComplete: (id: string) => ids.has(id),
    /** What was killed while it wrote an entry. */
    temporary: names.filter((name) => temporary.test(name)),
    others: names.filter((name) => !named.test(name) && !name.startsWith(".")).toSorted(),
    last: files.at(-1)?.id
  }
})

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
