/** Which version a file is of, by its beginning. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Format } from "../records/Format.ts"
import { read } from "../records/line.ts"
import { otherThan } from "../records/versions/steps.ts"
import type { Opened } from "./input.ts"

/** Enough for the first lines of any file that can be read. */
const beginning = 65_536

const firstLines = 100

/** The rows of `meta` say the version too: of a file whose first line is damaged. */
const keys = ["export_version", "schema_version"]

const versionIn = (format: Format, text: string): number | undefined => {
  for (const line of text.split("\n", firstLines)) {
    const record = Option.getOrUndefined(Either.getRight(read(format, line.trim())))?.record
    if (record === undefined || !keys.includes(String(record["key"]))) continue
    const version = String(record["value"])
    return /^[+-]?\d{1,9}$/.test(version) ? Number(version) : undefined
  }
  return undefined
}

/** The format of the file, when `format` can be made of it; else `format`, as which it is refused. */
export const formatOf = (input: Opened, format: Format): Effect.Effect<Format> =>
  input.bytes.pipe(
    // What is wrong with the bytes is said by who reads them all.
    Stream.catchAll(() => Stream.empty),
    Stream.runFoldWhile(
      { pieces: [] as ReadonlyArray<Uint8Array>, size: 0 },
      ({ size }) => size < beginning,
      ({ pieces, size }, piece) => ({ pieces: [...pieces, piece], size: size + piece.length })
    ),
    Effect.map(({ pieces }) => {
      const version = versionIn(format, Buffer.concat(pieces).subarray(0, beginning).toString("utf8"))
      return version === undefined ? format : otherThan(format, version) ?? format
    })
  )
