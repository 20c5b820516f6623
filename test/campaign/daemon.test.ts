/** A small campaign of power cuts of a daemon that writes; `npm run campaign` makes a large one. */
import * as fs from "node:fs"
import { tmpdir } from "node:os"
import { afterAll, expect, it } from "vitest"
import { daemonCampaign } from "./daemon.ts"
import { compile } from "./shim.ts"

const directory = fs.realpathSync(fs.mkdtempSync(`${tmpdir()}/kata-power-`))
const shim = compile(directory)
if ("why" in shim) console.warn(`skipped: no power cuts of a daemon: ${shim.why}`)
afterAll(() => fs.rmSync(directory, { recursive: true, force: true }))

const { KATA_ONLY: only, KATA_POWER_CUTS, KATA_SEED } = process.env
const count = Number(KATA_POWER_CUTS ?? 25)

it.skipIf("why" in shim || (only !== undefined && only !== "daemon"))(
  `${count} power cuts of a daemon that writes: no change that was answered is lost`,
  { timeout: 120_000 + count * 2_000 },
  async () => {
    const report = await daemonCampaign({
      library: "library" in shim ? shim.library : "",
      root: directory,
      count,
      changes: 150,
      seed: Number(KATA_SEED ?? 20_261_130),
      onViolation: (text) => console.error(text)
    })
    console.log(JSON.stringify({ ...report, violations: report.violations.length }, null, 2))
    expect(report.violations).toEqual([])
    // it was about something
    expect(report.looked).toBeGreaterThan(count * 10)
    expect(report.checkpoints).toBeGreaterThan(1)
  }
)
