/** Every way in which export, verify, import, version, completion and help end, in each output mode. */
import { readFileSync } from "node:fs"
import { describe, expect } from "vitest"
import { some } from "../testing/some.ts"
import { it, type Place, root } from "./kit.ts"

const { version } = JSON.parse(readFileSync(`${root}/package.json`, "utf8")) as { readonly version: string }

const prepare = async (place: Place) => {
  place.fixture("small.db")
  await place.ok(["export", "--output", "good.jsonl"])
  const good = place.read("good.jsonl")
  place.write("cut.jsonl", good.split("\n").slice(0, 20).join("\n") + "\n")
  place.write("changed.jsonl", good.replace("Größe", "Grösse").replace("\"status\":\"open\"", "\"status\":\"0pen\""))
  place.write("newer.jsonl", place.read("good.jsonl").replace("\"value\":\"10\"", "\"value\":\"33\""))
  place.write("text.db", "not a database, but long enough to have a header of a hundred bytes ".repeat(20))
  place.write("empty.db", "")
  place.write("empty.jsonl", "")
  place.fixture("imports/dangling-issue-project.jsonl", "dangling.jsonl")
}

interface Failing {
  readonly argv: ReadonlyArray<string>
  readonly exit: number
  readonly kind: string
  readonly says: RegExp
  readonly env?: Readonly<Record<string, string>>
}

const usage = { exit: 2, kind: "usage" }
const validation = { exit: 3, kind: "validation" }
const missing = { exit: 4, kind: "not_found" }
const damaged = { exit: 8, kind: "damaged" }

const failing: ReadonlyArray<Failing> = [
  { ...usage, argv: ["nosuch"], says: /unknown command "nosuch" for "kata"/ },
  { ...usage, argv: ["export", "surplus"], says: /unknown command "surplus" for "kata export"/ },
  { ...usage, argv: ["export", "--nosuch"], says: /unknown flag: --nosuch/ },
  { ...usage, argv: ["export", "--output"], says: /flag needs an argument: --output/ },
  { ...usage, argv: ["export", "--project-id", "x"], says: /invalid argument .*x.* number of a project/ },
  { ...usage, argv: ["verify"], says: /accepts 1 arg/ },
  { ...usage, argv: ["import", "--format", "beads"], says: /use --source-format beads/ },
  { ...usage, argv: ["completion", "tcsh"], says: /unsupported shell .*tcsh/ },
  { ...validation, argv: ["import", "--target", "new.db"], says: /import requires --input/ },
  { ...validation, argv: ["import", "--input", "good.jsonl"], says: /import requires --target/ },
  { ...validation, argv: ["import", "--source-format", "x"], says: /unsupported import format/ },
  {
    ...validation,
    argv: ["import", "--input", "good.jsonl", "--target", "small.db"],
    says: /small\.db exists already.*--force/s
  },
  {
    ...validation,
    argv: ["import", "--input", "good.jsonl", "--target", "good.jsonl", "--force"],
    says: /input and target are the same file: good\.jsonl/
  },
  { ...validation, argv: ["import", "--input", "good.jsonl", "--target", "."], says: /\. is a directory/ },
  {
    ...validation,
    argv: ["import", "--input", "dangling.jsonl", "--target", "new.db"],
    says: /dangling\.jsonl: .*line \d+: issue \d+: project_id .*--repair/s
  },
  {
    ...validation,
    argv: ["import", "--input", "newer.jsonl", "--target", "new.db"],
    says: /export_version 33 is newer than the version 32 .*upgrade kata/s
  },
  { ...validation, argv: ["export", "--output", "small.db"], says: /the output small\.db is the database/ },
  { ...validation, argv: ["export", "--output", "."], says: /\. is a directory/ },
  { ...validation, argv: ["verify", "."], says: /\. is a directory/ },
  { ...missing, argv: ["export"], env: { KATA_DB: "none.db" }, says: /none\.db does not exist \(from KATA_DB\)/ },
  { ...missing, argv: ["export", "--project", "nope"], says: /project .*nope.* not found.*small/s },
  { ...missing, argv: ["export", "--project-id", "99"], says: /project #99 not found/ },
  {
    ...missing,
    argv: ["export", "--output", "no/such/x.jsonl"],
    says: /no such directory: no .*create the directory no first/s
  },
  { ...missing, argv: ["verify", "none.jsonl"], says: /no such file: none\.jsonl/ },
  { ...missing, argv: ["verify", "good.jsonl", "--against", "none.db"], says: /none\.db does not exist/ },
  { ...missing, argv: ["import", "--input", "none.jsonl", "--target", "new.db"], says: /no such file: none\.jsonl/ },
  { ...missing, argv: ["import", "--input", "good.jsonl", "--target", "no/new.db"], says: /no such directory: no / },
  { ...damaged, argv: ["export"], env: { KATA_DB: "text.db" }, says: /text\.db is no SQLite database/ },
  { ...damaged, argv: ["export"], env: { KATA_DB: "empty.db" }, says: /empty\.db is empty/ },
  { ...damaged, argv: ["verify", "cut.jsonl"], says: /cut\.jsonl: .*no seal.*line 20/ },
  { ...damaged, argv: ["verify", "changed.jsonl"], says: /changed\.jsonl: .*changed after it was written/ },
  { ...damaged, argv: ["verify", "empty.jsonl"], says: /empty\.jsonl: .*empty/ },
  { ...damaged, argv: ["verify", "small.db"], says: /is a SQLite database, not a snapshot.*kata export/s },
  { ...damaged, argv: ["import", "--input", "cut.jsonl", "--target", "small.db", "--force"], says: /cut\.jsonl/ }
]

const commandOf = ({ argv }: Failing) => argv[0] === "nosuch" ? "kata" : argv[0]

describe("a failure", () => {
  it("has its exit code, one report on stderr, nothing on stdout, and changes nothing", async ({ place }) => {
    await prepare(place)
    const before = new Map(place.names().map((name) => [name, place.read(name)]))
    for (const [at, one] of some("failures", failing, ({ kind }) => kind).entries()) {
      const { argv, env = {}, exit, kind, says } = one
      const name = argv.join(" ")
      const human = await place.fails(exit, argv, { env })
      expect(human, name).toMatch(/^kata: /)
      expect(human, name).toMatch(says)
      expect(human, name).not.toMatch(/\n {4}at |\u001b/)
      if (at % 2 === 0) {
        const json = await place.fails(exit, ["--json", ...argv], { env })
        const { error } = JSON.parse(json) as { readonly error: { readonly [key: string]: unknown } }
        expect(error, name).toMatchObject({ kind, exit_code: exit, message: expect.any(String) })
        expect(`${error["message"]}\nhint: ${error["hint"]}`, name).toMatch(says)
      } else {
        const agent = await place.fails(exit, ["--agent", ...argv], { env })
        expect(agent, name).toMatch(new RegExp(`^ERR ${commandOf(one)} ${kind}: `))
        expect(agent, name).toMatch(new RegExp(`\nExit-Code: ${exit}\n$`))
      }
    }
    const after = place.names().filter((name) => !before.has(name) && !name.endsWith(".lock"))
    expect(after).toEqual([])
    for (const [name, content] of before) expect(place.read(name) === content, name).toBe(true)
  })

  it("is not what an unknown topic of help is", async ({ place }) => {
    expect(await place.run(["help", "nosuch"])).toMatchObject({ exit: 0, stdout: "" })
  })
})

describe("a success", () => {
  const commands = [
    ["export", "--output", "a.jsonl"],
    ["verify", "good.jsonl"],
    ["verify", "good.jsonl", "--against", "small.db"],
    ["import", "--input", "good.jsonl", "--target", "new.db", "--force"],
    ["import", "--input", "good.jsonl", "--target", "other.db", "--dry-run"],
    ["version"]
  ]

  it("has a report for people, for programs, for agents, and none that only confirms", async ({ place }) => {
    await prepare(place)
    for (const argv of commands) {
      const name = argv.join(" ")
      const human = await place.ok(argv)
      expect(human, name).toMatch(/^\S.*\n/)
      expect(human, name).not.toMatch(/\u001b/)
      for (const line of human.split("\n")) expect(line.replaceAll(place.root, "").length, line).toBeLessThanOrEqual(80)
      const json = await place.ok([...argv, "--json"])
      expect(json, name).toMatch(/^\{"kata_api_version":1,.*\}\n$/)
      expect(JSON.parse(json), name).toBeTypeOf("object")
      expect(await place.ok(["--format", "agent", ...argv]), name).toMatch(new RegExp(`^OK ${argv[0]} .*\n$`))
      expect(await place.ok(["-q", ...argv]), name).toBe(argv[0] === "version" ? `kata ${version}\n` : "")
    }
    expect(place.names()).not.toContain("other.db")
  })

  it("says first what was made, with the name as it was typed", async ({ place }) => {
    await prepare(place)
    expect(await place.ok(["export", "--output", "a.jsonl"])).toMatch(/^exported a\.jsonl\n/)
    expect(await place.ok(["export"])).toMatch(/^exported kata-export-\d{8}T\d{6}Z\.jsonl\n/)
    expect(await place.ok(["import", "--input", "a.jsonl", "--target", "b.db"])).toMatch(/^imported b\.db\n/)
    const again = await place.ok(["import", "--input", "a.jsonl", "--target", "b.db", "--force"])
    expect(again).toMatch(/\n {2}old {8}b\.db\.bak\.\d{8}T\d{6}Z\n/)
    expect(again).toContain(`export KATA_DB=${place.path("b.db")}\n`)
    expect(await place.ok(["export", "--agent", "--output", "a.jsonl"])).toMatch(/^OK export output=a\.jsonl /)
    expect(await place.ok(["import", "--agent", "--input", "a.jsonl", "--target", "c.db"])).toMatch(
      /^OK import source_format=kata target=c\.db /
    )
  })

  it("the way back that is printed is one", async ({ place }) => {
    await prepare(place)
    place.fixture("rich.db", "it's -here.db")
    const argv = ["import", "--input", "good.jsonl", "--target", "it's -here.db", "--force"]
    const back = /\n {13}(rm -f .* && mv .*)\n/.exec(await place.ok(argv))?.[1] ?? "false"
    expect(await place.run([], { shell: back })).toEqual({ exit: 0, signal: null, stdout: "", stderr: "" })
    expect(await place.ok(["verify", "good.jsonl", "--against", "it's -here.db"]).catch(() => "differs")).toBe(
      "differs"
    )
  })

  it("warns of what the old database held, even when it is quiet", async ({ place }) => {
    await prepare(place)
    place.fixture("rich.db")
    const argv = ["import", "--quiet", "--input", "good.jsonl", "--target", "rich.db", "--force"]
    expect(await place.ok(argv)).toBe(
      "WARNING: the old database held what the snapshot does not: 4 projects, 42 issues, 141 events\n"
    )
  })
})

describe("verify --against", () => {
  it("exits with 5 when the contents differ, 0 when they are equal", async ({ place }) => {
    await prepare(place)
    place.fixture("rich.db")
    const differs = await place.run(["verify", "good.jsonl", "--against", "rich.db"])
    expect(differs).toMatchObject({ exit: 5, stderr: "" })
    expect(differs.stdout).toMatch(/the contents differ\n +projects?: .* only in the database.*\n/)
    const json = await place.run(["verify", "good.jsonl", "--against", "rich.db", "--json"])
    expect(json.exit).toBe(5)
    expect(JSON.parse(json.stdout)).toMatchObject({
      kata_api_version: 1,
      equal: false,
      counts: { issue: { gone: expect.any(Number), new: 42 } }
    })
    expect(await place.run(["verify", "-q", "good.jsonl", "--against", "rich.db"])).toMatchObject({
      exit: 5,
      stderr: ""
    })
  })

  it("of a file that only blocks exits with 3 and a full report", async ({ place }) => {
    await prepare(place)
    const result = await place.run(["verify", "dangling.jsonl"])
    expect(result).toMatchObject({ exit: 3, stderr: "" })
    expect(result.stdout).toMatch(/^cannot be restored as it is: dangling\.jsonl\n/)
    expect(result.stdout).toMatch(/BLOCKS A RESTORE: \d+ rows?: issue\.project_id/)
    expect(result.stdout).toMatch(/\nnext: kata import --repair/)
  })
})

describe("help", () => {
  it("of every command fits a terminal and names its flags", async ({ place }) => {
    for (const command of [[], ["export"], ["verify"], ["import"], ["completion"]]) {
      const text = await place.ok([...command, "--help"])
      for (const line of text.split("\n")) expect(line.length, line).toBeLessThanOrEqual(80)
      expect(text).toMatch(/\nUsage:\n {2}kata/)
      expect(await place.ok(["help", ...command])).toBe(text)
    }
  })

  it("completion prints scripts that a shell reads", async ({ place }) => {
    const script = await place.ok(["completion", "bash"])
    expect(script).toContain("--include-deleted")
    place.write("kata.bash", script)
    expect(await place.run([], { shell: "bash -n kata.bash" })).toMatchObject({ exit: 0, stderr: "" })
  })
})

describe("text of users", () => {
  it("cannot act upon a terminal, and is intact in JSON", async ({ place }) => {
    const path = place.fixture("small.db")
    const evil = "a\u001b[31mred\u001b]0;x\u0007\u202egnp.exe\r\nnext"
    const { default: Sqlite } = await import("better-sqlite3")
    const db = new Sqlite(path)
    db.prepare("UPDATE projects SET name = ?").run(evil)
    db.prepare("UPDATE issues SET created_at = ? WHERE id = 2").run(evil)
    db.close()
    await place.ok(["export", "--output", "evil.jsonl"])
    const human = await place.ok(["verify", "evil.jsonl"])
    expect(human).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/)
    expect(human).toContain("a\\x1b[31mred\\x1b]0;x\\x07\\u202egnp.exe\\r\\nnext: 5 issues")
    const json = JSON.parse(await place.ok(["verify", "evil.jsonl", "--json"])) as {
      readonly projects: ReadonlyArray<{ readonly name: string }>
    }
    expect(json.projects[0]?.name).toBe(evil)
    expect(await place.ok(["verify", "evil.jsonl", "--agent"])).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202a-\u202e]/)
  })
})
