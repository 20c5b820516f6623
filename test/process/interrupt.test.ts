/** Ctrl-C and SIGTERM: the state before, at once; after the point of no return it is done, and says so. */
import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import { afterAll, beforeAll, describe, expect } from "vitest"
import { it, large, Place, sha256, sleep, stopped, until } from "./kit.ts"

const issues = 2000
const made = new Place()
const database = made.path("large.db")
const snapshot = made.path("large.jsonl")

beforeAll(async () => {
  await large(database, issues)
  await made.ok(["export", "--output", snapshot], { env: { KATA_DB: database } })
})
afterAll(() => made.close())

const bySignal = { SIGINT: 130, SIGTERM: 143 } as const

/** What somebody who stops a command may still have to wait for, in milliseconds of its own work. */
const atOnce = 1000

/** The name of a temporary file tells that the work has begun; then some of it is done. */
const begun = (place: Place, name: RegExp) => until(String(name), () => place.names().some((one) => name.test(one)))

describe("an export", () => {
  it("that is told to stop leaves the file that was there, and nothing beside it", async ({ place }) => {
    fs.copyFileSync(database, place.path("small.db"))
    for (const [signal, delay] of [["SIGINT", 0], ["SIGTERM", 40], ["SIGINT", 150]] as const) {
      place.write("x.jsonl", "old")
      const running = place.start(["export", "--output", "x.jsonl"])
      await begun(place, /^\.x\.jsonl\.kata-/)
      await sleep(delay)
      const { cpu, ...result } = await stopped(running, signal)
      expect(result).toMatchObject({ exit: bySignal[signal], stdout: "" })
      expect(result.stderr).toBe(`kata: ${signal === "SIGINT" ? "interrupted" : "terminated"}\n`)
      expect(cpu).toBeLessThan(atOnce)
      expect(place.read("x.jsonl")).toBe("old")
      expect(place.names()).toEqual(["small.db", "x.jsonl"])
    }
    const json = place.start(["export", "--output", "x.jsonl", "--json"])
    await begun(place, /^\.x\.jsonl\.kata-/)
    expect(JSON.parse((await stopped(json, "SIGTERM")).stderr)).toMatchObject({ error: { exit_code: 143 } })
    await place.ok(["export", "--output", "x.jsonl"])
    expect(sha256(place.read("x.jsonl"))).toBe(sha256(fs.readFileSync(snapshot)))
  })

  it("that is told to stop is done or not done, and says which", async ({ place }) => {
    fs.copyFileSync(database, place.path("small.db"))
    const codes = new Set<number | null>()
    for (let step = 0; step < 4; step++) {
      place.write("x.jsonl", "old")
      const inode = fs.statSync(place.path("x.jsonl")).ino
      const running = place.start(["export", "--output", "x.jsonl"])
      await begun(place, /^\.x\.jsonl\.kata-/)
      // half of the time right after the rename, when only the report is missing
      if (step % 2 === 0) await until("the rename", () => fs.statSync(place.path("x.jsonl")).ino !== inode)
      else await sleep(250 + step * 50)
      const { exit, stderr, stdout } = await stopped(running, "SIGINT")
      codes.add(exit)
      expect([0, 130]).toContain(exit)
      expect(place.read("x.jsonl") === "old").toBe(exit === 130)
      expect(stdout === "").toBe(exit === 130)
      expect(stderr === "").toBe(exit === 0)
      expect(place.names()).toEqual(["small.db", "x.jsonl"])
    }
    expect(codes).toContain(0)
  })

  it("that has said that it is done has succeeded, whenever it is told to stop after that", async ({ place }) => {
    for (const delay of [0, 4, 8]) {
      const running = place.start(["export", "--output", "x.jsonl"], { env: { KATA_DB: database } })
      await new Promise((resolve) => running.child.stdout?.once("data", resolve))
      await sleep(delay)
      expect(await stopped(running, "SIGINT")).toMatchObject({ exit: 0, stderr: "" })
    }
  })
})

describe("an import", () => {
  const argv = ["import", "--input", snapshot, "--target", "x.db", "--force"]

  it("that is told to stop leaves the database that was there, and nothing beside it but the lock", async ({ place }) => {
    const before = fs.readFileSync(place.fixture("small.db", "x.db"))
    for (const [signal, delay] of [["SIGINT", 0], ["SIGTERM", 300], ["SIGINT", 700], ["SIGTERM", 1000]] as const) {
      const running = place.start(argv)
      await begun(place, /^\.x\.db\.kata-stage-/)
      await sleep(delay)
      const { cpu, ...result } = await stopped(running, signal)
      // on a fast machine it may be done by then
      if (result.exit === 0) break
      expect(result).toMatchObject({ exit: bySignal[signal], stdout: "" })
      expect(cpu).toBeLessThan(atOnce)
      expect(fs.readFileSync(place.path("x.db")).equals(before)).toBe(true)
      expect(place.names()).toEqual(["x.db", "x.db.lock"])
    }
    await place.ok(argv)
    await place.ok(["verify", snapshot, "--against", "x.db"])
  })

  it("that is told to stop while it swaps is done or not done, and says which", async ({ place }) => {
    const codes = new Set<number | null>()
    for (const moment of ["backup", "swapped"]) {
      for (const name of place.names()) fs.rmSync(place.path(name), { recursive: true })
      const before = sha256(fs.readFileSync(place.fixture("small.db", "x.db")))
      const inode = fs.statSync(place.path("x.db")).ino
      const running = place.start(argv)
      await (moment === "backup"
        ? begun(place, /^x\.db\.bak\./)
        : until("the rename", () => fs.statSync(place.path("x.db")).ino !== inode))
      const { exit, stderr, stdout } = await stopped(running, "SIGINT")
      codes.add(exit)
      expect([0, 130]).toContain(exit)
      expect(stdout.startsWith("imported x.db\n")).toBe(exit === 0)
      expect(stderr === "").toBe(exit === 0)
      expect(sha256(fs.readFileSync(place.path("x.db"))) === before).toBe(exit === 130)
      const kept = place.names().filter((name) => !name.includes(".bak."))
      expect(kept).toEqual(exit === 0 ? ["x.db", "x.db.history", "x.db.lock"] : ["x.db", "x.db.lock"])
      expect(place.names()).toHaveLength(exit === 0 ? 4 : 2)
    }
    expect(codes).toEqual(new Set([0]))
  })

  it("that waits for its input can be told to stop, and has touched nothing", async ({ place }) => {
    const running = place.start(["import", "--input", "-", "--target", "x.db"], { stdin: openFifo(place) })
    await until("the spool", () => fs.readdirSync(place.tmp).length > 0)
    expect(await stopped(running, "SIGINT")).toMatchObject({ exit: 130, stdout: "", stderr: "kata: interrupted\n" })
    expect(place.names()).toEqual([])
  })

  it("a second signal ends it at once", async ({ place }) => {
    const running = place.start(argv)
    place.killed = true
    await begun(place, /^\.x\.db\.kata-stage-/)
    running.child.kill("SIGTERM")
    running.child.kill("SIGTERM")
    const { exit, signal } = await running.done
    expect(signal === "SIGTERM" || exit === 143).toBe(true)
  })
})

describe("a verify", () => {
  it("that is told to stop leaves nothing", async ({ place }) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      const running = place.start(["verify", snapshot, "--against", database])
      await until("the private database", () => fs.readdirSync(place.tmp).length > 0)
      await sleep(100)
      const { cpu, ...result } = await stopped(running, signal)
      expect(result).toMatchObject({ exit: bySignal[signal], stdout: "" })
      expect(cpu).toBeLessThan(atOnce)
      expect(fs.readdirSync(place.tmp)).toEqual([])
    }
  })
})

/** An input in which nothing comes and which does not end. */
const openFifo = (place: Place): number => {
  const path = `${place.root}/fifo`
  execFileSync("mkfifo", [path])
  return fs.openSync(path, "r+")
}
