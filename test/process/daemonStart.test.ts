/** What keeps a daemon from serving is told to who starts it, at once and with its exit code; and nothing is left of the try. */
import Sqlite from "better-sqlite3"
import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import { describe, expect } from "vitest"
import { namespaceOf } from "../../src/presence/databasePath.ts"
import { ask, isAlive, it, type World } from "./world.ts"

const config = (world: World, text: string) => fs.writeFileSync(join(world.home, "config.toml"), text)
const socketOf = (world: World) => `${world.sockets}/kata/${namespaceOf(world.database)}/daemon.sock`

interface Case {
  readonly name: string
  readonly before: (world: World) => unknown
  readonly exit: number
  readonly says: RegExp
  readonly flags?: ReadonlyArray<string>
  readonly env?: (world: World) => Readonly<Record<string, string>>
}

const meta = (world: World, version: string) => {
  const db = new Sqlite(world.database)
  db.exec(
    `CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT); INSERT INTO meta VALUES ('schema_version', '${version}')`
  )
  db.close()
}

const cases: ReadonlyArray<Case> = [
  {
    name: "an unknown key of config.toml",
    before: (world) => config(world, "[auth]\ntokn = \"x\"\n[zz]\na = 1\n"),
    exit: 3,
    says: /^kata: parse .*\/home\/config\.toml: unknown key\(s\): auth\.tokn, zz, zz\.a\nhint: keys are listen, /
  },
  {
    name: "a value of another type",
    before: (world) => config(world, "listen = 5\n"),
    exit: 3,
    says: /^kata: parse .*: listen must be a string, not 5\n/
  },
  {
    name: "a line that is no TOML",
    before: (world) => config(world, "\nlisten = \n"),
    exit: 3,
    says: /^kata: parse .*: line 2, column \d+: /
  },
  {
    name: "a pipe, which is not waited for",
    before: (world) => execFileSync("mkfifo", [join(world.home, "config.toml")]),
    exit: 3,
    says: /^kata: parse .*\/home\/config\.toml: it is no regular file\n/
  },
  {
    name: "a public address in config.toml",
    before: (world) => config(world, "listen = \"8.8.8.8:1\"\n"),
    exit: 3,
    says: /^kata: invalid listen in config\.toml "8\.8\.8\.8:1": address "8\.8\.8\.8:1" is public\n/
  },
  {
    name: "an address that is none",
    before: () => {},
    flags: ["--listen", "nonsense"],
    exit: 2,
    says: /^kata: invalid --listen value "nonsense": address "nonsense": missing port in address\n/
  },
  {
    name: "a directory for a database",
    before: (world) => fs.mkdirSync(world.database),
    exit: 3,
    says: /kata\.db is a directory, not a database\n/
  },
  {
    name: "an empty file",
    before: (world) => fs.writeFileSync(world.database, ""),
    exit: 8,
    says: /kata\.db is empty \(0 bytes\)\n/
  },
  {
    name: "an older schema without its tables, of which nothing can be made",
    before: (world) => meta(world, "9"),
    exit: 3,
    says: /kata\.db is no kata database \(it has no table projects\)\n/
  },
  {
    name: "a newer schema",
    before: (world) => meta(world, "11"),
    exit: 3,
    says: /kata\.db was written by a newer kata \(version 11, /
  },
  {
    name: "a database that is gone, with a backup of it",
    before: (world) => fs.writeFileSync(`${world.database}.bak.20260504T002107Z`, "all of it"),
    exit: 3,
    says: /kata\.db does not exist, but what may hold its work does \(kata\.db\.bak\.20260504T002107Z\)\n/
  },
  {
    name: "a database that is gone, with its log",
    before: (world) => fs.writeFileSync(`${world.database}-wal`, "some of it"),
    exit: 3,
    says: /kata\.db does not exist, but what may hold its work does \(kata\.db-wal\)/
  },
  {
    name: "a database in a directory that is not there",
    before: () => {},
    env: (world) => ({ KATA_DB: join(world.root, "none", "kata.db") }),
    exit: 4,
    says: /no such directory: .*\/none/
  },
  {
    name: "a file in the place of the socket",
    before: (world) => {
      fs.mkdirSync(join(world.sockets, "kata", namespaceOf(world.database)), { recursive: true })
      fs.writeFileSync(socketOf(world), "mine")
    },
    exit: 11,
    says: /^kata: cannot listen at .*\/daemon\.sock: path exists and is not a socket\nhint: look at it/
  },
  {
    name: "a link in the place of the directory of the socket",
    before: (world) => {
      fs.mkdirSync(join(world.root, "elsewhere"))
      fs.mkdirSync(world.sockets)
      fs.symlinkSync(join(world.root, "elsewhere"), join(world.sockets, "kata"))
    },
    exit: 11,
    says: /\/run\/kata is a symbolic link, where kata needs a directory of its own\n/
  },
  {
    name: "a path that no socket can have",
    before: () => {},
    env: (world) => ({ XDG_RUNTIME_DIR: join(world.root, "x".repeat(120)) }),
    exit: 11,
    says: /^kata: the path of the socket has \d+ bytes, the system takes 10[37]: .*\nhint: set XDG_RUNTIME_DIR /
  }
]

describe("is told", () => {
  for (const { before, env, exit, flags = [], name, says } of cases) {
    it(name, async ({ world }) => {
      await before(world)
      const options = env === undefined ? {} : { env: env(world) }
      const report = await world.fails(exit, ["daemon", "start", ...flags], options)
      // why, and not that it did not come in time
      expect(report).toMatch(says)
      expect(world.records()).toEqual([])
      expect(await world.ok(["daemon", "status"], options)).toBe("no daemon running\n")
      const json = await world.fails(exit, ["daemon", "start", "--json", ...flags], options)
      expect(JSON.parse(json)).toMatchObject({ error: { exit_code: exit } })
      const { exit: ended, stderr } = await world.run(["daemon", "start", "--foreground", ...flags], options)
      expect(ended).toBe(exit)
      // the log of a daemon in the foreground comes first
      const said = stderr.replace(/^(?:kata-daemon\[\d+\]: .*\n)+/, "")
      expect(said).toMatch(/^kata: .*\n(?:hint: .*\n)?$/)
      expect(said).toMatch(says)
    })
  }
})

describe("a place that somebody has", () => {
  it("is not taken from them: a socket, a port", async ({ world }) => {
    fs.mkdirSync(join(world.sockets, "kata", namespaceOf(world.database)), { recursive: true })
    const listening = (at: string | number) =>
      new Promise<{ readonly port: number; readonly close: () => void }>((resolve) => {
        const server = createServer().listen(
          typeof at === "string" ? { path: at } : { port: at, host: "127.0.0.1" },
          () => {
            const address = server.address()
            resolve({ port: typeof address === "object" ? address?.port ?? 0 : 0, close: () => server.close() })
          }
        )
      })
    const port = await listening(0)
    expect(await world.fails(10, ["daemon", "start", "--listen", `127.0.0.1:${port.port}`])).toContain(
      "address already in use"
    )
    port.close()
    const socket = await listening(socketOf(world))
    expect(await world.fails(10, ["daemon", "start"])).toContain("socket already in use")
    socket.close()
  })
})

describe("over TCP", () => {
  it("a token is asked for, wherever it was set", async ({ world }) => {
    const env = { KATA_AUTH_TOKEN: " s3cret " }
    const { address } = await world.up({ env }, "--listen", "127.0.0.1:0")
    const status = async (headers = {}) => (await ask(address, "/api/v1/projects", headers)).status
    expect([
      await status(),
      await status({ authorization: "Bearer nope" }),
      await status({ authorization: "Bearer s3cret" })
    ]).toEqual([401, 403, 200])
    expect(await world.ok(["health"])).toContain("ok=true")
    await world.ok(["daemon", "stop"])
    config(world, "listen = \"127.0.0.1:0\"\n[auth]\ntoken = \"other\"\n")
    const next = await world.up()
    expect(next.address).toMatch(/^127\.0\.0\.1:\d+$/)
    expect((await ask(next.address, "/api/v1/projects")).status).toBe(401)
    expect((await ask(next.address, "/api/v1/projects", { authorization: "Bearer other" })).status).toBe(200)
    await world.ok(["daemon", "stop"])
  })

  it("nobody else's machine can change anything", async ({ world }) => {
    const listen = ["--listen", "10.1.2.3:7474"]
    expect(await world.fails(2, ["daemon", "start", ...listen])).toContain("pass --insecure-readonly")
    const token = { env: { KATA_AUTH_TOKEN: "x" } }
    expect(await world.fails(2, ["daemon", "start", "--insecure-readonly", ...listen], token)).toContain("in clear")
    const { address } = await world.up({}, "--listen", "127.0.0.1:0", "--insecure-readonly")
    expect((await ask(address, "/api/v1/projects")).status).toBe(200)
    expect((await ask(address, "/api/v1/events/stream", { accept: "text/event-stream" })).status).toBe(401)
    await world.ok(["daemon", "stop"])
  })
})

describe("the version that /ping says", () => {
  it("is a setting, for clients of Go kata", async ({ world }) => {
    const { address, version } = await world.up({ env: { KATA_PING_VERSION: "g878b0d5" } })
    expect(JSON.parse((await ask(address, "/api/v1/ping")).text)).toMatchObject({ version: "g878b0d5" })
    expect(version).not.toBe("g878b0d5")
    // our own clients look at the record
    expect(await world.ok(["daemon", "start"])).toMatch(/^already running/)
    await world.ok(["daemon", "stop"])
  })

  it("of an older kata of ours makes it go, any other one keeps us from it", async ({ world }) => {
    const { address, pid } = await world.up()
    const path = join(world.home, "runtime", namespaceOf(world.database), `daemon.${pid}.json`)
    const say = (version: string) =>
      fs.writeFileSync(path, JSON.stringify({ pid, address, db_path: world.database, version }), { mode: 0o600 })
    say("99.0.0")
    expect(await world.fails(7, ["daemon", "start"])).toContain("a daemon of another kata (version 99.0.0, ")
    const skip = { env: { KATA_SKIP_DAEMON_VERSION_CHECK: "1" } }
    expect(await world.ok(["daemon", "start"], skip)).toContain(`already running: daemon pid=${pid} `)
    say("0.0.1")
    const result = await world.run(["daemon", "start"])
    expect(result).toMatchObject({ exit: 0, stderr: "" })
    expect(result.stdout).toMatch(/^started daemon /)
    expect(isAlive(pid)).toBe(false)
    await world.ok(["daemon", "stop"])
  })
})
