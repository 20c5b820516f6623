/** What the daemon has acknowledged is kept: with many clients at once, told to stop and killed among them, exported while it works. */
import * as fs from "node:fs"
import { join } from "node:path"
import { describe, expect } from "vitest"
import { Random } from "../../src/testing/random.ts"
import { eventsIn, holds, Team } from "./clients.ts"
import { query } from "./kit.ts"
import { gone, isAlive, it, listing, sleep, until, type World } from "./world.ts"

/** Of what is drawn; KATA_SEED tries others, KATA_KILLS more. */
const seed = Number(process.env["KATA_SEED"] ?? 1)
const kills = Number(process.env["KATA_KILLS"] ?? 4)

/** What a stopped daemon leaves: the database is one file, and nothing of its own is in the way of the next one. */
const tidy = (world: World) => {
  expect(listing(world.home).filter((name) => !name.startsWith("d"))).toEqual([
    "-600 daemon.log",
    "-600 kata.db",
    "-600 kata.db.lock"
  ])
  expect(listing(world.sockets).filter((name) => !name.startsWith("d"))).toEqual([])
}

const clients = (team: Team, number: number, most?: number) =>
  Array.from({ length: number }, (_, n) => team.client(`c${n}`, new Random(seed * 100 + n), most))

it("loses nothing and mixes nothing up, however many work at once", async ({ world }) => {
  await world.up()
  const team = await Team.make(world)
  const stream = team.follow()
  const people = [0, 1].map((n) => team.person(world, `p${n}`, new Random(seed * 100 + 50 + n), 5))
  await Promise.all([...clients(team, 8, 30), ...people])
  const polled = await team.poll()
  await until("the stream has told everything", () => stream.seen.length >= polled.length)
  await stream.stop()
  await world.ok(["daemon", "stop"])
  tidy(world)
  const { events, unanswered } = holds(world.database, team)
  expect(unanswered).toEqual([])
  // what each says of itself is all that there is
  const own = team.done.flatMap((change) => change.events.map(({ uid }) => uid))
  expect(new Set(own).size).toBe(own.length)
  expect(events).toBe(own.length + team.shared.length)
  expect(polled).toEqual(Array.from({ length: events }, (_, n) => n + 1))
  expect(stream.seen).toEqual(polled)
  expect(team.changes.filter(({ kind, outcome }) => kind === "count" && outcome === "done").length).toBeGreaterThan(0)
})

it(
  "killed at any moment, it has all that it answered; the next command goes on",
  { timeout: 240_000 + kills * 10_000 },
  async ({ world }) => {
    world.killed = true
    await world.up()
    const team = await Team.make(world)
    const stream = team.follow()
    const random = new Random(seed)
    team.work(() => [...clients(team, 5), team.person(world, "p0", new Random(seed + 7))])
    for (let n = 0; n < kills; n++) {
      const { pid } = world.daemon()
      const answered = team.done.length
      await until("it works", () => team.done.length > answered)
      await sleep(random.below(300))
      process.kill(pid, "SIGKILL")
      await gone(pid)
      await world.ok(["comment", team.shared[0]!.short_id, "--body", `after kill ${n}`, "--project", "alpha"])
      // it answers a little before it is published
      await until("the new one is known, and the killed one is not", () => {
        const records = world.records()
        return records.length === 1 && records[0]?.pid !== pid
      })
    }
    await team.rest()
    const polled = await team.poll()
    await until("the stream has told everything", () => stream.seen.length >= polled.length)
    await stream.stop()
    await world.ok(["daemon", "stop"])
    tidy(world)
    const { events } = holds(world.database, team)
    expect(polled).toEqual(Array.from({ length: events }, (_, n) => n + 1))
    expect(stream.seen).toEqual(polled)
    const after = query(world.database, "SELECT body FROM comments WHERE body LIKE 'after kill %' ORDER BY id")
    expect(after).toEqual(Array.from({ length: kills }, (_, n) => [`after kill ${n}`]))
  }
)

it("told to stop while all write, it answers what it has done and does nothing else", async ({ world }) => {
  await world.up()
  const team = await Team.make(world)
  for (let n = 0; n < 3; n++) {
    const { pid } = world.daemon()
    team.work(() => Array.from({ length: 6 }, (_, c) => team.client(`t${n}c${c}`, new Random(seed * 100 + n * 10 + c))))
    await team.progress(10)
    process.kill(pid, "SIGTERM")
    await gone(pid)
    await team.rest()
    tidy(world)
    // the one file is all of it
    const copy = join(world.work, `copy${n}.db`)
    fs.copyFileSync(world.database, copy)
    const { applied, unanswered } = holds(copy, team)
    expect(unanswered.filter((change) => applied.get(change) === true)).toEqual([])
    const written = team.done.reduce((sum, change) => sum + change.events.length, team.shared.length)
    expect(eventsIn(copy).length).toBe(written)
    await world.up()
  }
  // of one request each at most a client does not know what became of it, and of most all do
  const unknown = team.changes.filter(({ outcome }) => outcome === "unknown").length
  expect(unknown).toBeLessThanOrEqual(18)
  expect(unknown).toBeLessThan(team.done.length / 2)
  expect(world.log()).not.toMatch(/error|cut/)
  await world.ok(["daemon", "stop"])
})

it("exported while it works, each export is a state that was: verified, imported, served itself", async ({ world }) => {
  await world.up()
  const team = await Team.make(world)
  team.work(() => clients(team, 4))
  const exports: Array<string> = []
  for (let n = 0; n < 3; n++) {
    await team.progress(5)
    exports.push(`s${n}.jsonl`)
    await world.ok(["export", "--quiet", "--allow-running-daemon", "--output", `s${n}.jsonl`])
  }
  await team.progress(1)
  await team.rest()
  await world.ok(["daemon", "stop"])
  holds(world.database, team)
  const all = eventsIn(world.database)
  const numbers: Array<number> = []
  for (const [n, file] of exports.entries()) {
    await world.ok(["verify", "--quiet", file])
    await world.ok(["import", "--quiet", "--input", file, "--target", `r${n}.db`])
    const { events } = holds(world.path(`r${n}.db`), team, "an older state")
    expect(eventsIn(world.path(`r${n}.db`))).toEqual(all.slice(0, events))
    numbers.push(events)
  }
  expect(numbers).toEqual(numbers.toSorted((a, b) => a - b))
  expect(numbers.at(-1)).toBeLessThan(all.length)

  // beside the first one, with a daemon of its own
  const restored = { env: { KATA_DB: world.path("r0.db") } }
  const [issue] = team.shared
  await world.ok(["comment", issue!.short_id, "--body", "in the restored one", "--project", "alpha"], restored)
  await world.ok(["comment", issue!.short_id, "--body", "in the first one", "--project", "alpha"])
  expect(world.records().filter(({ pid }) => isAlive(pid)).map(({ db_path }) => db_path).toSorted()).toEqual(
    [world.database, world.path("r0.db")].toSorted()
  )
  const bodies = async (options = {}) =>
    JSON.parse(await world.ok(["show", issue!.short_id, "--json", "--project", "alpha"], options))
      .comments.map(({ body }: { readonly body: string }) => body)
  expect(await bodies(restored)).toContain("in the restored one")
  expect(await bodies(restored)).not.toContain("in the first one")
  expect(await bodies()).not.toContain("in the restored one")
  await world.ok(["daemon", "stop"], restored)
  await world.ok(["daemon", "stop"])
  expect(eventsIn(world.path("r0.db")).length).toBe(numbers[0]! + 1)
})

describe("a database that is served", () => {
  it("has one daemon, though two directories of state start one at once, and the other says so", async ({ world }) => {
    const homes = [world.home, join(world.root, "home2")]
    for (let n = 0; n < 2; n++) {
      const starts = await Promise.all(
        homes.map((home) => world.run(["daemon", "start"], { env: { KATA_HOME: home } }))
      )
      const records = homes.flatMap((home) => world.records(home)).filter(({ pid }) => isAlive(pid))
      expect(records.length).toBe(1)
      const { pid } = records[0]!
      const said = starts.map(({ exit, stderr, stdout }) => ({ exit, text: stdout + stderr }))
      expect(said.filter(({ text }) => text.startsWith(`started daemon pid=${pid} `)).length, JSON.stringify(said))
        .toBe(1)
      const other = said.find(({ text }) => !text.startsWith("started"))
      expect(other?.exit, other?.text).toBe(0)
      expect(other?.text).toContain(`already running: daemon pid=${pid} `)
      // whichever served, a command of the other one reaches it or says who it is
      for (const home of homes) {
        const { exit, stderr } = await world.run(["projects", "list"], { env: { KATA_HOME: home } })
        if (exit !== 0) expect([exit, stderr]).toEqual([7, expect.stringContaining(`(pid ${pid})`)])
      }
      await world.ok(["daemon", "stop"], { env: { KATA_HOME: homes[n] } })
      expect(isAlive(pid)).toBe(false)
    }
  })

  it("is not restored over, by force neither", async ({ world }) => {
    world.fixture("rich.sealed-d2.jsonl", "x.jsonl")
    const { address, pid } = await world.up()
    const team = await Team.make(world)
    team.work(() => clients(team, 2))
    const argv = ["import", "--input", "x.jsonl", "--target", world.database, "--force"]
    const names = fs.readdirSync(world.home)
    for (const env of [{}, { KATA_HOME: join(world.root, "home2") }]) {
      const report = await world.fails(10, argv, { env })
      expect(report).toContain(`pid ${pid}`)
    }
    expect(fs.readdirSync(world.home)).toEqual(names)
    expect(world.daemon()).toMatchObject({ address, pid })
    await team.rest()
    await world.ok(["daemon", "stop"])
    holds(world.database, team)
    await world.ok(argv.concat("--quiet"))
    expect(query(world.database, "SELECT count(*) FROM events")).not.toEqual([[0]])
    // the old one is in the backup, whole
    const [backup = ""] = fs.readdirSync(world.home).filter((name) => name.includes(".bak."))
    holds(join(world.home, backup), team)
  })
})
