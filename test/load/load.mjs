/**
 * `npm run load`: many clients at one daemon of the built program, for as many requests as you like; how long its answers take, and what it
 * keeps in memory. Fails when an answer does, when an event is missing, or when the memory grows. `npm run load -- --help` says how.
 */
import { spawnSync } from "node:child_process"
import { copyFileSync, existsSync, mkdtempSync, realpathSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { watchChildren } from "../watch/children.mjs"
import { connect, follow, start } from "./daemon.mjs"
import { clientOf } from "./work.mjs"

watchChildren()

const usage = `npm run load -- [flags]

  --requests <n>     of all clients together (100000)
  --clients <n>      at once (8)
  --creates <n>      before that, each beginning when the one before is answered (1000)
  --issues <n>       in the database when it begins (1000)
  --database <file>  a copy of this one instead
  --runs <n>         of each command as a whole process (20)
  --seed <n>         (1)

The database lies in TMPDIR, about 7 KB for each issue, and is removed at the end.
`
const fail = (message) => {
  console.error(`load: ${message}`)
  process.exit(2)
}

const options = () => {
  const text = (value) => ({ type: "string", default: value })
  const flags = {
    requests: text("100000"),
    clients: text("8"),
    creates: text("1000"),
    issues: text("1000"),
    database: { type: "string" },
    runs: text("20"),
    seed: text("1"),
    help: { type: "boolean", default: false }
  }
  try {
    return parseArgs({ options: flags }).values
  } catch (error) {
    return fail(`${error.message}\n\n${usage}`)
  }
}
const { database, help, ...chosen } = options()
if (help) {
  console.log(usage)
  process.exit(0)
}
const { clients, creates, issues, requests, runs, seed } = Object.fromEntries(
  Object.entries(chosen).map(([name, text]) =>
    /^\d{1,9}$/.test(text) ? [name, Number(text)] : fail(`--${name}: not a number: ${text}`)
  )
)
if (clients === 0) fail("--clients: at least one")

const root = fileURLToPath(new URL("../..", import.meta.url))
const launcher = join(root, "dist", "launcher.cjs")
if (!existsSync(launcher)) fail(`${launcher} is missing; run \`npm run build\` first`)

// ---- numbers --------------------------------------------------------------------------------------------------------

const percentile = (sorted, part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]
const ms = (value) => value < 10 ? value.toFixed(1) : value.toFixed(0)
const row = (cells) => console.log(`| ${cells.join(" | ")} |`)
const head = (...cells) => {
  row(cells)
  row(cells.map(() => "---"))
}
const timesRow = (name, times) => {
  const sorted = times.toSorted((a, b) => a - b)
  row([name, sorted.length, ...[0.5, 0.95, 0.99].map((part) => ms(percentile(sorted, part))), ms(sorted.at(-1))])
}
const megabytes = (bytes) => bytes === undefined ? "–" : `${Math.round(bytes / 1048576)} MB`
const median = (numbers) => percentile(numbers.toSorted((a, b) => a - b), 0.5)

// ---- the place ------------------------------------------------------------------------------------------------------

const folder = realpathSync(mkdtempSync(join(tmpdir(), "kata-load-")))
let daemon
const leave = () => {
  try {
    daemon?.stop()
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]]) {
  process.on(signal, () => {
    leave()
    process.exit(code)
  })
}

const problems = []

const run = async () => {
  const file = join(folder, "kata.db")
  if (database === undefined) {
    const generator = join(root, "test", "bench", "generate.mjs")
    const made = spawnSync(process.execPath, [generator, file, String(issues), String(seed)], { stdio: "inherit" })
    if (made.status !== 0) throw new Error("the database could not be made")
  } else copyFileSync(resolve(database), file)
  daemon = start(launcher, folder)
  const connections = Array.from({ length: clients }, () => connect(daemon.socketPath))
  const { ask } = connections[0]
  const { projects } = (await ask("GET", "/projects")).body
  const { id, name } = projects[0] ?? (await ask("POST", "/projects", { name: "load" })).body.project
  const project = `/projects/${id}`
  const known = (await ask("GET", `${project}/issues?status=open&limit=500`)).body.issues.map((issue) => issue.short_id)
  const workers = connections.map((connection, number) => clientOf(connection, number, { known, project, seed }))
  if (known.length === 0) await workers[0].create()
  const last = async () => {
    // ids of events are given once each, the highest belongs to the newest
    const { event } = (await ask("POST", `${project}/issues/${known[0]}/comments`, { actor: "load", body: "now" })).body
    return event.id
  }
  const first = await last()
  const followed = follow(daemon.socketPath, first)

  console.log(`\n${creates} creates, one after the other, each with a search for what looks like it; ms\n`)
  head("creates", "count", "50%", "95%", "99%", "max")
  const times = []
  for (let n = 0; n < creates; n++) times.push((await workers[n % clients].create()).took)
  const tenth = Math.ceil(creates / 10)
  if (creates > 0) {
    timesRow("all", times)
    timesRow("the first tenth", times.slice(0, tenth))
    timesRow("the last tenth", times.slice(-tenth))
  }

  const took = new Map()
  const memory = [daemon.memory()]
  let [asked, answered] = [0, 0]
  const began = Date.now()
  await Promise.all(workers.map(async (worker) => {
    while (asked < requests) {
      asked++
      const answer = await worker.any()
      if (!took.has(answer.name)) took.set(answer.name, [])
      took.get(answer.name).push(answer.took)
      if (++answered % Math.ceil(requests / 20) === 0) memory.push(daemon.memory())
    }
  }))
  const seconds = (Date.now() - began) / 1000
  console.log(`\n${requests} requests of ${clients} clients: ${Math.round(requests / seconds)} a second; ms\n`)
  head("request", "count", "50%", "95%", "99%", "max")
  for (const [kind, all] of took) timesRow(kind, all)
  console.log(`\nmemory of the daemon, at each twentieth: ${memory.map(megabytes).join(", ")}`)
  const settled = memory.slice(Math.floor(memory.length / 3)).filter((bytes) => bytes !== undefined)
  const half = Math.floor(settled.length / 2)
  if (requests >= 10_000 && half > 1) {
    const growth = median(settled.slice(half)) - median(settled.slice(0, half))
    if (growth > 16 * 1048576) problems.push(`memory grows: ${megabytes(growth)}`)
  }

  const end = await last()
  for (let n = 0; followed.seen().last < end && n < 500; n++) await new Promise((resolve) => setTimeout(resolve, 20))
  const { count, inOrder } = followed.seen()
  console.log(`events: ${end - first} written, ${count} on the stream, ${inOrder ? "in order" : "out of order"}`)
  if (count !== end - first || !inOrder) problems.push("the stream is not what was written")

  if (runs > 0) {
    console.log(`\ncommands as whole processes, ${runs} runs; ms\n`)
    head("command", "min", "median", "of a bare node")
    const once = (args) => {
      const began = process.hrtime.bigint()
      const { status, stderr } = spawnSync(process.execPath, args, { cwd: folder, env: daemon.env, encoding: "utf8" })
      if (status !== 0) throw new Error(`${args.slice(1).join(" ")}: ${stderr}`)
      return Number(process.hrtime.bigint() - began) / 1e6
    }
    const kata = (...words) => [launcher, ...words, "--project", name]
    const commands = {
      "node -e 0": ["-e", "0"],
      "kata show": kata("show", known[0]),
      "kata list": kata("list"),
      "kata list --json": kata("list", "--json"),
      "kata search": kata("search", "parser crash"),
      "kata create": kata("create", "from the command line", "--body", "a word", "--force-new")
    }
    // in turns, so that a busy machine meets all
    const all = Object.fromEntries(Object.keys(commands).map((command) => [command, []]))
    for (let n = 0; n < runs; n++) for (const [command, args] of Object.entries(commands)) all[command].push(once(args))
    const bare = Math.min(...all["node -e 0"])
    for (const [command, times] of Object.entries(all)) {
      const min = Math.min(...times)
      row([command, ms(min), ms(median(times)), `${(min / bare).toFixed(2)}×`])
    }
  }
  followed.close()
  for (const { close } of connections) close()
}

try {
  await run()
} catch (error) {
  problems.push(error.message)
} finally {
  leave()
}
for (const problem of problems) console.error(`load: ${problem}`)
process.exitCode = problems.length === 0 ? 0 : 1
