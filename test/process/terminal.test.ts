/** What is seen on a terminal, made with Python's pty: progress is drawn and taken away again, nothing else moves the cursor. */
import { spawnSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { afterAll, beforeAll, describe, expect } from "vitest"
import { it, large, Place } from "./kit.ts"
import { it as inWorld } from "./world.ts"

// Runs a command on a terminal of so many columns; what it wrote there goes to stdout.
const onTerminal = `
import fcntl, os, pty, struct, sys, termios
pid, fd = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, int(sys.argv[1]), 0, 0))
    os.execvp(sys.argv[2], sys.argv[2:])
while True:
    try:
        data = os.read(fd, 65536)
    except OSError:
        break
    if not data:
        break
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
sys.exit(os.WEXITSTATUS(os.waitpid(pid, 0)[1]))
`

// The interpreter itself: a shim of a version manager needs more of the environment than there will be.
const python = spawnSync("python3", ["-c", "import pty, sys; pty.openpty(); print(sys.executable)"], {
  encoding: "utf8"
})
const hasPty = python.status === 0
if (!hasPty) console.warn("skipped: the tests on a terminal need python3")

const made = new Place()
beforeAll(async () => {
  writeFileSync(made.path("on-a-terminal.py"), onTerminal)
  if (!hasPty) return
  await large(made.path("large.db"), 1500)
  await made.ok(["export", "--output", "large.jsonl"], { env: { KATA_DB: "large.db" } })
})
afterAll(() => made.close())

const terminal = (place: Place, columns: number, argv: ReadonlyArray<string>, options: {
  readonly env?: Record<string, string>
  readonly redirect?: string
} = {}) =>
  place.run(argv, {
    env: { TERM: "xterm", KATA_DB: made.path("large.db"), ...options.env },
    shell: `${python.stdout.trim()} ${made.path("on-a-terminal.py")} ${columns} sh -c '"$@" ${
      options.redirect ?? ""
    }' sh "$@"`
  })

/** What a terminal shows in the end: every line as its last drawing leaves it. */
const screen = (text: string) =>
  text.split("\r\n").map((line) => {
    const last = line.lastIndexOf("\r")
    return (last < 0 ? line : line.slice(last + 1)).replace(/^.*\u001b\[K/, "")
  }).join("\n")

describe.skipIf(!hasPty)("on a terminal", () => {
  it("progress is drawn within the columns and is gone in the end", async ({ place }) => {
    for (const columns of [80, 40]) {
      const { exit, stdout } = await terminal(place, columns, [
        "import",
        "--input",
        made.path("large.jsonl"),
        "--target",
        `${columns}.db`
      ])
      expect(exit).toBe(0)
      const drawn = [...stdout.matchAll(/\r([^\r\n\u001b]*)\u001b\[K/g)].map((match) => match[1]!)
      expect(drawn.length).toBeGreaterThan(2)
      expect(drawn.join("\n")).toMatch(/reading {2}\d+%/)
      for (const line of drawn) expect(line.length).toBeLessThan(columns)
      expect(drawn.at(-1)).toBe("")
      expect(screen(stdout)).toMatch(new RegExp(`^imported ${columns}\\.db\n {2}from`))
      // nothing but the drawing of that line moves or colours anything
      expect(stdout.replace(/\r[^\r\n\u001b]*\u001b\[K/g, "")).not.toMatch(/\u001b/)
    }
  })

  it("of an export too, also when the snapshot goes to a file through stdout", async ({ place }) => {
    const { exit, stdout } = await terminal(place, 80, ["export", "--output", "-"], { redirect: "> x.jsonl" })
    expect(exit).toBe(0)
    expect(stdout).toMatch(/\rexporting .*\u001b\[K/)
    expect(screen(stdout)).toMatch(/^exported -\n/)
    expect(place.read("x.jsonl")).toBe(made.read("large.jsonl"))
  })

  it("there is none with --quiet, for programs, on a dumb terminal, or when stderr is no terminal", async ({ place }) => {
    for (const flags of [["--quiet"], ["--json"], ["--agent"]]) {
      const { exit, stdout } = await terminal(place, 80, ["verify", made.path("large.jsonl"), ...flags])
      expect(exit).toBe(0)
      expect(stdout).not.toMatch(/\u001b|\rreading/)
    }
    const file = made.path("large.jsonl")
    expect((await terminal(place, 80, ["verify", file], { env: { TERM: "dumb" } })).stdout).not.toMatch(/\u001b/)
    expect((await terminal(place, 80, ["verify", file], { redirect: "2> err" })).stdout).not.toMatch(/\u001b/)
    expect(place.read("err")).toBe("")
  })

  it("colours are never used, so NO_COLOR and FORCE_COLOR change nothing", async ({ place }) => {
    const plain = await terminal(place, 80, ["help", "import"])
    expect(plain.stdout).not.toMatch(/\u001b/)
    for (const env of [{ NO_COLOR: "1" }, { FORCE_COLOR: "3" }]) {
      expect((await terminal(place, 80, ["help", "import"], { env })).stdout).toBe(plain.stdout)
      expect((await terminal(place, 80, ["nosuch"], { env })).stdout).toBe(
        "kata: unknown command \"nosuch\" for \"kata\"\r\nhint: kata --help lists the commands\r\n"
      )
    }
  })

  it("an error comes on a line of its own, after the progress is gone", async ({ place }) => {
    const text = made.read("large.jsonl")
    place.write("bad.jsonl", text.replace(/"seal":\{"records":\d+/, "\"seal\":{\"records\":1"))
    const { exit, stdout } = await terminal(place, 80, ["verify", "bad.jsonl"])
    expect(exit).toBe(8)
    expect(screen(stdout)).toMatch(/^kata: bad\.jsonl: .*\nhint: .*\n$/)
  })
})

describe.skipIf(!hasPty)("found S6: agents' text", () => {
  const body = "\u001b]0;title\u0007 \u009b31m \u202e"
  // run by the daemon, and where it is typed
  inWorld.for([{}, { KATA_DEBUG: "1" }])(
    "steers no terminal, and is as it is in a file (%j)",
    async (more, { world }) => {
      await world.ok(["init", "--project", "app"])
      const id = (await world.ok(["create", "t", "--quiet", "--body", body])).trim()
      const env = { KATA_DB: world.database, ...more }
      const { exit, stdout } = await terminal(world, 80, ["show", id, "--agent"], { env })
      expect(exit).toBe(0)
      expect(stdout).toContain("\r\n\\x1b]0;title\\x07 \\x9b31m \\u202e\r\n")
      await terminal(world, 80, ["show", id, "--agent"], { env, redirect: "> shown" })
      expect(world.read("shown")).toContain(`\n${body}\n`)
      const json = (await terminal(world, 80, ["show", id, "--json"], { env })).stdout
      expect(json).not.toMatch(/[\u0080-\u009f\u202e\u001b]/)
      expect(JSON.parse(json).issue.body).toBe(body)
    }
  )
})
