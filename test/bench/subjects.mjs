/** What is measured against what. In a group the first is the yardstick; all of it runs in turns, so that a busy machine meets all. */
import { spawnSync } from "node:child_process"
import { join } from "node:path"

const sqlite = spawnSync("sqlite3", ["--version"], { encoding: "utf8" })

/** The version of the sqlite3 program; undefined without one. */
export const sqliteVersion = sqlite.status === 0 ? sqlite.stdout.split(" ")[0] : undefined

/** What no verify can do without: it reads the file and hashes it. */
const readAndHash = "const hash = require('node:crypto').createHash('sha256');" +
  "require('node:fs').createReadStream(process.argv[1], { highWaterMark: 1 << 20 })" +
  ".on('data', (part) => hash.update(part)).on('end', () => console.log(hash.digest('hex')))"

export const groups = ["start", "export", "import", "verify", "upgrade", "merge", "diff", "waits", "gzip"]

const node = (...args) => ({ command: process.execPath, args })
const nodeOf = ({ launcher, node }, ...args) => ({ command: node, args: [launcher, ...args] })
const withSqlite = (subject) => sqliteVersion === undefined ? [] : [subject]

const kataOf = (launchers, what, ...args) =>
  Object.entries(launchers).map(([name, build]) => ({ name: `${name} ${what}`, kata: true, ...nodeOf(build, ...args) }))

/** Starts: of commands that do as good as nothing, and of one that asks the daemon that is there for each of the launchers. */
export const starts = (launchers, served) => [
  { name: "node -e 0", ...node("-e", "0") },
  ...kataOf(launchers, "--version", "--version"),
  ...kataOf(launchers, "export --help", "export", "--help"),
  ...Object.entries(launchers).map(([name, build], i) => {
    const { cwd, env, issue } = served[i]
    return { name: `${name} show`, kata: true, cwd, env, ...nodeOf(build, "show", issue) }
  })
]

/**
 * The subjects of a group but `start`. `files` are those of one size; `out` is a folder that is empty at the start of each run. `launchers` are the
 * builds of kata by name, each with its Node; the one that is measured comes first.
 */
export const subjects = (group, { files, launchers, out }) => {
  const kata = (what, ...args) => kataOf(launchers, what, ...args)
  switch (group) {
    case "export":
      return [
        ...withSqlite({
          name: "sqlite3 .dump",
          command: "sqlite3",
          args: [files.database, ".dump"],
          output: join(out, "dump.sql")
        }),
        ...kata("export", "export", "--output", join(out, "snapshot.jsonl"))
      ]
    case "import":
      return [
        ...withSqlite({
          name: "sqlite3 < dump",
          command: "sqlite3",
          args: [join(out, "restored.db")],
          input: files.dump
        }),
        ...kata("import", "import", "--input", files.snapshot, "--target", join(out, "restored.db"))
      ]
    case "verify":
      return [
        { name: "node, read and hash", ...node("-e", readAndHash, files.snapshot) },
        ...kata("verify", "verify", files.snapshot)
      ]
    case "upgrade": {
      const { kata } = launchers
      const target = join(out, "kata.db")
      return [
        {
          name: "kata import, version 9",
          ...nodeOf(kata, "import", "--input", files.olderSnapshot, "--target", target)
        },
        { name: "kata upgrade", kata: true, copies: [files.older, target], ...nodeOf(kata, "upgrade", target) }
      ]
    }
    case "merge": {
      const { kata } = launchers
      const copy = join(out, "kata.db")
      const merge = (what, snapshot, target = copy) => ({
        name: `kata import --merge, ${what}`,
        kata: true,
        copies: [files.database, copy],
        ...nodeOf(kata, "import", "--merge", "--input", snapshot, "--target", target)
      })
      return [
        {
          name: "kata import of the other",
          ...nodeOf(kata, "import", "--input", files.otherSnapshot, "--target", join(out, "restored.db"))
        },
        merge("other issues", files.otherSnapshot),
        { ...merge("the same again", files.otherSnapshot, files.merged), copies: undefined },
        merge("changed issues", files.changedSnapshot)
      ]
    }
    case "diff": {
      const { kata } = launchers
      return [
        { name: "kata export", ...nodeOf(kata, "export", "--output", join(out, "snapshot.jsonl")) },
        { name: "kata diff", kata: true, codes: [5], ...nodeOf(kata, "diff", files.database, files.changed) }
      ]
    }
    case "gzip":
      return [
        ...withSqlite({
          name: "sqlite3 .dump, gzip",
          command: "sh",
          // the memory of a shell says nothing
          pipeline: true,
          args: ["-c", "sqlite3 \"$1\" .dump | gzip > \"$2\"", "sh", files.database, join(out, "dump.sql.gz")]
        }),
        ...kata("export, .gz", "export", "--output", join(out, "snapshot.jsonl.gz"))
      ]
    default:
      throw new Error(`no such group: ${group}`)
  }
}
