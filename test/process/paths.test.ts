/** A path is a path: nothing in it is a pattern, an escape or a URL, and no file is written that was not named. */
import * as fs from "node:fs"
import { describe, expect } from "vitest"
import { it } from "./kit.ts"

const strange = [
  "?",
  "a?mode=memory",
  "#",
  "x#y.db",
  "%41",
  ":memory:",
  "file:x",
  "blank ",
  "new\nline.db",
  "-dash",
  "~",
  "*"
]

describe("names", () => {
  it("that mean something to SQLite, a shell or a URL mean themselves", async ({ place }) => {
    for (const name of strange) {
      place.fixture("small.db", name)
      const before = fs.readFileSync(place.path(name))
      const out = `${name}.jsonl`
      const target = `${name}.new`
      await place.ok(["export", `--output=${out}`], { env: { KATA_DB: place.path(name) } })
      await place.ok(["import", `--input=${out}`, `--target=${target}`])
      if (name.startsWith("-")) await place.ok(["verify", `--against=${target}`, "--", out])
      expect(place.names()).toEqual([name, out, target, `${target}.lock`].sort())
      expect(fs.readFileSync(place.path(name)).equals(before), name).toBe(true)
      for (const file of place.names()) fs.rmSync(place.path(file))
    }
  })

  it("may be as long as the filesystem takes", async ({ place }) => {
    place.fixture("small.db")
    const long = `${"n".repeat(249)}.jsonl`
    await place.ok(["export", "--output", long])
    await place.ok(["verify", long])
    expect(await place.fails(11, ["export", "--output", "n".repeat(256)])).toMatch(/the name is too long/)
    // as long as the names beside it are: .bak.<time>, .lock, -journal
    const target = `${"d".repeat(225)}.db`
    await place.ok(["import", "--input", long, "--target", target])
    await place.ok(["import", "--input", long, "--target", target, "--force"])
    expect(place.names().filter((name) => name.startsWith(".")), "leftovers").toEqual([])
  })

  it("in a deep directory that is reached by .. and links", async ({ place }) => {
    place.fixture("small.db")
    fs.mkdirSync(place.path("a/b/c"), { recursive: true })
    fs.symlinkSync("a/b/c", place.path("link"))
    await place.ok(["export", "--output", "link/../x.jsonl"])
    expect(fs.existsSync(place.path("a/b/x.jsonl"))).toBe(true)
    await place.ok(["import", "--input", "a/b/x.jsonl", "--target", "link/new.db"])
    expect(fs.readdirSync(place.path("a/b/c")).sort()).toEqual(["new.db", "new.db.lock"])
  })
})

describe("links", () => {
  it("are followed by an output, and stay links", async ({ place }) => {
    place.fixture("small.db")
    place.write("real.jsonl", "old")
    fs.symlinkSync("real.jsonl", place.path("link.jsonl"))
    fs.symlinkSync("not-yet.jsonl", place.path("dangling.jsonl"))
    await place.ok(["export", "--output", "link.jsonl"])
    await place.ok(["export", "--output", "dangling.jsonl"])
    expect(fs.lstatSync(place.path("link.jsonl")).isSymbolicLink()).toBe(true)
    expect(place.read("real.jsonl")).toBe(place.read("not-yet.jsonl"))
  })

  it("are followed by a target: the database behind is replaced, its backup is beside it", async ({ place }) => {
    place.fixture("small.db")
    fs.mkdirSync(place.path("there"))
    place.fixture("rich.db", "there/real.db")
    fs.symlinkSync("there/real.db", place.path("link.db"))
    await place.ok(["export", "--output", "x.jsonl"])
    const printed = await place.ok(["import", "--input", "x.jsonl", "--target", "link.db", "--force"])
    expect(fs.lstatSync(place.path("link.db")).isSymbolicLink()).toBe(true)
    const [backup] = fs.readdirSync(place.path("there")).filter((name) => name.includes(".bak."))
    expect(printed).toContain(place.path(`there/${backup}`))
    await place.ok(["verify", "x.jsonl", "--against", "there/real.db"])
  })
})

describe("an output that is the database", () => {
  it("is refused by whatever name, and the database is unchanged", async ({ place }) => {
    const path = place.fixture("small.db")
    const before = fs.readFileSync(path)
    fs.symlinkSync("small.db", place.path("soft.db"))
    fs.linkSync(path, place.path("hard.db"))
    fs.symlinkSync(place.work, place.path("here"))
    const outputs = [
      "small.db",
      "small.db-wal",
      "small.db-shm",
      "small.db-journal",
      "small.db.lock",
      "soft.db",
      "hard.db"
    ]
    for (const output of [...outputs, "here/small.db", "here/small.db-wal", path]) {
      expect(await place.fails(3, ["export", "--output", output]), output).toContain(
        `the output ${output} is the database`
      )
    }
    await place.fails(3, ["export", "--output", "small.db"], { env: { KATA_DB: "soft.db" } })
    await place.fails(3, ["export", "--output", "hard.db"], { env: { KATA_DB: "soft.db" } })
    expect(fs.readFileSync(path).equals(before)).toBe(true)
    expect(place.names()).toEqual(["hard.db", "here", "small.db", "soft.db"])
  })
})
