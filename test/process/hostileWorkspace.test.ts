/** A workspace that somebody else has made, and a daemon that looks into it. */
import Sqlite from "better-sqlite3"
import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import { join } from "node:path"
import { describe, expect } from "vitest"
import { ask, it } from "./world.ts"

describe("found S5: settings in a workspace of somebody else", () => {
  it("that lead to the database cost the daemon neither its lock nor those of SQLite", async ({ world }) => {
    await world.ok(["init", "--project", "app"])
    const { address } = world.daemon()
    const lock = () => {
      const db = new Sqlite(`${world.database}.lock`, { timeout: 0 })
      try {
        db.exec("SELECT count(*) FROM sqlite_schema")
      } finally {
        db.close()
      }
    }
    expect(lock).toThrow("database is locked")
    for (const name of ["kata.db.lock", "kata.db", "kata.db-shm", "kata.db-wal"]) {
      const place = join(world.root, `to-${name}`)
      fs.mkdirSync(place)
      fs.symlinkSync(`../home/${name}`, join(place, ".kata.toml"))
      // the daemon reads it for the first of these, and for the second
      expect(await world.fails(3, ["list"], { cwd: place })).toContain(".kata.toml is a symbolic link\n")
      const { status, text } = await ask(
        address,
        "/api/v1/projects/resolve",
        { "content-type": "application/json" },
        JSON.stringify({ start_path: place })
      )
      expect({ status, text }).toMatchObject({ status: 400, text: expect.stringContaining("is a symbolic link") })
    }
    expect(lock).toThrow("database is locked")
  })

  it("are refused at once: 450 MB, and a pipe that nobody writes to", async ({ world }) => {
    await world.ok(["init", "--project", "app"])
    const [large, pipe] = [join(world.root, "large"), join(world.root, "pipe")]
    for (const place of [large, pipe]) fs.mkdirSync(place)
    fs.writeFileSync(join(large, ".kata.toml"), "")
    fs.truncateSync(join(large, ".kata.toml"), 450_000_000)
    execFileSync("mkfifo", [join(pipe, ".kata.toml"), join(pipe, ".kata.local.toml")])
    expect(await world.fails(3, ["list"], { cwd: large })).toContain(".kata.toml is larger than 64 KiB\n")
    // no regular file binds nothing
    expect(await world.fails(4, ["list"], { cwd: pipe })).toContain("no .kata.toml ancestor")
  })
})
