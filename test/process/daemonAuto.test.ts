/** The commands that need a daemon start one, and say why when they cannot. */
import * as fs from "node:fs"
import { join } from "node:path"
import { describe, expect } from "vitest"
import { fixtures } from "./kit.ts"
import { isAlive, it, type World } from "./world.ts"

/** A database with nothing in it: commands that only look make none. */
const makeDatabase = (world: World) => fs.copyFileSync(join(fixtures, "empty.db"), world.database)

describe("a command that needs a daemon", () => {
  it("starts one, and the next one finds it", async ({ world }) => {
    makeDatabase(world)
    expect(await world.ok(["projects", "list"])).toBe("")
    const { pid } = world.daemon()
    await world.ok(["projects", "list"])
    expect(world.daemon().pid).toBe(pid)
    process.kill(pid, "SIGKILL")
    await world.ok(["projects", "list"])
    expect(world.daemon().pid).not.toBe(pid)
    await world.ok(["daemon", "stop"])
  })

  it("is one of several at the same moment: all of them are served, by one", async ({ world }) => {
    makeDatabase(world)
    await Promise.all(Array.from({ length: 4 }, () => world.ok(["projects", "list"])))
    const { pid } = world.daemon()
    // while it stops, too
    const [stopped] = await Promise.all([world.ok(["daemon", "stop"]), world.ok(["projects", "list"])])
    expect(stopped).toBe(`stopped pid=${pid}\n`)
    expect(isAlive(pid)).toBe(false)
    await world.ok(["daemon", "stop"])
  })

  it("is answered while daemons stop, whenever it comes: no change is in doubt", async ({ world }) => {
    await world.ok(["init", "--project", "stops"])
    const titles = Array.from({ length: 12 }, (_, i) => `t${i}`)
    const create = (title: string) => world.ok(["create", title, "--project", "stops", "--as", "ann"])
    for (const at of [0, 4, 8]) {
      await Promise.all([...titles.slice(at, at + 4).map(create), world.ok(["daemon", "stop"])])
    }
    const listed = await world.ok(["list", "--project", "stops"])
    for (const title of titles) expect(listed).toContain(title)
    await world.ok(["daemon", "stop"])
  })

  it("says what keeps it from starting one, and starts none where the configuration names another", async ({ world }) => {
    makeDatabase(world)
    fs.writeFileSync(join(world.home, "config.toml"), "listne = \"x\"\n")
    expect(await world.fails(3, ["projects", "list"])).toContain("config.toml: unknown key(s): listne\n")
    fs.writeFileSync(join(world.home, "config.toml"), "listen = \"8.8.8.8:1\"\n")
    expect(await world.fails(3, ["projects", "list"])).toContain(`address "8.8.8.8:1" is public\n`)
    fs.rmSync(join(world.home, "config.toml"))
    fs.writeFileSync(world.database, "")
    expect(await world.fails(8, ["projects", "list"])).toContain("kata.db is empty (0 bytes)\n")
    const server = { env: { KATA_SERVER: "http://127.0.0.1:9" } }
    const report = "kata: kata server not responding: http://127.0.0.1:9 (KATA_SERVER)\n"
    expect(await world.fails(7, ["projects", "list"], server)).toContain(report)
    expect(await world.fails(7, ["health"], server)).toContain(report)
    expect(world.records()).toEqual([])
  })
})
