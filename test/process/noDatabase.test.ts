/** Where there is no database, what only reads makes none, and leaves nothing at all. */
import * as fs from "node:fs"
import { describe, expect } from "vitest"
import { it, listing } from "./world.ts"

const reads: ReadonlyArray<ReadonlyArray<string>> = [
  ["list"],
  ["list", "--json"],
  ["ready", "--agent"],
  ["show", "abc4", "--project", "x"],
  ["search", "word"],
  ["labels"],
  ["events", "--all-projects"],
  ["events", "--all-projects", "--tail"],
  ["projects", "list"],
  ["projects", "show", "x"],
  ["create", "in no project yet"],
  ["close", "abc4", "--project", "x", "--done", "--message", "a message that is long enough"],
  ["export"],
  ["export", "--salvage", "--output", "kata.jsonl"],
  ["doctor"],
  ["daemon", "start", "--create=false"],
  ["daemon", "restart"]
]

describe("found L10: without a database", () => {
  for (const argv of reads) {
    it(`kata ${argv.join(" ")}`, async ({ world }) => {
      const before = listing(world.root)
      const { exit, stderr, stdout } = await world.run(argv)
      const text = stdout + stderr
      expect(exit, text).toBe(4)
      expect(text).toContain(`${world.database} does not exist`)
      expect(text).toContain("kata init begins a new one")
      expect(listing(world.root)).toEqual(before)
    })
  }

  it("beside what may be left of one, its names are told, with 3; also by the commands that make one", async ({ world }) => {
    fs.writeFileSync(`${world.database}-wal`, "something")
    const before = listing(world.root)
    for (const argv of [["list"], ["export"], ["doctor"], ["daemon", "start"], ["init", "--project", "x"]]) {
      const { exit, stderr, stdout } = await world.run(argv)
      expect(exit, argv[0]).toBe(3)
      expect(stdout + stderr).toContain("does not exist, but what may hold its work does (kata.db-wal")
    }
    expect(listing(world.root).filter((name) => name.endsWith("kata.db"))).toEqual([])
    expect(before.filter((name) => name.endsWith("-wal"))).toHaveLength(1)
  })

  it("a nightly export keeps the last good one, with 4; and with 5 once kata init has made a new one", async ({ world }) => {
    world.fixture("small.db")
    fs.renameSync(world.path("small.db"), world.database)
    await world.ok(["export", "--output", "kata.jsonl"])
    const good = world.read("kata.jsonl")
    fs.rmSync(world.database)
    await world.run(["list"])
    expect((await world.run(["export", "--output", "kata.jsonl"])).exit).toBe(4)
    await world.ok(["init", "--project", "again"])
    await world.ok(["daemon", "stop"])
    const second = await world.run(["export", "--output", "kata.jsonl"])
    expect(second.exit, second.stderr).toBe(5)
    expect(second.stderr).toContain("it holds 5 issues, last changed 2026-11-23T00:06:56.746Z")
    expect(world.read("kata.jsonl")).toBe(good)
    await world.ok(["export", "--output", "kata.jsonl", "--force"])
    expect(world.read("kata.jsonl")).not.toBe(good)
  })
})
