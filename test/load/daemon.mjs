/** One daemon of the built program with a database of its own, and how it is asked over its socket. */
import { execFileSync } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { Agent, request } from "node:http"
import { join } from "node:path"

const headersOf = (body) =>
  body === undefined ? {} : { "content-type": "application/json", "content-length": body.length }

/** Asks one thing after the other on one connection. What is refused is an error. */
export const connect = (socketPath) => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const ask = (method, path, what) =>
    new Promise((resolve, reject) => {
      const body = what === undefined ? undefined : Buffer.from(JSON.stringify(what))
      const began = process.hrtime.bigint()
      const asked = request(
        { socketPath, agent, method, path: `/api/v1${path}`, headers: headersOf(body) },
        (answer) => {
          const chunks = []
          answer.on("data", (chunk) => chunks.push(chunk)).on("error", reject)
          answer.on("end", () => {
            const text = Buffer.concat(chunks).toString("utf8")
            const took = Number(process.hrtime.bigint() - began) / 1e6
            if (answer.statusCode === 200) resolve({ body: JSON.parse(text), took })
            else reject(new Error(`${method} ${path}: ${answer.statusCode} ${text.slice(0, 300)}`))
          })
        }
      )
      asked.on("error", reject)
      asked.end(body)
    })
  return { ask, close: () => agent.destroy() }
}

/** Follows the events from now on: gives their number so far, and whether they came in order. */
export const follow = (socketPath, after) => {
  let [count, last, inOrder, rest] = [0, after, true, ""]
  const headers = { accept: "text/event-stream", "last-event-id": String(after) }
  const asked = request({ socketPath, path: "/api/v1/events/stream", headers, agent: false }, (answer) => {
    answer.setEncoding("utf8").on("error", () => {}).on("data", (text) => {
      const lines = (rest + text).split("\n")
      rest = lines.pop()
      for (const line of lines) {
        if (!line.startsWith("id: ")) continue
        const id = Number(line.slice(4))
        count++
        inOrder &&= id > last
        last = id
      }
    })
  })
  asked.on("error", () => {})
  asked.end()
  return { seen: () => ({ count, last, inOrder }), close: () => asked.destroy() }
}

/** Starts a daemon on the database `kata.db` in `folder`. */
export const start = (launcher, folder) => {
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    KATA_HOME: folder,
    KATA_DB: join(folder, "kata.db"),
    XDG_RUNTIME_DIR: join(folder, "run"),
    TMPDIR: folder
  }
  const kata = (...args) =>
    execFileSync(process.execPath, [launcher, ...args], { cwd: folder, env, encoding: "utf8", maxBuffer: 1 << 28 })
  kata("daemon", "start")
  const runtime = join(folder, "runtime")
  const record = readdirSync(runtime, { recursive: true }).find((name) => /daemon\.\d+\.json$/.test(name))
  const { address, pid } = JSON.parse(readFileSync(join(runtime, record), "utf8"))
  return {
    env,
    kata,
    socketPath: address.slice("unix://".length),
    /** Bytes; undefined where the system does not tell. */
    memory: () => {
      try {
        return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) * 1024
      } catch {
        return undefined
      }
    },
    stop: () => kata("daemon", "stop")
  }
}
