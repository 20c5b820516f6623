/** `npm run demo` is the first thing that a newcomer runs. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, expect, it } from "vitest"
import { start } from "../docs/kit.ts"

const temporary = mkdtempSync(join(tmpdir(), "kata-demo-test-"))
afterAll(() => rmSync(temporary, { recursive: true, force: true }))

const demo = (environment: NodeJS.ProcessEnv = {}) =>
  start(process.execPath, [fileURLToPath(new URL("demo.mjs", import.meta.url))], {
    cwd: temporary,
    env: { PATH: process.env["PATH"], HOME: temporary, TMPDIR: temporary, ...environment }
  })

it("shows every step, fits into 80 columns and leaves nothing behind", async () => {
  const { status, stderr, stdout } = await demo()
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" })
  for (const command of ["init", "create", "list", "search", "close", "show", "export", "verify", "import", "doctor"]) {
    expect(stdout).toContain(`kata ${command} `)
  }
  expect(stdout.match(/^ {2}checked: /gm)).toHaveLength(6)
  expect(stdout.split("\n").filter((line) => [...line].length > 80)).toEqual([])
  expect(stdout).not.toContain("\u001b")
  expect(stdout.trimEnd().split("\n").slice(-2).join(" ")).toMatch(/^Shown: .*\.$/)
  expect(readdirSync(temporary).filter((name) => name.startsWith("kata-demo-"))).toEqual([])
})

it("works on its own database, whatever the environment says", async () => {
  expect((await demo({ KATA_DB: "/nowhere/kata.db", KATA_HOME: "/nowhere" })).status).toBe(0)
})
