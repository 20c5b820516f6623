/**
 * `npm run bench`: export, import, verify, upgrade, merge, diff and start of the built program, each as a whole process, against the sqlite3 program and bare
 * node in the same run. `npm run bench -- --help` says how.
 */
import { execFileSync, spawnSync } from "node:child_process"
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { forwarded } from "./forwarded.mjs"
import { measure, stop, summary } from "./measure.mjs"
import { page, tables } from "./page.mjs"
import { profile } from "./profile.mjs"
import { groups, sqliteVersion, starts, subjects } from "./subjects.mjs"
import { merges } from "./waits.mjs"

const usage = `npm run bench -- [flags]

  --issues <n>,<n>     sizes of the databases (10000,100000)
  --runs <n>           times that each is run (3); starts are run ten times as often
  --only <what>,...    of ${groups.join(", ")} (all but gzip)
  --seed <n>           of the databases (1)
  --beside <launcher>  another build, dist/launcher.cjs of it, measured in the same run
  --beside-node <node> the program that runs that build (the Node of this run)
  --profile <folder>   instead of measuring: a .cpuprofile of each, and the functions that took longest
  --write              write docs/benchmarks.md

Databases lie in TMPDIR, about 50 KB for each issue, and are removed at the end.
`
const fail = (message) => {
  console.error(`bench: ${message}`)
  process.exit(2)
}

const root = fileURLToPath(new URL("../..", import.meta.url))

const options = () => {
  const text = { type: "string" }
  const flags = {
    issues: { ...text, default: "10000,100000" },
    runs: { ...text, default: "3" },
    only: { ...text, default: groups.filter((group) => group !== "gzip").join(",") },
    seed: { ...text, default: "1" },
    beside: text,
    "beside-node": { ...text, default: process.execPath },
    profile: text,
    write: { type: "boolean", default: false },
    help: { type: "boolean", default: false }
  }
  try {
    return parseArgs({ options: flags }).values
  } catch (error) {
    return fail(`${error.message}\n\n${usage}`)
  }
}

const chosen = options()
if (chosen.help) {
  console.log(usage)
  process.exit(0)
}
const number = (flag, text) =>
  /^[1-9]\d*$/.test(text) ? Number(text) : fail(`--${flag}: not a positive number: ${text}`)
const sizes = chosen.issues.split(",").map((text) => number("issues", text)).toSorted((a, b) => a - b)
const runs = number("runs", chosen.runs)
const seed = number("seed", chosen.seed)
const only = chosen.only.split(",")
for (const group of only) if (!groups.includes(group)) fail(`--only: not one of ${groups.join(", ")}: ${group}`)

const launchers = {
  kata: { launcher: join(root, "dist", "launcher.cjs"), node: process.execPath },
  ...(chosen.beside === undefined
    ? {}
    : { other: { launcher: resolve(chosen.beside), node: resolve(chosen["beside-node"]) } })
}
for (const file of Object.values(launchers).flatMap(({ launcher, node }) => [launcher, node])) {
  if (!existsSync(file)) fail(`${file} is missing; run \`npm run build\` first`)
}
if (sqliteVersion === undefined) console.log("There is no sqlite3 program here: the ratios to it are left out.\n")

const folder = realpathSync(mkdtempSync(join(tmpdir(), "kata-bench-")))
/** What ends the daemons that were started. */
const daemons = []
process.on("exit", () => {
  stop()
  for (const end of daemons) end()
  rmSync(folder, { recursive: true, force: true })
})
for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]]) {
  process.on(signal, () => process.exit(code))
}

const { free } = (({ bavail, bsize }) => ({ free: bavail * bsize }))(statfsSync(folder))
const needed = sizes.at(-1) * 50_000
if (free < needed) {
  fail(`${tmpdir()} has ${Math.round(free / 1e9)} GB, ${Math.round(needed / 1e9)} GB are needed; set TMPDIR`)
}

const out = join(folder, "out")
const environment = (database) => ({
  PATH: process.env.PATH,
  HOME: join(folder, "home"),
  TMPDIR: folder,
  KATA_DB: database
})

const run = async (subject, database) => {
  rmSync(out, { recursive: true, force: true })
  mkdirSync(out)
  if (subject.copies !== undefined) copyFileSync(...subject.copies)
  // What an earlier subject left to be written must not be written in the time of this one.
  spawnSync("sync")
  const cost = await measure({ cwd: folder, env: environment(database), ...subject })
  return subject.pipeline ? { ...cost, peak: undefined } : cost
}

const seconds = (value) => value < 1 ? `${Math.round(value * 1000)} ms` : `${value.toFixed(2)} s`

/** A daemon of this build that serves one issue: where a command finds it. */
const serve = ({ launcher, node }) => {
  const cwd = mkdtempSync(join(folder, "served-"))
  const env = { PATH: process.env.PATH, HOME: cwd, TMPDIR: folder }
  const kata = (...args) => execFileSync(node, [launcher, ...args], { cwd, env, encoding: "utf8" })
  kata("daemon", "start")
  daemons.push(() => kata("daemon", "stop"))
  kata("init", "--project", "bench")
  const issue = kata("create", "An issue to show", "--body", "With some text.", "--quiet").trim()
  const { daemons: [{ address, pid }] } = JSON.parse(kata("daemon", "status", "--json"))
  return { cwd, env, issue, launcher, pid, socketPath: address.replace("unix://", "") }
}

/** Of so many issues, how many are changed before a merge. */
const changedOf = (issues) => Math.min(1000, Math.ceil(issues / 2))

/** The files that the subjects of one size read. */
const prepare = async (issues) => {
  const files = Object.fromEntries(
    [
      ["database", "db"],
      ["dump", "sql"],
      ["snapshot", "jsonl"],
      ["older", "v9.db"],
      ["olderSnapshot", "v9.jsonl"],
      ["other", "other.db"],
      ["otherSnapshot", "other.jsonl"],
      ["changed", "changed.db"],
      ["changedSnapshot", "changed.jsonl"],
      ["merged", "merged.db"],
      ["plan", "plan.db"]
    ].map(([name, ending]) => [name, join(folder, `${issues}.${ending}`)])
  )
  const env = environment(files.database)
  const made = await measure({
    command: process.execPath,
    args: [fileURLToPath(new URL("generate.mjs", import.meta.url)), files.database, String(issues), String(seed)],
    env
  })
  console.log(`${issues} issues, generated in ${seconds(made.wall)}`)
  if (sqliteVersion !== undefined) {
    await measure({ command: "sqlite3", args: [files.database, ".dump"], output: files.dump, env })
  }
  await measure({
    command: process.execPath,
    args: [launchers.kata.launcher, "export", "--output", files.snapshot],
    env
  })
  if (only.includes("upgrade")) {
    const script = fileURLToPath(new URL("older.mjs", import.meta.url))
    await measure({ command: process.execPath, args: [script, files.database, files.older], env })
    await measure({
      command: process.execPath,
      args: [launchers.kata.launcher, "export", "--as-stored", "--output", files.olderSnapshot],
      env: environment(files.older)
    })
  }
  if (["merge", "diff", "waits"].some((group) => only.includes(group))) {
    const script = (name) => fileURLToPath(new URL(name, import.meta.url))
    const { changed, database, other, plan } = files
    const run = (...args) => measure({ command: process.execPath, args, env })
    await run(script("generate.mjs"), other, String(issues), String(seed + 1000))
    await run(script("others.mjs"), database, other, changed, plan, String(changedOf(issues)))
    for (const [from, to] of [[other, files.otherSnapshot], [changed, files.changedSnapshot]]) {
      const args = [launchers.kata.launcher, "export", "--output", to]
      await measure({ command: process.execPath, args, env: environment(from) })
    }
    copyFileSync(database, files.merged)
    const merge = ["import", "--merge", "--input", files.otherSnapshot, "--target", files.merged]
    await run(launchers.kata.launcher, ...merge)
  }
  return files
}

const measured = async (found, group, files, times) => {
  const costs = found.map(() => [])
  for (let n = 0; n < times; n++) {
    for (const [i, subject] of found.entries()) costs[i].push(await run(subject, files.database))
  }
  return {
    group,
    // Of what does not read the database the yardstick is not there without sqlite3.
    yardstick: found[0].kata ? undefined : found[0].name,
    subjects: found.map(({ name }, i) => ({ name, ...summary(costs[i]) }))
  }
}

mkdirSync(join(folder, "home"))
const results = []
if (only.includes("start") && chosen.profile === undefined) {
  const files = { database: join(folder, "none.db") }
  const served = Object.values(launchers).map(serve)
  const found = starts(launchers, served)
  for (const subject of found) await run(subject, files.database)
  const group = await measured(found, "start", files, runs * 10)
  results.push({ issues: 0, bytes: 0, groups: [group], forwarded: await forwarded(served[0], runs * 200) })
  console.log(tables(results.at(-1)))
}
for (const issues of sizes) {
  const rest = only.filter((group) => group !== "start" && group !== "waits")
  if (rest.length === 0 && !only.includes("waits")) break
  const files = await prepare(issues)
  if (chosen.profile !== undefined) {
    for (const group of rest) {
      for (const subject of subjects(group, { files, launchers, out }).filter(({ kata }) => kata)) {
        const name = `${subject.name.replaceAll(/\W+/g, "-")}-${issues}`
        await profile(join(resolve(chosen.profile), name), subject, (profiled) => run(profiled, files.database))
      }
    }
  } else {
    const result = { issues, bytes: statSync(files.snapshot).size, groups: [] }
    for (const group of rest) {
      result.groups.push(await measured(subjects(group, { files, launchers, out }), group, files, runs))
    }
    if (only.includes("waits")) {
      const target = join(folder, "served.db")
      const writeScript = (text) => {
        writeFileSync(join(folder, "script.sql"), text)
        return join(folder, "script.sql")
      }
      const of = { ...launchers.kata, environment, files, target, writeScript }
      result.waits = { ...await merges(of, runs), issues: changedOf(issues) }
    }
    results.push(result)
    console.log(tables(result))
  }
  for (const file of Object.values(files)) rmSync(file, { force: true })
}
if (chosen.profile === undefined) {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
  const said = ({ launcher, node }) => ({
    version: execFileSync(node, [launcher, "--version"], { encoding: "utf8" }).trim().split(" ").at(-1),
    node: execFileSync(node, ["--version"], { encoding: "utf8" }).trim()
  })
  const other = launchers.other === undefined ? undefined : said(launchers.other)
  const text = page(results, { version, other, runs, seed, command: process.argv.slice(2).join(" ") })
  console.log(text.slice(text.indexOf("## Goals"), text.indexOf("## Machine")))
  if (chosen.write) writeFileSync(join(root, "docs", "benchmarks.md"), text)
}
