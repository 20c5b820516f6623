/**
 * Faults at system calls of the built program, many of them:
 *
 *     npm run campaign -- --count 2000 --seed 7 --report FILE --only "import --force: cut" --workers 4
 *     npm run campaign -- --only daemon --cuts 500 --seed 7     power cuts of a daemon that writes
 */
import { spawnSync } from "node:child_process"
import { resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { watchChildren } from "../watch/children.mjs"

watchChildren()

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "2000" },
    cuts: { type: "string", default: "500" },
    seed: { type: "string", default: "7" },
    report: { type: "string" },
    only: { type: "string" },
    workers: { type: "string" }
  }
})
const variables = {
  KATA_POINTS: values.count,
  KATA_POWER_CUTS: values.cuts,
  KATA_SEED: values.seed,
  KATA_CAMPAIGN_REPORT: values.report && resolve(values.report),
  KATA_ONLY: values.only,
  KATA_WORKERS: values.workers
}
const root = fileURLToPath(new URL("../..", import.meta.url))
const argv = ["vitest", "run", "--config", ".config/vitest.config.ts", "--project", "process", "test/campaign"]
const { status } = spawnSync("npx", argv, {
  cwd: root,
  stdio: "inherit",
  env: { ...process.env, ...Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== undefined)) }
})
process.exitCode = status ?? 1
