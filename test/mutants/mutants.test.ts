/** A small campaign of a fixed seed; `npm run mutants -- --count 200` makes a large one. */
import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { expect, it } from "vitest"

const root = fileURLToPath(new URL("../..", import.meta.url))

/** Of one file, whose tests are quick: ten of all files take a quarter of an hour. */
const few = ["--count", "10", "--seed", "1", "--only", "snapshot/digest"]

it("ten mutants of a fixed seed are caught by the tests of their file", { timeout: 900_000 }, () => {
  const argv = ["test/mutants/mutants.mjs", ...few, "--limit", "500"]
  const { status, stderr, stdout } = spawnSync(process.execPath, argv, { cwd: root, encoding: "utf8" })
  expect(stdout).toMatch(/: 10 mutants, \d+ killed, \d+ without a difference in behaviour, 0 survived;/)
  expect([status, stderr]).toEqual([0, ""])
})
