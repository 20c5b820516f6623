/** What surrounds the program: modes of files, directories that are not set, the launcher and its cache. */
import * as fs from "node:fs"
import { join } from "node:path"
import { describe, expect } from "vitest"
import { it, launcher, root } from "./kit.ts"

const { version } = JSON.parse(fs.readFileSync(join(root, "package.json"), "utf8")) as { readonly version: string }

describe("files", () => {
  it("are for the owner alone, whatever the umask", async ({ place }) => {
    place.fixture("small.db")
    for (const umask of ["000", "777"]) {
      const shell = `umask ${umask}; exec "$@"`
      place.write("old.jsonl", "old")
      fs.chmodSync(place.path("old.jsonl"), 0o644)
      await place.ok(["export", "--output", "new.jsonl"], { shell })
      await place.ok(["export", "--output", "old.jsonl"], { shell })
      await place.ok(["export", "--output", "new.jsonl.gz"], { shell })
      await place.ok(["import", "--input", "new.jsonl", "--target", "t.db"], { shell })
      await place.ok(["import", "--input", "new.jsonl", "--target", "t.db", "--force"], { shell })
      const made = place.names().filter((name) => name !== "small.db")
      expect(made).toHaveLength(7)
      const [entry = ""] = fs.readdirSync(place.path("t.db.history"))
      expect(place.mode(`t.db.history/${entry}`)).toBe("600")
      for (const name of made) {
        expect(`${name} ${place.mode(name)}`).toBe(`${name} ${name === "t.db.history" ? "700" : "600"}`)
        fs.rmSync(place.path(name), { recursive: true })
      }
    }
  })
})

describe("a current directory that was removed", () => {
  const shell = "mkdir gone; cd gone; rmdir ../gone; exec \"$@\""

  it("is in nobody's way who names whole paths", async ({ place }) => {
    const env = { KATA_DB: place.fixture("small.db") }
    await place.ok(["export", "--output", place.path("x.jsonl")], { env, shell })
    await place.ok(["verify", place.path("x.jsonl")], { shell })
    expect(await place.fails(11, ["export", "--output", "x.jsonl"], { env, shell }))
      .toBe("kata: cannot use x.jsonl: the current directory was removed\n")
  })

  it("is told where nobody knows its name, and nothing is written elsewhere", async ({ place }) => {
    place.fixture("small.db")
    const nameless = shell.replace("exec", "exec env -u PWD")
    for (const argv of [["export"], ["export", "--output", "x.jsonl"], ["list"], ["verify", "x.jsonl"]]) {
      expect(await place.run(argv, { shell: nameless })).toMatchObject({
        exit: 4,
        stdout: "",
        stderr: "kata: the current directory does not exist any more\nhint: cd to one that does\n"
      })
    }
    expect(await place.ok(["--version"], { shell: nameless })).toBe(`kata ${version}\n`)
  })
})

describe("the database", () => {
  it("is KATA_DB, else kata.db in KATA_HOME, else in ~/.kata, and the report says which", async ({ place }) => {
    const small = place.fixture("small.db")
    const user = `${place.root}/user`
    fs.mkdirSync(`${user}/.kata`)
    fs.copyFileSync(small, `${user}/.kata/kata.db`)
    fs.copyFileSync(small, `${place.root}/home/kata.db`)
    const report = async (env: Record<string, string | undefined>) =>
      /database {3}(.*)/.exec(await place.ok(["export"], { env }))?.[1]
    expect(await report({ KATA_DB: "small.db" })).toBe(`${small} (from KATA_DB)`)
    expect(await report({ KATA_DB: "" })).toBe(`${place.root}/home/kata.db (kata.db in KATA_HOME)`)
    const neither = { KATA_DB: undefined, KATA_HOME: undefined }
    expect(await report(neither)).toMatch(/user\/\.kata\/kata\.db \(the default, /)
  })

  it("is told when nothing is set at all, HOME neither", async ({ place }) => {
    place.fixture("small.db")
    const env = { KATA_DB: place.path("small.db"), KATA_HOME: undefined, HOME: undefined, TMPDIR: place.tmp }
    await place.ok(["export", "--output", "x.jsonl"], { env })
    await place.ok(["import", "--input", "x.jsonl", "--target", "t.db"], { env })
  })

  it("that is beside stays as it is, to the byte, with a WAL and without", async ({ place }) => {
    for (const name of ["kata.db", "kata.db-wal"]) place.fixture(`hot-wal/${name}`)
    const before = ["kata.db", "kata.db-wal"].map((name) => fs.readFileSync(place.path(name)))
    await place.ok(["export", "--plain", "--output", "x.jsonl"], { env: { KATA_DB: "kata.db" } })
    expect(["kata.db", "kata.db-wal"].map((name) => fs.readFileSync(place.path(name)))).toEqual(before)
    expect(place.read("x.jsonl").split("\n")).toHaveLength(
      fs.readFileSync(place.fixture("hot-wal/expected.export.jsonl"), "utf8").split("\n").length
    )
  })
})

describe("acceptance", () => {
  it("export, import, export: the same bytes; a new instance differs in its identity alone", async ({ place }) => {
    place.fixture("rich.db", "small.db")
    await place.ok(["export", "--output", "a.jsonl"])
    await place.ok(["export", "--output", "again.jsonl"])
    expect(place.read("again.jsonl")).toBe(place.read("a.jsonl"))
    await place.ok(["import", "--input", "a.jsonl", "--target", "t.db"])
    await place.ok(["export", "--output", "b.jsonl"], { env: { KATA_DB: "t.db" } })
    expect(place.read("b.jsonl")).toBe(place.read("a.jsonl"))
    await place.ok(["import", "--input", "a.jsonl", "--target", "n.db", "--new-instance"])
    await place.ok(["export", "--output", "n.jsonl"], { env: { KATA_DB: "n.db" } })
    const [a, n] = [place.read("a.jsonl").split("\n"), place.read("n.jsonl").split("\n")]
    const different = a.flatMap((line, at) => line === n[at] ? [] : [line.replace(/"seal".*/, "")])
    expect(different).toEqual([
      expect.stringContaining("\"instance_uid\""),
      expect.stringContaining("\"sqlite_sequence\"")
    ])
  })

  it("several projects are one file: their union, by name and by number", async ({ place }) => {
    place.fixture("rich.db", "small.db")
    await place.ok(["export", "--project", "docs", "--project", "old", "--output", "names.jsonl"])
    const ids = ["--project-id", "5", "--project-id=4"]
    const report = JSON.parse(await place.ok(["export", "--json", ...ids, "--output", "ids.jsonl"])) as {
      readonly records: { readonly project: number }
    }
    expect(report.records.project).toBe(2)
    await place.ok(["verify", "names.jsonl"])
    await place.fails(4, ["export", "--project", "docs", "--project", "nope", "--output", "x.jsonl"])
    expect(place.names()).not.toContain("x.jsonl")
  })
})

describe("the launcher", () => {
  it("knows the version of the package, and finds itself through a link from anywhere", async ({ place }) => {
    expect(await place.ok(["--version"])).toBe(`kata ${version}\n`)
    expect(await place.ok(["version"])).toMatch(new RegExp(`^kata ${version.replaceAll(".", "\\.")}\n`))
    fs.symlinkSync(launcher, `${place.root}/kata`)
    const shell = `exec "$1" ${place.root}/kata version -q`
    expect(await place.run([], { shell, cwd: "/" })).toMatchObject({ exit: 0, stdout: `kata ${version}\n`, stderr: "" })
  })

  it("works when V8 rejects the cache, and keeps one of its own for the next time", async ({ place }) => {
    const options = {
      env: { XDG_CACHE_HOME: `${place.root}/cache` },
      shell: "node=$1; shift; exec \"$node\" --max-lazy \"$@\""
    }
    for (let round = 0; round < 2; round++) expect(await place.ok(["version", "-q"], options)).toBe(`kata ${version}\n`)
    const [name] = fs.readdirSync(`${place.root}/cache/kata`)
    // not every version of V8 takes the flag for a reason
    if (name !== undefined) expect(fs.statSync(`${place.root}/cache/kata/${name}`).mode & 0o777).toBe(0o600)
  })

  it("works where its cache can be neither read nor written, is damaged, or belongs to everybody", async ({ place }) => {
    const copy = `${place.root}/dist`
    fs.cpSync(join(root, "dist"), copy, { recursive: true, filter: (path) => !path.includes("/lib") })
    fs.rmSync(`${copy}/bundle.cache`)
    // what the bundle does not hold is found from there
    fs.symlinkSync(join(root, "node_modules"), `${place.root}/node_modules`)
    const shell = `exec "$1" ${copy}/launcher.cjs version -q`
    const open = `${place.root}/open/kata`
    fs.mkdirSync(open, { recursive: true })
    fs.chmodSync(open, 0o777)
    for (const cache of ["/proc/no", "/dev/null/x", "", "relative", `${place.root}/open`, `${place.root}/fresh`]) {
      for (const home of [undefined, `${place.root}/user`]) {
        const result = await place.run([], { shell, env: { XDG_CACHE_HOME: cache, HOME: home } })
        expect(result, cache).toEqual({ exit: 0, signal: null, stdout: `kata ${version}\n`, stderr: "" })
      }
    }
    expect(fs.readdirSync(open)).toEqual([])
    const [own] = fs.readdirSync(`${place.root}/fresh/kata`)
    fs.writeFileSync(`${place.root}/fresh/kata/${own}`, "damaged")
    fs.writeFileSync(`${copy}/bundle.cache`, "damaged")
    expect(await place.run([], { shell, env: { XDG_CACHE_HOME: `${place.root}/fresh` } })).toMatchObject({
      exit: 0,
      stderr: ""
    })
  })
})
