/** A daemon in daily life: other settings, its log, and the scripts of the manual. */
import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import { join } from "node:path"
import { describe, expect } from "vitest"
import { namespaceOf } from "../../src/presence/databasePath.ts"
import { root } from "./kit.ts"
import { isAlive, it, until } from "./world.ts"

describe("settings", () => {
  it("are read again on demand, and kept when they cannot be", async ({ world }) => {
    const { pid } = await world.up()
    const config = join(world.home, "config.toml")
    fs.writeFileSync(config, "listen = \"127.0.0.1:0\"\n[close.throttle]\nenabled = true\nwindow = \"90s\"\n")
    expect(await world.ok(["daemon", "reload"])).toBe(
      `reload signal sent to pid=${pid} (check daemon log for result)\n`
    )
    await until("it is read", () => world.log().includes("config reload ok"))
    expect(world.log()).toContain(
      "config reload ok: close throttle on, window 90000 ms; a restart is needed for listen\n"
    )
    fs.writeFileSync(config, "listne = 1\n")
    await world.ok(["daemon", "reload"])
    await until("it is read", () => world.log().includes("config reload failed"))
    expect(world.log()).toContain("unknown key(s): listne (keeping the previous config)\n")
    expect(await world.fails(3, ["daemon", "restart"])).toContain("listne")
    expect(world.daemon().pid).toBe(pid)
    fs.rmSync(config)
    expect(await world.ok(["daemon", "restart"])).toMatch(/^started daemon pid=\d+ address=unix:/)
    expect(isAlive(pid)).toBe(false)
    expect(world.daemon().pid).not.toBe(pid)
    await world.ok(["daemon", "stop"])
    // there need not be one
    expect(await world.ok(["daemon", "restart", "--listen", "127.0.0.1:0"])).toMatch(/ address=127\.0\.0\.1:[1-9]/)
    await world.ok(["daemon", "stop"])
    expect(await world.fails(2, ["daemon", "reload", "--agent"])).toContain("ERR daemon usage: no daemon running")
  })
})

describe("kata daemon logs", () => {
  it("prints what daemons in the background said, oldest first, and what comes", async ({ world }) => {
    expect(await world.ok(["daemon", "logs"])).toBe("")
    await world.up()
    fs.writeFileSync(join(world.home, "daemon.log.1"), "before\nthat\n", { mode: 0o600 })
    const [first, second, third] = (await world.ok(["daemon", "logs"])).split("\n")
    expect([first, second]).toEqual(["before", "that"])
    expect(third).toContain(" serving ")
    expect(await world.ok(["daemon", "logs", "--limit", "2"])).toBe(`that\n${third}\n`)
    expect(JSON.parse(await world.ok(["daemon", "logs", "--json", "--limit", "1"]))).toEqual({
      kata_api_version: 1,
      lines: [third]
    })
    const { child, done } = world.start(["daemon", "logs", "--tail", "--limit", "1"])
    let seen = ""
    child.stdout?.on("data", (text: string) => {
      seen += text
    })
    await until("it shows", () => seen.includes("serving"))
    await world.ok(["daemon", "reload"])
    await until("it follows", () => seen.includes("config reload ok"))
    child.kill("SIGINT")
    expect(await done).toMatchObject({ exit: 0, stderr: "" })
    await world.ok(["daemon", "stop"])
    await world.fails(3, ["daemon", "logs", "--limit", "0"])
    await world.fails(2, ["daemon", "logs", "--failed-only"])
  })

  it("prints the runs of hooks that are there, filtered", async ({ world }) => {
    expect(await world.ok(["daemon", "logs", "--hooks"])).toBe("")
    const directory = join(world.home, "hooks", namespaceOf(world.database))
    fs.mkdirSync(directory, { recursive: true })
    const run = (id: number, type: string, index: number, code: number) =>
      JSON.stringify({ event_id: id, event_type: type, hook_index: index, exit_code: code, spawn_error: "" })
    const runs = [run(1, "issue.created", 0, 0), run(2, "issue.closed", 1, 2), run(3, "issue.created", 1, 0)]
    fs.writeFileSync(join(directory, "runs.jsonl.2"), `${runs[0]}\n`)
    fs.writeFileSync(join(directory, "runs.jsonl.1"), `${runs[1]}\n`)
    fs.writeFileSync(join(directory, "runs.jsonl"), `${runs[2]}\n`)
    const logs = (...flags: ReadonlyArray<string>) => world.ok(["daemon", "logs", "--hooks", ...flags])
    expect(await logs()).toBe(`${runs.join("\n")}\n`)
    expect(await logs("--limit", "2")).toBe(`${runs.slice(1).join("\n")}\n`)
    expect(await logs("--failed-only")).toBe(`${runs[1]}\n`)
    expect(await logs("--event-type", "issue.created")).toBe(`${runs[0]}\n${runs[2]}\n`)
    expect(await logs("--hook-index", "1", "--limit", "1")).toBe(`${runs[2]}\n`)
    await world.fails(3, ["daemon", "logs", "--hooks", "--hook-index=-2"])
    fs.appendFileSync(join(directory, "runs.jsonl"), "{broken\n")
    expect(await world.run(["daemon", "logs", "--hooks", "--limit", "1"])).toEqual({
      exit: 0,
      signal: null,
      stdout: `${runs[2]}\n`,
      stderr: "kata: 1 line skipped that could not be read\n"
    })
  })
})

describe("the script of the manual", () => {
  it("stops, exports, starts and commits, again and again, with set -e and without it", () => {
    const script = join(root, "test", "process", "backupLoop.mjs")
    expect(execFileSync(process.execPath, [script, "2"], { encoding: "utf8" })).toBe("2 rounds, 4 commits\n")
  })
})

describe("a disk on which no more can be written", () => {
  it("ends a change with the code of the disk, keeps what was there, and everything can be looked at", async ({ world }) => {
    const limited = { shell: "ulimit -f 4096; exec \"$@\"" }
    await world.up(limited)
    await world.ok(["init", "--project", "app"])
    const body = "x".repeat(100_000)
    const create = (i: number) =>
      world.run(["create", `issue ${i}`, "--body-stdin", "--force-new", "--quiet"], { stdin: body })
    const made: Array<string> = []
    let last = await create(0)
    for (; last.exit === 0 && made.length < 60; last = await create(made.length)) made.push(last.stdout.trim())
    expect(last).toMatchObject({ exit: 11, stdout: "" })
    expect(last.stderr).toMatch(/^kata: .*(?:full|disk I\/O error).*\nhint: .+\n$/)
    const listed = (await world.ok(["list"])).trimEnd().split("\n").map((line) => line.split("\t")[0] ?? "")
    expect(listed.toSorted()).toEqual(made.toSorted())
    expect(await world.ok(["show", made.at(-1)!])).toContain(body)
  })
})
