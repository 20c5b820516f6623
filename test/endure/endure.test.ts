/** `npm run endure` at a size that proves nothing of kata: it runs what it says, and can say no. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, expect, it } from "vitest"
import { start } from "../docs/kit.ts"
import { launcher } from "../process/kit.ts"

const temporary = mkdtempSync(join(tmpdir(), "kata-endure-test-"))
afterAll(() => rmSync(temporary, { recursive: true, force: true }))

const endure = async (...args: ReadonlyArray<string>) => {
  const ended = await start(process.execPath, [fileURLToPath(new URL("endure.mjs", import.meta.url)), ...args], {
    cwd: temporary,
    env: { PATH: process.env["PATH"], HOME: temporary, TMPDIR: temporary }
  })
  expect(readdirSync(temporary).filter((name) => name.startsWith("kata-endure-"))).toEqual([])
  return ended
}

/** The program with some lines before it. */
const changed = (name: string, lines: string) => {
  const file = join(temporary, `${name}.cjs`)
  writeFileSync(file, `const words = process.argv.slice(2).join(" ")\n${lines}\nrequire(${JSON.stringify(launcher)})\n`)
  return file
}

const rows = (stdout: string) =>
  stdout.split("\n").filter((line) => /^\| v\d/.test(line)).map((line) => line.split(" | "))

it("runs every command, and a daemon that is loaded and then left alone", async () => {
  const { status, stderr, stdout } = await endure("--times", "1", "--idle", "0.1", "--load", "2")
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" })
  const [commands = [], daemon = []] = rows(stdout)
  const [, count, rounds, processes, expected, again, signals, ...collections] = commands.map(Number.parseFloat)
  expect({ rounds, expected, signals }).toEqual({ rounds: 1, expected: count, signals: 0 })
  expect(processes).toBe(count! + again!)
  expect(count).toBeGreaterThanOrEqual(40)
  for (const kind of collections) expect(kind).toBeGreaterThanOrEqual(count!)
  expect(Number(daemon[1])).toBeGreaterThan(10)
  expect(daemon.at(-1)).toBe("exit code 0 |")
}, 600_000)

it("fails when a process ends by a signal, and for a command that it does not know", async () => {
  const program = changed(
    "aborting",
    `
if (words === "whoami") process.abort()
if (words === "version") process.exit(6)
if (words === "completion bash") process.stdout.write("    'kata:frob') at='kata frob' ;;\\n")`
  )
  const { status, stderr, stdout } = await endure(
    ..."--times 1 --idle 0 --only whoami --only version --only labels".split(" "),
    "--program",
    program
  )
  expect(status).toBe(1)
  expect(stderr).toMatch(/^endure: v\S+: there is no recipe for: kata frob$/m)
  expect(stderr).toMatch(/^endure: v\S+: kata whoami \(time 0\): SIGABRT, not 0/m)
  expect(stderr).toMatch(/^endure: v\S+: kata version \(time 0\): exit code 6, not 0/m)
  expect(rows(stdout)[0]?.slice(1, 7)).toEqual(["3", "1", "3", "1", "0", "1"])
}, 600_000)

it("fails when the daemon ends by a signal, and when it grows", async () => {
  const aborting = changed(
    "ending",
    `
const serves = () => require("node:fs").existsSync(process.env.KATA_HOME + "/runtime")
if (words.endsWith("--foreground")) setInterval(() => serves() && setTimeout(() => process.abort(), 5000), 100)`
  )
  const ended = await endure("--times", "0", "--idle", "1", "--load", "1", "--program", aborting)
  expect(ended.status).toBe(1)
  expect(ended.stderr).toMatch(/^endure: v\S+: the daemon ended by itself, with SIGABRT/m)
  expect(ended.stderr).toMatch(/^children: ended by SIGABRT: /m)

  const growing = changed(
    "growing",
    `globalThis.all = []; setInterval(() => all.push(Array(50_000).fill(words)), 100).unref()`
  )
  const grown = await endure("--times", "0", "--idle", "0.15", "--load", "1", "--program", growing)
  expect(grown.status).toBe(1)
  expect(grown.stderr).toMatch(/^endure: v\S+: the daemon grows, heap: from [\d.]+ to [\d.]+$/m)
}, 600_000)

it("refuses what it does not know", async () => {
  for (const args of [["--times", "x"], ["--idle", "-1"], ["--what"], ["--node", "no-such-node"]]) {
    expect((await endure(...args)).status, args.join(" ")).toBe(2)
  }
})
