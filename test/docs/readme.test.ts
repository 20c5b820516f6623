/** What the README tells people to type, typed. */
import { readdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { fences, type Machine, machine, read, runnable, script, start, typed } from "./kit.ts"

const machines: Array<Machine> = []
const fresh = (): Machine => {
  const one = machine()
  machines.push(one)
  return one
}
afterAll(() => machines.forEach(({ folder }) => rmSync(folder, { recursive: true, force: true })))

it("the first command installs and shows, the second installs and tests", () => {
  expect(fences("README.md")[0]?.text.split("\n").slice(0, 2)).toEqual([
    "npm install && npm run demo",
    "npm install && npm test"
  ])
})

describe("recipes", () => {
  for (const block of runnable("README.md")) {
    const { line, text } = block
    const title = text.split("\n").find((command) => command.includes("kata")) ?? text
    it(`line ${line}: ${title}`, async () => {
      const { folder, run } = fresh()
      const { status, stderr } = await run(script(block))
      expect({ status, stderr: status === 0 ? "" : stderr }).toEqual({ status: 0, stderr: "" })
      expect(readdirSync(join(folder, "tmp"))).toEqual([])
    })
  }
})

it("the git recipe commits what changed, and nothing when nothing did", async () => {
  const recipe = runnable("README.md").find(({ text }) => text.includes("git init"))?.text ?? ""
  const { run } = fresh()
  const commits = async () => Number((await run("git -C ~/kata-backups rev-list --count HEAD")).stdout)
  expect((await run(recipe)).status).toBe(0)
  expect((await run(recipe)).status).toBe(0)
  expect(await commits()).toBe(1)
  const changed = await run(
    "kata export --include-deleted=false --output x.jsonl && " +
      "kata import --quiet --force --input x.jsonl --target ~/.kata/kata.db"
  )
  expect(changed.status).toBe(0)
  expect((await run(recipe)).status).toBe(0)
  expect(await commits()).toBe(2)
  await run("rm ~/.kata/kata.db")
  // what an import has replaced lies beside it
  expect((await run(recipe)).status).toBe(3)
  expect(await commits()).toBe(2)
})

it("found W21: the recipe works with cron's environment, and says when it does not", async () => {
  const recipe = runnable("README.md").find(({ text }) => text.includes("git init"))?.text ?? ""
  const lines = fences("README.md").find(({ info }) => info === "crontab")?.text.split("\n") ?? []
  const job = lines.find((line) => line.includes("kata-backup"))?.replace(/^(?:\S+ ){5}/, "") ?? ""
  expect(lines[0]).toMatch(/^MAILTO=/)
  // in a crontab a % ends the command
  expect(job).not.toContain("%")
  const { folder, run } = fresh()
  // a machine on which nobody has told git a name
  await run("rm ~/.gitconfig")
  expect((await run(recipe)).status).toBe(0)
  expect((await run("git -C ~/kata-backups log -1 --format='%an <%ae>'")).stdout).toBe("kata <kata@localhost>\n")
  const home = join(folder, "home")
  const cron = () =>
    start("/bin/sh", ["-c", job], {
      cwd: home,
      env: { HOME: home, LOGNAME: "somebody", PATH: "/usr/bin:/bin", SHELL: "/bin/sh" }
    })
  expect(await cron()).toEqual({ status: 0, stdout: "", stderr: "" })
  await run("kata init --project new && kata create 'An issue' && kata daemon stop")
  expect(await cron()).toEqual({ status: 0, stdout: "", stderr: "" })
  expect((await run("git -C ~/kata-backups rev-list --count HEAD")).stdout).toBe("2\n")
  await run("rm ~/.kata/kata.db")
  const failed = await cron()
  expect(failed.stderr).toContain("kata.db does not exist")
  expect(failed.stdout).toBe("kata: no backup was made, exit code 4\n")
})

it("going back gives the database that was there, whatever the new one left in its -wal", async () => {
  const recipe = runnable("README.md").find(({ text }) => text.includes("rm -f kata.db-wal"))
  const { folder, run } = fresh()
  const before = (await run("kata export --output -")).stdout
  expect((await run(recipe?.setup ?? "")).status).toBe(0)
  await run("echo 'not a wal of the old one' > ~/.kata/kata.db-wal")
  expect((await run(typed(recipe?.text ?? ""))).status).toBe(0)
  expect((await run("kata export --output -")).stdout === before).toBe(true)
  expect(before.length).toBeGreaterThan(1000)
  expect(readdirSync(join(folder, "home", ".kata")).toSorted()).toEqual(["kata.db", "kata.db.history", "kata.db.lock"])
})

it("going back with a name that is not there removes nothing", async () => {
  const recipe = runnable("README.md").find(({ text }) => text.includes("rm -f kata.db-wal"))
  const { run } = fresh()
  expect((await run(recipe?.setup ?? "")).status).toBe(0)
  await run("echo 'the newest work' > ~/.kata/kata.db-wal")
  // as it stands there, without the name of the reader's backup
  expect((await run(recipe?.text ?? "")).status).not.toBe(0)
  expect((await run("cat ~/.kata/kata.db-wal")).stdout).toBe("the newest work\n")
})

it("names every command", async () => {
  const { stdout } = await fresh().kata("--help")
  const commands = [...stdout.matchAll(/^ {2}(\w+) {2,}\w/gm)].map((match) => match[1])
  expect(commands).toContain("export")
  const readme = read("README.md")
  expect(commands.filter((command) => !readme.includes(`kata ${command}`))).toEqual([])
})

it("names no command and no flag that does not exist", async () => {
  const { kata } = fresh()
  const lines = runnable("README.md").flatMap(({ text }) => text.split("\n"))
  const used = lines.flatMap((line) => [...line.matchAll(/(?:^|[ '])kata (\w+)([^|']*)/g)])
  expect(used.length).toBeGreaterThan(20)
  for (const command of new Set(used.map(([, command = ""]) => command))) {
    const help = await kata(command, "--help")
    expect(help.status, command).toBe(0)
    const flags = used.filter(([, name]) => name === command).flatMap(([, , rest = ""]) =>
      rest.match(/--[a-z-]+/g) ?? []
    )
    expect(flags.filter((flag) => !help.stdout.includes(flag)), command).toEqual([])
  }
})
