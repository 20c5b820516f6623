/** What a command needs of memory, far from the limit: the bench measures it, this sees a heap that is not bounded. */
import { describe, expect } from "vitest"
import { it, large, measured } from "./kit.ts"

describe("an import", () => {
  it("keeps its heap near what it uses", async ({ place }) => {
    await large(place.path("k.db"), 8000)
    await place.ok(["export", "--output", "s.jsonl"], { env: { KATA_DB: place.path("k.db") } })
    const { exit, peak } = await measured(place, ["import", "--input", "s.jsonl", "--target", "t.db"])
    expect(exit).toBe(0)
    // 171 to 211 by Node and by how busy the machine is; 324 on Node 24 where nothing bounds it
    expect(peak).toBeLessThan(270)
  })
})
