/** What is in the pages of a database file, as a digest: it tells whether something was recorded, however the file was handled. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"
import { readFile } from "../files/source.ts"
import { isOpen } from "./Handle.ts"

/**
 * The bytes of the header that SQLite changes where nothing is recorded: the two versions, which say whether the database is in WAL mode; the
 * counter of changes; and for which count, and by which SQLite, the size is right. A swap that failed has changed them.
 */
const housekeeping = [[18, 20], [24, 28], [92, 100]] as const

/** Takes the bytes of a file in their order. */
export const pagesHash = () => {
  const hash = createHash("sha256")
  let at = 0
  return {
    update: (bytes: Uint8Array) => {
      // A copy, whose fill goes no further than it does, as that of a Buffer would want to.
      const head = Uint8Array.from(bytes.subarray(0, Math.max(0, 100 - at)))
      for (const [from, to] of housekeeping) head.fill(0, Math.max(0, from - at), Math.max(0, to - at))
      hash.update(head).update(bytes.subarray(head.length))
      at += bytes.length
    },
    digest: () => hash.digest("hex")
  }
}

/** The digest of a file, in constant memory; undefined where this process has it open, whose locks reading it would drop. */
export const pagesDigest = Effect.fn("Database.pagesDigest")(function*(path: string) {
  if (isOpen(path)) return undefined
  const hash = pagesHash()
  yield* Stream.runForEach(readFile(path), (bytes) => Effect.sync(() => hash.update(bytes)))
  return hash.digest()
})
