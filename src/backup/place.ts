/**
 * A directory of backups, which a file in it makes one. That file has an id: a disk that is not mounted, or another one, must not become a new
 * and empty directory in which everything seems to be well.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { randomBytes } from "node:crypto"
import * as Lock from "../database/Lock.ts"
import type { FailureKind } from "../Failure.ts"
import * as Atomic from "../files/Atomic.ts"
import * as Directories from "../files/directories.ts"
import { fromPlatform } from "../files/FileError.ts"
import { quoted, resolve } from "../files/paths.ts"
import { readSettings } from "../files/settingsFile.ts"

/** The file that makes a directory one of backups. */
export const markerName = "kata-backups.txt"

/** What the lock in a directory is the lock of. */
const lockName = ".kata-backups"

export const lockFile = `${lockName}${Lock.suffix}`

const problems = {
  missing: "does not exist",
  directory: "is no directory",
  unmarked: `is no directory of backups: it has no ${markerName}`,
  odd: `has a ${markerName} that kata did not write`,
  another: "is another directory of backups than the one that was here before"
} as const

type Problem = keyof typeof problems

/** There is no directory of backups, or not the one that was there. Nothing was created. */
export class BackupsNotThere extends Schema.TaggedError<BackupsNotThere>()("BackupsNotThere", {
  path: Schema.String,
  problem: Schema.Literal(...Object.keys(problems) as [Problem, ...Array<Problem>]),
  /** It was there before. */
  known: Schema.Boolean
}) {
  readonly kind = "not_found" satisfies FailureKind
  override get message() {
    return `${this.path} ${problems[this.problem]}`
  }
  get hint(): string {
    const ask = this.known ? "is the disk mounted? " : ""
    return this.problem === "odd" || this.problem === "directory"
      ? `${ask}look at it; kata backup init makes another directory one`
      : `${ask}nothing was created. kata backup init --to ${quoted(this.path)} makes it one`
  }
}

export interface Place {
  /** As the user named it. */
  readonly path: string
  /** Without links. */
  readonly real: string
  /** What the directory is known by. */
  readonly id: string
}

const firstLine = /^kata-backups 1 ([0-9a-f]{32})\r?$/

/** The file, in plain words: who finds a directory of backups may have no kata. */
export const markerText = (id: string): string =>
  `kata-backups 1 ${id}

This directory holds backups of kata databases, which "kata backup" writes and looks after. Each file is
whole: it needs none of the others. The names say when it was made (UTC), the number of the last event in
it, and the end of the id of its database. Do not change this file: kata knows the directory by its first line.

To keep a backup for ever, rename it, or copy it elsewhere. Only files with names like
kata-20261129T091700Z-e57862-3ZYF709Z.jsonl.gz are ever removed, and only by "kata backup prune".

With kata:

  kata backup list --to DIR             what is here
  kata verify FILE                      is it whole, and what is in it?
  kata import --input FILE --target NEW.db

Without kata, each line of a file is a JSON record:

  zcat FILE | jq -r 'select(.kind == "issue") | .data | "\\(.title)\\n\\(.body)\\n"'
  zcat FILE | jq -r 'select(.kind == "comment") | .data | "\\(.author), \\(.created_at): \\(.body)"'
`

/** The id in a directory, or what is wrong with it. */
const idIn = (real: string) =>
  readSettings(`${real}/${markerName}`, { follow: false }).pipe(
    Effect.map(({ text }): { readonly id: string } | { readonly problem: Problem } => {
      const id = firstLine.exec(text.split("\n", 1)[0] ?? "")?.[1]
      return id === undefined ? { problem: "odd" } : { id }
    }),
    Effect.catchTags({
      SettingsRefused: () => Effect.succeed({ problem: "odd" as const }),
      FileError: (error) =>
        error.code === "ENOENT" ? Effect.succeed({ problem: "unmarked" as const }) : Effect.fail(error)
    })
  )

/** What a path is without links; missing where the way to it is. */
const realOf = (path: string, known: boolean) =>
  Effect.catchIf(
    resolve(path),
    ({ code }) => code === "ENOENT",
    () => new BackupsNotThere({ path, problem: "missing", known })
  )

/** The directory of backups at a path; `known`: the id that it had before, where it is known. Nothing is created. */
export const find = Effect.fn("Backup.find")(function*(path: string, known: string | undefined) {
  const fs = yield* FileSystem.FileSystem
  const fail = (problem: Problem) => new BackupsNotThere({ path, problem, known: known !== undefined })
  const real = yield* realOf(path, known !== undefined)
  const info = yield* fs.stat(real).pipe(
    Effect.mapError(fromPlatform("stat", path)),
    Effect.asSome,
    Effect.catchIf(({ code }) => code === "ENOENT" || code === "ENOTDIR", () => Effect.succeedNone)
  )
  if (Option.isNone(info)) return yield* fail("missing")
  if (info.value.type !== "Directory") return yield* fail("directory")
  const found = yield* idIn(real)
  if ("problem" in found) return yield* fail(found.problem)
  if (known !== undefined && known !== found.id) return yield* fail("another")
  return { path, real, id: found.id } satisfies Place
})

/** Holds a directory for as long as the scope lives: one run, prune or init at a time. Fails with who has it. */
export const hold = Effect.fn("Backup.hold")((real: string, path: string) =>
  Effect.mapError(
    Lock.acquire(`${real}/${lockName}`, "backup"),
    (error) =>
      error instanceof Lock.DatabaseLocked
        ? new Lock.DatabaseLocked({ ...error, path, hint: "run the command again when it is done" })
        : error
  )
)

/** Makes a directory one of backups, or finds that it is one; whether it was made now. */
export const init = Effect.fn("Backup.init")((path: string) =>
  Effect.scoped(Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const parent = yield* resolve(path).pipe(
      Effect.catchIf(({ code }) => code === "ENOENT", () => Effect.succeed(path))
    )
    yield* Directories.make(parent)
    const real = yield* resolve(path)
    const { type } = yield* Effect.mapError(fs.stat(real), fromPlatform("stat", path))
    if (type !== "Directory") return yield* new BackupsNotThere({ path, problem: "directory", known: false })
    yield* hold(real, path)
    const found = yield* idIn(real)
    if ("id" in found) return { path, real, id: found.id, made: false }
    if (found.problem === "odd") return yield* new BackupsNotThere({ path, problem: "odd", known: false })
    const id = randomBytes(16).toString("hex")
    yield* Atomic.write(`${real}/${markerName}`, Stream.make(Buffer.from(markerText(id))))
    return { path, real, id, made: true }
  }))
)
