import { readdirSync, readFileSync } from "node:fs"
import { availableParallelism } from "node:os"
import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"
import { watchChildren } from "../test/watch/children.mjs"

watchChildren()

// SQLite reads this once, when the first database is opened: the forked workers must be born with it.
process.env["SQLITE_USE_URI"] = "1"

/** What runs the built program. */
const processes = [
  "test/process/**/*.test.ts",
  "test/campaign/**/*.test.ts",
  "test/demo/**/*.test.ts",
  "test/docs/**/*.test.ts",
  "test/bench/**/*.test.ts",
  "test/load/**/*.test.ts",
  "test/watch/**/*.test.ts",
  "test/endure/**/*.test.ts",
  "test/mutants/mutants.test.ts"
]

const root = fileURLToPath(new URL("..", import.meta.url))

/** What turns the test clock: it is not there in a process that other files have used, as unit tests do in `npm test`. */
const clocked = readdirSync(`${root}/test`, { recursive: true, encoding: "utf8" })
  .map((name) => `test/${name}`)
  .filter((name) =>
    name.endsWith(".test.ts") && readFileSync(`${root}/${name}`, "utf8").includes("\"effect/TestClock\"")
  )

const report = process.env["KATA_TEST_REPORT"]
// one more than two cores have: much of a test is waiting for somebody else
const maxForks = Math.max(3, Math.floor(availableParallelism() / 2))

export default defineConfig({
  root,
  test: {
    reporters: report === undefined ? ["default"] : ["default", ["json", { outputFile: report }]],
    // threads share one environment with the process that was started: SQLite would not see what they set
    pool: "forks",
    setupFiles: ["test/watch/setup.mjs"],
    poolOptions: { forks: { minForks: 1, maxForks } },
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: [...processes, ...clocked],
          // what a hang is known by, on a machine that is busy with other things too; a test is not measured by it
          testTimeout: 120_000,
          hookTimeout: 120_000
        }
      },
      {
        extends: true,
        test: {
          name: "clock",
          include: clocked,
          testTimeout: 120_000,
          hookTimeout: 120_000
        }
      },
      {
        extends: true,
        test: {
          name: "process",
          include: processes,
          globalSetup: [".config/vitest.built.ts"],
          testTimeout: 240_000,
          hookTimeout: 240_000
        }
      }
    ]
  }
})
