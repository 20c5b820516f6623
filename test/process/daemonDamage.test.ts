/** A database that is overwritten or damaged while a daemon serves it: no change is accepted any more, and everything says so. */
import * as fs from "node:fs"
import { join } from "node:path"
import { describe, expect } from "vitest"
import { query } from "./kit.ts"
import { it, type World } from "./world.ts"

const titles = (path: string) => query(path, "SELECT title FROM issues ORDER BY id").flat()

/** What every way to the daemon says from now on. */
const refusesAll = async (world: World, what: RegExp) => {
  for (const argv of [["create", "one more"], ["list"], ["show", "abcd"], ["label", "add", "abcd", "x"]]) {
    expect(await world.fails(8, argv), argv.join(" ")).toMatch(what)
  }
  const { daemons: [daemon] } = JSON.parse(await world.ok(["daemon", "status", "--json"]))
  expect(daemon.damage).toMatch(what)
  expect(await world.ok(["daemon", "status"])).toMatch(/\ndamaged: /)
  const doctor = await world.run(["doctor"])
  expect(doctor).toMatchObject({ exit: 8 })
  expect(doctor.stdout).toMatch(/it has met damage: /)
  const stopped = await world.run(["daemon", "stop"])
  expect(stopped).toMatchObject({ exit: 8, stderr: "" })
  expect(stopped.stdout).toMatch(/^stopped pid=\d+\ndamaged: /)
}

describe("found L13: a database that is overwritten while it is served", () => {
  const some = async (world: World, from: number, to: number) => {
    for (let i = from; i < to; i++) {
      await world.ok(["create", `issue ${i}`, "--force-new", "--body-stdin"], { stdin: `${i}`.repeat(3000) })
    }
  }

  it("takes no change more, and what was put there is not written over", { timeout: 240_000 }, async ({ world }) => {
    await world.ok(["init", "--project", "app"])
    await some(world, 0, 3)
    await world.ok(["daemon", "stop"])
    const old = join(world.root, "old.db")
    fs.copyFileSync(world.database, old)
    await some(world, 3, 8)
    await world.ok(["daemon", "restart"])
    await some(world, 8, 10)
    fs.copyFileSync(old, world.database)
    await refusesAll(world, /was written to by a program that knows nothing of databases/)
    expect(fs.readFileSync(world.database).equals(fs.readFileSync(old))).toBe(true)
    // the newest work was in the log: it is kept, and does not meet the older file
    const names = fs.readdirSync(world.home)
    expect(names.filter((name) => /^kata\.db\.bak\.\w+-wal$/.test(name))).toHaveLength(1)
    expect(names.filter((name) => name.startsWith("kata.db-"))).toEqual([])
    expect((await world.ok(["list"])).split("\n")).toHaveLength(4)
    await world.ok(["daemon", "stop"])
    expect(titles(world.database)).toEqual(["issue 0", "issue 1", "issue 2"])
  })

  it("by the same bytes goes on when it is served again", async ({ world }) => {
    await world.ok(["init", "--project", "app"])
    await some(world, 0, 2)
    const bytes = fs.readFileSync(world.database)
    fs.writeFileSync(world.database, bytes)
    await refusesAll(world, /was written to by a program/)
    expect((await world.ok(["list"])).split("\n")).toHaveLength(3)
    await some(world, 2, 3)
    await world.ok(["daemon", "stop"])
    expect(titles(world.database)).toEqual(["issue 0", "issue 1", "issue 2"])
  })

  it("while nobody asks is noticed by the end, which writes nothing into it", async ({ world }) => {
    await world.ok(["init", "--project", "app"])
    await some(world, 0, 2)
    fs.writeFileSync(world.database, "something else")
    expect((await world.run(["daemon", "stop"])).exit).toBe(8)
    expect(fs.readFileSync(world.database, "utf8")).toBe("something else")
    expect(fs.readdirSync(world.home).filter((name) => /\.bak\.\w+-wal$/.test(name))).toHaveLength(1)
  })

  it("is no such thing when another program of SQLite's writes to it", async ({ world }) => {
    await world.ok(["init", "--project", "app"])
    await some(world, 0, 1)
    query(world.database, "UPDATE issues SET title = 'by hand' RETURNING 1")
    query(world.database, "PRAGMA wal_checkpoint(TRUNCATE)")
    expect(await world.ok(["list"])).toContain("by hand")
    await some(world, 1, 2)
    await world.ok(["daemon", "stop"])
    expect(titles(world.database)).toEqual(["by hand", "issue 1"])
  })
})

describe("found L13: a database whose pages are damaged", () => {
  it("takes no change more, and is not served again before it is mended", async ({ world }) => {
    await world.ok(["init", "--project", "app"])
    for (let i = 0; i < 3; i++) await world.ok(["create", `issue ${i}`, "--force-new"])
    await world.ok(["daemon", "stop"])
    const whole = fs.readFileSync(world.database)
    const [[page]] = query(world.database, "SELECT rootpage FROM sqlite_schema WHERE name = 'issues'") as [[number]]
    await world.up()
    // as a disk does it: nothing tells of it but the page
    const { atime, mtime } = fs.statSync(world.database)
    const file = fs.openSync(world.database, "r+")
    fs.writeSync(file, Buffer.alloc(4096, 7), 0, 4096, (page - 1) * 4096)
    fs.closeSync(file)
    fs.utimesSync(world.database, atime, mtime)
    await world.fails(8, ["list"])
    await refusesAll(world, /malformed.*accepts no change/)
    // by a daemon after it neither
    expect(await world.fails(8, ["create", "one more"])).toMatch(/is damaged/)
    await world.fails(8, ["daemon", "start"])
    expect((await world.run(["export", "--salvage", "--output", "out.jsonl"])).exit).toBe(9)
    fs.writeFileSync(world.database, whole)
    expect((await world.ok(["list"])).split("\n")).toHaveLength(4)
    await world.ok(["daemon", "restart"])
    await world.ok(["daemon", "stop"])
  })
})
