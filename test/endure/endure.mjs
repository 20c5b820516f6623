/**
 * `npm run endure`: every command as whole processes, and a daemon under load and then idle, on any Nodes, all while garbage is collected by
 * force inside of the work, between the turns of the loop and at the end. Fails when a process ends by a signal or with another exit code
 * than it should, when a command has no recipe, or when the daemon grows. `npm run endure -- --help` says how.
 */
import { execFileSync } from "node:child_process"
import { existsSync, mkdtempSync, realpathSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { watchChildren } from "../watch/children.mjs"
import { runCommands } from "./commands.mjs"
import { runDaemon } from "./daemon.mjs"
import { placeOf } from "./place.mjs"

watchChildren()

const usage = `npm run endure -- [flags]

  --node <path>       a Node to run on, once for each (the one that runs this)
  --times <n>         that each command runs (30); 0: no commands
  --only <command>    "daemon start"; again for more (all)
  --idle <minutes>    that the daemon is left alone, also 0.5 (10); 0: no daemon
  --load <seconds>    of four clients before that (60)
  --seed <n>          (1)
  --program <file>    instead of dist/launcher.cjs

Interrupted, it tells what came of it so far.
`
const fail = (message) => {
  console.error(`endure: ${message}`)
  process.exit(2)
}

const options = () => {
  const text = (value) => ({ type: "string", default: value })
  try {
    return parseArgs({
      options: {
        node: { type: "string", multiple: true, default: [process.execPath] },
        times: text("30"),
        only: { type: "string", multiple: true },
        idle: text("10"),
        load: text("60"),
        seed: text("1"),
        program: text(fileURLToPath(new URL("../../dist/launcher.cjs", import.meta.url))),
        help: { type: "boolean", default: false }
      }
    }).values
  } catch (error) {
    return fail(`${error.message}\n\n${usage}`)
  }
}
const { help, node: nodes, only, program, ...chosen } = options()
if (help) {
  console.log(usage)
  process.exit(0)
}
const { idle, load, seed, times } = Object.fromEntries(
  Object.entries(chosen).map(([name, text]) =>
    (name === "idle" ? /^\d{1,6}(?:\.\d+)?$/ : /^\d{1,6}$/).test(text)
      ? [name, Number(text)]
      : fail(`--${name}: not a number: ${text}`)
  )
)
if (!existsSync(program)) fail(`${program} is missing; run \`npm run build\` first`)

const versionOf = (node) => {
  try {
    return execFileSync(node, ["--version"], { encoding: "utf8" }).trim()
  } catch (error) {
    return fail(`--node ${node}: ${error.message}`)
  }
}

const folder = realpathSync(mkdtempSync(join(tmpdir(), "kata-endure-")))
process.on("exit", () => rmSync(folder, { recursive: true, force: true }))

const interrupted = new AbortController()
for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]]) {
  process.on(signal, () => {
    process.exitCode = code
    interrupted.abort()
  })
}

const row = (cells) => console.log(`| ${cells.join(" | ")} |`)
const table = (title, head, rows) => {
  if (rows.length === 0) return
  console.log(`\n${title}\n`)
  for (const cells of [head, head.map(() => "---"), ...rows]) row(cells)
}

const problems = []
const done = { commands: [], daemons: [] }
await Promise.all(nodes.map(async (node, number) => {
  const version = versionOf(resolve(node))
  const problem = (text) => {
    problems.push(`${version}: ${text}`)
    console.error(`endure: ${version}: ${text}`)
  }
  const place = placeOf({ folder: join(folder, String(number)), node: resolve(node), program: resolve(program), seed })
  const given = { place, problem, seed, signal: interrupted.signal }
  try {
    if (times > 0) done.commands.push([version, ...await runCommands({ ...given, only, times })])
    if (idle > 0 && !interrupted.signal.aborted) {
      done.daemons.push([version, ...await runDaemon({ ...given, idle: idle * 60_000, load: load * 1000 })])
    }
  } catch (error) {
    problem(error.stack)
  } finally {
    await place.close()
  }
}))

table(
  `commands, ${times} times each (seed ${seed})`,
  [
    "Node",
    "commands",
    "rounds",
    "processes",
    "as expected",
    "run again",
    "by a signal",
    "collections: full",
    "without JavaScript",
    "minor"
  ],
  done.commands
)
table(
  `a daemon, ${load} s of load and ${idle} minutes idle (seed ${seed}); medians of the first and the last fifth of the idle time`,
  [
    "Node",
    "requests",
    "idle, minutes",
    "heap, MB",
    "outside of it, MB",
    "resident, MB",
    "descriptors",
    "collections: full",
    "without JavaScript",
    "minor",
    "ended with"
  ],
  done.daemons
)
console.log(`\n${problems.length} problems`)
if (problems.length > 0) process.exitCode = 1
