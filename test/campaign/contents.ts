/** What is in a database and beside it, found without kata. */
import Sqlite from "better-sqlite3"
import { createHash } from "node:crypto"
import * as fs from "node:fs"
import { basename, dirname } from "node:path"

export const sha256 = (bytes: string | Uint8Array): string => createHash("sha256").update(bytes).digest("hex")

const sides = ["", "-wal", "-journal"]

/** The bytes of a file and its side files; an empty one holds nothing and counts as none. */
export const raw = (path: string): string =>
  sides.map((side) => {
    const bytes = fs.existsSync(path + side) ? fs.readFileSync(path + side) : new Uint8Array()
    return side !== "" && bytes.length === 0 ? "" : `${side}:${fs.existsSync(path + side) ? sha256(bytes) : ""}`
  }).join()

const dump = (path: string): string => {
  const db = new Sqlite(path)
  try {
    db.defaultSafeIntegers(true)
    const hash = createHash("sha256")
    const tables = db.prepare(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'issues_fts*' ORDER BY name"
    ).pluck().all()
    for (const table of tables) {
      hash.update(`${table}\n`)
      for (const row of db.prepare(`SELECT rowid, * FROM "${table}" ORDER BY rowid`).raw().all()) {
        hash.update(JSON.stringify(row, (_, value) => typeof value === "bigint" ? `${value}n` : value))
      }
    }
    const says = db.pragma("integrity_check", { simple: true })
    if (says !== "ok") return `damaged: ${says}`
    const orphans = db.prepare("SELECT count(*) FROM pragma_foreign_key_check").pluck().get()
    return tables.length === 0 ? "no tables" : `${hash.digest("hex")}${orphans === 0n ? "" : " with orphans"}`
  } finally {
    db.close()
  }
}

/**
 * What a program finds that opens the database now: a digest of all rows. Read from a copy, so that looking changes nothing. What SQLite
 * cannot read is its bytes.
 */
export const contentOf = (path: string, scratch: string): string => {
  if (!fs.existsSync(path)) return `missing ${raw(path)}`
  const copy = `${scratch}/copy`
  for (const side of [...sides, "-shm"]) fs.rmSync(copy + side, { force: true })
  for (const side of sides) if (fs.existsSync(path + side)) fs.copyFileSync(path + side, copy + side)
  try {
    return dump(copy)
  } catch (error) {
    return `unreadable (${error instanceof Error ? error.message : String(error)}) ${raw(path)}`
  }
}

/** The backups of a target, by the names that their databases have or would have. */
export const backupsOf = (target: string): ReadonlyArray<string> =>
  [
    ...new Set(
      fs.readdirSync(dirname(target))
        .filter((name) => name.startsWith(`${basename(target)}.bak.`))
        .map((name) => `${dirname(target)}/${name.replace(/-(?:wal|journal|shm)$/, "")}`)
    )
  ].sort()

/** Everything in a directory by name and digest, but for locks and what SQLite can make again. */
export const filesIn = (directory: string): Readonly<Record<string, string>> => {
  const found: Record<string, string> = {}
  for (const entry of fs.readdirSync(directory, { recursive: true, withFileTypes: true })) {
    const path = `${entry.parentPath}/${entry.name}`
    const name = path.slice(directory.length + 1)
    if (/\.lock$|-shm$/.test(name)) continue
    if (!entry.isFile()) found[name] = "directory"
    else if (!(name.endsWith("-wal") && fs.statSync(path).size === 0)) found[name] = sha256(fs.readFileSync(path))
  }
  return found
}
