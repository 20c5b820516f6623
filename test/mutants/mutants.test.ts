/** A small campaign of a fixed seed; `npm run mutants -- --count 200` makes a large one. */
import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { expect, it } from "vitest"

const root = fileURLToPath(new URL("../..", import.meta.url))

it("ten mutants of a fixed seed are caught by the tests of their files", { timeout: 900_000 }, () => {
  const argv = ["test/mutants/mutants.mjs", "--count", "10", "--seed", "20261130", "--limit", "500"]
  const { status, stderr, stdout } = spawnSync(process.execPath, argv, { cwd: root, encoding: "utf8" })
  expect(stdout).toMatch(/: 10 mutants, \d+ killed, \d+ without a difference in behaviour, 0 survived;/)
  expect([status, stderr]).toEqual([0, ""])
})
