/** What the pages say of the code, held against the code; and every command in them, run. */
import { Kinds } from "kata"
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs"
import { dirname, join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { registry } from "../../src/cli/registry.ts"
import { openError } from "../../src/database/OpenError.ts"
import { SqliteFailure } from "../../src/database/SqliteFailure.ts"
import { exitCodes } from "../../src/Failure.ts"
import { classes, type Code, refusals } from "../../src/ledger/Refused.ts"
import { catalogue, type Entry } from "../records/catalogue.ts"
import { documents, fences, type Machine, machine, read, root, runnable, script, start, typed } from "./kit.ts"

const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => readFileSync(join(root, "src", name), "utf8"))

/** The rows of the table that follows a heading or a line, as cells. */
const table = (file: string, after: string): ReadonlyArray<ReadonlyArray<string>> => {
  const text = read(file)
  const rows = text.slice(text.indexOf(after)).split("\n").slice(1)
  const start = rows.findIndex((line) => line.startsWith("|"))
  const end = rows.findIndex((line, i) => i > start && !line.startsWith("|"))
  return rows.slice(start + 2, end < 0 ? rows.length : end)
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()))
}
const bare = (cell = "") => cell.replaceAll("`", "")

const anchors = (file: string) =>
  [...read(file).matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) =>
    title.toLowerCase().replace(/[^\w\- ]/g, "").replaceAll(" ", "-")
  )

it("every relative link leads somewhere", () => {
  const broken = documents.flatMap((file) =>
    [...read(file).matchAll(/\]\(([^)]+)\)/g)].map(([, target = ""]) => target)
      .filter((target) => !/^https?:/.test(target))
      .filter((target) => {
        const [path = "", anchor] = target.split("#")
        const to = path === "" ? file : join(dirname(file), path)
        return !existsSync(join(root, to)) || (anchor !== undefined && !anchors(to).includes(anchor))
      })
      .map((target) => `${file}: ${target}`)
  )
  expect(broken).toEqual([])
})

it("every path of the project that a page names exists", () => {
  const named = documents.flatMap((file) =>
    [...read(file).matchAll(/`((?:src|test|docs|\.config)\/[\w./-]*)`/g)].map(([, path = ""]) => `${file}: ${path}`)
  )
  expect(named.length).toBeGreaterThan(60)
  expect(named.filter((name) => !existsSync(join(root, name.slice(name.indexOf(": ") + 2))))).toEqual([])
})

it("architecture.md draws src as it is", () => {
  const drawn = [...read("docs/architecture.md").matchAll(/^ {2}([\w.]+\/?) {2,}\S/gm)].map(([, name = ""]) => name)
  const there = readdirSync(join(root, "src"))
    .map((name) => statSync(join(root, "src", name)).isDirectory() ? `${name}/` : name)
  expect(drawn.toSorted()).toEqual(there.toSorted())
})

it("architecture.md names functions that are in their files", () => {
  const rows = [
    "## A row on its way out",
    "## And back",
    "## A command that asks the daemon",
    "## A request to the daemon",
    "## The life of the daemon",
    "## When something is damaged"
  ].flatMap((heading) => table("docs/architecture.md", heading))
  expect(rows.length).toBeGreaterThan(50)
  const missing = rows.flatMap(([, functions = "", files = ""]) => {
    const text = [...files.matchAll(/`([^`]+)`/g)].map(([, file = ""]) => read(file)).join("\n")
    return [...functions.matchAll(/`(\w+)`/g)].map(([, name = ""]) => name)
      .filter((name) =>
        !new RegExp(`\\bconst ${name}\\b|\\bclass ${name}\\b|\\bfunction\\* ${name}\\b|\\b${name}: `).test(text)
      )
  })
  expect(missing).toEqual([])
})

it("format.md lists the kinds, keys and orders of the code", () => {
  const type = { text: "", integer: ":i", json: ":j", time: ":t" }
  const absent = { always: "", nullable: "!", omitted: "?" }
  expect(table("docs/format.md", "## Kinds")).toEqual(
    Kinds.kinds.map((kind) => [
      kind.name,
      kind.table,
      kind.fields.map((field) => `\`${field.key}${type[field.storage]}${absent[field.presence]}\``).join(", "),
      kind.key.join(", ")
    ])
  )
})

it("findings.md lists every rule of the code, whether it blocks and what a repair does", () => {
  const groups = (entries: ReadonlyArray<Entry>) => {
    const whats = new Map<string, Array<string>>()
    for (const { repair, says, what } of entries) {
      const key = JSON.stringify([says, repair])
      whats.set(key, [...whats.get(key) ?? [], `\`${what}\``])
    }
    return [...whats].map(([key, what]) => [what.join(" · "), ...JSON.parse(key) as ReadonlyArray<string>])
  }
  const said = (heading: string) =>
    table("docs/findings.md", heading).map(([what, says, repair = ""]) => [what, says, repair.split(":")[0]])
  const inFiles = catalogue.filter(({ repair }) => repair !== "restores")
  expect(said("## What blocks")).toEqual(groups(inFiles.filter(({ blocking }) => blocking)))
  expect(said("## What is only odd")).toEqual(groups(inFiles.filter(({ blocking }) => !blocking)))
  expect(table("docs/findings.md", "## What is not in a snapshot").map(([says]) => says)).toEqual(
    catalogue.filter(({ repair }) => repair === "restores").map(({ says }) => says)
  )
})

it("every command that a page names is one", () => {
  const commands: ReadonlyArray<string> = registry.map(({ name }) => name)
  const named = documents.filter((file) => !file.startsWith("docs/decisions/")).flatMap((file) =>
    [
      ...read(file).matchAll(/`kata ([a-z][a-z-]*)/g),
      ...fences(file).flatMap(({ text }) => [...text.matchAll(/(?:^|&& |\|\| |\| )kata ([a-z][a-z-]*)/gm)])
    ].map(([, name = ""]) => [file, name])
  )
  expect(named.length).toBeGreaterThan(100)
  expect(named.filter(([, name = ""]) => !commands.includes(name))).toEqual([])
})

it("every test that security.md names is there", () => {
  const named = [...read("docs/security.md").matchAll(/`((?:[a-z][\w]*\/)+(?:[\w.]+\.test\.ts)?)`/gi)]
    .flatMap(([, path = ""]) => path.startsWith("test/") ? [] : [path])
  expect(named.length).toBeGreaterThan(20)
  expect(named.filter((path) => !existsSync(join(root, "test", path)))).toEqual([])
})

describe("exit-codes.md", () => {
  it("has every kind and its code, and so has the README as far as they are used", () => {
    const said = table("docs/exit-codes.md", "# Exit codes").filter(([code]) => code !== "0")
    expect(Object.fromEntries(said.map(([code, kind = ""]) => [kind, Number(code)]))).toEqual(exitCodes)
    const reserved = said.filter(([, , when]) => when === "reserved").map(([code]) => code)
    const inReadme = table("README.md", "## Exit codes").flatMap(([codes = ""]) => codes.split(", "))
    expect([...inReadme, ...reserved].map(Number).toSorted((a, b) => a - b)).toEqual([0, ...Object.values(exitCodes)])
  })

  it("has every error class, and its kind where there is one", () => {
    const inCode = new Map(sources.flatMap((text) =>
      text.split(/(?=^export class )/m).flatMap((part) => {
        const name = /^export class (\w+)\s+extends Schema\.TaggedError/.exec(part)?.[1]
        return name === undefined ? [] : [[name, /readonly kind = "(\w+)"/.exec(part)?.[1]] as const]
      })
    ))
    const said = new Map(
      table("docs/exit-codes.md", "## Errors of the library").map(([name, kinds = ""]) => [bare(name), kinds])
    )
    expect([...said.keys()]).toEqual([...inCode.keys()].toSorted())
    for (const [name, kind] of inCode) if (kind !== undefined) expect(said.get(name), name).toBe(kind)
    for (const [code, refusal] of Object.entries(classes)) {
      expect(said.get(refusal.identifier), code).toBe(refusals[code as Code].kind)
    }
  })

  it("has every reason why a database cannot be used", () => {
    const said = table("docs/exit-codes.md", "### Reasons of `OpenError`")
    const text = read("src/database/OpenError.ts")
    const reasons = [...text.slice(0, text.indexOf("satisfies Record")).matchAll(/^ {2}(\w+): \[/gm)].map(([, r]) => r)
    expect(said.map(([reason]) => bare(reason)).toSorted()).toEqual(reasons.toSorted())
    for (const [reason, kind] of said) {
      expect(openError("", bare(reason) as Parameters<typeof openError>[1]).kind, reason).toBe(kind)
    }
  })

  it("has the codes of SQLite", () => {
    const said = table("docs/exit-codes.md", "### Codes of `SqliteFailure`")
    const kindOf = (code: string) => new SqliteFailure({ path: "", operation: "", code, detail: "" }).kind
    for (const [codes = "", kind] of said) {
      for (const [code] of codes.matchAll(/SQLITE_\w+/g)) expect(kindOf(code), code).toBe(kind)
    }
    expect(kindOf("SQLITE_INTERNAL")).toBe("internal")
    const inCode = [...read("src/database/SqliteFailure.ts").matchAll(/\["(SQLITE_\w+)"/g)].map(([, code]) => code)
    expect([...JSON.stringify(said).matchAll(/SQLITE_\w+/g)].map(([code]) => code).toSorted()).toEqual(
      inCode.toSorted()
    )
  })
})

it("the list of decisions has every decision, by its title", () => {
  const listed = table("docs/decisions/README.md", "# Decisions").map(([link = "", title]) => [
    /\((.*)\)/.exec(link)?.[1],
    title
  ])
  const there = readdirSync(join(root, "docs", "decisions")).filter((name) => name !== "README.md").toSorted()
    .map((name) => [name, /^# \d{4}: (.*)$/m.exec(read(`docs/decisions/${name}`))?.[1]])
  expect(listed).toEqual(there)
})

it("the changelog has this version", () => {
  expect(read("CHANGELOG.md")).toContain(`## [${JSON.parse(read("package.json")).version}]`)
})

it("no block that a reader pastes damages a database or ends the shell", () => {
  const harmful = /(^|[;|& ])(dd |: >|exit \d|rm -rf|head -c)|kill -/m
  const found = ["README.md", "docs/recovery.md", "docs/undo.md", "docs/go-kata.md"].flatMap((file) =>
    fences(file).flatMap(({ line, text }) => harmful.test(text.replaceAll(/# exit .*/g, "")) ? [`${file}:${line}`] : [])
  )
  expect(found).toEqual([])
})

describe("what a page says of an exit code is held against the command", () => {
  for (
    const [line, status] of [
      ["false  # exit 1", 0],
      ["true | false  # exit 1", 0],
      ["false  # exit 9", 1],
      ["true  # exit 9", 1],
      ["true  # exit 9 when something is left out", 0],
      ["false  # exit 9 when something is left out", 1],
      ["false", 1]
    ] as const
  ) {
    it(`${line}: ${status}`, async () => {
      const { status: ended } = await start("bash", ["-e", "-c", `${typed(line)}\ntrue`], {
        cwd: root,
        env: process.env
      })
      expect(ended).toBe(status)
    })
  }
})

describe("commands run as they stand there", () => {
  const machines: Array<Machine> = []
  afterAll(() => machines.forEach(({ folder }) => rmSync(folder, { recursive: true, force: true })))
  for (
    const file of [
      "docs/recovery.md",
      "docs/undo.md",
      "docs/backups.md",
      "docs/format.md",
      "docs/go-kata.md",
      "docs/git.md"
    ]
  ) {
    for (const block of runnable(file)) {
      it(`${file}, line ${block.line}`, async () => {
        const one = machine()
        machines.push(one)
        const { status, stderr, stdout } = await one.run(script(block))
        expect({ status, told: status === 0 ? "" : stdout + stderr }).toEqual({ status: 0, told: "" })
      })
    }
  }
})
