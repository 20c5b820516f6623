/**
 * The records by which daemons are found, one file each: Go kata's clients read ours, and we read its. This is their one reader, but for
 * the launcher's: that has to ask a daemon before anything of kata is loaded.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

/** What a daemon says of itself. Of one of Go kata all but the number may be missing; what is missing is empty. */
export const DaemonRecord = Schema.Struct({
  pid: Schema.Int.pipe(Schema.positive()),
  address: Schema.optionalWith(Schema.String, { default: () => "" }),
  db_path: Schema.optionalWith(Schema.String, { default: () => "" }),
  version: Schema.optionalWith(Schema.String, { default: () => "" }),
  started_at: Schema.optionalWith(Schema.String, { default: () => "" })
})
export type DaemonRecord = typeof DaemonRecord.Type

/** A file that by its name is a record. */
export interface RecordFile {
  readonly path: string
  /** Of the daemon, as the name says it. */
  readonly pid: number
  /** None when it cannot be read. */
  readonly record: Option.Option<DaemonRecord>
}

export const nameOf = (pid: number): string => `daemon.${pid}.json`
/** The number in the name of a record; undefined for other names. */
export const pidIn = (name: string): number | undefined => {
  const digits = /^daemon\.(\d{1,10})\.json$/.exec(name)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

const decode = Schema.decodeOption(Schema.parseJson(DaemonRecord))

/** Of a record; more of it is not read. Go kata's have about 200 bytes. */
const recordBytes = 64 * 1024

/** A record; none when it cannot be read. */
export const read = Effect.fn("records.read")(function*(path: string) {
  const fs = yield* FileSystem.FileSystem
  const info = yield* Effect.option(fs.stat(path))
  // opening a pipe would wait for a writer
  if (!Option.exists(info, ({ size, type }) => type === "File" && size <= recordBytes)) {
    return Option.none<DaemonRecord>()
  }
  return decode(yield* Effect.orElseSucceed(fs.readFileString(path), () => ""))
})

/** The names in a directory; none where it cannot be read. */
export const namesIn = (directory: string) =>
  Effect.flatMap(
    FileSystem.FileSystem,
    (fs) => Effect.orElseSucceed(fs.readDirectory(directory), (): ReadonlyArray<string> => [])
  )

/** The records in a directory, those that cannot be read too: their names still say who wrote them. */
export const filesIn = Effect.fn("records.filesIn")(function*(directory: string) {
  const files: Array<RecordFile> = []
  for (const name of yield* namesIn(directory)) {
    const pid = pidIn(name)
    if (pid === undefined) continue
    const path = `${directory}/${name}`
    files.push({ path, pid, record: yield* read(path) })
  }
  return files
})
