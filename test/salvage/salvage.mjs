/**
 * Random damages of databases, many of them:
 *
 *     npm run salvage -- --count 500 --seed 7
 */
import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "500" },
    seed: { type: "string", default: "7" }
  }
})
const argv = ["vitest", "run", "--config", ".config/vitest.config.ts", "--project", "unit", "test/salvage"]
const { status } = spawnSync("npx", argv, {
  cwd: fileURLToPath(new URL("../..", import.meta.url)),
  stdio: "inherit",
  env: { ...process.env, KATA_TRIALS: values.count, KATA_SEED: values.seed }
})
process.exitCode = status ?? 1
