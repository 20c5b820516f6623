/**
 * `npm test`. The files of unit tests share three processes, which load what is tested once and not 200 times: vitest 3 decides that for a whole run, by
 * what stands outside of its projects, and ends with "Terminating worker thread" where there may be fewer. With arguments it is
 * one run of vitest with them, a process for each file.
 */
import { spawnSync } from "node:child_process"

const shared = ["isolate=false", "minForks=3", "maxForks=3"].map((option) => `--poolOptions.forks.${option}`)
const given = process.argv.slice(2)
const runs = given.length > 0
  ? [given]
  : [["--project", "unit", ...shared], ["--project", "clock", "--project", "process"]]
const { KATA_TEST_REPORT: report } = process.env

for (const [number, argv] of runs.entries()) {
  const { signal, status } = spawnSync("vitest", ["run", "--config", ".config/vitest.config.ts", ...argv], {
    stdio: "inherit",
    env: report === undefined ? process.env : { ...process.env, KATA_TEST_REPORT: `${report}-${number}` }
  })
  if (status !== 0) process.exitCode = status ?? 1
  if (signal !== null) break
}
