/** A small campaign; `npm run campaign` makes a large one. */
import * as fs from "node:fs"
import { tmpdir } from "node:os"
import { afterAll, expect, it } from "vitest"
import { campaign } from "./campaign.ts"
import { compile } from "./shim.ts"

const directory = fs.mkdtempSync(`${tmpdir()}/kata-shim-`)
const shim = compile(directory)
if ("why" in shim) console.warn(`skipped: no faults at system calls: ${shim.why}`)
afterAll(() => fs.rmSync(directory, { recursive: true, force: true }))

const { KATA_CAMPAIGN_REPORT: file, KATA_ONLY: only, KATA_POINTS, KATA_SEED, KATA_WORKERS } = process.env
const count = Number(KATA_POINTS ?? 120)

it.skipIf("why" in shim)(`${count} faults at system calls: before or after, and the next run heals`, {
  timeout: 120_000 + count * 5_000
}, async () => {
  const library = "library" in shim ? shim.library : ""
  const report = await campaign({
    library,
    count,
    only,
    seed: Number(KATA_SEED ?? 20_261_124),
    workers: KATA_WORKERS === undefined ? undefined : Number(KATA_WORKERS),
    onViolation: (text) => console.error(text)
  })
  if (file !== undefined) fs.writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`)
  console.log(JSON.stringify({ ...report, violations: report.violations.length }, null, 2))
  expect(report.violations).toEqual([])
  expect(report.missed).toBeLessThan(report.tried / 50 + 3)
})
