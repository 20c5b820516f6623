/** The other side played with harmless input: what answers where a daemon was, and who must not be told anything, or sent a signal. */
import { type ChildProcess, spawn } from "node:child_process"
import * as fs from "node:fs"
import { createServer, type Server } from "node:net"
import { dirname, join } from "node:path"
import { afterEach, describe, expect } from "vitest"
import { variables } from "../../src/api/CommandLine.ts"
import { launcher, lockAsDaemon } from "./kit.ts"
import { isAlive, it, type World } from "./world.ts"

const ends: Array<() => unknown> = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

/** Somebody who listens and keeps what is sent; answers with `say` of the request line. */
const listener = async (at: string | number, say: (line: string) => string = () => "") => {
  const heard: Array<string> = []
  const server: Server = createServer((socket) => {
    socket.on("error", () => {}).on("data", (bytes) => {
      const text = bytes.toString("latin1")
      heard.push(text)
      const answer = say(text.split("\r\n", 1)[0] ?? "")
      if (answer !== "" || text.includes("\r\n\r\n")) socket.end(answer)
    })
  })
  await new Promise<void>((resolve) =>
    typeof at === "string" ? server.listen(at, resolve) : server.listen(at, "127.0.0.1", resolve)
  )
  ends.push(() => new Promise((resolve) => server.close(resolve)))
  const bound = server.address()
  return { heard, port: typeof bound === "object" && bound !== null ? bound.port : 0 }
}

const http = (body: string) =>
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`

/** Says of every question that it is the kata of that number. */
const kata = (pid: number) => () => http(JSON.stringify({ ok: true, service: "kata", version: "0.1.0", pid }))

/** The same, which runs each command in these words. */
const commands = (printed: string) => (line: string) =>
  line.startsWith("POST /api/v1/commands") ? printed : kata(process.pid)()

const innocent = (): ChildProcess & { readonly pid: number } => {
  const child = spawn("sleep", ["600"], { stdio: "ignore" })
  ends.push(() => child.kill("SIGKILL"))
  return child as ChildProcess & { readonly pid: number }
}

const version = /kata (\d+\.\d+\.\d+)/.exec(fs.readFileSync(launcher, "utf8"))?.[1] ?? ""

const plant = (world: World, pid: number, address: string) => {
  const path = world.plant(pid, address)
  fs.writeFileSync(path, JSON.stringify({ pid, address, db_path: world.database, version }))
}

/** This process takes the lock as a daemon does, and has a record: it is as good as the daemon. */
const pose = async (world: World, address: string) => {
  ends.push(await lockAsDaemon(world.database))
  plant(world, process.pid, address)
}

/** A project, and a daemon that was there. */
const begun = async (world: World) => {
  await world.ok(["init", "--project", "app"])
  await world.ok(["create", "the issue"])
  const { address } = world.daemon()
  const socket = address.slice("unix://".length)
  return { socket, directory: dirname(socket) }
}

const secrets = { KATA_AUTH_TOKEN: "s3cret", AWS_SECRET_ACCESS_KEY: "s3cret", EDITOR: "ed" }

describe("found S1: the socket of a daemon", () => {
  it("that was killed, where others may put one of their own, is told nothing", async ({ world }) => {
    const { directory, socket } = await begun(world)
    process.kill(world.daemon().pid, "SIGKILL")
    fs.rmSync(directory, { recursive: true })
    fs.mkdirSync(directory)
    fs.chmodSync(directory, 0o777)
    const { heard } = await listener(socket, kata(world.records()[0]!.pid))
    const result = await world.run(["list"], { env: secrets })
    expect(result).toMatchObject({ exit: 10, stdout: "" })
    expect(heard).toEqual([])
  })

  const ways: ReadonlyArray<readonly [string, (directory: string, socket: string) => void, needsRoot?: boolean]> = [
    ["in a directory that others may change", (directory) => fs.chmodSync(directory, 0o777)],
    ["below a directory that others may change", (directory) => fs.chmodSync(dirname(directory), 0o770)],
    ["of another user", (_, socket) => fs.chownSync(socket, 65534, 65534), true],
    ["in a directory of another user", (directory) => fs.chownSync(directory, 65534, 65534), true]
  ]
  for (const [name, change, needsRoot] of ways) {
    it.skipIf(needsRoot === true && process.getuid?.() !== 0)(
      `${name}, is told nothing although its daemon is there`,
      async ({ world }) => {
        const { directory, socket } = await begun(world)
        await world.ok(["daemon", "stop"])
        fs.mkdirSync(directory, { recursive: true })
        const { heard } = await listener(socket, kata(process.pid))
        await pose(world, `unix://${socket}`)
        // it is asked as long as all is well
        await world.run(["show", "zzzz"], { env: secrets })
        expect(heard.length).toBeGreaterThan(0)
        change(directory, socket)
        heard.length = 0
        for (const argv of [["list"], ["create", "a title", "--body", "a body"]]) {
          const report = await world.fails(7, argv, { env: secrets })
          expect(report).toMatch(/is not asked at unix:.*(?:may be changed by others|is another user's)/)
        }
        await world.fails(7, ["health"], { env: secrets })
        expect(heard).toEqual([])
      }
    )
  }

  it("behind a link of another user's is told nothing", async ({ world }) => {
    const { directory, socket } = await begun(world)
    await world.ok(["daemon", "stop"])
    const { heard } = await listener(join(world.root, "x.sock"), kata(process.pid))
    fs.mkdirSync(directory, { recursive: true })
    fs.symlinkSync(join(world.root, "x.sock"), socket)
    await pose(world, `unix://${socket}`)
    await world.run(["show", "zzzz"])
    expect(heard.length).toBeGreaterThan(0)
    heard.length = 0
    if (process.getuid?.() !== 0) return
    fs.lchownSync(socket, 65534, 65534)
    await world.fails(7, ["list"])
    expect(heard).toEqual([])
  })

  it("is sent the variables that these commands read, and nothing else of the environment", async ({ world }) => {
    const { socket } = await begun(world)
    await world.ok(["daemon", "stop"])
    fs.mkdirSync(dirname(socket), { recursive: true })
    const printed = http(JSON.stringify({ printed: { stdout: "as it says\n", stderr: "" } }))
    const { heard } = await listener(socket, commands(printed))
    await pose(world, `unix://${socket}`)
    const all = { ...Object.fromEntries(variables.map((name) => [name, "x"])), ...world.env(), ...secrets }
    expect(await world.ok(["list"], { env: { ...all, GIT_PAGER: "less", LD_NOTHING: "x" } })).toBe("as it says\n")
    const call = JSON.parse(heard.join("").split("\r\n\r\n")[1] ?? "")
    expect(Object.keys(call).toSorted()).toEqual([
      "argv",
      "build",
      "columns",
      "cwd",
      "directory",
      "terminal",
      "variables"
    ])
    expect(Object.keys(call.variables).toSorted()).toEqual([...variables].toSorted())
    heard.length = 0
    // what steers git is for git alone: such a command runs where it was typed
    await world.run(["list"], { env: { GIT_CONFIG_COUNT: "0" } })
    expect(heard.join("")).not.toContain("POST /api/v1/commands")
  })

  it("is not believed what would steer a terminal", async ({ world }) => {
    const { socket } = await begun(world)
    await world.ok(["daemon", "stop"])
    fs.mkdirSync(dirname(socket), { recursive: true })
    const printed = http(JSON.stringify({ printed: { stdout: "\u001b]0;title\u0007\n", stderr: "" } }))
    await listener(socket, commands(printed))
    await pose(world, `unix://${socket}`)
    expect(await world.ok(["list"])).toContain("\u001b]0;")
    const shown = await world.run(["list"], { shell: "script -qec \"'$1' '$2' list\" /dev/null" })
    expect(shown.stdout).not.toContain("\u001b]0;")
  })
})

describe("found S2: a process that has the number of a daemon's record", () => {
  const places = [["socket", "unix"], ["port", "tcp"]] as const
  it.for(places)(
    "and a %s that says it is that daemon: nothing is sent, no signal either",
    async ([, kind], { world }) => {
      await begun(world)
      await world.ok(["daemon", "stop"])
      const { pid } = innocent()
      const socket = join(world.root, "other.sock")
      const { heard, port } = await listener(kind === "unix" ? socket : 0, kata(pid))
      plant(world, pid, kind === "unix" ? `unix://${socket}` : `127.0.0.1:${port}`)
      const create = await world.run(["create", "a title", "--body", "a body"], { env: secrets })
      expect(create).toMatchObject({ exit: 10, stdout: "" })
      expect(create.stderr).toContain(`that it is process ${pid}, as `)
      for (const argv of [["health"], ["daemon", "stop"], ["daemon", "reload"], ["daemon", "restart"]]) {
        expect((await world.run(argv, { env: secrets })).exit, argv.join(" ")).toBeGreaterThan(0)
      }
      expect(isAlive(pid)).toBe(true)
      expect(heard.every((text) => text.startsWith("GET /api/v1/ping"))).toBe(true)
      expect(heard.join("")).not.toMatch(/s3cret|title|body|authorization/i)
    }
  )

  it("gets no signal by what the lock says of a daemon that was killed", async ({ world }) => {
    await begun(world)
    const { pid: killed } = world.daemon()
    process.kill(killed, "SIGKILL")
    const { pid } = innocent()
    plant(world, pid, "unix:///nowhere/daemon.sock")
    expect(await world.ok(["daemon", "stop"])).toBe(`no daemon serves ${world.database}\n`)
    expect(isAlive(pid)).toBe(true)
    // and hinders no other daemon
    await world.ok(["list"])
  })
})
