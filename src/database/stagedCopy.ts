/** A database that is a file already, as a stage: byte for byte, whatever version it is of. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { closed } from "../files/closeErrors.ts"
import { fromPlatform } from "../files/FileError.ts"
import { writeSynced } from "../files/output.ts"
import { readFile } from "../files/source.ts"
import { advance } from "../Progress.ts"
import { pagesHash } from "./pagesDigest.ts"
import { create, stageName } from "./stage.ts"

/**
 * Copies a file that no process has open for writing, and of which no `-wal` is needed, beside the target at a real path. It is on disk, private
 * to us, and goes with the scope. Gives the digest of its pages, as they were read.
 */
export const stagedCopy = Effect.fn("Database.stagedCopy")(function*(from: string, target: string) {
  const fs = yield* FileSystem.FileSystem
  const path = stageName(target)
  yield* create(path)
  const hash = pagesHash()
  const bytes = Stream.tap(
    readFile(from),
    (part) => Effect.zipRight(Effect.sync(() => hash.update(part)), advance(0, part.length))
  )
  yield* Effect.mapError(fs.open(path, { flag: "r+" }), fromPlatform("write", path)).pipe(
    Effect.flatMap((file) => writeSynced(file, path, bytes)),
    Effect.scoped,
    closed(path)
  )
  return { path, pages: hash.digest() }
})
