/** Fixtures of Go kata as private copies, and the operations as the tests of records, snapshots, exports and imports call them. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import Sqlite from "better-sqlite3"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { gunzipSync } from "node:zlib"
import type { Row } from "../../src/database/Session.ts"
import { layer as database } from "../../src/database/sqlite.ts"
import * as Export from "../../src/export/Export.ts"
import type { FailureKind } from "../../src/Failure.ts"
import * as Processes from "../../src/host/Processes.ts"
import * as Import from "../../src/import/Import.ts"

export const services = Layer.mergeAll(database, Processes.layer).pipe(Layer.provideMerge(NodeContext.layer))

const folder = fileURLToPath(new URL("../fixtures/go-v10/", import.meta.url))

/** The bytes of a fixture, without their compression. */
export const fixtureBytes = (name: string): Buffer => {
  const bytes = readFileSync(folder + name)
  return name.endsWith(".gz") ? gunzipSync(bytes) : bytes
}

export const fixtureText = (name: string): string => fixtureBytes(name).toString("utf8")
export const fixtureJson = (name: string): unknown => JSON.parse(fixtureText(name))

/** A directory that disappears with the test. */
export const temporary = Effect.flatMap(
  FileSystem.FileSystem,
  (fs) => Effect.flatMap(fs.makeTempDirectoryScoped({ prefix: "kata-test-" }), fs.realPath)
)

export const bytesOf = (path: string) => Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFile(path))
export const textOf = (path: string) => Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFileString(path))
export const writeFile = (path: string, content: string | Uint8Array) =>
  Effect.as(
    Effect.flatMap(
      FileSystem.FileSystem,
      (fs) => fs.writeFile(path, typeof content === "string" ? Buffer.from(content) : content)
    ),
    path
  )
export const listing = (directory: string) =>
  Effect.map(Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readDirectory(directory)), (names) => names.toSorted())

/** The files in a directory and in those below it, without the directories. */
export const filesBelow = (directory: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const names = (yield* fs.readDirectory(directory, { recursive: true })).toSorted()
    return yield* Effect.filter(names, (name) =>
      Effect.map(fs.stat(`${directory}/${name}`), ({ type }) => type === "File"))
  })

/** A copy of a fixture, whose opening makes files beside it. */
export const copyTo = (path: string, name: string) => writeFile(path, fixtureBytes(name))
export const copyOf = (name: string) =>
  Effect.flatMap(
    temporary,
    (directory) => copyTo(`${directory}/${name.replace(/^.*\//, "").replace(/\.gz$/, "")}`, name)
  )

/** What Go kata writes where kata leaves the characters as they are. None of them stands outside of a string. */
export const goEscapes = (text: string): string =>
  text.replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`)

export const lines = (text: string): ReadonlyArray<string> => text.split("\n").slice(0, -1)

/** A snapshot of a database as text. */
export const exported = (database: string, options?: Omit<Export.ExportOptions, "database">) =>
  Effect.map(
    Stream.runCollect(Export.stream({ database, ...options })),
    (chunks) => Buffer.concat([...chunks]).toString("utf8")
  )

/** As Go kata would have written it. */
export const exportedAsGo = (database: string, options?: Omit<Export.ExportOptions, "database">) =>
  Effect.map(exported(database, { plain: true, ...options }), goEscapes)

/** Nobody runs a daemon here. */
export const homes = { kataHome: "/nowhere/.kata", userHome: "/nowhere" }

export const restore = (
  input: Import.ImportOptions["input"],
  target: string,
  options?: Omit<Partial<Import.ImportOptions>, "input" | "target">
) => Import.restore({ input, target, homes, ...options })

/** Text as an input that comes from nowhere on disk. */
export const text = (content: string | Uint8Array, name = "the snapshot") => ({
  name,
  bytes: Stream.make(typeof content === "string" ? Buffer.from(content) : content)
})

/** A database that nobody else has open, as other programs open it. */
const opened = <A>(path: string, use: (db: Sqlite.Database) => A) =>
  Effect.sync(() => {
    const db = new Sqlite(path, { fileMustExist: true })
    try {
      return use(db.defaultSafeIntegers())
    } finally {
      db.close()
    }
  })

/** Its rows. */
export const query = (path: string, sql: string) => opened(path, (db) => db.prepare<[], Row>(sql).all())

/** Changes a database with every rule off. */
export const change = (path: string, sql: string) =>
  opened(path, (db) => void db.exec(`PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; ${sql}`))

/** What SQLite itself says of a database; nothing, when it is sound. */
export const complaints = (path: string) =>
  opened(path, (db) => {
    const integrity = db.prepare<[], Row>("PRAGMA integrity_check").all()
    const orphans = db.prepare<[], Row>("PRAGMA foreign_key_check").all()
    db.exec("INSERT INTO issues_fts(issues_fts) VALUES('integrity-check')")
    return [
      ...integrity.map((row) => String(row["integrity_check"])).filter((text) => text !== "ok"),
      ...orphans.map((row) => `${row["table"]} ${row["rowid"]} -> ${row["parent"]}`)
    ]
  })

export interface Outcome {
  readonly outcome: "ok" | FailureKind
  readonly message: string
}

/** How an operation ends: its value, or the kind of its failure and what it says. */
export const outcomeOf = <A, E extends { readonly kind: FailureKind; readonly message: string }, R>(
  effect: Effect.Effect<A, E, R>
) =>
  Effect.map(Effect.either(effect), (result): Outcome & { readonly value: A | undefined } =>
    Either.match(result, {
      onLeft: (error) => ({ outcome: error.kind, message: error.message, value: undefined }),
      onRight: (value) => ({ outcome: "ok", message: "", value })
    }))
