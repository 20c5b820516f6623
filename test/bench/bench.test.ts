/** `npm run bench` at a size that says nothing of speed: it measures what it says, and leaves nothing behind. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, expect, it } from "vitest"
import { start } from "../docs/kit.ts"

const temporary = mkdtempSync(join(tmpdir(), "kata-bench-test-"))
afterAll(() => rmSync(temporary, { recursive: true, force: true }))

const bench = (args: ReadonlyArray<string>, path = process.env["PATH"]) =>
  start(process.execPath, [fileURLToPath(new URL("bench.mjs", import.meta.url)), ...args], {
    cwd: temporary,
    env: { PATH: path, HOME: temporary, TMPDIR: temporary }
  })

const left = () => readdirSync(temporary).filter((name) => name.startsWith("kata-bench-"))

it("measures every command beside its yardstick", async () => {
  const { status, stderr, stdout } = await bench([
    "--issues",
    "20,40",
    "--runs",
    "1",
    "--only",
    "export,import,verify,upgrade,gzip"
  ])
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" })
  const rows = stdout.slice(0, stdout.indexOf("## Goals")).split("\n").filter((line) => line.startsWith("| **kata"))
  expect(rows.map((row) => row.split(" | ")[0])).toEqual(
    ["20", "40"].flatMap(() =>
      ["export", "import", "verify", "upgrade", "export, .gz"].map((what) => `| **kata ${what}**`)
    )
  )
  for (const row of rows) expect(row).toMatch(/\| [\d.]+ m?s \| [\d.]+ m?s \| /)
  expect(stdout).toContain("`kata import`, 20 → 40 | 2.00× |")
  expect(left()).toEqual([])
})

it("measures merges and comparisons, and how long others wait for a merge by a daemon, which is gone afterwards", async () => {
  const { status, stderr, stdout } = await bench(["--issues", "20", "--runs", "1", "--only", "merge,diff,waits"])
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" })
  for (const what of ["other issues", "the same again", "changed issues"]) {
    expect(stdout).toContain(`| **kata import --merge, ${what}** |`)
  }
  expect(stdout).toMatch(/\| `kata diff`, 20 issues \| ≤ 2\.0× \| [\d.]+× \|/)
  expect(stdout).toMatch(/\| \*\*10 changed issues\*\* \| [\d.]+ m?s \| [\d.]+ m?s \| [\d.]+ m?s \|/)
  expect(stdout).toMatch(/\| longest wait of a writer for 10 changed issues among 20 \| ≤ 2 s \| [\d.]+ m?s \|/)
  expect(stdout).toMatch(
    /\| longest wait of a writer for 20 other issues \/ .* \| ≤ 1\.2× \| [\d.]+× \| {2}\| {2}\| (?:yes|no) \|/
  )
  expect(left()).toEqual([])
})

it("measures starts, the last of them with a daemon that is gone afterwards", async () => {
  const { status, stderr, stdout } = await bench(["--runs", "1", "--only", "start"])
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" })
  expect(stdout).toMatch(/\| \*\*kata show\*\* \| \d+ ms \|/)
  expect(stdout).toMatch(/\| `kata show` \| ≤ 2\.5× \| [\d.]+× \|/)
  expect(stdout).toMatch(
    process.platform === "linux"
      ? /\| forwarded show, CPU of the daemon .* \| ≤ 3\.0× \| {2}\| {2}\| [\d.]+× \| (?:yes|no) \|/
      : /\| forwarded show, CPU of the daemon .* \| not measured \|/
  )
  expect(left()).toEqual([])
})

it("says so where there is no sqlite3 program, and leaves the ratios out", async () => {
  const { status, stdout } = await bench(["--issues", "5", "--runs", "1", "--only", "export"], temporary)
  expect(status).toBe(0)
  expect(stdout).toMatch(/^There is no sqlite3 program here/)
  expect(stdout).toMatch(/\| \*\*kata export\*\* \|.* \| – \| – \| – \|/)
  expect(left()).toEqual([])
})

it("keeps a profile of each command where it is told to", async () => {
  const profiles = join(temporary, "profiles")
  const { status, stdout } = await bench(["--issues", "5", "--only", "verify", "--profile", profiles])
  expect(status).toBe(0)
  expect(stdout).toMatch(/^ +\d+\.\d{3} s {2}\S/m)
  const folder = join(profiles, "kata-verify-5")
  const [profile = ""] = readdirSync(folder)
  expect(JSON.parse(readFileSync(join(folder, profile), "utf8")).samples.length).toBeGreaterThan(0)
  expect(left()).toEqual([])
})

it("refuses what it does not know", async () => {
  for (const args of [["--issues", "0"], ["--runs", "x"], ["--only", "exports"], ["--what"]]) {
    expect((await bench(args)).status, args.join(" ")).toBe(2)
  }
})
