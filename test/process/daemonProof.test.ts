/** Signals go to daemons and to nobody else; one that hangs is known, and is not waited for without end. */
import { type ChildProcess, spawn } from "node:child_process"
import * as fs from "node:fs"
import { createServer } from "node:http"
import { join } from "node:path"
import { afterEach, describe, expect } from "vitest"
import { isAlive, it, sleep, until } from "./world.ts"

const others: Array<ChildProcess> = []
afterEach(() => others.splice(0).forEach((other) => other.kill("SIGKILL")))

/** A process that has nothing to do with kata. */
const somebody = () => {
  const other = spawn("sleep", ["60"], { stdio: "ignore" })
  others.push(other)
  return other
}

describe("a record whose number another process has now", () => {
  it("is shown, believed by nobody, and gets nobody killed", async ({ world }) => {
    await world.up()
    await world.ok(["daemon", "stop"])
    const { pid = 0 } = somebody()
    const path = world.plant(pid, "unix:///nowhere/daemon.sock")
    expect(await world.ok(["daemon", "status"])).toBe(
      `no daemon running\nnote: ${path} names process ${pid}, which is no kata\n`
    )
    expect(await world.ok(["daemon", "stop"])).toBe(`no daemon serves ${world.database}\n`)
    expect(await world.fails(2, ["daemon", "reload"])).toBe(
      "kata: no daemon running\nhint: kata daemon start reads the settings\n"
    )
    await world.fails(7, ["health"])
    await world.ok(["export", "--output", "x.jsonl"])
    // A daemon starts all the same, and only that one is stopped.
    const started = await world.ok(["daemon", "start"])
    expect(started).toMatch(/^started/)
    expect(await world.ok(["daemon", "stop"])).toMatch(/^stopped pid=\d+\n$/)
    expect(isAlive(pid)).toBe(true)
    expect(fs.existsSync(path)).toBe(true)
  })

  it("is nobody's even when a kata answers there, if it is another one", async ({ world }) => {
    await world.up()
    await world.ok(["daemon", "stop"])
    const { pid = 0 } = somebody()
    const socket = join(world.root, "other.sock")
    const pong = { ok: true, service: "kata", version: "x" }
    let answer: object = pong
    const server = createServer((_, response) => response.end(JSON.stringify(answer))).listen(socket)
    try {
      world.plant(pid, `unix://${socket}`)
      // It does not say who it is: something is there, and must be left alone.
      const report = await world.fails(10, ["daemon", "stop"])
      expect(report).toContain(`process ${pid}`)
      expect(report).toContain("it was sent nothing")
      await world.fails(10, ["export", "--output", "x.jsonl"])
      answer = { ...pong, pid: 1 }
      expect(await world.ok(["daemon", "stop"])).toBe(`no daemon serves ${world.database}\n`)
      expect(isAlive(pid)).toBe(true)
      // Nor is that a proof: whoever is there by now can say it. A daemon of Go kata is left to Go kata.
      answer = { ...pong, pid }
      await world.fails(10, ["daemon", "stop"])
      expect(isAlive(pid)).toBe(true)
    } finally {
      server.close()
    }
  })

  it("is that of garbage: nothing", async ({ world }) => {
    await world.up()
    await world.ok(["daemon", "stop"])
    const [namespace = ""] = fs.readdirSync(join(world.home, "runtime"))
    for (const name of ["daemon.1234567890.json", "daemon.x.json", "other.txt"]) {
      fs.writeFileSync(join(world.home, "runtime", namespace, name), "{")
    }
    expect(await world.ok(["daemon", "status"])).toBe("no daemon running\n")
    expect(await world.ok(["daemon", "stop"])).toBe(`no daemon serves ${world.database}\n`)
  })
})

describe("a daemon that hangs", () => {
  it("found W12: is known by its lock, and stopped when it wakes", async ({ world }) => {
    const { address, pid } = await world.up()
    process.kill(pid, "SIGSTOP")
    try {
      expect(await world.ok(["daemon", "status"])).toContain(`daemon pid=${pid} `)
      const since = JSON.parse(await world.ok(["daemon", "status", "--json"])).daemons[0].started_at
      expect(await world.fails(7, ["health"]), "found W12").toContain(
        `the daemon (pid ${pid}, since ${since}) does not answer at ${address}\nhint: it is stopped (SIGSTOP) or busy`
      )
      expect(await world.fails(10, ["export", "--output", "x.jsonl"])).toContain(`pid ${pid} at ${address}`)
      const start = await world.run(["daemon", "start"])
      expect(start).toMatchObject({ exit: 7, stdout: "" })
      expect(start.stderr).toContain(`(pid ${pid}) does not answer at ${address}\nhint: it may hang: kata daemon stop`)
      const stopping = world.start(["daemon", "stop"])
      await sleep(1500)
      expect(stopping.child.exitCode).toBe(null)
      process.kill(pid, "SIGCONT")
      expect(await stopping.done).toEqual({ exit: 0, signal: null, stdout: `stopped pid=${pid}\n`, stderr: "" })
    } finally {
      if (isAlive(pid)) process.kill(pid, "SIGCONT")
    }
    await world.ok(["export", "--output", "x.jsonl"])
  })

  it("is proven by its lock also without a record", async ({ world }) => {
    const { pid } = await world.up()
    fs.rmSync(join(world.home, "runtime"), { recursive: true })
    expect(await world.ok(["daemon", "status"])).toContain(`daemon pid=${pid} version=`)
    expect(await world.ok(["daemon", "stop"])).toBe(`stopped pid=${pid}\n`)
    await until("it is gone", () => !isAlive(pid))
  })
})
