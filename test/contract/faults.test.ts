import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { open } from "../../src/database/Handle.ts"
import { toFile } from "../../src/export/Export.ts"
import { restore } from "../../src/import/Import.ts"
import { build } from "../../src/testing/database.ts"
import { generate } from "../../src/testing/generate.ts"
import { list, undo } from "../../src/undo/Undo.ts"
import { complaints } from "../property/dump.ts"
import { services } from "../testing/services.ts"
import { some } from "../testing/some.ts"
import { numbered, type Plan, recorded, type Subject, tried } from "./table.ts"

const errnos = ["ENOSPC", "EIO", "EACCES"]
const codes = ["SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_CORRUPT", "SQLITE_BUSY"]

const old = { meta: [{ key: "schema_version", value: "10" }, { key: "instance_uid", value: "old" }] }

interface Made {
  readonly database: Uint8Array
  readonly snapshot: Uint8Array
  readonly target: Uint8Array
}

/** What the runs begin with; made once. */
let there: Made | undefined
const made = Effect.suspend(() => there === undefined ? making : Effect.succeed(there))
const making = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const directory = yield* fs.makeTempDirectoryScoped()
  yield* generate(`${directory}/a.db`, { issues: 3 })
  yield* toFile({ database: `${directory}/a.db`, output: `${directory}/a` })
  yield* build(`${directory}/old.db`, old, { journal: "delete" })
  const [database, snapshot, target] = yield* Effect.forEach(
    ["a.db", "a", "old.db"],
    (name) => fs.readFile(`${directory}/${name}`)
  )
  there = { database: database!, snapshot: snapshot!, target: target! }
  return there
}).pipe(Effect.scoped, Effect.provide(services))

const exporting: Subject<unknown, unknown> = {
  target: "out.jsonl",
  prepare: (directory) =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      yield* fs.writeFile(`${directory}/kata.db`, (yield* made).database)
      yield* fs.writeFileString(`${directory}/out.jsonl`, "the old file\n")
    }),
  work: (directory) => toFile({ database: `${directory}/kata.db`, output: `${directory}/out.jsonl` }),
  complete: (directory) =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const text = yield* fs.readFileString(`${directory}/out.jsonl`)
      const names = yield* fs.readDirectory(directory)
      return !/"seal":\{"records":\d+,"sha256":"[0-9a-f]{64}"\}\}\n$/.test(text)
        ? "the output is not complete"
        : names.length === 2
        ? undefined
        : `something is left beside the output: ${names.join()}`
    })
}

const importing = (target: "missing" | "sound" | "damaged", always?: Plan): Subject<unknown, unknown> => ({
  target: "kata.db",
  ...(always === undefined ? {} : { always }),
  prepare: (directory) =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const { snapshot, target: before } = yield* made
      yield* fs.writeFile(`${directory}/in.jsonl`, snapshot)
      if (target === "sound") yield* fs.writeFile(`${directory}/kata.db`, before)
      if (target === "damaged") {
        yield* fs.writeFileString(`${directory}/kata.db`, "SQLite format 3\0".padEnd(8192, "damaged"))
        yield* fs.writeFileString(`${directory}/kata.db-wal`, "what is left of a WAL")
      }
    }),
  work: (directory) =>
    restore({
      input: `${directory}/in.jsonl`,
      target: `${directory}/kata.db`,
      force: true,
      homes: { kataHome: directory, userHome: directory }
    }),
  complete: (directory) =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const names = yield* fs.readDirectory(directory)
      // Each run that came as far as to replace something has made one backup of it.
      const odd = names.filter((name) =>
        !/^(?:in\.jsonl|kata\.db(?:\.lock|\.history|\.bak\.\d{8}T\d{6}Z(?:-\d)?(?:-wal)?)?)$/.test(name)
      )
      if (odd.length > 0) return `left behind: ${odd.join()}`
      if (target !== "missing" && !names.some((name) => name.includes(".bak."))) return "there is no backup"
      const entries = yield* entriesIn(directory)
      if (target === "missing" ? entries > 1 : entries < 1) return `${entries} entries are left`
      const says = yield* complaints(`${directory}/kata.db`)
      return says.length > 0 ? `the new database is not sound: ${says.join()}` : undefined
    })
})

/** Entries of the history of `kata.db`; also one that could not be completed any more counts. */
const entriesIn = (directory: string) =>
  Effect.map(
    Effect.orElseSucceed(
      Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readDirectory(`${directory}/kata.db.history`)),
      () => []
    ),
    (names) => new Set(names.map((name) => /^([0-9A-Z]{26})\.(?:json|pending)$/.exec(name)?.[1] ?? "odd")).size
  )

const homesIn = (directory: string) => ({ kataHome: directory, userHome: directory })

/** It swaps as an import does, whose test has a filesystem without hard links. */
const undoing: Subject<unknown, unknown> = {
  target: "kata.db",
  prepare: (directory) =>
    Effect.gen(function*() {
      const { snapshot, target } = yield* made
      const fs = yield* FileSystem.FileSystem
      yield* fs.writeFile(`${directory}/in.jsonl`, snapshot)
      yield* fs.writeFile(`${directory}/kata.db`, target)
      yield* restore({
        input: `${directory}/in.jsonl`,
        target: `${directory}/kata.db`,
        force: true,
        homes: homesIn(directory)
      }).pipe(Effect.provide(services))
      // a swap that fails leaves what was in WAL mode in this one, which is nothing that was recorded
      const journal = open(`${directory}/kata.db`, "write")
      yield* Effect.scoped(Effect.flatMap(journal, (db) => db.get("set the mode", "PRAGMA journal_mode = DELETE")))
    }),
  // to the first entry, so that a second run means the same
  work: (directory) =>
    Effect.flatMap(
      list({ database: `${directory}/kata.db` }),
      ({ entries }) =>
        undo({ database: `${directory}/kata.db`, to: entries.at(-1)?.id ?? "", homes: homesIn(directory) })
    ),
  complete: (directory) =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const names = yield* fs.readDirectory(directory)
      const odd = names.filter((name) =>
        !/^(?:in\.jsonl|kata\.db(?:\.lock|\.history|\.bak\.\d{8}T\d{6}Z(?:-\d)?)?)$/.test(name)
      )
      if (odd.length > 0) return `left behind: ${odd.join()}`
      const backups = names.filter((name) => name.includes(".bak.")).length
      const entries = yield* entriesIn(directory)
      if (backups < 2 || entries !== backups) return `there are ${backups} backups and ${entries} entries`
      const says = yield* complaints(`${directory}/kata.db`)
      return says.length > 0 ? `the database is not sound: ${says.join()}` : undefined
    })
}

/** Each call is a run of its own, a hundred and more in a test. */
const hang = 600_000

layer(NodeContext.layer, { excludeTestServices: true })("one call fails", (it) => {
  /** `from`: the calls before the first one on such a path are those of another subject. */
  const files = (name: string, subject: Subject<unknown, unknown>, from = "") =>
    it.scoped(`${name}: each call of the filesystem`, () =>
      Effect.gen(function*() {
        const { files } = yield* recorded(subject)
        assert.isAbove(files.length, 10)
        const first = files.findIndex(({ path }) => path.includes(from))
        const faults = numbered(files).map((call, i) => ({ ...call, code: errnos[i % 3]! })).slice(first)
        const plans = some(`calls of ${name}`, faults, ({ operation }) => operation)
        assert.deepStrictEqual(yield* tried(subject, plans.map((fault): Plan => ({ files: [fault] }))), [])
      }), hang)

  const database = (name: string, subject: Subject<unknown, unknown>) =>
    it.scoped(`${name}: each call of the database`, () =>
      Effect.gen(function*() {
        const { database } = yield* recorded(subject)
        assert.isAbove(database.length, 10)
        const faults = numbered(database).map((call, i) => ({ ...call, code: codes[i % 4]! }))
        const plans = some(`calls of ${name}`, faults, ({ operation }) => operation)
        assert.deepStrictEqual(yield* tried(subject, plans.map((fault): Plan => ({ database: [fault] }))), [])
      }), hang)

  files("export", exporting)
  files("import into a new database", importing("missing"))
  files("import over a database", importing("sound"))
  const unlinkable: Plan = { files: [{ operation: "link", call: 1, code: "EPERM", onwards: true }] }
  files("import over a database without hard links", importing("sound", unlinkable), ".bak.")
  files("import over a damaged database", importing("damaged"), ".bak.")
  files("undo", undoing)
  database("undo", undoing)
  database("export", exporting)
  database("import over a database", importing("sound"))
})
