/** A restore that fails at the disk leaves beside the old database what was there, and no more. */
import * as fs from "node:fs"
import { join } from "node:path"
import { expect } from "vitest"
import { compile, readTrace } from "../campaign/shim.ts"
import { fixtures, it } from "./kit.ts"

const input = join(fixtures, "rich.export.jsonl")

it("found W13: each sync of the swap fails, and no -journal is left", { timeout: 600_000 }, async ({ place }) => {
  const own = join(place.root, "shim")
  fs.mkdirSync(own)
  const shim = compile(own)
  if ("why" in shim) return console.warn(`skipped: ${shim.why}`)
  const restore = async (env: Readonly<Record<string, string>> = {}) => {
    for (const name of place.names()) fs.rmSync(place.path(name), { recursive: true })
    place.fixture("small.db", "t.db")
    const trace = join(own, "trace")
    fs.rmSync(trace, { force: true })
    const result = await place.run(["import", "--input", input, "--target", "t.db", "--force"], {
      env: { LD_PRELOAD: shim.library, KATA_SHIM_ROOT: place.work, KATA_SHIM_TRACE: trace, ...env }
    })
    return { ...result, calls: readTrace(trace) }
  }
  const clean = await restore()
  expect(clean.exit, clean.stderr).toBe(0)
  const syncs = clean.calls.filter(({ kind, name }) => kind === "sync" && /^t\.db(?:-journal)?$/.test(name))
  expect(syncs.length).toBeGreaterThan(2)
  for (const { index, kind, name } of syncs) {
    const { exit, stderr } = await restore({ KATA_SHIM_AT: `${kind}\t${name}\t${index}`, KATA_SHIM_DO: "fail:5" })
    const names = place.names().filter((name) => !name.startsWith("t.db.bak."))
    expect(names, `${name} ${index}: ${stderr}`).toEqual(
      exit === 0 ? ["t.db", "t.db.history", "t.db.lock"] : ["t.db", "t.db.lock"]
    )
    // What SQLite could make good by itself is no failure.
    if (exit === 0) continue
    expect(exit, stderr).toBe(11)
    await place.ok(["export", "--output", "again.jsonl"], { env: { KATA_DB: "t.db" } })
    expect(place.read("again.jsonl")).toContain("\"name\":\"small\"")
  }
})
