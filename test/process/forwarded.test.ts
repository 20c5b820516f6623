/** Commands that only show something are run by the daemon: with the same result, sooner; and here, when it cannot. */
import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import { describe, expect } from "vitest"
import { looks } from "../../src/cli/forwarded.ts"
import { launcher, lockAsDaemon } from "./kit.ts"
import { ask, it, type World } from "./world.ts"

/** Commands that are traced are run where they are typed. */
const here = { KATA_DEBUG: "1" }

/** A launcher that has nothing to run: what it prints, the daemon has said. */
const bare = (world: World, change: (text: string) => string = (text) => text) => {
  const path = join(fs.mkdtempSync(join(world.root, "bare-")), "launcher.cjs")
  fs.writeFileSync(path, change(fs.readFileSync(launcher, "utf8")))
  return async (argv: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}) => {
    const done = world.run(argv, { env, shell: `shift 2; exec "${process.execPath}" "${path}" "$@"` })
    const { exit, stderr, stdout } = await done
    return { stdout, stderr, exit: stderr.includes("Cannot find") || stderr.includes("ENOENT") ? "not here" : exit }
  }
}

const filled = async (world: World) => {
  await world.ok(["init", "--project", "app"])
  const issue = (await world.ok(["create", "Ä first 🐈 issue", "--body", "a\nb", "--label", "x", "--quiet"])).trim()
  await world.ok(["create", "A second one", "--parent", issue])
  return issue
}

describe("a command that only shows something", () => {
  it("says what it would say without the daemon's help", async ({ world }) => {
    const issue = await filled(world)
    fs.mkdirSync(world.path("below"))
    const away = join(world.root, "user")
    for (
      const [argv, cwd, env] of [
        [["show", issue]],
        [["show", issue, "--json"], world.path("below")],
        [["show", `app#${issue}`, "--agent"], away],
        [["show", "--quiet", issue, "--workspace", world.work], away],
        [["show", issue, "--project", "app"], away],
        [["list"]],
        [["list"], world.work, { KATA_FORCE_TTY: "60" }],
        [["list"], world.work, { KATA_FORCE_TTY: "60", CLICOLOR_FORCE: "1" }],
        [["search", "first"], world.work, { KATA_FORCE_TTY: "120", NO_COLOR: "1" }],
        [["ready", "--color", "always"]],
        [["list", "--json", "--limit", "1"]],
        [["ready", "--agent"]],
        [["search", "second"]],
        [["labels"]],
        [["show", "--help"]],
        [["list", "--version"]],
        [["list"], world.work, { KATA_HTTP_TIMEOUT: "soon" }],
        [["show", "zzzz"]],
        [["show"]],
        [["show", issue], away],
        [["list", "--limit", "x", "--json"]],
        [["show", issue, "--workspace", "/nowhere"]],
        [["show", issue], world.work, { KATA_SERVER: "http://127.0.0.1:9" }]
      ] as ReadonlyArray<
        readonly [ReadonlyArray<string>, cwd?: string | undefined, env?: Readonly<Record<string, string>>]
      >
    ) {
      const at = cwd === undefined ? {} : { cwd }
      const answered = await world.run(argv, { ...at, env: { ...env } })
      expect(answered, argv.join(" ")).toEqual(await world.run(argv, { ...at, env: { ...env, ...here } }))
    }
  })

  it("is the same table on a terminal, with its width and colours", async ({ world }) => {
    await filled(world)
    const typed = (command: string, env: Readonly<Record<string, string>> = {}) =>
      world.run([command], {
        env: { TERM: "xterm", ...env },
        shell: `script -qec "stty cols 50; '$1' '$2' ${command}" /dev/null`
      })
    for (const command of ["list", "ready"]) {
      const { exit, stdout } = await typed(command)
      expect({ exit, lines: stdout.split("\n").length }, stdout).toEqual({ exit: 0, lines: 4 })
      expect(stdout).toContain("\u001b[4mTITLE\u001b[0m")
      expect(await typed(command, here)).toMatchObject({ exit, stdout })
    }
  })

  it("is run by the daemon of the same build, when it succeeds", async ({ world }) => {
    const issue = await filled(world)
    const answered = bare(world)
    expect(await answered(["show", issue, "--quiet"])).toMatchObject({ exit: 0, stderr: "" })
    expect(await answered(["list"], { KATA_HTTP_TIMEOUT: "soon" })).toMatchObject({
      exit: 0,
      stderr: expect.stringContaining("ignoring invalid KATA_HTTP_TIMEOUT")
    })
    for (const argv of [["show", "zzzz"], ["create", "x"], ["projects", "list"]]) {
      expect((await answered(argv)).exit, argv.join(" ")).toBe("not here")
    }
    expect((await answered(["list"], here)).exit).toBe("not here")
    expect((await answered(["list"], { KATA_DB: world.path("other.db") })).exit).toBe("not here")
    expect((await answered(["list"], { HOME: "" })).exit).toBe("not here")
    const other = bare(world, (text) => text.replace(/build: "\w+"/, "build: \"another\""))
    expect((await other(["list"])).exit).toBe("not here")
    const moved = bare(world, (text) => text.replace("${dev}:${ino}", "${dev}:${ino + 1}"))
    expect((await moved(["list"])).exit).toBe("not here")
    const [namespace = ""] = fs.readdirSync(join(world.home, "runtime"))
    const odd = join(world.home, "runtime", namespace, "daemon.1.json")
    fs.writeFileSync(odd, "{")
    expect((await answered(["list"])).exit).toBe(0)
    fs.rmSync(odd)
    execFileSync("mkfifo", [odd])
    const beside = await answered(["list"])
    fs.rmSync(odd)
    expect(beside.exit).toBe(0)
    await world.ok(["daemon", "stop"])
    expect((await answered(["list"])).exit).toBe("not here")
  })

  it("is run where it was typed when something else answers", async ({ world }) => {
    await filled(world)
    const { address } = world.daemon()
    await world.ok(["daemon", "stop"])
    const [namespace = ""] = fs.readdirSync(join(world.home, "runtime"))
    const { pid } = process
    const record = join(world.home, "runtime", namespace, `daemon.${pid}.json`)
    const unlock = await lockAsDaemon(world.database)
    let asked = 0
    const { version } = JSON.parse(await world.ok(["version", "--json"]))
    fs.writeFileSync(record, JSON.stringify({ pid, address, db_path: world.database, version }))
    for (
      const answer of [
        "",
        "220 mail ready\r\n",
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nnull",
        "HTTP/1.1 200 OK\r\ncontent-length: 14\r\n\r\n{\"printed\":{}}",
        "HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{\"printed\":{\"stdout\":\"x\",\"stderr\":\"\"}}",
        "HTTP/1.1 500 Oops\r\ncontent-length: 41\r\n\r\n{\"printed\":{\"stdout\":\"x\",\"stderr\":\"\"}}x"
      ]
    ) {
      const server = createServer((socket) => {
        asked++
        socket.on("error", () => {}).resume().end(answer)
      }).listen(
        address.slice("unix://".length)
      )
      expect((await bare(world)(["list"])).exit, answer).toBe("not here")
      await new Promise((resolve) => server.close(resolve))
    }
    expect(asked).toBe(7)
    await unlock()
  })

  it("has the repository and the git settings of the one who typed it", async ({ world }) => {
    await filled(world)
    const clone = world.path("clone")
    execFileSync("git", ["init", "-q", clone], { env: world.env() })
    execFileSync("git", ["-C", clone, "remote", "add", "origin", "https://host/app.git"], { env: world.env() })
    await world.ok(["init", "--project", "app"], { cwd: clone })
    fs.rmSync(join(clone, ".kata.toml"))
    const listed = await world.ok(["list", "--quiet"], { cwd: clone })
    expect(listed.split("\n")).toHaveLength(3)
    const answered = bare(world)
    expect(await answered(["list", "--quiet", "--workspace", clone])).toMatchObject({ exit: 0, stdout: listed })
    fs.writeFileSync(
      join(world.root, "user", ".gitconfig"),
      "[url \"https://elsewhere/\"]\n\tinsteadOf = https://host/\n"
    )
    expect(await world.fails(4, ["list"], { cwd: clone })).toContain("elsewhere/app")
  })

  it("changes what has to change where it was typed", async ({ world }) => {
    await filled(world)
    await world.ok(["projects", "rename", "app", "renamed"], { cwd: world.root })
    fs.chmodSync(world.path(".kata.toml"), 0o640)
    expect(await world.ok(["list", "--quiet"])).not.toBe("")
    expect(world.read(".kata.toml")).toContain("renamed")
  })

  it("fails with what it is told where its output cannot be written", async ({ world }) => {
    await filled(world)
    const full = await world.run(["list"], { shell: "\"$@\" > /dev/full" })
    expect(full).toMatchObject({ exit: 11, stderr: expect.stringContaining("no space left") })
    const closed = await world.run(["list"], { shell: "\"$@\" | true; echo done" })
    expect(closed).toMatchObject({ exit: 0, stdout: "done\n", stderr: "" })
  })

  it("is not left to a daemon that hangs", async ({ world }) => {
    await filled(world)
    const answered = bare(world)
    const { pid } = world.daemon()
    process.kill(pid, "SIGSTOP")
    try {
      expect((await answered(["list"])).exit).toBe("not here")
    } finally {
      process.kill(pid, "SIGCONT")
    }
    expect(await answered(["list", "--quiet"])).toMatchObject({ exit: 0 })
  })

  it("is not run for who comes over the network", async ({ world }) => {
    await filled(world)
    const [, build] = /build: "(\w+)"/.exec(fs.readFileSync(launcher, "utf8")) ?? []
    const { dev, ino } = fs.statSync(world.work)
    const call = {
      build,
      argv: ["list", "--quiet"],
      cwd: world.work,
      terminal: false,
      columns: 0,
      variables: world.env()
    }
    const body = JSON.stringify({ ...call, directory: `${dev}:${ino}` })
    const post = () => ask(world.daemon().address, "/api/v1/commands", { "content-type": "application/json" }, body)
    const { printed } = JSON.parse((await post()).text)
    expect(printed).toEqual({ stdout: await world.ok(["list", "--quiet"]), stderr: "" })
    await world.ok(["daemon", "restart", "--listen", "127.0.0.1:0"])
    expect(JSON.parse((await post()).text)).toEqual({ printed: null })
    expect(await world.ok(["list", "--quiet"])).not.toBe("")
  })

  it("is one that both of them know", () => {
    const [, words = ""] = /const looks = new Set\((\[.*?\])\)/.exec(fs.readFileSync(launcher, "utf8")) ?? []
    expect(JSON.parse(words)).toEqual(looks)
  })
})
