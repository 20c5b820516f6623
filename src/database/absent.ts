/** Where a database should be and is not: whether there was one. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import { fromPlatform } from "../files/FileError.ts"
import { exists, nameOf, parentOf, resolve } from "../files/paths.ts"
import { openError } from "./OpenError.ts"

/** What an interrupted upgrade or restore, of kata or Go kata, or a moved database leaves. */
const remains = /^(?:-wal$|-journal$|\.bak\.\d{8}T\d{6}Z|\.import\.tmp\.(?:db|jsonl)$)/

/** As many as a message names. */
const shown = 5

/** The names beside a real path of what may hold the content of a database that was there. */
export const remainsOf = Effect.fn("Database.remainsOf")(function*(real: string) {
  const fs = yield* FileSystem.FileSystem
  const names = yield* Effect.mapError(fs.readDirectory(parentOf(real)), fromPlatform("list", parentOf(real)))
  return names.filter((name) => name.startsWith(nameOf(real)) && remains.test(name.slice(nameOf(real).length)))
    .toSorted()
})

/** Why there is no database at a real path: `missing`, or `lost` when what may be left of it is beside it. */
export const absent = (real: string, asked: string) =>
  // A directory that cannot be listed, or is not there, shows nothing.
  Effect.flatMap(Effect.orElseSucceed(remainsOf(real), () => []), (found) =>
    found.length === 0
      ? openError(asked, "missing")
      : openError(asked, "lost", found.slice(0, shown).join(", ")))

/** Fails unless there is something at the path. Nothing is opened. */
export const present = Effect.fn("Database.present")(function*(asked: string) {
  const real = yield* Effect.catchIf(
    resolve(asked),
    (error) => error.code === "ENOENT" || error.code === "ENOTDIR",
    () => openError(asked, "missing")
  )
  if (!(yield* exists(real))) return yield* absent(real, asked)
})
