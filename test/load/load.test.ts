/** `npm run load` at a size that says nothing of speed: it asks what it says, and leaves nothing behind. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, expect, it } from "vitest"
import { start } from "../docs/kit.ts"

const temporary = mkdtempSync(join(tmpdir(), "kata-load-test-"))
afterAll(() => rmSync(temporary, { recursive: true, force: true }))

const load = (args: ReadonlyArray<string>) =>
  start(process.execPath, [fileURLToPath(new URL("load.mjs", import.meta.url)), ...args], {
    cwd: temporary,
    env: { PATH: process.env["PATH"], HOME: temporary, TMPDIR: temporary }
  })

it("asks for all that there is, and compares what was written with what the stream told", async () => {
  const { status, stderr, stdout } = await load(
    ["--requests", "300", "--clients", "3", "--creates", "10", "--issues", "20", "--runs", "1"]
  )
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" })
  const counts = [...stdout.matchAll(/^\| (\w+) \| (\d+) \| /gm)].map(([, name, count]) =>
    [name, Number(count)] as const
  )
  expect(counts.map(([name]) => name).toSorted()).toEqual(
    ["all", "close", "comment", "create", "edit", "events", "label", "list", "ready", "search", "show"].toSorted()
  )
  expect(counts.reduce((sum, [name, count]) => name === "all" ? sum : sum + count, 0)).toBe(300)
  expect(stdout).toMatch(/^events: (\d+) written, \1 on the stream, in order$/m)
  expect(stdout).toMatch(/^\| kata show \| \d+ \| \d+ \| [\d.]+× \|$/m)
  expect(readdirSync(temporary)).toEqual([])
})

it("refuses what it does not know", async () => {
  for (const args of [["--requests", "x"], ["--clients", "0"], ["--what"]]) {
    expect((await load(args)).status, args.join(" ")).toBe(2)
  }
})
