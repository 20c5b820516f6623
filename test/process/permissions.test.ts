/** Files and directories that may not be read or written, or are somebody else's: exit code 11, the reason, and the state before. */
import * as fs from "node:fs"
import { beforeEach, describe, expect } from "vitest"
import { it, type Place, sha256, somebody } from "./kit.ts"

const us = somebody ?? {}
/** Only root can make files of somebody else. */
const others = somebody?.as !== undefined
if (somebody !== undefined && !others) console.warn("skipped: files of another owner can only be made by root")

/** What is there, with what is in it. */
const state = (place: Place, directory = "."): ReadonlyArray<string> =>
  fs.readdirSync(place.path(directory)).sort().map((name) => {
    const path = place.path(`${directory}/${name}`)
    return `${name} ${fs.statSync(path).isDirectory() ? "directory" : sha256(fs.readFileSync(path))}`
  })

/** Must fail with 11 and say all of it, and change nothing in any directory. */
const refused = async (place: Place, argv: ReadonlyArray<string>, says: ReadonlyArray<RegExp>, more = {}) => {
  const directories = [".", "there"]
  const before = directories.map((directory) => state(place, directory))
  const stderr = await place.fails(11, argv, { ...us, ...more })
  for (const part of says) expect(stderr, argv.join(" ")).toMatch(part)
  expect(stderr, argv.join(" ")).toMatch(/\nhint: .+\n$/)
  expect(directories.map((directory) => state(place, directory)), argv.join(" ")).toEqual(before)
}

const works = async (place: Place, argv: ReadonlyArray<string>, more = {}) => {
  const result = await place.run(argv, { ...us, ...more })
  expect(result, argv.join(" ")).toMatchObject({ exit: 0, stderr: expect.not.stringContaining("kata: ") })
}

/** `small.db` and its snapshot `x.jsonl`, and a directory with a database, a snapshot, and both of them as old ones. */
const furnish = async (place: Place) => {
  place.fixture("small.db")
  await place.ok(["export", "--output", "x.jsonl"])
  fs.mkdirSync(place.path("there"))
  place.fixture("rich.db", "there/rich.db")
  place.write("there/old.jsonl", "old\n")
  place.give(us)
}
const chmod = (place: Place, name: string, mode: number) => fs.chmodSync(place.path(name), mode)

/** Commands that write into `there`. */
const writing: ReadonlyArray<readonly [argv: ReadonlyArray<string>, file: RegExp]> = [
  [["export", "--output", "there/new.jsonl"], /there\/new\.jsonl/],
  [["export", "--output", "there/new.jsonl.gz"], /there\/new\.jsonl\.gz/],
  [["export", "--output", "there/old.jsonl"], /there\/old\.jsonl/],
  [["import", "--input", "x.jsonl", "--target", "there/new.db"], /there\/new\.db/],
  [["import", "--input", "x.jsonl", "--target", "there/rich.db", "--force"], /there\/rich\.db/]
]

describe.skipIf(somebody === undefined)("without permission", () => {
  beforeEach<{ place: Place }>(({ place }) => furnish(place))

  for (const [argv, file] of writing) {
    it(`to write a directory: ${argv.join(" ")}`, async ({ place }) => {
      chmod(place, "there", 0o500)
      await refused(place, argv, [file, /permission denied/])
      chmod(place, "there", 0o700)
      await works(place, argv)
    })
  }

  it("to write a directory, a database in it is read all the same", async ({ place }) => {
    await works(place, ["export", "--output", "rich.jsonl"], { env: { KATA_DB: place.path("there/rich.db") } })
    chmod(place, "there", 0o500)
    const env = { KATA_DB: place.path("there/rich.db") }
    await works(place, ["export", "--output", "again.jsonl"], { env })
    expect(place.read("again.jsonl")).toBe(place.read("rich.jsonl"))
    await works(place, ["verify", "rich.jsonl", "--against", "there/rich.db"])
    expect(state(place, "there")).toHaveLength(2)
    chmod(place, "there", 0o700)
  })

  it("to read a file", async ({ place }) => {
    const modes = (mode: number) => ["x.jsonl", "small.db"].forEach((name) => chmod(place, name, mode))
    const reading = [
      [["verify", "x.jsonl"], /x\.jsonl: permission denied/],
      [["import", "--input", "x.jsonl", "--target", "n.db"], /x\.jsonl: permission denied/],
      [["export", "--output", "y.jsonl"], /small\.db cannot be read \(.*permission denied/],
      [["export", "--output", "-"], /small\.db cannot be read \(.*permission denied/]
    ] as const
    modes(0o000)
    if (others) { for (const name of ["x.jsonl", "small.db"]) fs.chownSync(place.path(name), 0, 0) }
    for (const [argv, says] of reading) {
      const stderr = await place.fails(11, argv, us)
      expect(stderr, argv.join(" ")).toMatch(says)
      expect(stderr, argv.join(" ")).toMatch(/\nhint: .+\n$/)
      expect(place.names(), argv.join(" ")).toEqual(["small.db", "there", "x.jsonl"])
    }
    modes(0o644)
    for (const [argv] of reading) await works(place, argv)
  })

  it("to look into a directory", async ({ place }) => {
    chmod(place, "there", 0o000)
    const env = { KATA_DB: place.path("there/rich.db") }
    for (
      const argv of [
        ["export", "--output", "y.jsonl"],
        ["verify", "there/old.jsonl"],
        ...writing.map(([argv]) => argv)
      ]
    ) {
      const stderr = await place.fails(11, argv, { ...us, env })
      expect(stderr, argv.join(" ")).toMatch(/there\/.*permission denied.*\nhint: .+\n$/)
    }
    chmod(place, "there", 0o700)
    expect(place.names()).toEqual(["small.db", "there", "x.jsonl"])
    expect(state(place, "there")).toHaveLength(2)
  })

  for (
    const argv of [
      ["export", "--output", "-"],
      ["verify", "odd.jsonl"],
      ["verify", "-"],
      ["import", "--input", "x.jsonl", "--target", "n.db", "--dry-run"],
      ["import", "--input", "-", "--target", "n.db"]
    ]
  ) {
    it(`to write the temporary directory: ${argv.join(" ")}`, async ({ place }) => {
      // What is sound is verified without a database.
      await place.ok(["export", "--output", "odd.jsonl"], { env: { KATA_DB: place.path("there/rich.db") } })
      fs.mkdirSync(place.path("tmp"))
      place.give(us)
      chmod(place, "tmp", 0o500)
      const stdin = argv.includes("-") && argv[0] !== "export" ? { stdin: fs.readFileSync(place.path("x.jsonl")) } : {}
      for (const name of ["tmp", "nowhere"]) {
        const stderr = await place.fails(name === "tmp" ? 11 : 4, argv, {
          ...us,
          ...stdin,
          env: { TMPDIR: place.path(name) }
        })
        expect(stderr).toMatch(/temporary files.*\nhint: .*TMPDIR/)
      }
      expect(place.names()).toEqual(["odd.jsonl", "small.db", "there", "tmp", "x.jsonl"])
      chmod(place, "tmp", 0o700)
      await works(place, argv, { ...stdin, env: { TMPDIR: place.path("tmp") } })
      expect(fs.readdirSync(place.path("tmp"))).toEqual([])
    })
  }
})

describe.skipIf(!others)("of another owner", () => {
  beforeEach<{ place: Place }>(({ place }) => furnish(place))
  /** `there`, and what is in it, becomes root's. */
  const take = (place: Place, directory: number, files: number) => {
    for (const name of fs.readdirSync(place.path("there"))) {
      fs.chownSync(place.path(`there/${name}`), 0, 0)
      chmod(place, `there/${name}`, files)
    }
    fs.chownSync(place.path("there"), 0, 0)
    chmod(place, "there", directory)
  }

  it("a database is exported, and nothing is left beside it", async ({ place }) => {
    const env = { KATA_DB: place.path("there/rich.db") }
    await works(place, ["export", "--output", "rich.jsonl"], { env })
    for (const mode of [0o755, 0o777]) {
      take(place, mode, 0o644)
      const before = state(place, "there")
      await works(place, ["export", "--output", "again.jsonl"], { env })
      expect(place.read("again.jsonl")).toBe(place.read("rich.jsonl"))
      await works(place, ["verify", "rich.jsonl", "--against", "there/rich.db"])
      expect(state(place, "there")).toEqual(before)
    }
  })

  it("a database with work in its -wal is exported from a copy", async ({ place }) => {
    for (const side of ["", "-wal"]) place.fixture(`hot-wal/kata.db${side}`, `there/hot.db${side}`)
    const env = { KATA_DB: place.path("there/hot.db") }
    take(place, 0o755, 0o644)
    const before = state(place, "there")
    await works(place, ["export", "--output", "hot.jsonl"], { env })
    expect(state(place, "there")).toEqual(before)
    expect(place.read("hot.jsonl").split("\n").filter((line) => line.includes("\"kind\":\"issue\"")).length)
      .toBeGreaterThan(0)
  })

  it("a database, snapshot or directory is not written", async ({ place }) => {
    take(place, 0o755, 0o644)
    for (const [argv, file] of writing) await refused(place, argv, [file, /permission denied/])
  })

  it("a file in a directory where only owners rename is not replaced", async ({ place }) => {
    take(place, 0o1777, 0o644)
    await refused(place, ["export", "--output", "there/old.jsonl"], [
      /there\/old\.jsonl: operation not permitted \(EPERM\)/
    ])
    const force = ["import", "--input", "x.jsonl", "--target", "there/rich.db", "--force"]
    await refused(place, force, [/there\/rich\.db: permission denied/])
    // It may be written, but not renamed; a second name that was made of it could not be removed again.
    chmod(place, "there/rich.db", 0o666)
    await refused(place, force, [/there\/rich\.db: operation not permitted \(EPERM\)/])
    chmod(place, "there", 0o777)
    await works(place, force)
  })
})
