/**
 * What Go kata's command line did with daemons (test/fixtures/cli/10-daemon.json), done by ours in the same order. May's `daemon start` stays in
 * the foreground: ours is started with `--foreground` there. Whatever differs has its reason in the table.
 */
import { spawn } from "node:child_process"
import * as fs from "node:fs"
import { createConnection } from "node:net"
import { join } from "node:path"
import { expect } from "vitest"
import { namespaceOf } from "../../src/presence/databasePath.ts"
import { root, type Running, until } from "./kit.ts"
import { gone, isAlive, it, type World } from "./world.ts"

interface Case {
  readonly name: string
  readonly kind?: "background" | "note"
  readonly argv?: ReadonlyArray<string>
  readonly env?: Readonly<Record<string, string>>
  readonly config_toml?: string
  readonly staysInForeground?: boolean
  readonly exit?: number | null
  readonly stdout?: string
  readonly stderr?: string
  readonly "stdout+stderr"?: string
}

interface Difference {
  readonly because: string
  readonly exit?: number
  readonly stdout?: RegExp
  readonly stderr?: RegExp
  /** It is not run at all. */
  readonly skip?: boolean
}

const { cases } = JSON.parse(fs.readFileSync(join(root, "test", "fixtures", "cli", "10-daemon.json"), "utf8")) as {
  readonly cases: ReadonlyArray<Case>
}

const codes = "one exit code for each kind of failure (docs/exit-codes.md)"
const moved = "the commands of the ledger are replayed elsewhere"
const refusal = (stderr: RegExp, exit = 3): Difference => ({ because: codes, exit, stderr })

const differences: Readonly<Record<string, Difference>> = {
  "reload --json (ignored)": { because: "--json is honoured", stdout: /^\{"kata_api_version":1,"told":\[\d+\]\}\n$/ },
  "reload with broken hooks.toml": { because: "hooks are not read yet" },
  "second start, same home": refusal(/in use by a daemon \(pid <pid>, /, 10),
  "second start, other KATA_HOME, same database": refusal(/in use by a daemon \(pid <pid>, /, 10),
  "status from the other home": {
    because: "the lock of the database tells of it, whatever its directory of state",
    stdout: /^daemon pid=<pid> .*\n$/
  },
  "export while running": refusal(/^kata: daemon is running for this database: /, 10),
  "export while running, allowed": { because: "the report says more", stdout: /^exported x\.jsonl\n/ },
  "import while running": {
    because: "only a daemon of the target is in the way of an import, not one of another database",
    exit: 0,
    stdout: /^imported /,
    stderr: /^$/
  },
  "import while running --json": {
    because: "the same; and the target is there already",
    exit: 3,
    stderr: /y\.db exists already/
  },
  "stop after kill -9": {
    because: "it is said that there is none",
    stdout: /^no daemon serves <root>\/home\/kata\.db\n$/
  },
  "stop again": { because: "it is said that there is none", stdout: /^no daemon serves <root>\/home\/kata\.db\n$/ },
  "stop again --json": {
    because: "--json always prints an object",
    stdout: /^\{"kata_api_version":1,"stopped":\[\]\}\n$/
  },
  "status, running --json": {
    because: "one member more",
    stdout: /^\{"kata_api_version":1,"daemons":\[\{"pid":<pid>,/
  },
  "status, none --json": {
    because: "one member more",
    stdout: /^\{"kata_api_version":1,"daemons":\[\],"unproven":\[\]\}\n$/
  },
  "status after kill -9 --json": { because: "one member more", stdout: /"daemons":\[\],"unproven":\[\]\}\n$/ },
  "status with garbage files --json": { because: "one member more", stdout: /"daemons":\[\],"unproven":\[\]\}\n$/ },
  "stop with an open event stream": {
    because: "--json is honoured",
    stdout: /^\{"kata_api_version":1,"stopped":\[\d+\]\}\n$/
  },
  "export after kill -9": { because: "the report says more", stdout: /^exported z\.jsonl\n/ },
  "status with a record whose pid is another live process": {
    because: "a number proves nothing",
    stdout: /^no daemon running\nnote: .* names process \d+, which is no kata\n$/
  },
  "export with it": { because: "the report says more", stdout: /^exported z2\.jsonl\n/ },
  "stop with it terminates that process": {
    because: "nobody else is sent a signal",
    stdout: /^no daemon serves .*\n$/
  },
  "a regular file at the socket path": refusal(/^kata: cannot listen at .*: path exists and is not a socket\n/, 11),
  "init over TCP": { because: moved, skip: true },
  "TCP port 0": { because: "the port that it got is told and published" },
  "health with port 0": { because: "it is found", exit: 0, stdout: /^ok=true /, stderr: /^$/ },
  "list without token": { because: moved, skip: true },
  "list without token --json": { because: moved, skip: true },
  "list with token": { because: moved, skip: true },
  "list with wrong token": { because: moved, skip: true },
  "list (token from config.toml)": { because: moved, skip: true },
  "list with this config": { because: moved, skip: true },
  "config.toml: unknown key": refusal(/^kata: parse <root>\/home\/config\.toml: unknown key\(s\): listne\n/),
  "config.toml: unknown keys in tables": refusal(/unknown key\(s\): auth\.tokn, zz, zz\.a\n/),
  "config.toml: wrong type": refusal(/listen must be a string, not 5\n/),
  "config.toml: syntax": refusal(/line 1, column \d+: /),
  "config.toml: bad listen": refusal(/address "8\.8\.8\.8:1" is public\n/),
  "config.toml: window key of later versions": { because: "it is a key of ours", skip: true },
  "auto-start by list": { because: moved, skip: true },
  "status after auto-start": { because: moved, skip: true },
  "KATA_HTTP_TIMEOUT bad": { because: moved, skip: true },
  "KATA_HTTP_TIMEOUT tiny": { because: moved, skip: true },
  "socket path too long": refusal(/^kata: the path of the socket has \d+ bytes, /, 11)
}

/** What the recording did between two commands. */
const before: Readonly<Record<string, (world: World) => void>> = {
  "status with garbage files": (world) => {
    const directory = join(world.home, "runtime", namespaceOf(world.database))
    for (const name of ["daemon.99.json", "daemon.x.json", "daemon.json"]) fs.writeFileSync(join(directory, name), "{x")
  },
  "a regular file at the socket path": (world) =>
    fs.writeFileSync(join(world.sockets, "kata", namespaceOf(world.database), "daemon.sock"), ""),
  "TCP loopback": (world) => fs.rmSync(join(world.sockets, "kata", namespaceOf(world.database), "daemon.sock")),
  "config.toml: listen and token": (world) =>
    fs.writeFileSync(join(world.home, "config.toml"), "listen = \"127.0.0.1:0\"\n[auth]\ntoken = \"s3cret\"\n"),
  "start in the foreground": (world) => fs.rmSync(join(world.home, "config.toml"), { force: true }),
  "relative KATA_DB": (world) => fs.rmSync(join(world.home, "config.toml"), { force: true })
}

it("does what Go kata did, or has a reason", async ({ world }) => {
  let daemon: Running | undefined
  const children: Array<ReturnType<typeof spawn>> = []
  const normal = (text: string) =>
    text.replaceAll("/tmp/kx/c/10-daemon", "<root>").replaceAll(world.root, "<root>")
      .replaceAll(/[0-9a-f]{12}(?=\/daemon\.sock)/g, "<ns>").replaceAll(/\bpid[= ]\d+/g, (found) =>
        `${found.slice(0, 4)}<pid>`)
      .replaceAll(/"pid":\d+/g, "\"pid\":<pid>").replaceAll(/version=\S+/g, "version=<v>")
      .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "<time>").replaceAll(/127\.0\.0\.1:\d+/g, "127.0.0.1:<port>")
      .replaceAll(/uptime=\d+s/g, "uptime=<n>s").replaceAll(/"(?:uptime|version)":"[^"]*"/g, "<varies>")
  const envOf = (one: Case) =>
    Object.fromEntries(
      Object.entries(one.env ?? {}).map(([name, value]) => [name, value.replaceAll("/tmp/kx/c/10-daemon", world.root)])
    )
  const alive = () => {
    if (daemon?.child.pid === undefined) throw new Error("no daemon")
    return daemon.child.pid
  }
  fs.mkdirSync(join(world.root, "tmpd"))
  try {
    for (const one of cases) {
      const difference = differences[one.name]
      // what started one was not run
      if (difference?.skip === true || (one.name === "stop" && daemon === undefined)) continue
      before[one.name]?.(world)
      if (one.kind === "note") {
        if (one.name === "SIGHUP") {
          process.kill(alive(), "SIGHUP")
        } else {
          process.kill(alive(), one.name === "kill -9" ? "SIGKILL" : "SIGINT")
          const ended = await daemon?.done
          if (one.name === "SIGINT") expect(ended).toMatchObject({ exit: 0 })
          daemon = undefined
        }
        continue
      }
      if (one.name === "status with a record whose pid is another live process") {
        children.push(spawn("sleep", ["100"], { stdio: "ignore" }))
        world.plant(children[0]?.pid ?? 0, `unix://${world.root}/nosuch.sock`)
      }
      if (one.name === "status with garbage files") {
        expect(isAlive(children[0]?.pid ?? 0)).toBe(true)
        children[0]?.kill("SIGKILL")
        await gone(children[0]?.pid ?? 0)
      }
      if (one.name === "stop with an open event stream" || one.name.startsWith("stop with an idle connection")) {
        const socket = createConnection(world.daemon().address.slice("unix://".length))
        socket.on("error", () => {})
        if (one.name.includes("stream")) {
          socket.write("GET /api/v1/events/stream HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n")
          await new Promise((resolve) => socket.once("data", resolve))
        }
      }
      const argv = (one.argv ?? []).map((word) => /^127\.0\.0\.1:177\d\d$/.test(word) ? "127.0.0.1:0" : word)
      if (one.config_toml !== undefined) fs.writeFileSync(join(world.home, "config.toml"), one.config_toml)
      const running = world.start(one.kind === "background" ? [...argv, "--foreground"] : argv, { env: envOf(one) })
      if (one.staysInForeground === true) {
        // the last ones are each stopped by the recording itself
        await until(
          `${one.name}: it serves`,
          () =>
            [world.home, join(world.root, "newhome", "deep")].some((home) =>
              world.records(home).some(({ pid }) => pid === running.child.pid)
            )
        )
        if (["relative KATA_DB", "no XDG_RUNTIME_DIR, TMPDIR set", "KATA_HOME does not exist"].includes(one.name)) {
          running.child.kill("SIGTERM")
          expect(await running.done, one.name).toMatchObject({ exit: 0, stderr: "" })
        } else daemon = running
        continue
      }
      const { exit, stderr, stdout } = await running.done
      if (one.name.startsWith("stop") && daemon !== undefined && exit === 0 && stdout.includes("stopped")) {
        const ended = await daemon.done
        expect(ended, one.name).toMatchObject({ exit: 0, stdout: "" })
        daemon = undefined
      }
      const ours = { exit, stdout: normal(stdout), stderr: normal(stderr) }
      const theirs = { exit: one.exit, stdout: one.stdout ?? "", stderr: one.stderr ?? one["stdout+stderr"] ?? "" }
      if (difference === undefined) {
        expect({ ...ours, stderr: ours.stderr.replace(/^hint: .*\n/m, "") }, one.name)
          .toEqual({ exit: theirs.exit, stdout: normal(theirs.stdout), stderr: normal(theirs.stderr) })
      } else {
        expect(ours.exit, `${one.name}: ${stderr}`).toBe(difference.exit ?? theirs.exit)
        if (difference.stdout !== undefined) expect(ours.stdout, one.name).toMatch(difference.stdout)
        if (difference.stderr !== undefined) expect(ours.stderr, one.name).toMatch(difference.stderr)
      }
    }
    const names = new Set(cases.map(({ name }) => name))
    expect([...Object.keys(differences), ...Object.keys(before)].filter((name) => !names.has(name))).toEqual([])
  } finally {
    for (const child of children) child.kill("SIGKILL")
  }
})
