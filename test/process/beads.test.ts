/**
 * An import of Beads that is killed, on either side or beside the daemon, leaves the database as it was, or all of it is there, and can be taken
 * back. While it writes others read, and who writes waits.
 */
import { existsSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect } from "vitest"
import { query, sleep, until } from "./kit.ts"
import { isAlive, it, listing, tellsChildren, workers, type World } from "./world.ts"

const prepared = async (world: World, count = 1500) => {
  const file = join(world.root, "issues.jsonl")
  const at = "2026-03-01T10:00:00Z"
  const records = Array.from({ length: count }, (_, i) => ({
    id: `zz-${i}`,
    title: `Number ${i}`,
    status: "open",
    priority: 2,
    issue_type: "task",
    created_at: at,
    updated_at: at,
    labels: ["a", "b"],
    dependencies: i === 0 ? [] : [{ issue_id: `zz-${i}`, depends_on_id: `zz-${i - 1}`, type: "blocks", created_at: at }]
  }))
  writeFileSync(file, records.map((record) => `${JSON.stringify(record)}\n`).join(""))
  const path = join(world.home, "beads.db")
  const env = { KATA_DB: path, KATA_AUTHOR: "ann" }
  const argv = ["--project", "app", "import", "--source-format", "beads", "--input", file, "--json"]
  await world.ok(["init", "--project", "app"], { env })
  const number = (sql: string) => Number(query(path, sql).flat()[0])
  const state = () => [
    number("SELECT count(*) FROM issues"),
    number("SELECT count(*) FROM events"),
    number("SELECT count(*) FROM links")
  ]
  return { argv, env, path, state, count, whole: [count, count + count * 5 + count - 1, count - 1] }
}

/** What a history has is whole, and no file of one that was killed is left. */
const tidy = (world: World) => {
  const history = listing(world.home).filter((name) => name.includes("beads.db.history/"))
  const ids = (kind: string) => history.filter((name) => name.endsWith(kind)).map((name) => name.slice(0, -kind.length))
  expect(ids(".rows")).toEqual(ids(".json"))
  expect(history.filter((name) => !/^-600 \S+\.(?:rows|json)$/.test(name))).toEqual([])
}

describe("an import of Beads", () => {
  it("whose command or daemon is killed at any moment brings all or nothing, and comes again", async ({ world }) => {
    const { argv, count, env, path, state, whole } = await prepared(world)
    const [, before = 0] = state()
    for (const delay of [300, 900, 1500, 2500]) {
      const running = world.start(argv, { env })
      await sleep(delay)
      running.child.kill("SIGKILL")
      await running.done
      world.killed = true
      await until("the daemon has ended what it was at", () => {
        const [issues] = state()
        return issues === 0 || issues === count
      })
      expect([0, count]).toContain(state()[0])
    }
    for (const delay of [400, 1200, 2500]) {
      const running = world.start(argv, { env })
      await sleep(delay)
      for (const { pid } of world.records().filter(({ pid }) => isAlive(pid))) process.kill(pid, "SIGKILL")
      await running.done
      expect([0, count]).toContain(state()[0])
      expect(query(path, "PRAGMA integrity_check").flat()).toEqual(["ok"])
    }
    const last = await world.run(argv, { env })
    expect(last.exit, last.stderr).toBe(0)
    const [issues, events, links] = state()
    expect([issues, (events ?? 0) - before, links]).toEqual([whole[0], whole[1], whole[2]])
    expect(JSON.parse(await world.ok(argv, { env }))).toMatchObject({ unchanged: count, updated: 0, created: 0 })
    tidy(world)
    await world.ok(["undo"], { env })
    expect(state()).toEqual([0, before, 0])
    expect(query(path, "PRAGMA integrity_check").flat()).toEqual(["ok"])
    await world.ok(["daemon", "stop"], { env })
  }, 300_000)

  it.runIf(tellsChildren)(
    "whose process beside the daemon is killed at any moment brings all or nothing",
    async ({ world }) => {
      const { argv, count, env, path, state } = await prepared(world)
      const [, before = 0] = state()
      world.killed = true
      const { pid } = world.records().find(({ pid }) => isAlive(pid))!
      const exits = new Set<number | null>()
      for (const delay of [0, 200, 400, 600, 800, 1000, 1200, 1500, 2000]) {
        const running = world.start(argv, { env })
        await until("it works, or is done", () => workers(pid).length === 1 || running.child.exitCode !== null)
        await sleep(delay)
        for (const worker of workers(pid)) process.kill(worker, "SIGKILL")
        const { exit, stderr } = await running.done
        exits.add(exit)
        if (exit !== 0) expect(stderr).toMatch(/the process of the import ended before .*\(SIGKILL\)/)
        const [issues = 0] = state()
        expect([0, count]).toContain(issues)
        if (issues === 0) continue
        // the next undo finds what a kill behind the commit has left
        await world.ok(["undo"], { env })
        expect(state()).toEqual([0, before, 0])
        expect(query(path, "PRAGMA integrity_check").flat()).toEqual(["ok"])
      }
      // a kill was in time at least once
      expect([...exits].some((exit) => exit !== 0)).toBe(true)
      expect(isAlive(pid)).toBe(true)
      await world.ok(argv, { env })
      tidy(world)
      expect(state()[0]).toBe(count)
      await world.ok(["daemon", "stop"], { env })
    },
    300_000
  )

  it.runIf(tellsChildren)(
    "does not keep others from reading while it writes, and who writes waits for it",
    async ({ world }) => {
      const { argv, count, env, state } = await prepared(world, 6000)
      const { pid } = world.records().find(({ pid }) => isAlive(pid))!
      const running = world.start(argv, { env })
      await until("it works", () => workers(pid).length === 1)
      const writing = world.start(["--project", "app", "create", "meanwhile", "--quiet"], { env })
      let reads = 0
      while (running.child.exitCode === null) {
        const { exit, stderr } = await world.run(["--project", "app", "list", "--limit", "5"], { env })
        expect(exit, stderr).toBe(0)
        if (running.child.exitCode === null) reads++
      }
      expect(await running.done).toMatchObject({ exit: 0 })
      expect(await writing.done).toMatchObject({ exit: 0, stderr: "" })
      expect(reads).toBeGreaterThan(2)
      expect(state()[0]).toBe(count + 1)
      await world.ok(["daemon", "stop"], { env })
    },
    300_000
  )

  it.runIf(tellsChildren)(
    "whose command is gone ends the process beside the daemon, and leaves nothing",
    async ({ world }) => {
      const { argv, env, state } = await prepared(world, 6000)
      const { pid } = world.records().find(({ pid }) => isAlive(pid))!
      const running = world.start(argv, { env })
      await until("it works", () => workers(pid).length === 1)
      await sleep(500)
      world.killed = true
      running.child.kill("SIGKILL")
      await running.done
      await until("nobody works", () => workers(pid).length === 0)
      expect(state()[0]).toBe(0)
      await until("its file is gone", () => !listing(world.home).some((name) => name.includes(".kata-")))
      expect(listing(world.home).filter((name) => name.includes(".history"))).toEqual([])
      await world.ok(["daemon", "stop"], { env })
    },
    300_000
  )

  it("that is interrupted before it writes says so, and leaves nothing", async ({ world }) => {
    const { env, state } = await prepared(world)
    const bd = join(world.root, "bd")
    writeFileSync(
      bd,
      "#!/bin/sh\ncase $1 in version) echo 'bd version 1.0.5';; export) echo $$ > \"$0.pid\"; sleep 60;; *) exit 1;; esac\n",
      { mode: 0o755 }
    )
    const running = world.start(["--project", "app", "import", "--source-format", "beads", "--bd", bd], { env })
    await until("bd has begun", () => existsSync(`${bd}.pid`))
    running.child.kill("SIGINT")
    const { exit, stdout } = await running.done
    expect([exit, stdout, state()[0]]).toEqual([130, "", 0])
    await world.ok(["daemon", "stop"], { env })
  }, 60_000)
})
