/** Which database a command works on, and by what name daemons know it. Pure: the environment is handed in. */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { createHash } from "node:crypto"
import { posix } from "node:path"
import type { FailureKind } from "../Failure.ts"

/** What named the database. */
export type ChosenBy = "flag" | "KATA_DB" | "KATA_HOME" | "default"

export interface Choice {
  /** Absolute and lexically clean, otherwise as it was given: blanks stay, links are not followed. */
  readonly path: string
  readonly by: ChosenBy
  /** The directory of state, where daemons leave their records; absolute and clean. It need not exist. */
  readonly home: string
}

/** The words that name the database cannot be a path. */
export class PathRefused extends Schema.TaggedError<PathRefused>()("PathRefused", {
  by: Schema.Literal("flag", "KATA_DB", "KATA_HOME"),
  reason: Schema.Literal("empty", "NUL")
}) {
  readonly kind = "usage" satisfies FailureKind
  override get message() {
    const name = this.by === "flag" ? "the path of the database" : this.by
    return this.reason === "empty" ? `${name} is empty` : `${name} contains a NUL byte`
  }
  get hint(): string {
    return this.by === "flag" ? "name a file, or leave the flag out" : `set ${this.by} to a path, or unset it`
  }
}

/**
 * The database of a command: its flag, else KATA_DB, else kata.db in KATA_HOME, else in `.kata` of the user's home.
 * An empty variable counts as unset. An empty flag does not: `--db "$UNSET"` must not reach for another database.
 */
export const choose = (from: {
  readonly flag?: string | undefined
  readonly env: { readonly [name: string]: string | undefined }
  /** The user's home directory. */
  readonly home: string
  readonly cwd: string
}): Either.Either<Choice, PathRefused> => {
  const { KATA_DB: database = "", KATA_HOME: state = "" } = from.env
  const home = state === "" ? posix.resolve(from.cwd, from.home, ".kata") : posix.resolve(from.cwd, state)
  const chosen = (by: ChosenBy, path: string) => Either.right({ path: posix.resolve(from.cwd, path), by, home })
  const refused = (by: PathRefused["by"], reason: PathRefused["reason"]) => Either.left(new PathRefused({ by, reason }))
  if (from.flag === "") return refused("flag", "empty")
  if (from.flag?.includes("\0")) return refused("flag", "NUL")
  if (database.includes("\0")) return refused("KATA_DB", "NUL")
  if (state.includes("\0")) return refused("KATA_HOME", "NUL")
  if (from.flag !== undefined) return chosen("flag", from.flag)
  if (database !== "") return chosen("KATA_DB", database)
  return chosen(state === "" ? "default" : "KATA_HOME", posix.join(home, "kata.db"))
}

/**
 * The name of the directory in which the daemons of a database leave their records: it is made of the spelling of the
 * absolute path, so that one file has as many as it has spellings.
 */
export const namespaceOf = (absolutePath: string): string =>
  createHash("sha256").update(posix.resolve("/", absolutePath), "utf8").digest("hex").slice(0, 12)
