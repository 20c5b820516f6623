/** Somebody else works with the database: refused with 10 and who it is, or a state that existed. */
import Sqlite from "better-sqlite3"
import * as fs from "node:fs"
import { createServer } from "node:http"
import { describe, expect } from "vitest"
import { it, large, type Place, sha256, sleep } from "./kit.ts"

/** A daemon as others see it: a record in the runtime directory, and an answer on its socket. */
const daemon = async (place: Place, database: string) => {
  const socket = `${place.root}/home/d.sock`
  const server = createServer((request, response) => {
    response.setHeader("content-type", "application/json")
    response.end(request.url === "/api/v1/ping" ? JSON.stringify({ ok: true, service: "kata", pid: process.pid }) : "")
  })
  await new Promise<void>((resolve) => server.listen(socket, resolve))
  const directory = `${place.root}/home/runtime/0123456789ab`
  fs.mkdirSync(directory, { recursive: true })
  const record = `${directory}/daemon.${process.pid}.json`
  fs.writeFileSync(record, JSON.stringify({ pid: process.pid, address: `unix://${socket}`, db_path: database }))
  return () => new Promise((resolve) => server.close(resolve))
}

describe("a daemon", () => {
  it("that runs is named by export and import, and can be exported beside", async ({ place }) => {
    const path = place.fixture("small.db")
    await place.ok(["export", "--output", "before.jsonl"])
    const stop = await daemon(place, path)
    const refused = await place.fails(10, ["export", "--output", "x.jsonl"])
    expect(refused).toMatch(
      /daemon is running for this database: .*small\.db \(pid \d+ at unix:\/\/.*\n.*--allow-running-daemon/
    )
    expect(JSON.parse(await place.fails(10, ["export", "--json"]))).toMatchObject({
      error: { kind: "locked", exit_code: 10 }
    })
    await place.ok(["export", "--allow-running-daemon", "--output", "x.jsonl"])
    expect(place.read("x.jsonl")).toBe(place.read("before.jsonl"))
    expect(place.mode("x.jsonl")).toBe("600")
    const argv = ["import", "--input", "x.jsonl", "--target"]
    expect(await place.fails(10, [...argv, "small.db", "--force"])).toMatch(
      /daemon is running .*small\.db .*\nhint: stop it/
    )
    // the daemon of another database is nobody's business
    await place.ok([...argv, "other.db"])
    await stop()
  })

  it("that is gone left a record that stops nobody", async ({ place }) => {
    const path = place.fixture("small.db")
    await (await daemon(place, path))()
    await place.ok(["export", "--output", "x.jsonl"])
  })
})

describe("a target", () => {
  it("whose lock another process has is refused, whoever wins is told of", async ({ place }) => {
    place.fixture("small.db")
    await place.ok(["export", "--output", "x.jsonl"])
    const argv = ["import", "--input", "x.jsonl", "--target", "t.db", "--force"]
    await place.ok(argv)
    const before = sha256(fs.readFileSync(place.path("t.db")))
    const lock = new Sqlite(place.path("t.db.lock"))
    lock.exec("BEGIN EXCLUSIVE")
    expect(await place.fails(10, argv)).toMatch(
      /t\.db is in use by a restore \(pid \d+, since .*\)\nhint: run the command again/
    )
    lock.close()
    expect(sha256(fs.readFileSync(place.path("t.db")))).toBe(before)
    await place.ok(argv)
  })

  it("that a program which knows nothing of our lock has open is left alone", async ({ place }) => {
    place.fixture("small.db")
    await place.ok(["export", "--output", "x.jsonl"])
    for (const mode of ["WAL", "DELETE"]) {
      const db = new Sqlite(place.fixture("rich.db", "t.db"))
      db.pragma(`journal_mode = ${mode}`)
      db.exec("BEGIN IMMEDIATE; UPDATE issues SET title = 'mine'")
      const argv = ["import", "--input", "x.jsonl", "--target", "t.db", "--force"]
      expect(await place.fails(10, argv)).toMatch(/^kata: t\.db.*\n.*hint|^kata: t\.db/)
      db.exec("COMMIT")
      expect(db.prepare("SELECT count(*) AS n FROM issues WHERE title = 'mine'").get()).toEqual({ n: 42 })
      db.close()
      expect(place.names().filter((name) => /stage|\.bak\./.test(name))).toEqual([])
      await place.ok(argv)
      for (const name of place.names().filter((name) => name.startsWith("t.db"))) {
        fs.rmSync(place.path(name), { recursive: true })
      }
    }
  })

  it("of two imports at once has one winner", async ({ place }) => {
    await large(place.path("small.db"), 300)
    await place.ok(["export", "--output", "x.jsonl"])
    place.fixture("small.db", "t.db")
    const argv = ["import", "--input", "x.jsonl", "--target", "t.db", "--force"]
    let won = 0
    // one may come when another is done, which is no conflict: then they are started again
    for (let met = false; !met;) {
      const results = await Promise.all([place.run(argv), place.run(argv), place.run(argv)])
      const codes = results.map(({ exit }) => exit)
      expect(codes).toContain(0)
      for (const { exit, stderr } of results) {
        expect([0, 10]).toContain(exit)
        if (exit === 10) expect(stderr).toMatch(/t\.db is in use by a restore \(pid \d+/)
      }
      won += codes.filter((code) => code === 0).length
      met = codes.includes(10)
      await place.ok(["verify", "x.jsonl", "--against", "t.db"])
      expect(place.names().filter((name) => name.includes(".bak."))).toHaveLength(won)
    }
  })
})

describe("an export", () => {
  it("beside a writer is a state that existed", async ({ place }) => {
    await large(place.path("small.db"), 300)
    const db = new Sqlite(place.path("small.db"))
    db.pragma("journal_mode = WAL")
    // In every state all issues have the same owner, and meta says which.
    db.prepare("INSERT INTO meta(key, value) VALUES ('owner', '0')").run()
    let turn = 0
    const write = db.transaction(() => {
      turn++
      db.prepare("UPDATE issues SET owner = ?").run(`o${turn}`)
      db.prepare("UPDATE meta SET value = ? WHERE key = 'owner'").run(`o${turn}`)
    })
    write()
    for (let round = 0;; round++) {
      // until enough was written meanwhile, however slowly
      if (round >= 3 && turn > 20) break
      const running = place.start(["export", "--allow-running-daemon", "--output", "x.jsonl"])
      for (; running.child.exitCode === null; await sleep(2)) write()
      expect((await running.done).exit).toBe(0)
      const owners = new Set(
        [...place.read("x.jsonl").matchAll(/"(?:owner|value)":"(o\d+)"/g)].map((match) => match[1])
      )
      expect(owners.size).toBe(1)
    }
    db.close()
  })
})
