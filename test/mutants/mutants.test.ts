/** A small campaign of a fixed seed; `npm run mutants -- --count 200` makes a large one. */
import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { expect, it } from "vitest"

const root = fileURLToPath(new URL("../..", import.meta.url))

it("three mutants of one file are caught by its tests", { timeout: 600_000 }, () => {
  const argv = [
    "test/mutants/mutants.mjs",
    "--count",
    "3",
    "--seed",
    "1",
    "--only",
    "snapshot/digest",
    "--limit",
    "500"
  ]
  const { status, stderr, stdout } = spawnSync(process.execPath, argv, { cwd: root, encoding: "utf8" })
  expect(stdout).toMatch(/: 3 mutants, 3 killed, 0 without a difference in behaviour, 0 survived;/)
  expect([status, stderr]).toEqual([0, ""])
})
