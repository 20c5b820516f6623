/** The built program at work: commands that start the daemon they need, follow it, and ask on a terminal. */
import { spawnSync } from "node:child_process"
import { mkdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { describe, expect } from "vitest"
import { it as placed, type Options, type Place, type Running, until } from "./kit.ts"

/** A repository without a remote, whose daemon is stopped with the test. */
class Workspace {
  readonly directory: string
  private readonly options: Options
  private readonly place: Place

  constructor(place: Place, name = "app") {
    this.place = place
    this.directory = place.path(name)
    mkdirSync(join(this.directory, ".git"), { recursive: true })
    mkdirSync(join(place.root, "run"), { mode: 0o700, recursive: true })
    this.options = {
      cwd: this.directory,
      env: { XDG_RUNTIME_DIR: join(place.root, "run"), KATA_AUTHOR: "alice", GIT_CONFIG_GLOBAL: "/dev/null" }
    }
  }

  private with = (more: Options): Options => ({ ...this.options, ...more, env: { ...this.options.env, ...more.env } })

  readonly run = (argv: ReadonlyArray<string>, more: Options = {}) => this.place.run(argv, this.with(more))
  readonly start = (argv: ReadonlyArray<string>, more: Options = {}) => this.place.start(argv, this.with(more))
  readonly ok = (...argv: ReadonlyArray<string>) => this.place.ok(argv, this.options)
  readonly fails = (exit: number, ...argv: ReadonlyArray<string>) => this.place.fails(exit, argv, this.options)
  /** The short id of a new issue. */
  readonly create = async (...argv: ReadonlyArray<string>) => (await this.ok("-q", "create", ...argv)).trim()
}

const it = placed.extend<{ app: Workspace }>({
  app: async ({ place }, use) => {
    const app = new Workspace(place)
    try {
      await use(app)
    } finally {
      await app.run(["daemon", "stop"])
    }
  }
})

const gather = ({ child }: Running) => {
  let text = ""
  child.stdout?.on("data", (part: string) => {
    text += part
  })
  return () => text
}

describe("from nothing", () => {
  it("an issue is created, found, closed, and comes back from a backup", async ({ app, place }) => {
    expect(await app.ok("init")).toBe("created and bound project app\n")
    const id = await app.create("Parser crashes", "--body", "on empty input")
    expect(await app.ok("search", "crashes")).toContain(`${id}\topen\t`)
    expect(await app.ok("ready")).toMatch(new RegExp(`^${id}\topen\t{4}\\S+Z\t\tParser crashes\n$`))
    const message = "Rewrote the reader and ran the whole test suite on it."
    expect(await app.ok("close", id, "--done", "--message", message, "--commit", "3a401a8")).toBe(
      `${id} Parser crashes [closed]\n`
    )
    expect(await app.run(["list"])).toMatchObject({
      exit: 0,
      stdout: "",
      stderr: expect.stringMatching(/^nothing is open/) as string
    })
    await app.ok("export", "--allow-running-daemon", "--output", "backup.jsonl")
    await app.ok("import", "--input", "backup.jsonl", "--target", place.path("restored.db"))
    const restored = { env: { KATA_DB: place.path("restored.db") } }
    try {
      const shown = await app.run(["show", id], restored)
      expect(shown).toMatchObject({ exit: 0, stderr: "", stdout: expect.stringContaining("[closed]") })
    } finally {
      await app.run(["daemon", "stop"], restored)
    }
  })

  it("init twice leaves the files as they are", async ({ app }) => {
    await app.ok("init")
    const toml = join(app.directory, ".kata.toml")
    const before = statSync(toml, { bigint: true })
    expect(await app.ok("init")).toBe("bound project app\n")
    expect(statSync(toml, { bigint: true }).mtimeNs).toBe(before.mtimeNs)
    expect(readFileSync(join(app.directory, ".gitignore"), "utf8")).toBe(".kata.local.toml\n")
  })

  it("health and whoami start nothing", async ({ app }) => {
    await app.fails(7, "health")
    expect(await app.ok("whoami")).toBe("actor=alice source=env\n")
    expect(await app.ok("daemon", "status")).toBe("no daemon running\n")
  })
})

describe("words of users", () => {
  it("are harmless on a terminal, and whole in JSON", async ({ app }) => {
    await app.ok("init")
    const title = "red \u001b[31m \u202eback\u0007"
    const id = await app.create(title, "--body", "a\tb\n\u001b[2Jc")
    const shown = await app.ok("show", id)
    expect(shown).toBe(`${id}  red \\x1b[31m \\u202eback\\x07  [open]  by alice\n\na       b\n\\x1b[2Jc\n`)
    expect(JSON.parse(await app.ok("show", id, "--json"))).toMatchObject({
      issue: { title, body: "a\tb\n\u001b[2Jc" }
    })
  })

  it("of any language reach the daemon, in headers too", async ({ app }) => {
    await app.ok("init", "--project", "プロジェクト")
    const id = await app.create("日本語 ü", "--idempotency-key", "schlüssel")
    expect(await app.create("日本語 ü", "--idempotency-key", "schlüssel")).toBe(id)
    await app.fails(6, "delete", id, "--force", "--confirm", `DELETE projekt#${id}`)
    expect(await app.ok("delete", id, "--force", "--confirm", `DELETE プロジェクト#${id}`)).toContain("deleted")
  })

  it("come whole from a file and from a pipe, or not at all", async ({ app, place }) => {
    await app.ok("init")
    place.write("app/body.txt", "\ufeffline\r\nend\n\n")
    const fromFile = await app.create("file", "--body-file", "body.txt")
    expect(JSON.parse(await app.ok("show", fromFile, "--json"))).toMatchObject({
      issue: { body: "\ufeffline\r\nend" }
    })
    const piped = await app.run(["-q", "create", "pipe", "--body-stdin"], { stdin: "x".repeat(300_000) })
    expect(piped.exit).toBe(0)
    const { issue } = JSON.parse(await app.ok("show", piped.stdout.trim(), "--json")) as { issue: { body: string } }
    expect(issue.body).toHaveLength(300_000)
    const broken = await app.run(["create", "bad", "--body-stdin"], { stdin: Buffer.from([0x61, 0xff]) })
    expect(broken).toMatchObject({ exit: 3, stdout: "", stderr: "kata: read stdin: not UTF-8\n" })
  })
})

describe("events --tail", () => {
  it("prints what happens as it happens, and ends well when told to", async ({ app }) => {
    await app.ok("init")
    const first = await app.create("First")
    const tail = app.start(["events", "--tail"])
    const text = gather(tail)
    await until("the first event", () => text().includes(`"issue_short_id":"${first}"`))
    const second = await app.create("Second")
    await until("the second event", () => text().includes(`"issue_short_id":"${second}"`))
    tail.child.kill("SIGINT")
    const { stdout, ...rest } = await tail.done
    expect(rest).toEqual({ exit: 0, signal: null, stderr: "" })
    const events = stdout.trimEnd().split("\n").map((line) => JSON.parse(line) as { event_id: number; type: string })
    expect(events.map(({ event_id, type }) => [event_id, type])).toEqual([[1, "issue.created"], [2, "issue.created"]])
  })

  it("comes back after the daemon, which it does not start", async ({ app }) => {
    await app.ok("init")
    await app.create("First")
    const tail = app.start(["--agent", "events", "--tail", "--last-event-id", "0"])
    const text = gather(tail)
    await until("the first event", () => text() !== "")
    await app.ok("daemon", "stop")
    expect(await app.ok("daemon", "status")).toBe("no daemon running\n")
    const second = await app.create("Second")
    await until("the second event", () => text().includes(second))
    tail.child.kill("SIGTERM")
    const { exit, stderr, stdout } = await tail.done
    expect(exit).toBe(0)
    expect(stderr).toMatch(/^(?:kata: .* \(reconnecting in \ds\)\n)+$/)
    expect(stdout).toMatch(/^(?:OK event id=\d type=issue\.created issue=\w+ actor=alice\n){2}$/)
  })

  it("ends quietly with its reader", async ({ app }) => {
    await app.ok("init")
    await app.create("First")
    const tail = app.start(["events", "--tail"], { shell: "\"$@\" | head -n 1" })
    const text = gather(tail)
    await until("the first event", () => text() !== "")
    // Nobody knows that the reader went before something is written to it.
    await app.create("Second")
    const { exit, stderr } = await tail.done
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: "" })
  })
})

// Runs a command whose stdin is a terminal, on which the first word is typed; signals are passed on.
const onTerminal = `
import os, pty, signal, sys
master, slave = pty.openpty()
pid = os.fork()
if pid == 0:
    os.setsid()
    os.dup2(slave, 0)
    os.execvp(sys.argv[2], sys.argv[2:])
signal.signal(signal.SIGINT, lambda *_: os.kill(pid, signal.SIGINT))
os.write(master, sys.argv[1].encode())
status = os.waitpid(pid, 0)[1]
sys.exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 99)
`

// The interpreter itself: a shim of a version manager needs more of the environment than there will be.
const python = spawnSync("python3", ["-c", "import pty, sys; pty.openpty(); print(sys.executable)"], {
  encoding: "utf8"
})
const hasPty = python.status === 0
if (!hasPty) console.warn("skipped: the confirmations on a terminal need python3")

describe.skipIf(!hasPty)("on a terminal", () => {
  const typing = (typed: string): Options => ({
    shell: `exec ${python.stdout.trim()} -c "$SCRIPT" "$TYPED" "$@"`,
    env: { SCRIPT: onTerminal, TYPED: typed }
  })

  it("what cannot be undone is confirmed in words", async ({ app }) => {
    await app.ok("init")
    const id = await app.create("First")
    const prompt = `Type "DELETE app#${id}" to confirm: `
    expect(await app.run(["delete", id, "--force"], typing("DELETE app\n"))).toEqual({
      exit: 6,
      signal: null,
      stdout: "",
      stderr: `${prompt}kata: confirmation input did not match\n`
    })
    expect(await app.run(["delete", id, "--force"], typing(`DELETE app#${id}\n`))).toMatchObject({
      exit: 0,
      stdout: `app#${id} deleted (use \`kata restore app#${id}\` to undo)\n`,
      stderr: prompt
    })
  })

  it("a signal at the question makes no change", async ({ app }) => {
    await app.ok("init")
    const id = await app.create("First")
    const { child, done } = app.start(["purge", id, "--force"], typing(""))
    let asked = ""
    child.stderr?.on("data", (part: string) => {
      asked += part
    })
    await until("the question", () => asked.endsWith("confirm: "))
    child.kill("SIGINT")
    expect(await done).toMatchObject({ exit: 130, stdout: "", stderr: expect.stringMatching(/: kata: interrupted\n$/) })
    expect(await app.ok("list")).toContain(id)
  })
})

describe("a time limit", () => {
  it("that is none is told once, and the default holds", async ({ app }) => {
    await app.ok("init")
    const seen = await app.create("seen")
    const warned = await app.run(["list"], { env: { KATA_HTTP_TIMEOUT: "soon" } })
    expect(warned).toEqual({
      exit: 0,
      signal: null,
      stdout: expect.stringMatching(new RegExp(`^${seen}\t`)) as string,
      stderr:
        "kata: ignoring invalid KATA_HTTP_TIMEOUT=\"soon\" (expected a Go duration like 30s or 2m); using default 5s\n"
    })
    expect(await app.run(["list"], { env: { KATA_HTTP_TIMEOUT: "1m" } })).toMatchObject({ exit: 0, stderr: "" })
  })
})
