/** `kata undo` of the built program: how it ends, and what it says in each mode. */
import * as fs from "node:fs"
import { describe, expect } from "vitest"
import { it, lockAsDaemon, type Place, query, sha256 } from "./kit.ts"

/** `small.db` of the environment, over which `rich` was restored. */
const prepare = async (place: Place) => {
  place.fixture("small.db")
  place.fixture("rich.export.jsonl", "rich.jsonl")
  return place.run(["import", "--input", "rich.jsonl", "--target", "small.db", "--force", "--as", "ana"])
}

const exported = async (place: Place) => {
  fs.rmSync(place.path("now.jsonl"), { force: true })
  await place.ok(["export", "-q", "--output", "now.jsonl"])
  return sha256(fs.readFileSync(place.path("now.jsonl")))
}

const record = (place: Place) =>
  query(
    place.path("small.db"),
    "UPDATE projects SET name = name || '2' WHERE id = 1 RETURNING id"
  )

describe("kata undo", () => {
  it("takes back what an import says that it can take back, and itself", async ({ place }) => {
    place.fixture("small.db")
    const before = await exported(place)
    const { stdout } = await prepare(place)
    expect(stdout).toMatch(
      /\n {2}go back +kata undo small\.db\n {13}or, when nothing uses the database:\n {13}rm -f .* && mv small\.db\.bak\./
    )
    const after = await exported(place)
    const undone = await place.ok(["undo"])
    expect(undone).toMatch(
      /^took back: restore of rich\.jsonl\n {2}database +\S+small\.db\n {2}is again +\S+small\.db\.bak\.\S+\n {2}records /
    )
    expect(undone).toMatch(/\n {2}was +\S+\.bak\.\S+\n {2}go back +kata undo \S+small\.db\n$/)
    expect(await exported(place)).toBe(before)
    expect(await place.ok(["undo", "small.db"])).toMatch(/^took back: undo\n/)
    expect(await exported(place)).toBe(after)
  })

  it("lists for people, programs and agents", async ({ place }) => {
    expect(await place.ok(["undo", "--list"])).toMatch(/has no history: nothing can be taken back\n$/)
    await prepare(place)
    await place.ok(["undo", "-q", "--as", "ben"])
    const human = (await place.ok(["undo", "--list"])).split("\n")
    expect(human[0]).toMatch(/^2 entries, the newest first; their files take \d+ kB$/)
    expect(human[1]).toMatch(/^ {2}[0-9A-Z]{26} {2}\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ +\d+ kB {2}undo, by ben$/)
    expect(human[2]).toMatch(/ {2}restore of rich\.jsonl, by ana$/)
    const json = JSON.parse(await place.ok(["undo", "--list", "--json"]))
    expect(json).toMatchObject({ kata_api_version: 1, odd: [], interrupted: [] })
    expect(json.entries.map(({ by, state, what }: Record<string, string>) => [what, by, state])).toEqual([
      ["undo", "ben", "there"],
      ["restore", "ana", "there"]
    ])
    const agent = (await place.ok(["undo", "--list", "--agent"])).split("\n")
    expect(agent[0]).toMatch(/^OK undo list target=\S+ entries=2 bytes=\d+ odd=0$/)
    expect(agent[2]).toMatch(
      /^- entry id=\S+ what=restore at=\S+ bytes=\d+ state=there input=rich\.jsonl by=ana backup=\S+$/
    )
  })

  it("refuses what was recorded since with 5, also as a dry run, and takes --force", async ({ place }) => {
    await prepare(place)
    record(place)
    expect(await place.fails(5, ["undo"])).toMatch(
      /^kata: \S+ was written to since \(no event was recorded\); only it holds .*\nhint: nothing was changed\. .*--force/
    )
    expect(await place.fails(5, ["undo", "--json"])).toMatch(/"kind":"conflict"/)
    const dry = await place.run(["undo", "--dry-run"])
    expect(dry).toMatchObject({ exit: 5, stderr: "" })
    expect(dry.stdout).toMatch(
      /^would be refused without --force: restore of rich\.jsonl \(dry run, nothing was changed\)\n/
    )
    expect((await place.run(["undo", "--dry-run", "--force", "--json"])).exit).toBe(0)
    expect(await place.ok(["undo", "--force", "--agent"])).toMatch(
      /^OK undo target=\S+ dry_run=false refused=false undone=\S+ from=10 to=10 written_since=true events_since=0 only_in_present=\S+ built_on=0 backup=\S+ entry=[0-9A-Z]{26}\n$/
    )
  })

  it("ends with 4 without a history, an entry, a database or the file; with 8, 10 and 2 as other commands", async ({ place }) => {
    place.fixture("small.db")
    expect(await place.fails(4, ["undo"])).toMatch(/has no history to go back in\n/)
    expect(await place.fails(4, ["undo", "none.db"])).toMatch(/none\.db does not exist/)
    await prepare(place)
    expect(await place.fails(4, ["undo", "--to", "7Z"])).toMatch(/has no entry 7Z\n/)
    place.write("broken.db", "not a database")
    await place.run(["import", "--input", "rich.jsonl", "--target", "broken.db", "--force"])
    expect(await place.fails(8, ["undo", "broken.db"])).toMatch(
      /broken\.db\.bak\.\S+ cannot be used: .*\nhint: nothing was changed/
    )
    for (
      const argv of [
        ["--list", "--force"],
        ["--prune"],
        ["--keep", "1"],
        ["--prune", "--keep", "-1"],
        ["--prune", "--to", "0"],
        ["--prune", "--older-than", "soon"]
      ]
    ) await place.fails(2, ["undo", ...argv])
    const free = await lockAsDaemon(place.path("small.db"))
    expect(await place.fails(10, ["undo"])).toMatch(/\nhint: stop it first.*kata daemon stop/)
    await free()
    const [bak = ""] = place.names().filter((name) => name.startsWith("small.db.bak"))
    fs.rmSync(place.path(bak))
    expect(await place.fails(4, ["undo"])).toMatch(/\.bak\.\S+ is gone\nhint: nothing was changed/)
  })

  it("prunes what is named, and says what it takes", async ({ place }) => {
    await prepare(place)
    await place.ok(["undo", "-q"])
    await place.ok(["undo", "-q"])
    const dry = await place.ok(["undo", "--prune", "--keep", "1", "--dry-run"])
    expect(dry).toMatch(/^would remove 2 entries, \d+ kB \(dry run, nothing was changed\)\n/)
    expect(place.names().filter((name) => name.includes(".bak."))).toHaveLength(3)
    expect(await place.ok(["undo", "--prune", "--older-than", "90d"])).toMatch(
      /^removed 0 entries, 0 B\n {2}left +3 entries\n$/
    )
    const done = await place.ok(["undo", "--prune", "--keep", "1"])
    expect(done).toBe(dry.replace("would remove", "removed").replace(" (dry run, nothing was changed)", ""))
    expect(place.names().filter((name) => name.includes(".bak."))).toHaveLength(1)
    await place.ok(["undo", "-q"])
  })

  it("doctor tells how much history there is", async ({ place }) => {
    await prepare(place)
    const { stdout } = await place.run(["doctor"])
    expect(stdout).toMatch(
      /\n {2}history +1 entry, \d+ kB in their files; the last: restore of rich\.jsonl, \S+\n/
    )
  })

  it("the undo of an upgrade says what works with it", async ({ place }) => {
    place.fixture("../go-legacy/v9/minimal.db.gz", "small.db")
    await place.ok(["upgrade", "-q"])
    expect(await place.ok(["undo"])).toMatch(
      /\n {2}version +10 to 9: use the kata that made it, this one upgrades it again\n/
    )
    expect(await place.ok(["upgrade", "--dry-run"])).toMatch(/^could be upgraded from version 9 to 10/)
  })
})
