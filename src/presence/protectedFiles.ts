/**
 * Files that no output may replace, whatever the command: databases and what belongs to them, what people have set,
 * and what is the only copy of something. A file is known by its first bytes where these are characteristic, else by its name.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { fileKind } from "../database/fileKind.ts"
import * as Lock from "../database/Lock.ts"
import { isBackup } from "../database/previous.ts"
import type { FailureKind } from "../Failure.ts"
import { bindingFile, hooksFile, localFile, serversFileName, settingsFile } from "../files/names.ts"
import { nameOf, resolve } from "../files/paths.ts"
import { isRejected } from "../files/rejected.ts"
import { isDescriptor } from "../files/specialFiles.ts"
import { isEntry } from "../history/Entry.ts"
import { pidIn } from "./records.ts"

const words = {
  database: "a SQLite database",
  lock: "the lock of a database",
  side: "a file that belongs to a SQLite database",
  backup: "the backup of a database that was replaced",
  entry: "an entry of the history of a database",
  settings: "a file of settings for kata",
  record: "the record of a daemon",
  rejected: "what could not be carried by a salvage, perhaps the only copy of it"
} as const

type What = keyof typeof words

/** What was named as an output must not be replaced. */
export class OutputProtected extends Schema.TaggedError<OutputProtected>()("OutputProtected", {
  path: Schema.String,
  what: Schema.Literal(...Object.keys(words) as [What, ...Array<What>])
}) {
  readonly kind = "validation" satisfies FailureKind
  override get message() {
    return `${this.path} is ${words[this.what]}: kata does not replace it`
  }
  get hint() {
    return "name another file; nothing was written, and no flag changes that"
  }
}

const settings: ReadonlySet<string> = new Set([bindingFile, localFile, settingsFile, serversFileName, hooksFile])

/** What the name of a file says that is there. */
const byName = (real: string, name = nameOf(real)): What | undefined =>
  isEntry(real)
    ? "entry"
    : settings.has(name)
    ? "settings"
    : pidIn(name) !== undefined
    ? "record"
    : isBackup(name)
    ? "backup"
    : isRejected(name)
    ? "rejected"
    : undefined

const sides = ["-wal", "-shm", "-journal", Lock.suffix]

/** Whether a path would be a side file, or the lock, of a database. */
const isBesideDatabase = (real: string, asked: string) =>
  Effect.gen(function*() {
    for (const side of sides.filter((side) => real.endsWith(side))) {
      if (Option.contains(yield* fileKind(real.slice(0, -side.length), asked), "database")) return true
    }
    return false
  })

/**
 * Fails for a path at which nothing may be written. `toBe`: what is to be written there; a database may take the place of a database, whose
 * own rules hold then.
 */
export const refuseProtected = Effect.fn("protected.refuse")(function*(asked: string, toBe: "file" | "database") {
  const real = yield* resolve(asked)
  // What is behind it was opened by another process, and is written to where it is.
  if (isDescriptor(real)) return
  const there = Option.getOrUndefined(yield* fileKind(real, asked))
  const named = there === undefined ? undefined : byName(real)
  const found = named ?? (there === "other" ? undefined : there)
  const what = found ?? ((yield* isBesideDatabase(real, asked)) ? "side" : undefined)
  if (what === undefined || (what === "database" && toBe === "database")) return
  return yield* new OutputProtected({ path: asked, what })
})
