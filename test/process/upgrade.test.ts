/** Databases of older versions under the built program: by `kata upgrade`, by daemons that start, and by what starts them. */
import Sqlite from "better-sqlite3"
import * as fs from "node:fs"
import { createServer } from "node:http"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { gunzipSync } from "node:zlib"
import { describe, expect } from "vitest"
import { it as place, sha256, somebody } from "./kit.ts"
import { it, type World } from "./world.ts"

const legacy = (name: string): Buffer =>
  gunzipSync(fs.readFileSync(fileURLToPath(new URL(`../fixtures/go-legacy/${name}.gz`, import.meta.url))))

/** An old database where the environment says. */
const put = (world: World, name: string): Buffer => {
  const bytes = legacy(`${name}.db`)
  fs.writeFileSync(world.database, bytes)
  return bytes
}

const versionOf = (path: string): unknown => {
  const db = new Sqlite(path, { readonly: true })
  try {
    return db.prepare("SELECT value FROM meta WHERE key = 'schema_version'").pluck().get()
  } finally {
    db.close()
  }
}

const backups = (path: string): ReadonlyArray<string> =>
  fs.readdirSync(join(path, "..")).filter((name) => /^kata\.db\.bak\.\d{8}T\d{6}Z$/.test(name))
    .map((name) => join(path, "..", name))

describe("a daemon that starts", () => {
  it("upgrades an older database, and says so to who started it and in its log", async ({ world }) => {
    put(world, "v9/rich")
    const result = await world.run(["daemon", "start"])
    expect(result).toMatchObject({ exit: 0 })
    expect(result.stdout).toMatch(/^started daemon pid=\d+ /)
    const [old = ""] = backups(world.database)
    expect(world.log()).toMatch(/kata\.db has an older schema \(version 9, .*\); upgrading it\n/)
    const says = [
      /upgraded .*kata\.db from version 9 to 10: 204 records, all of them read back and compared$/,
      new RegExp(`the old database is ${old.replaceAll(".", "\\.")}$`),
      /to go back: stop the daemon and run kata undo \S+kata\.db; or remove .*kata\.db-wal and .*kata\.db-shm, rename the old one to .*kata\.db; then use the kata that made it$/
    ]
    const told = result.stderr.split("\n").filter((line) => line !== "")
    expect(told).toHaveLength(says.length)
    for (const [i, line] of says.entries()) {
      expect(told[i]).toMatch(line)
      expect(world.log().split("\n").some((entry) => line.test(entry)), String(line)).toBe(true)
    }
    expect(versionOf(world.database)).toBe("10")
    expect(versionOf(old)).toBe("9")
    expect(JSON.parse(await world.ok(["projects", "list", "--json"])).projects.length).toBeGreaterThan(1)
    await world.ok(["daemon", "stop"])
    // once
    await world.ok(["daemon", "start"])
    expect(backups(world.database)).toHaveLength(1)
  })

  it("for a command upgrades too, and the command answers", async ({ world }) => {
    put(world, "v2/rich")
    const result = await world.run(["list", "--project", "app", "--json"])
    expect(result.exit, result.stderr).toBe(0)
    expect(result.stderr).toMatch(
      /^kata: upgraded .* from version 2 to 10: .*\nkata: the old database is .*\nkata: to go back: .*\n$/
    )
    expect(JSON.parse(result.stdout).issues.length).toBeGreaterThan(5)
    expect(backups(world.database)).toHaveLength(1)
  })

  it("is not started for a command that fails without it: the database stays as it was", async ({ world }) => {
    const before = put(world, "v9/minimal")
    const names = fs.readdirSync(world.home)
    const outside = "kata: no .kata.toml ancestor and no git ancestor\nhint: run \"kata init\" inside a workspace\n"
    expect(await world.run(["list"])).toMatchObject({ exit: 4, stdout: "", stderr: outside })
    expect(await world.run(["create", "One"])).toMatchObject({ exit: 4, stderr: outside })
    expect((await world.run(["show", "abc4"])).stderr).toMatch(/^kata: no project bound to this workspace/)
    const gone = await world.run(["list", "--workspace", "none"])
    expect(gone).toMatchObject({ exit: 3, stderr: `kata: stat ${world.path("none")}: no such file or directory\n` })
    world.write(".kata.toml", "version = 2\n")
    expect((await world.run(["list"])).stderr).toMatch(/^kata: read \.kata\.toml: unsupported/)
    expect(fs.readFileSync(world.database).equals(before)).toBe(true)
    expect(fs.readdirSync(world.home)).toEqual(names)
    fs.rmSync(world.path(".kata.toml"))
    // a daemon that is there says the same
    await world.run(["daemon", "start"])
    expect(await world.run(["list"])).toMatchObject({ exit: 4, stdout: "", stderr: outside })
    expect(await world.run(["list", "--workspace", "none"])).toMatchObject({ exit: 3, stderr: gone.stderr })
  })

  it("in the foreground upgrades too", async ({ world }) => {
    put(world, "v4/minimal")
    const running = world.start(["daemon", "start", "--foreground"])
    let text = ""
    running.child.stderr?.on("data", (part: Buffer | string) => {
      text += String(part)
    })
    while (world.records().length === 0) {
      expect(running.child.exitCode, text).toBe(null)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    running.child.kill("SIGTERM")
    const { stderr } = await running.done
    expect(stderr).toMatch(/upgraded .*kata\.db from version 4 to 10: .*\n.*the old database is .*\n.*to go back: /)
  })

  it("loses nothing that nobody has accepted: it names kata upgrade, which does", async ({ world }) => {
    const before = put(world, "v9/orphans-known")
    for (const argv of [["daemon", "start"], ["list", "--project", "tiny"]]) {
      const result = await world.run(argv)
      expect(result, argv.join(" ")).toMatchObject({ exit: 3, stdout: "" })
      expect(result.stderr).toMatch(
        /^kata: .*: an upgrade would lose what points at issues that are gone: .*event\.orphan 6/
      )
      expect(result.stderr).toMatch(/\nhint: .*kata upgrade --accept-loss orphans/)
      expect(fs.readFileSync(world.database).equals(before)).toBe(true)
      expect(backups(world.database)).toEqual([])
    }
    const done = await world.run(["upgrade", "--accept-loss", "orphans"])
    expect(done.exit, done.stderr).toBe(9)
    expect(done.stdout).toMatch(/^upgraded from version 9 to 10: .*, but not all\n/)
    expect(done.stdout).toMatch(/ {2}proof +read again, .* of the old one, but for those below\n/)
    expect(done.stdout).toMatch(/ {2}LOST +event\.orphan 6, comment\.orphan 1, /)
    expect(fs.readFileSync(`${world.database}.rejected.jsonl`, "utf8").split("\n")).toHaveLength(14)
    await world.ok(["daemon", "start"])
  })

  it("does not touch one of a newer version", async ({ world }) => {
    put(world, "v9/minimal")
    const db = new Sqlite(world.database)
    db.exec("UPDATE meta SET value = '99' WHERE key = 'schema_version'")
    db.close()
    const before = fs.readFileSync(world.database)
    expect(await world.fails(3, ["daemon", "start"])).toMatch(/was written by a newer kata \(version 99, /)
    expect(await world.fails(3, ["upgrade"])).toMatch(/was written by a newer kata \(version 99, /)
    expect(fs.readFileSync(world.database).equals(before)).toBe(true)
  })
})

describe("an upgrade", () => {
  it("beside a daemon is refused with its number", async ({ world }) => {
    put(world, "v9/minimal")
    // one of Go kata: a record, and somebody who answers
    const socket = join(world.home, "d.sock")
    const server = createServer((_, response) => {
      response.setHeader("content-type", "application/json")
      response.end(JSON.stringify({ ok: true, service: "kata", pid: process.pid }))
    })
    await new Promise<void>((resolve) => server.listen(socket, resolve))
    const directory = join(world.home, "runtime", "0123456789ab")
    fs.mkdirSync(directory, { recursive: true })
    fs.writeFileSync(
      join(directory, `daemon.${process.pid}.json`),
      JSON.stringify({ pid: process.pid, address: `unix://${socket}`, db_path: world.database })
    )
    const before = sha256(fs.readFileSync(world.database))
    expect(await world.fails(10, ["upgrade"])).toMatch(
      new RegExp(
        `daemon is running for this database: .*kata\\.db \\(pid ${process.pid} at .*\\nhint: stop it first, [^\\n]*: kata daemon stop\\n`
      )
    )
    // where the environment names another database, the hint names this one
    const elsewhere = { env: { KATA_DB: world.path("else.db") } }
    world.fixture("small.export.jsonl")
    const others = [
      ["upgrade", world.database],
      ["import", "--input", "small.export.jsonl", "--target", world.database, "--force"]
    ]
    for (const argv of others) {
      const { exit, stderr } = await world.run(argv, elsewhere)
      expect(exit, stderr).toBe(10)
      expect(stderr).toContain(`: KATA_DB=${world.database} kata daemon stop\n`)
    }
    expect(sha256(fs.readFileSync(world.database))).toBe(before)
    await new Promise((resolve) => server.close(resolve))
    fs.rmSync(directory, { recursive: true })
    const done = await world.ok(["upgrade", "--agent"])
    expect(done).toMatch(/^OK upgrade target="?.*kata\.db"? from=9 to=10 dry_run=false findings=\d+ blocking=0 backup=/)
  })

  it("of two at once is done once; the other says who has the lock", async ({ world }) => {
    put(world, "v9/rich")
    const all = await Promise.all([1, 2, 3].map(() => world.run(["upgrade", "--json"])))
    const done = all.filter(({ exit, stdout }) => exit === 0 && JSON.parse(stdout).backup !== null)
    expect(done, JSON.stringify(all)).toHaveLength(1)
    for (const { exit, stderr, stdout } of all) {
      if (exit === 0) expect(JSON.parse(stdout).to).toBe(10)
      else {
        expect(exit, stderr).toBe(10)
        expect(JSON.parse(stderr).error.message).toMatch(/kata\.db is in use by an upgrade \(pid \d+, since /)
      }
    }
    expect(backups(world.database)).toHaveLength(1)
  })

  it("while another holds the lock is refused, and a daemon too", async ({ world }) => {
    const before = put(world, "v9/orphans-known")
    await world.fails(3, ["upgrade"])
    const lock = new Sqlite(`${world.database}.lock`)
    lock.exec("BEGIN EXCLUSIVE")
    for (const argv of [["upgrade"], ["daemon", "start", "--foreground"]]) {
      const { exit, stderr } = await world.run(argv)
      expect(exit, stderr).toBe(10)
      expect(stderr).toMatch(/kata\.db is in use by an upgrade \(pid \d+, since /)
    }
    lock.close()
    expect(fs.readFileSync(world.database).equals(before)).toBe(true)
  })

  it("can be undone by what it prints", async ({ world }) => {
    const before = put(world, "v9/minimal")
    const text = await world.ok(["upgrade"])
    const [, command = ""] = /\n +(rm -f .* && mv .*)\n/.exec(text) ?? []
    const { execSync } = await import("node:child_process")
    execSync(command)
    expect(versionOf(world.database)).toBe("9")
    expect(fs.readFileSync(world.database).subarray(100).equals(before.subarray(100))).toBe(true)
  })

  it("names what it is asked to lose, and no other name", async ({ world }) => {
    put(world, "v9/minimal")
    expect(await world.fails(2, ["upgrade", "--accept-loss", "everything"])).toMatch(
      /^kata: no loss is called "everything"\nhint: the names are: all, orphans, event\.orphan, /
    )
  })
})

describe.skipIf(somebody === undefined)("a directory that may not be written", () => {
  place("keeps an upgrade from doing anything, not from saying what would come of it", async ({ place }) => {
    fs.mkdirSync(place.path("there"))
    fs.writeFileSync(place.path("there/kata.db"), legacy("v9/minimal.db"))
    place.give(somebody ?? {})
    fs.chmodSync(place.path("there"), 0o500)
    const before = sha256(fs.readFileSync(place.path("there/kata.db")))
    expect(await place.fails(11, ["upgrade", "there/kata.db"], { ...somebody })).toMatch(/there\/kata\.db.*permission/)
    const dry = await place.run(["upgrade", "there/kata.db", "--check"], { ...somebody })
    expect(dry, dry.stderr).toMatchObject({ exit: 0 })
    expect(dry.stdout).toMatch(/^could be upgraded from version 9 to 10: there\/kata\.db \(dry run/)
    fs.chmodSync(place.path("there"), 0o700)
    expect(fs.readdirSync(place.path("there"))).toEqual(["kata.db"])
    expect(sha256(fs.readFileSync(place.path("there/kata.db")))).toBe(before)
  })
})
