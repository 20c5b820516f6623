/** The life of a daemon: started in the background, found, told to stop, killed, started again. */
import * as fs from "node:fs"
import { connect } from "node:net"
import { join } from "node:path"
import { describe, expect } from "vitest"
import { query } from "./kit.ts"
import { ask, gone, isAlive, it, listing, sleep, until, type World } from "./world.ts"

const namespace = (world: World) => fs.readdirSync(join(world.home, "runtime"))[0] ?? ""

describe("a daemon", () => {
  it("starts in the background, says where it is, and leaves nothing but the database", async ({ world }) => {
    const before = new Date().toISOString()
    const started = await world.ok(["daemon", "start"])
    const record = world.daemon()
    expect(started).toBe(
      `started daemon pid=${record.pid} address=${record.address} db=${world.database}\n`
    )
    const hash = namespace(world)
    const socket = `${world.sockets}/kata/${hash}/daemon.sock`
    expect(record).toEqual({
      pid: record.pid,
      address: `unix://${socket}`,
      db_path: world.database,
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
      started_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    })
    expect(record.started_at >= before).toBe(true)
    expect(listing(world.home)).toEqual([
      "-600 daemon.log",
      "-600 kata.db",
      "-600 kata.db-shm",
      "-600 kata.db-wal",
      "-600 kata.db.lock",
      "d700 runtime",
      `d700 runtime/${hash}`,
      `-600 runtime/${hash}/daemon.${record.pid}.json`
    ])
    expect(listing(world.sockets)).toEqual(["d700 kata", `d700 kata/${hash}`, `s600 kata/${hash}/daemon.sock`])
    const ping = await ask(record.address, "/api/v1/ping")
    expect(ping.status).toBe(200)
    expect(JSON.parse(ping.text)).toEqual({ ok: true, service: "kata", version: record.version, pid: record.pid })

    const line = `daemon pid=${record.pid} version=${record.version} address=${record.address} db=${world.database} ` +
      `started_at=${record.started_at.replace(/\.\d+/, "")}\n`
    expect(await world.ok(["daemon", "status"])).toBe(line)
    expect(JSON.parse(await world.ok(["--json", "daemon", "status"]))).toEqual({
      kata_api_version: 1,
      daemons: [record],
      unproven: []
    })
    expect(await world.ok(["daemon", "status", "--agent"])).toMatch(/^OK daemon status=running count=1\n- pid=/)
    expect(await world.ok(["health"])).toMatch(
      new RegExp(`^ok=true schema_version=10 uptime=\\d+s db=${world.database}\\n$`)
    )
    expect(JSON.parse(await world.ok(["health", "--json"]))).toMatchObject({ kata_api_version: 1, ok: true })
    expect(await world.ok(["health", "--agent"])).toBe(`OK health ok=true daemon=${record.address}\n`)

    expect(await world.ok(["daemon", "stop"])).toBe(`stopped pid=${record.pid}\n`)
    expect(isAlive(record.pid)).toBe(false)
    expect(listing(world.home)).toEqual([
      "-600 daemon.log",
      "-600 kata.db",
      "-600 kata.db.lock",
      "d700 runtime",
      `d700 runtime/${hash}`
    ])
    expect(listing(world.sockets)).toEqual(["d700 kata", `d700 kata/${hash}`])
    expect(await world.ok(["daemon", "stop"])).toBe(`no daemon serves ${world.database}\n`)
    expect(await world.ok(["daemon", "stop", "--json"])).toBe(`{"kata_api_version":1,"stopped":[]}\n`)
    expect(await world.ok(["daemon", "status"])).toBe("no daemon running\n")
    expect(await world.fails(7, ["health"])).toBe("kata: no daemon running (start one with `kata daemon start`)\n")
    expect(listing(join(world.home, "runtime"))).toEqual([`d700 ${hash}`])
    expect(world.log()).toMatch(/ serving .* which is new,.*\n.* stopping: SIGTERM\n.* stopped\n$/)
  })

  it("begins with an empty database that kata and SQLite find good, and finds it again", async ({ world }) => {
    await world.up()
    await world.ok(["daemon", "stop"])
    expect(query(world.database, "PRAGMA integrity_check")).toEqual([["ok"]])
    expect(query(world.database, "PRAGMA journal_mode")).toEqual([["wal"]])
    expect(query(world.database, "SELECT key, value FROM meta ORDER BY key")).toEqual([
      ["created_by_version", "0.1.0"],
      ["instance_uid", expect.stringMatching(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/)],
      ["schema_version", "10"]
    ])
    const first = await world.ok(["export", "--quiet", "--output", "-"])
    expect((await world.up()).db_path).toBe(world.database)
    await world.ok(["daemon", "stop"])
    expect(await world.ok(["export", "--quiet", "--output", "-"])).toBe(first)
  })

  it("has a session of its own, no directory, and nothing of the caller's open", async ({ world }) => {
    const { pid } = await world.up()
    if (!fs.existsSync("/proc/self/stat")) return
    const [, group, session] = fs.readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /, "").split(" ").slice(1)
      .map(Number)
    expect({ group, session }).toEqual({ group: pid, session: pid })
    expect(fs.readlinkSync(`/proc/${pid}/cwd`)).toBe("/")
    expect([0, 1, 2].map((fd) => fs.readlinkSync(`/proc/${pid}/fd/${fd}`))).toEqual([
      "/dev/null",
      "/dev/null",
      join(world.home, "daemon.log")
    ])
    await world.ok(["daemon", "stop"])
  })

  it("runs already: that is said and no failure, but not for who wants to be it", async ({ world }) => {
    const { address, pid } = await world.up()
    expect(await world.ok(["daemon", "start"])).toBe(
      `already running: daemon pid=${pid} address=${address} db=${world.database}\n`
    )
    expect(await world.ok(["daemon", "start", "--json"])).toContain(`"started":false,"daemon":{"pid":${pid},`)
    expect(await world.fails(10, ["daemon", "start", "--foreground"])).toContain(`in use by a daemon (pid ${pid}, `)
    expect(await world.fails(10, ["daemon", "start", "--listen", "127.0.0.1:0"])).toContain("kata daemon restart")
    // The same file by another name, and from another directory of state.
    fs.symlinkSync(world.database, join(world.home, "link.db"))
    const link = { KATA_DB: join(world.home, "link.db") }
    expect(await world.ok(["daemon", "start"], { env: link })).toContain(`already running: daemon pid=${pid} `)
    const other = { KATA_HOME: join(world.root, "home2") }
    expect(await world.ok(["daemon", "start"], { env: other })).toContain(`already running: daemon pid=${pid} `)
    expect(await world.ok(["daemon", "status"], { env: other })).toContain(`daemon pid=${pid} `)
    expect(world.records().length).toBe(1)
    expect(await world.ok(["daemon", "stop"], { env: other })).toBe(`stopped pid=${pid}\n`)
    expect(isAlive(pid)).toBe(false)
  })

  it("is one, however many start it at once", async ({ world }) => {
    const starts = await Promise.all(Array.from({ length: 4 }, () => world.ok(["daemon", "start"])))
    const { pid } = world.daemon()
    expect(starts.map((line) => line.split(" pid=")[1]?.split(" ")[0])).toEqual(starts.map(() => String(pid)))
    expect(starts.filter((line) => line.startsWith("started")).length).toBe(1)
    // Stopped and started at once, it is there in the end or not, and nothing fails.
    await Promise.all([world.ok(["daemon", "stop"]), world.ok(["daemon", "start"]), world.ok(["daemon", "start"])])
    await world.ok(["daemon", "stop"])
    expect(world.records()).toEqual([])
  })

  it("that was killed is not there, and its leftovers go with the next start", async ({ world }) => {
    const killed = await world.up()
    process.kill(killed.pid, "SIGKILL")
    await gone(killed.pid)
    expect(fs.existsSync(killed.address.slice(7))).toBe(true)
    expect(await world.ok(["daemon", "status"])).toBe("no daemon running\n")
    expect(await world.ok(["daemon", "stop"])).toBe(`no daemon serves ${world.database}\n`)
    await world.fails(7, ["health"])
    await world.ok(["export", "--output", "x.jsonl"])
    const next = await world.up()
    expect(next.address).toBe(killed.address)
    expect(world.records()).toEqual([next])
    expect((await ask(next.address, "/api/v1/health")).status).toBe(200)
    await world.ok(["daemon", "stop"])
  })
})

describe("in the foreground", () => {
  const foreground = async (world: World, ...flags: ReadonlyArray<string>) => {
    const running = world.start(["daemon", "start", "--foreground", ...flags])
    await until("it serves", () => world.records().length === 1)
    return { ...running, record: world.daemon() }
  }

  it("it says nothing, and ends well when it is told to", async ({ world }) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      const { child, done, record } = await foreground(world)
      expect(record.pid).toBe(child.pid)
      child.kill(signal)
      expect(await done).toEqual({ exit: 0, signal: null, stdout: "", stderr: "" })
      expect(world.records()).toEqual([])
    }
    expect(world.log()).toBe("")
    // whenever that is
    for (const delay of [60, 120, 180, 240]) {
      const { child, done } = world.start(["daemon", "start", "--foreground"])
      await sleep(delay)
      child.kill("SIGTERM")
      const { exit, signal, stderr } = await done
      // before it listens to signals at all, or before it knows what it is to be
      if (signal === null && exit !== 143) expect({ exit, stderr }).toEqual({ exit: 0, stderr: "" })
      expect(world.records()).toEqual([])
    }
  })

  it("it says where it listens over TCP, with the port that it got", async ({ world }) => {
    const { child, done, record } = await foreground(world, "--listen", "127.0.0.1:0")
    expect(record.address).toMatch(/^127\.0\.0\.1:[1-9]\d*$/)
    expect((await ask(record.address, "/api/v1/ping")).status).toBe(200)
    expect(await world.ok(["health"])).toContain("ok=true")
    child.kill("SIGTERM")
    expect(await done).toMatchObject({ exit: 0, stderr: `kata daemon: listening on ${record.address}\n` })
  })

  /** A request whose body does not come. */
  const begin = (record: { readonly address: string }) => {
    const socket = connect(record.address.slice(7))
    let text = ""
    socket.setEncoding("utf8").on("data", (part: string) => {
      text += part
    }).on("error", () => {})
    socket.write(
      "POST /api/v1/projects HTTP/1.1\r\nHost: kata.invalid\r\nContent-Type: application/json\r\nContent-Length: 14\r\n\r\n"
    )
    return { socket, text: () => text, closed: new Promise<void>((resolve) => socket.on("close", () => resolve())) }
  }

  /** What was sent before is read when the second answer comes: the first one was asked for in the same turn at the latest. */
  const taken = async ({ address }: { readonly address: string }) => {
    for (let n = 0; n < 2; n++) expect((await ask(address, "/api/v1/ping")).status).toBe(200)
  }

  it("what is being answered is answered, and everybody else has to go", async ({ world }) => {
    const { child, done, record } = await foreground(world)
    const idle = connect(record.address.slice(7))
    const half = connect(record.address.slice(7))
    const ended = [idle, half].map((socket) => new Promise<void>((resolve) => socket.on("close", () => resolve())))
    half.write("GET /api/v1/ping HTTP/1.1\r\nHost:")
    const asked = begin(record)
    await taken(record)
    child.kill("SIGTERM")
    await Promise.all(ended)
    expect(asked.text()).toBe("")
    asked.socket.write(`{"name":"app"}`)
    await asked.closed
    expect(asked.text()).toMatch(/^HTTP\/1\.1 [24]\d\d /)
    expect(await done).toMatchObject({ exit: 0, stderr: "" })
  })

  it("a second signal ends it at once, and the next one begins where it ended", async ({ world }) => {
    const { child, done, record } = await foreground(world)
    const asked = begin(record)
    await taken(record)
    child.kill("SIGTERM")
    await until("it stops", () => world.records().length === 0)
    child.kill("SIGTERM")
    expect(await done).toMatchObject({ exit: null, signal: "SIGTERM" })
    asked.socket.destroy()
    await world.up()
    await world.ok(["daemon", "stop"])
  })
})
