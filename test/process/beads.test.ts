/** An import of Beads that is killed, on either side, leaves the database as it was, or all of it is there. */
import { existsSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect } from "vitest"
import { query, sleep, until } from "./kit.ts"
import { isAlive, it, type World } from "./world.ts"

const count = 1500

const prepared = async (world: World) => {
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
  return { argv, env, path, state }
}

const whole = [count, count + count * 5 + count - 1, count - 1]

describe("an import of Beads", () => {
  it("whose command or daemon is killed at any moment brings all or nothing, and comes again", async ({ world }) => {
    const { argv, env, path, state } = await prepared(world)
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
    await world.ok(["daemon", "stop"], { env })
  }, 300_000)

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
