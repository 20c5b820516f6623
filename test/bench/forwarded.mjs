/** What a forwarded command costs the daemon that runs it, against the plain request for the same issue. */
import { readFileSync, statSync } from "node:fs"
import { connect } from "node:net"

/** Seconds of processor time that a process took; Linux counts them in hundredths. Undefined where it does not say them. */
const cpuOf = (pid) => {
  if (process.platform !== "linux") return undefined
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1).split(" ")
  return (Number(fields[11]) + Number(fields[12])) / 100
}

/** One request over a connection of its own, as the launcher asks; fails unless the answer is the wanted one. */
const ask = (socketPath, request, wanted) =>
  new Promise((resolve, reject) => {
    const chunks = []
    const socket = connect(socketPath)
    socket.on("error", reject)
    socket.on("data", (chunk) => chunks.push(chunk))
    socket.on("close", () => {
      const text = Buffer.concat(chunks).toString("utf8")
      if (text.startsWith("HTTP/1.1 200 ") && wanted.test(text)) resolve()
      else reject(new Error(`not what was asked for: ${text}`))
    })
    socket.write(request)
  })

const head = (line, ...headers) => [`${line} HTTP/1.0`, "host: kata.invalid", ...headers, "", ""].join("\r\n")

/**
 * Seconds of the daemon's processor time for each request: of `kata show` that was forwarded to it, and of the plain request. Both in turns,
 * so that a busy machine meets both, after as many that are not counted.
 */
export const forwarded = async ({ cwd, env, issue, launcher, pid, socketPath }, requests) => {
  const [, build] = /build: "(\w+)"/.exec(readFileSync(launcher, "utf8"))
  const { dev, ino } = statSync(cwd)
  const call = {
    build,
    argv: ["show", issue],
    cwd,
    directory: `${dev}:${ino}`,
    terminal: false,
    columns: 0,
    variables: env
  }
  const body = JSON.stringify(call)
  const post = head(
    "POST /api/v1/commands",
    "content-type: application/json",
    `content-length: ${Buffer.byteLength(body)}`
  )
  const kinds = [
    { request: post + body, wanted: /"printed":\{"stdout":"[^"]*An issue to show/, cpu: 0 },
    { request: head(`GET /api/v1/projects/1/issues/${issue}`), wanted: /"title":"An issue to show"/, cpu: 0 }
  ]
  const rounds = 4
  for (let round = 0; round < 2 * rounds; round++) {
    for (const kind of kinds) {
      const before = cpuOf(pid)
      if (before === undefined) return undefined
      for (let n = 0; n < requests / rounds; n++) await ask(socketPath, kind.request, kind.wanted)
      if (round >= rounds) kind.cpu += cpuOf(pid) - before
    }
  }
  const [show, plain] = kinds.map(({ cpu }) => cpu / requests)
  return { show, plain }
}
