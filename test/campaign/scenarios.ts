/** Commands and the states that they begin with. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import Sqlite from "better-sqlite3"
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import { fileURLToPath } from "node:url"
import { gunzipSync } from "node:zlib"
import { restore } from "../../src/import/Import.ts"
import { add as comment } from "../../src/ledger/issues/comments.ts"
import { create } from "../../src/ledger/issues/create.ts"
import { merge } from "../../src/merge/Merge.ts"
import * as SqliteStore from "../../src/store/sqlite.ts"
import { generate } from "../../src/testing/generate.ts"
import { services } from "../testing/services.ts"

/** Where a command runs: `work` is its directory, `tmp` the place for temporary files. */
export interface Where {
  readonly work: string
  readonly tmp: string
}

export interface Scenario {
  readonly name: string
  /** Of what takes the rows of a merge back it is `merge` too: neither replaces the file. */
  readonly command: "export" | "import" | "import --force" | "upgrade" | "undo" | "merge" | "verify"
  readonly argv: ReadonlyArray<string>
  /** A file that is piped in. */
  readonly stdin?: string
  /** The filesystem knows no hard links. */
  readonly unlinkable?: boolean
  /** SQLite cannot use what is there: side files may be in the backup already when the target is still the old one. */
  readonly unusable?: boolean
  /** What the command makes or replaces; none for what only reads. */
  readonly target?: string
  readonly prepare: (where: Where) => void
}

/** Two databases and a snapshot, which everything else is made of. */
const sources = (directory: string) =>
  Effect.forEach([1, 2], (seed) => generate(`${directory}/${seed}.db`, { issues: 3, seed })).pipe(
    Effect.scoped,
    Effect.provide(NodeContext.layer)
  )

const text = (n: number) => `INSERT INTO meta(key, value) VALUES ('late ${n}', '${"x".repeat(900)}')`

/** A database with work that is only in its side file, as a kill leaves it. */
const hot = (from: string, to: string, mode: "WAL" | "DELETE") => {
  const live = `${to}.live`
  fs.copyFileSync(from, live)
  const db = new Sqlite(live)
  db.pragma(`journal_mode = ${mode}`)
  db.pragma("wal_autocheckpoint = 0")
  if (mode === "DELETE") {
    // so small a cache that pages of a transaction that is not done reach the file, and what they were the journal
    db.pragma("cache_size = 2")
    db.exec("BEGIN")
  }
  for (let n = 0; n < 30; n++) db.exec(text(n))
  for (const side of ["", "-wal", "-shm", "-journal"]) {
    if (fs.existsSync(live + side)) fs.copyFileSync(live + side, to + side)
  }
  db.close()
  for (const side of ["", "-wal", "-shm", "-journal"]) fs.rmSync(live + side, { force: true })
}

/** What somebody did with the ledger of a database: a new issue, something said of it. */
const goOn = (path: string) =>
  Effect.gen(function*() {
    const on = { projectId: 1n, actor: "ann" }
    const { issue } = yield* create({
      ...on,
      title: "something new",
      body: "of which the other one knows nothing",
      owner: "bob",
      priority: undefined,
      labels: ["fresh"],
      links: [],
      forceNew: true,
      idempotencyKey: ""
    })
    yield* comment({ ...on, ref: issue.short_id, body: "at once" })
  }).pipe(Effect.provide(SqliteStore.layer(path)), Effect.provide(services))

/** A process that is dead: nobody has a number beyond the limit of the kernel. */
const dead = 4_194_305
const stages = ["", "-journal"].map((side) => `.t.db.kata-stage-0123456789ab${side}`)

/** A file that Go kata's older versions wrote. */
const legacy = (name: string) =>
  gunzipSync(fs.readFileSync(fileURLToPath(new URL(`../fixtures/go-legacy/${name}.gz`, import.meta.url))))

/** Makes what the scenarios start from in a directory; `snapshot` makes a snapshot of a database. */
export const scenarios = async (
  directory: string,
  snapshot: (database: string, output: string) => Promise<void>
): Promise<ReadonlyArray<Scenario>> => {
  await Effect.runPromise(sources(directory))
  const [one, two] = [`${directory}/1.db`, `${directory}/2.db`]
  await snapshot(one, `${directory}/in.jsonl`)
  hot(two, `${directory}/wal.db`, "WAL")
  fs.copyFileSync(two, `${directory}/delete.db`)
  const closed = new Sqlite(`${directory}/delete.db`)
  closed.pragma("journal_mode = DELETE")
  closed.close()
  hot(two, `${directory}/journal.db`, "DELETE")

  // a database that was restored over another one, with the history of that
  const undoable = `${directory}/undoable`
  fs.mkdirSync(undoable)
  fs.copyFileSync(two, `${undoable}/t.db`)
  const { entry } = await Effect.runPromise(
    restore({
      input: `${directory}/in.jsonl`,
      target: `${undoable}/t.db`,
      force: true,
      homes: { kataHome: undoable, userHome: undoable }
    }).pipe(Effect.provide(services))
  )

  // a database into which one was merged that had gone on, and what it was before
  const merged = `${directory}/merged`
  fs.mkdirSync(merged)
  fs.copyFileSync(two, `${directory}/ahead.db`)
  await Effect.runPromise(goOn(`${directory}/ahead.db`))
  await snapshot(`${directory}/ahead.db`, `${directory}/ahead.jsonl`)
  fs.copyFileSync(two, `${merged}/t.db`)
  const { entry: ofMerge } = await Effect.runPromise(
    merge({
      sources: [{ snapshot: `${directory}/ahead.jsonl` }],
      target: `${merged}/t.db`,
      homes: { kataHome: merged, userHome: merged }
    }).pipe(Effect.provide(services))
  )

  const copy = (from: string, to: string, sides: ReadonlyArray<string> = [""]) => {
    for (const side of sides) fs.copyFileSync(`${directory}/${from}${side}`, to + side)
  }
  const snapshotHere = ({ work }: Where) => copy("in.jsonl", `${work}/in.jsonl`)
  const litter = ({ tmp, work }: Where, names: ReadonlyArray<string>) => {
    for (const name of names) fs.writeFileSync(`${work}/${name}`, "half of")
    for (const kind of ["spool", "view", "verify", "import"]) {
      fs.mkdirSync(`${tmp}/kata-${kind}-${dead}-AbC123`)
      fs.writeFileSync(`${tmp}/kata-${kind}-${dead}-AbC123/it`, "half of")
    }
  }

  const exporting = (name: string, prepare: (where: Where) => void, more: Partial<Scenario> = {}): Scenario => ({
    name: `export${name === "" ? "" : `, ${name}`}`,
    command: "export",
    argv: ["export", "--output", "out.jsonl"],
    target: "out.jsonl",
    prepare: (where) => {
      fs.writeFileSync(`${where.work}/out.jsonl`, "the old file\n")
      prepare(where)
    },
    ...more
  })
  const importing = (name: string, prepare: (where: Where) => void, more: Partial<Scenario> = {}): Scenario => ({
    name: `import${name === "" ? "" : `, ${name}`}`,
    command: "import",
    argv: ["import", "--input", "in.jsonl", "--target", "t.db"],
    target: "t.db",
    prepare: (where) => {
      snapshotHere(where)
      prepare(where)
    },
    ...more
  })
  const forcing = (name: string, prepare: (where: Where) => void, more: Partial<Scenario> = {}): Scenario => ({
    ...importing("", prepare, more),
    name: `import --force${name === "" ? "" : `, ${name}`}`,
    command: "import --force",
    argv: ["import", "--input", "in.jsonl", "--target", "t.db", "--force"]
  })
  const upgrading = (name: string, sides: ReadonlyArray<string>, more: Partial<Scenario> = {}): Scenario => ({
    name: `upgrade${name === "" ? "" : `, ${name}`}`,
    command: "upgrade",
    argv: ["upgrade", "t.db"],
    target: "t.db",
    prepare: ({ work }) => {
      for (const side of sides) fs.writeFileSync(`${work}/t.db${side}`, legacy(`v9/hot-wal/kata.db${side}`))
    },
    ...more
  })
  const undoing = (name: string, more: Partial<Scenario> = {}): Scenario => ({
    name: `undo${name === "" ? "" : `, ${name}`}`,
    command: "undo",
    // by its id, so that the same command again means the same
    argv: ["undo", "t.db", "--to", entry ?? ""],
    target: "t.db",
    // the times of the files are what tells that nothing was recorded since
    prepare: ({ work }) => fs.cpSync(undoable, work, { recursive: true, preserveTimestamps: true }),
    ...more
  })
  const merging = (
    name: string,
    sides: ReadonlyArray<string>,
    from: string,
    more: Partial<Scenario> = {}
  ): Scenario => ({
    name: `merge${name === "" ? "" : `, ${name}`}`,
    command: "merge",
    argv: ["import", "--merge", "--input", "ahead.jsonl", "--target", "t.db"],
    target: "t.db",
    prepare: ({ work }) => {
      copy("ahead.jsonl", `${work}/ahead.jsonl`)
      copy(from, `${work}/t.db`, sides)
    },
    ...more
  })
  const database = ({ work }: Where) => copy("2.db", `${work}/kata.db`)
  const old = ({ work }: Where) => copy("2.db", `${work}/t.db`)

  return [
    exporting("", database),
    exporting("compressed, to a new file", database, {
      argv: ["export", "--output", "new.jsonl.gz"],
      target: "new.jsonl.gz"
    }),
    exporting("hot WAL", ({ work }) => copy("wal.db", `${work}/kata.db`, ["", "-wal"])),
    exporting("hot WAL and a stale -shm", ({ work }) => copy("wal.db", `${work}/kata.db`, ["", "-wal", "-shm"])),
    exporting("hot journal", ({ work }) => copy("journal.db", `${work}/kata.db`, ["", "-journal"])),
    exporting("to stdout", database, { argv: ["export", "--output", "-"] }),
    exporting("leftovers of the dead", (where) => {
      database(where)
      litter(where, [`.out.jsonl.kata-${dead}-0123456789ab`])
    }),
    importing("", () => {}),
    importing("stale -shm", ({ work }) => copy("wal.db", `${work}/t.db`, ["-shm"])),
    importing("from stdin", () => {}, { argv: ["import", "--input", "-", "--target", "t.db"], stdin: "in.jsonl" }),
    importing("dry run", () => {}, { argv: ["import", "--input", "in.jsonl", "--target", "t.db", "--dry-run"] }),
    importing("leftovers of the dead", (where) => {
      litter(where, stages)
      fs.writeFileSync(`${where.work}/t.db.lock`, "")
    }),
    importing("no hard links", () => {}, { unlinkable: true }),
    forcing("", old),
    forcing("hot WAL", ({ work }) => copy("wal.db", `${work}/t.db`, ["", "-wal"])),
    forcing("hot WAL and a stale -shm", ({ work }) => copy("wal.db", `${work}/t.db`, ["", "-wal", "-shm"])),
    forcing("hot journal", ({ work }) => copy("journal.db", `${work}/t.db`, ["", "-journal"])),
    forcing("stale -journal and -shm", (where) => {
      old(where)
      fs.writeFileSync(`${where.work}/t.db-journal`, Buffer.alloc(1024))
      copy("wal.db", `${where.work}/t.db`, ["-shm"])
    }),
    forcing("no WAL mode, stale -wal and -shm", ({ work }) => {
      copy("delete.db", `${work}/t.db`)
      fs.writeFileSync(`${work}/t.db-wal`, "")
      copy("wal.db", `${work}/t.db`, ["-shm"])
    }),
    forcing("damaged, with side files", ({ work }) => {
      fs.writeFileSync(`${work}/t.db`, "SQLite format 3\0".padEnd(8192, "damaged"))
      fs.writeFileSync(`${work}/t.db-wal`, "what is left of a WAL")
      fs.writeFileSync(`${work}/t.db-journal`, "what is left of a journal")
    }, { unusable: true }),
    forcing("damaged, no hard links", ({ work }) => {
      fs.writeFileSync(`${work}/t.db`, "SQLite format 3\0".padEnd(8192, "damaged"))
      fs.writeFileSync(`${work}/t.db-wal`, "what is left of a WAL")
    }, { unusable: true, unlinkable: true }),
    forcing("empty, with a -wal", ({ work }) => {
      fs.writeFileSync(`${work}/t.db`, "")
      copy("wal.db", `${work}/t.db`, ["-wal"])
    }, { unusable: true }),
    forcing("only side files", ({ work }) => copy("wal.db", `${work}/t.db`, ["-wal", "-shm"]), { unusable: true }),
    forcing("no hard links", old, { unlinkable: true }),
    forcing("no hard links, hot WAL", ({ work }) => copy("wal.db", `${work}/t.db`, ["", "-wal"]), { unlinkable: true }),
    forcing("leftovers of the dead", (where) => {
      old(where)
      litter(where, stages)
      fs.linkSync(`${where.work}/t.db`, `${where.work}/t.db.bak.20260101T000000Z`)
    }),
    undoing(""),
    undoing("no hard links", { unlinkable: true }),
    merging("", [""], "2.db"),
    merging("hot WAL", ["", "-wal"], "wal.db"),
    merging("hot journal", ["", "-journal"], "journal.db"),
    merging("no WAL mode", [""], "delete.db"),
    merging("taken back", [], "2.db", {
      argv: ["undo", "t.db", "--to", ofMerge ?? ""],
      prepare: ({ work }) => fs.cpSync(merged, work, { recursive: true, preserveTimestamps: true })
    }),
    upgrading("", [""]),
    upgrading("hot WAL", ["", "-wal"]),
    upgrading("hot WAL, no hard links", ["", "-wal"], { unlinkable: true }),
    {
      name: "verify, from stdin",
      command: "verify",
      argv: ["verify", "-"],
      stdin: "in.jsonl",
      prepare: snapshotHere
    }
  ]
}
