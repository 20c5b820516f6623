/** kill -9 at any moment: the old database or the new one, and the same command again heals. */
import * as fs from "node:fs"
import { afterAll, beforeAll, describe, expect } from "vitest"
import { some } from "../testing/some.ts"
import { it, large, Place, sha256, sleep, until } from "./kit.ts"

/** A third of the kills is around the swap, which is too short to be met by chance. */
const atSwap = (kill: number) => kill % 3 === 0
const kills = some("kills", Array.from({ length: 15 }, (_, i) => i), atSwap)
const made = new Place()
const [one, other] = [made.path("one.jsonl"), made.path("other.jsonl")]

beforeAll(async () => {
  for (const [name, issues] of [["one", 600], ["other", 700]] as const) {
    await large(made.path(`${name}.db`), issues)
    await made.ok(["export", "--output", `${name}.jsonl`], { env: { KATA_DB: made.path(`${name}.db`) } })
  }
})
afterAll(() => made.close())

/** Numbers between 0 and 1, the same every time. */
const seeded = (seed: number) => () => {
  seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff
  return seed / 0x7fffffff
}

describe("a killed import --force", () => {
  it(`leaves the old or the new database, ${kills.length} times`, async ({ place }) => {
    place.killed = true
    const random = seeded(20_260_504)
    const target = place.path("t.db")
    await place.ok(["import", "--input", one, "--target", "t.db"])
    const started = Date.now()
    await place.ok(["import", "--input", other, "--target", "t.db", "--force"])
    const whole = Date.now() - started
    const contents = new Map<string, string>()
    for (const input of [one, other]) contents.set(sha256(fs.readFileSync(input)), input)
    let current = other
    const outcomes = { old: 0, new: 0 }
    for (const kill of kills) {
      const next = current === one ? other : one
      const before = backups(place)
      const { child, done } = place.start(["import", "--input", next, "--target", "t.db", "--force"])
      if (atSwap(kill)) {
        await until("the backup", () => backups(place) > before || child.exitCode !== null)
        await sleep(random() * 30)
      } else await sleep(whole * (0.2 + random() * 0.8))
      child.kill("SIGKILL")
      await done
      const found = contents.get(await exported(place, target))
      expect(found, "the content of one of the snapshots").toBeDefined()
      outcomes[found === next ? "new" : "old"]++
      current = found!
    }
    console.log(
      `killed ${kills.length} times: ${outcomes.old} times the old database, ${outcomes.new} times the new one`
    )
    await place.ok(["import", "-q", "--input", one, "--target", "t.db", "--force"])
    const inode = fs.statSync(target).ino
    for (const name of place.names()) {
      expect(name).not.toMatch(/kata-stage/)
      if (name !== "t.db") expect(fs.statSync(place.path(name)).ino, name).not.toBe(inode)
    }
    const sides = place.names().filter((name) => name.startsWith("t.db-"))
    expect(sides).toEqual([])
    expect(contents.get(await exported(place, target))).toBe(one)
  })
})

const backups = (place: Place) => place.names().filter((name) => name.includes(".bak.")).length

/** The digest of what the database holds. */
const exported = async (place: Place, database: string) => {
  await place.ok(["export", "-q", "--output", "now.jsonl"], { env: { KATA_DB: database } })
  const digest = sha256(fs.readFileSync(place.path("now.jsonl")))
  fs.rmSync(place.path("now.jsonl"))
  return digest
}
