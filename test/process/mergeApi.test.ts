/** Merges and comparisons that a daemon does, for clients of its API and for commands on other machines. */
import Sqlite from "better-sqlite3"
import * as fs from "node:fs"
import { request } from "node:http"
import { join } from "node:path"
import { describe, expect } from "vitest"
import { Random } from "../../src/testing/random.ts"
import { type Body, holds, Team } from "./clients.ts"
import { large, query, sleep, until } from "./kit.ts"
import { isAlive, it, listing, tellsChildren, workers, type World } from "./world.ts"

/** Sends a file to a daemon at a socket; gives the lines of its answer. */
const post = (socketPath: string, path: string, file: string) =>
  new Promise<ReadonlyArray<Body>>((resolve, reject) => {
    const headers = { "content-type": "application/x-ndjson" }
    const asked = request({ socketPath, method: "POST", path: `/api/v1${path}`, headers, agent: false }, (answer) => {
      let text = ""
      // a daemon that is killed while it answers ends this, and not the request
      answer.on("error", reject)
      answer.setEncoding("utf8").on("data", (part: string) => (text += part)).on("end", () => {
        const lines = text.split("\n").filter((line) => line !== "").map((line): Body => JSON.parse(line))
        if (answer.statusCode === 200) resolve(lines)
        else reject(new Error(`${answer.statusCode} ${text}`))
      })
    })
    asked.on("error", reject)
    fs.createReadStream(file).pipe(asked)
  })

const socketOf = (world: World) => world.daemon().address.replace("unix://", "")

it("a merge under four writers loses nothing, doubles nothing, and is an error for nobody", async ({ world }) => {
  await world.up()
  const mine = await Team.make(world)
  await world.ok(["daemon", "stop"])
  const copy = join(world.home, "copy.db")
  fs.copyFileSync(world.database, copy)

  const there = { env: { KATA_DB: copy } }
  await world.up(there)
  const theirs = await Team.make(world)
  await Promise.all([0, 1].map((n) => theirs.client(`t${n}`, new Random(70 + n), 60)))
  await world.ok(["daemon", "stop"], there)
  await world.ok(["export", "--output", world.path("theirs.jsonl")], there)

  await world.up()
  const stream = mine.follow()
  mine.work(() => [0, 1, 2, 3].map((n) => mine.client(`c${n}`, new Random(n))))
  await mine.progress(20)
  const lines = await post(mine.socketPath, "/merge?actor=ana&name=theirs.jsonl", world.path("theirs.jsonl"))
  expect(lines.at(-1)).toHaveProperty("report")
  await mine.progress(20)
  const [again] = (await post(mine.socketPath, "/merge?actor=ana", world.path("theirs.jsonl"))).slice(-1)
  expect(again.report.unchanged).toBe(true)
  await mine.rest()
  const polled = await mine.poll()
  await until("the stream has told everything", () => stream.seen.length >= polled.length)
  await stream.stop()
  await world.ok(["daemon", "stop"])

  const { events, unanswered } = holds(world.database, mine)
  expect([unanswered, theirs.changes.filter(({ outcome }) => outcome === "unknown")]).toEqual([[], []])
  // each change of each side, once
  const told = [...mine.done, ...theirs.done].flatMap((change) => change.events.map(({ uid }) => uid))
  const stored = query(world.database, "SELECT uid FROM events").flat()
  expect(new Set(stored).size).toBe(stored.length)
  expect(told.filter((uid) => !stored.includes(uid))).toEqual([])
  expect(stored.length).toBe(told.length + mine.shared.length + theirs.shared.length)
  expect(polled).toEqual(Array.from({ length: events }, (_, n) => n + 1))
  expect(stream.seen).toEqual(polled)
  expect(listing(world.home).filter((name) => name.includes(".kata-"))).toEqual([])
})

it("a command that changes something waits for a long transaction of another process, and others read on", async ({ world }) => {
  await world.ok(["init", "--project", "app"])
  const other = new Sqlite(world.database)
  other.exec("BEGIN IMMEDIATE")
  const writing = world.start(["create", "in the end", "--quiet"])
  // longer than a daemon that says nothing is waited for
  await sleep(7000)
  await world.ok(["list", "--quiet"])
  expect(writing.child.exitCode).toBeNull()
  other.exec("ROLLBACK")
  other.close()
  expect(await writing.done).toMatchObject({ exit: 0, stderr: "" })
  expect(await world.ok(["list"])).toContain("in the end")
})

describe.runIf(tellsChildren)("a client that goes away", () => {
  it("ends the process that works for it, and nothing is changed", async ({ world }) => {
    await world.up()
    const { pid } = world.daemon()
    const other = join(world.root, "other.db")
    await large(other, 2000)
    await world.ok(["export", "--output", "other.jsonl"], { env: { KATA_DB: other } })
    const path = "/api/v1/merge?actor=ana"
    const headers = { "content-type": "application/x-ndjson" }
    const asked = request({ socketPath: socketOf(world), method: "POST", path, headers, agent: false })
    asked.on("error", () => {})
    const answering = new Promise<void>((resolve) =>
      asked.on("response", (answer) => answer.once("data", () => resolve()))
    )
    fs.createReadStream(world.path("other.jsonl")).pipe(asked)
    await answering
    await until("it works", () => workers(pid).length === 1)
    const [worker = 0] = workers(pid)
    asked.destroy()
    await until("it has ended", () => !isAlive(worker))
    await until("its file is gone", () => !listing(world.home).some((name) => name.includes(".kata-")))
    expect(query(world.database, "SELECT count(*) FROM issues")).toEqual([[0]])
    await world.ok(["health"])
  })

  it("is the daemon itself when it is killed: the process ends, and the next daemon takes its file away", async ({ world }) => {
    world.killed = true
    await world.up()
    const { pid } = world.daemon()
    const other = join(world.root, "other.db")
    await large(other, 2000)
    await world.ok(["export", "--output", "other.jsonl"], { env: { KATA_DB: other } })
    const broken = post(socketOf(world), "/merge?actor=ana", world.path("other.jsonl")).catch((error: Error) => error)
    await until("it works", () => workers(pid).length === 1)
    const [worker = 0] = workers(pid)
    process.kill(pid, "SIGKILL")
    await until("it has ended", () => !isAlive(worker))
    expect(await broken).toBeInstanceOf(Error)
    expect(listing(world.home).filter((name) => name.includes(".kata-"))).toHaveLength(1)
    await world.up()
    expect(query(world.database, "SELECT count(*) FROM issues")).toEqual([[0]])
    fs.writeFileSync(world.path("empty.jsonl"), "x")
    await post(socketOf(world), "/diff", world.path("empty.jsonl"))
    await until("its file is gone", () => !listing(world.home).some((name) => name.includes(".kata-")))
  })
})

/** Ana's database is served at an address; Bob works on another machine, with a copy of it. */
const apart = async (world: World) => {
  await world.ok(["init", "--project", "app"])
  const id = (await world.ok(["create", "first", "--quiet"])).trim()
  await world.ok(["daemon", "stop"])
  const bob = join(world.root, "bob.db")
  fs.copyFileSync(world.database, bob)
  const { address } = await world.up({}, "--listen", "127.0.0.1:0")
  const local = { env: { KATA_DB: bob, KATA_AUTHOR: "bob" } }
  const bobs = async (...argv: ReadonlyArray<string>) => {
    await world.ok(argv, local)
    await world.ok(["daemon", "stop"], local)
    await world.ok(["export", "--output", world.path("bob.jsonl"), "--force"], local)
  }
  const there = { env: { KATA_DB: bob, KATA_AUTHOR: "bob", KATA_SERVER: `http://${address}` } }
  return { id, bob, bobs, local, there, announced: `kata: using the server http://${address} (KATA_SERVER)\n` }
}

describe("a command whose server is elsewhere", () => {
  it("merges there and says the same as on the machine of the server", async ({ world }) => {
    const { announced, bob, bobs, id, there } = await apart(world)
    await bobs("create", "second")
    const dry = await world.run(["import", "--merge", "--input", "bob.jsonl", "--dry-run"], there)
    const here = await world.run(["import", "--merge", "--input", "bob.jsonl", "--dry-run"])
    expect(dry).toEqual({ ...here, exit: 0, stderr: announced })
    const ok = async (argv: ReadonlyArray<string>, options: Parameters<World["run"]>[1] = there) => {
      const { exit, stderr, stdout } = await world.run(argv, options)
      expect({ exit, stderr }, argv.join(" ")).toEqual({ exit: 0, stderr: announced })
      return stdout
    }
    expect(await ok(["import", "--merge", "--from", bob])).toMatch(/^merged into .*\n[^]*issues +1 new\n/)
    const piped = { ...there, stdin: world.read("bob.jsonl") }
    expect(await ok(["import", "--merge", "--input", "-"], piped)).toMatch(/^nothing to merge/)
    expect(query(bob, "SELECT count(*) FROM issues")).toEqual([[2]])

    // both sides have changed the same
    await world.ok(["edit", id, "--title", "ana's"])
    await bobs("edit", id, "--title", "bob's")
    for (const flags of [[], ["--json"], ["--agent"]]) {
      const argv = ["import", "--merge", "--input", "bob.jsonl", ...flags]
      const [elsewhere, local] = [await world.run(argv, there), await world.run(argv)]
      expect(elsewhere).toEqual({ ...local, exit: 5, stderr: announced + local.stderr })
      expect(local.stderr).toContain("bob's (bob, ")
    }
    const decided = ["import", "--merge", "--input", "bob.jsonl", "--prefer", `app#${id}=source`, "--json"]
    expect(JSON.parse(await ok(decided))).toMatchObject({ decided: 1 })
    expect(await world.ok(["list"])).toContain("bob's")
  })

  it("compares there, with the same exit codes", async ({ world }) => {
    const { announced, bob, bobs, there } = await apart(world)
    await bobs("create", "second")
    for (
      const argv of [["diff", "bob.jsonl"], ["diff", "bob.jsonl", "--stat", "--json"], [
        "diff",
        "bob.jsonl",
        "--issue",
        "app#zzzz"
      ]]
    ) {
      const [elsewhere, local] = [await world.run(argv, there), await world.run(argv)]
      expect(elsewhere, argv.join(" ")).toEqual({ ...local, stderr: announced + local.stderr })
    }
    expect((await world.run(["diff", bob], there)).exit).toBe(5)
    // with two sides nobody else is asked
    expect(await world.run(["diff", bob, "bob.jsonl"], there)).toMatchObject({ exit: 0, stderr: "" })
    expect((await world.run(["import", "--merge", "--input", "bob.jsonl"], there)).exit).toBe(0)
    expect((await world.run(["diff", bob], there)).exit).toBe(0)
  })

  it("says plainly what a server does not do, or cannot", async ({ world }) => {
    const { bob, bobs, there } = await apart(world)
    await bobs("create", "second")
    world.write("cut.jsonl", world.read("bob.jsonl").slice(0, -100))
    for (
      const [exit, said, ...flags] of [
        [2, "one --input or --from at a time", "--input", "bob.jsonl", "--from", bob],
        [4, "no such file: nothing.jsonl", "--input", "nothing.jsonl"],
        [8, "cut.jsonl", "--input", "cut.jsonl"]
      ] as const
    ) {
      const answer = await world.run(["import", "--merge", ...flags], there)
      expect(answer).toMatchObject({ exit, stdout: "", stderr: expect.stringContaining(said) })
    }
    // --target names a database of this machine
    await world.ok(["import", "--merge", "--input", "bob.jsonl", "--target", bob], there)
    const silent = { env: { ...there.env, KATA_SERVER: "http://127.0.0.1:9" } }
    for (const argv of [["import", "--merge", "--input", "bob.jsonl"], ["diff", "bob.jsonl"]]) {
      await world.fails(7, argv, silent)
    }
  })

  it.runIf(tellsChildren)("changes nothing when it is interrupted before the server commits", async ({ world }) => {
    const { there } = await apart(world)
    const { pid } = world.daemon()
    const other = join(world.root, "other.db")
    await large(other, 3000)
    const running = world.start(["import", "--merge", "--from", other], there)
    await until("the server works", () => workers(pid).length === 1)
    await sleep(300)
    running.child.kill("SIGINT")
    const { exit, stderr } = await running.done
    expect({ exit, stderr }).toEqual({ exit: 130, stderr: expect.stringContaining("kata: interrupted") })
    await until("nobody works", () => workers(pid).length === 0)
    expect(query(world.database, "SELECT count(*) FROM issues")).toEqual([[1]])
  })
})
