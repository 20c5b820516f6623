/** The watch over processes says what crashed and what was left, and is nothing else to the command that runs beneath it. */
import { spawn, spawnSync } from "node:child_process"
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type Ended, root, start } from "../docs/kit.ts"
import { isAlive, until } from "../process/world.ts"

const watched = join(root, "test", "watch", "watched")
const temporary = mkdtempSync(join(tmpdir(), "kata-watch-test-"))
afterAll(() => rmSync(temporary, { recursive: true, force: true }))

const run = (
  command: string,
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>> = {}
): Promise<Ended> =>
  start(command, args, { cwd: temporary, env: { PATH: process.env["PATH"], HOME: temporary, ...env } })

const beneath = (...words: ReadonlyArray<string>) => run(watched, words)
const node = (program: string) => `"${process.execPath}" -e '${program}'`

const isLinux = process.platform === "linux"
const hasCompiler = isLinux && spawnSync("cc", ["--version"]).status === 0
if (!isLinux) console.warn("skipped: only Linux has subreapers")
else if (!hasCompiler) console.warn("skipped: the watch over processes needs a C compiler (cc)")

it.skipIf(!isLinux || process.env["CI"] !== "true")("CI has a compiler", () => expect(hasCompiler).toBe(true))

describe.skipIf(!hasCompiler)("beneath the watch", () => {
  it("a command has its streams and its exit code", async () => {
    expect(await beneath("sh", "-c", "echo out; echo err >&2; exit 3")).toEqual({
      status: 3,
      stdout: "out\n",
      stderr: "err\n"
    })
    expect(await beneath("true")).toEqual({ status: 0, stdout: "", stderr: "" })
    expect(await beneath("no-such-command")).toMatchObject({
      status: 127,
      stderr: expect.stringContaining("no-such-command: No such file")
    })
  })

  it("signals reach the command, and what it ends by is passed on", async () => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      const child = spawn(watched, ["sh", "-c", "echo ready; exec sleep 60"], { stdio: ["ignore", "pipe", "ignore"] })
      const done = new Promise((resolve) => child.on("close", (code, by) => resolve([code, by])))
      await new Promise((resolve) => child.stdout.once("data", resolve))
      child.kill(signal)
      expect(await done).toEqual([null, signal])
    }
    const child = spawn(watched, [
      "sh",
      "-c",
      "trap 'echo told; exit 7' TERM; echo ready; while :; do sleep 0.05; done"
    ], {
      stdio: ["ignore", "pipe", "ignore"]
    })
    let text = ""
    child.stdout.setEncoding("utf8").on("data", (part: string) => {
      text += part
      if (part.includes("ready")) child.kill("SIGTERM")
    })
    expect(await new Promise((resolve) => child.on("close", resolve))).toBe(7)
    expect(text).toBe("ready\ntold\n")
  })

  it("Ctrl-C is met once", async () => {
    const python = spawnSync("python3", ["-c", "import pty, sys; pty.openpty(); print(sys.executable)"], {
      encoding: "utf8"
    })
    if (python.status !== 0) return console.warn("skipped: Ctrl-C needs a terminal, made by python3")
    const program =
      `let n = 0; process.on("SIGINT", () => n++); setTimeout(() => process.exit(20 + n), 1000); console.log("ready")`
    const onTerminal = `
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
while b"ready" not in os.read(fd, 65536): pass
os.write(fd, b"\\x03")
try:
    while os.read(fd, 65536): pass
except OSError: pass
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`
    const args = ["-c", onTerminal, watched, process.execPath, "-e", program]
    expect(await run(python.stdout.trim(), args)).toMatchObject({ status: 21, stderr: "" })
    return undefined
  })

  it("the crash of a process that outlives its parent makes a failure", async () => {
    const { status, stderr } = await beneath("sh", "-c", `${node("setTimeout(() => process.abort(), 300)")} & exit 0`)
    expect(status).toBe(1)
    expect(stderr).toMatch(/^watch: ended by SIGABRT: \d+ .*-e setTimeout/m)
    // a shell tells by its exit code
    const shell = await beneath("sh", "-c", `(sleep 0.2; sh -c 'kill -SEGV $$'; exit $?) & exit 0`)
    expect(shell).toMatchObject({ status: 1, stderr: expect.stringMatching(/^watch: ended by SIGSEGV: \d+ sh /m) })
  })

  it("the crash of the command does, but not an end by a signal that tests send", async () => {
    expect(await beneath("sh", "-c", "kill -ABRT $$")).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^watch: ended by SIGABRT: \d+ sh/)
    })
    expect(await beneath("sh", "-c", "(sleep 0.2; sh -c 'kill -KILL $$') & exit 0")).toMatchObject({
      status: 0,
      stderr: ""
    })
  })

  it("what is left running is said, ended with all that it has started, and makes a failure", async () => {
    const { status, stderr, stdout } = await beneath(
      "sh",
      "-c",
      `sh -c 'trap "" TERM; sleep 61 & echo $!; wait' & echo $!; exit 0`
    )
    expect(status).toBe(1)
    expect(stderr).toMatch(/^watch: still running: \d+ sh -c trap "" TERM; sleep 61 .* \(in .*kata-watch-test-/)
    const pids = stdout.trim().split("\n").map(Number)
    expect(pids).toHaveLength(2)
    for (const pid of pids) await until(`${pid} is gone`, () => !isAlive(pid))
  })
})

describe.skipIf(!isLinux)("without a compiler", () => {
  beforeAll(() => {
    mkdirSync(join(temporary, "a", "b", "bin"), { recursive: true })
    for (const name of ["watched", "watch.c"]) {
      copyFileSync(join(root, "test", "watch", name), join(temporary, "a", "b", name))
    }
    for (const name of ["uname", "dirname"]) {
      symlinkSync(
        spawnSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).stdout.trim(),
        join(temporary, "a", "b", "bin", name)
      )
    }
  })
  const alone = (env: Readonly<Record<string, string>>) =>
    run("/bin/sh", [join(temporary, "a", "b", "watched"), "/bin/sh", "-c", "exit 3"], {
      PATH: join(temporary, "a", "b", "bin"),
      ...env
    })

  it("the command runs alone, which is said; in CI that is a failure", async () => {
    const stderr = "watched: there is no C compiler (cc): how processes end that outlive their parents is not seen\n"
    expect(await alone({})).toEqual({ status: 3, stdout: "", stderr })
    expect(await alone({ CI: "true" })).toEqual({ status: 1, stdout: "", stderr })
  })
})

describe("a runner that watches its children", () => {
  const children = join(root, "test", "watch", "children.mjs")
  const runner = (program: string) =>
    run(process.execPath, [
      "--input-type=module",
      "-e",
      `import { watchChildren } from ${JSON.stringify(children)}
       import { exec, execFileSync, execSync, spawn, spawnSync } from "node:child_process"
       watchChildren(); ${program}`
    ])

  it("fails when one of them crashed, however it was started", async () => {
    const crash = "kill -BUS $$"
    for (
      const program of [
        `spawn("sh", ["-c", "${crash}"])`,
        `exec("${crash}", () => {})`,
        `spawnSync("sh", ["-c", "${crash}"])`,
        `spawnSync("sh -c '${crash}'", { shell: true })`,
        `try { execFileSync("sh", ["-c", "${crash}"]) } catch {}`,
        `try { execSync("${crash}") } catch {}`,
        `spawnSync("sh", ["-c", "sh -c '${crash}'; exit $?"])`
      ]
    ) {
      const { status, stderr } = await runner(program)
      expect({ program, status }).toEqual({ program, status: 1 })
      expect(stderr).toMatch(/^children: ended by SIGBUS: /m)
    }
  })

  it("does not for other ends, and keeps its own exit code", async () => {
    const others = `for (const end of ["exit 1", "kill -KILL $$", "kill -TERM $$"]) spawnSync("sh", ["-c", end])`
    expect(await runner(others)).toEqual({ status: 0, stdout: "", stderr: "" })
    expect(await runner(`spawnSync("sh", ["-c", "kill -ILL $$"]); process.exitCode = 5`)).toMatchObject({ status: 5 })
  })
})
