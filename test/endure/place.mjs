/** A place of its own for one Node: a database, a daemon on it, and how commands run there, all under forced collections. */
import { spawn } from "node:child_process"
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const collector = fileURLToPath(new URL("gc.cjs", import.meta.url))
/** Longer than anything here takes on a busy machine. */
const patience = 180_000
export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** `node` runs `program` in `folder`; `seed` is that of V8's own choice of when to collect. */
export const placeOf = ({ folder, node, program, seed }) => {
  for (const name of ["home", "own", "work", "tmp"]) mkdirSync(join(folder, name), { recursive: true })
  const log = join(folder, "collected.jsonl")
  // inside of the work too, wherever V8 has just made something
  const stress = ["--stress-scavenge=20", `--random-seed=${seed}`]
  const env = ({ more = {}, own = false } = {}) => {
    const home = join(folder, own ? "own" : "home")
    return {
      PATH: process.env.PATH,
      HOME: folder,
      KATA_HOME: home,
      KATA_DB: join(home, "kata.db"),
      KATA_AUTHOR: "ana",
      KATA_HTTP_TIMEOUT: "2m",
      XDG_RUNTIME_DIR: join(folder, own ? "own-run" : "run"),
      TMPDIR: join(folder, "tmp"),
      TZ: "UTC",
      NODE_OPTIONS: `--expose-gc --require=${JSON.stringify(collector)}`,
      KATA_ENDURE_LOG: log,
      ...more
    }
  }

  const running = new Set()
  const start = (argv, { cwd = join(folder, "work"), more, own, stdin, stressed = true } = {}) => {
    const child = spawn(node, [...stressed ? stress : [], program, ...argv], {
      cwd,
      env: env({ more, own }),
      stdio: ["pipe", "pipe", "pipe"]
    })
    running.add(child)
    const out = { stdout: "", stderr: "" }
    for (const name of ["stdout", "stderr"]) {
      child[name].setEncoding("utf8").on("data", (text) => {
        out[name] += text
      })
    }
    child.stdin.on("error", () => {})
    child.stdin.end(stdin ?? "")
    const done = new Promise((resolve, reject) => {
      child.on("error", (error) => {
        running.delete(child)
        reject(error)
      })
      child.on("close", (exit, signal) => {
        running.delete(child)
        resolve({ exit, signal, pid: child.pid, ...out })
      })
    })
    return { child, done }
  }

  const run = async (argv, options) => {
    const { child, done } = start(argv, options)
    const timer = setTimeout(() => child.kill("SIGKILL"), patience)
    const result = await done
    clearTimeout(timer)
    return result
  }

  /** A daemon that is our own child: how it ends is known. `figures`: the milliseconds between two lines of what it holds. */
  const serve = async (figures) => {
    const { child, done } = start(["daemon", "start", "--foreground"], { more: { KATA_ENDURE_FIGURES: `${figures}` } })
    const state = { over: undefined }
    const ended = done.then((result) => (state.over = result))
    const runtime = join(folder, "home", "runtime")
    const name = `daemon.${child.pid}.json`
    for (const end = Date.now() + patience; Date.now() < end && state.over === undefined; await sleep(50)) {
      const record = existsSync(runtime) &&
        readdirSync(runtime, { recursive: true }).find((path) => path.endsWith(name))
      if (record === false || record === undefined) continue
      const { address } = JSON.parse(readFileSync(join(runtime, record), "utf8"))
      return {
        ended,
        over: () => state.over,
        pid: child.pid,
        socketPath: address.slice("unix://".length),
        stop: () => {
          child.kill("SIGTERM")
          return ended
        }
      }
    }
    child.kill("SIGKILL")
    throw new Error(`the daemon does not serve: ${JSON.stringify(await ended)}`)
  }

  /** What the processes said of themselves. */
  const said = () =>
    existsSync(log) ? readFileSync(log, "utf8").trimEnd().split("\n").map((line) => JSON.parse(line)) : []

  /** Nothing of it runs any more. */
  const close = async () => {
    for (const child of running) child.kill("SIGKILL")
    await Promise.all([...running].map((child) => new Promise((resolve) => child.on("close", resolve))))
  }

  return { close, folder, run, said, serve }
}
