#!/usr/bin/env node
/**
 * `npm run mutants -- --count 200 --seed 1 --only swap`: small mistakes, made by rule in the files of `table.mjs` and drawn by a seed, each
 * in a copy of the tree. The tests must catch them; what survives fails the run, unless `equivalents.mjs` says why no behaviour differs.
 */
import { fork } from "node:child_process"
import { createHash } from "node:crypto"
import { once } from "node:events"
import * as fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { compiler } from "./compile.mjs"
import { equivalents, isAbout } from "./equivalents.mjs"
import { changed, sitesOf } from "./rules.mjs"
import { table } from "./table.mjs"

const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "")
const { values } = parseArgs({
  options: {
    count: { type: "string", default: "20" },
    seed: { type: "string", default: "1" },
    /** The place in the draw to begin at, from 1: where a campaign goes on. */
    from: { type: "string", default: "1" },
    only: { type: "string", default: "" },
    workers: { type: "string", default: "1" },
    /** Seconds that a file of tests may take with a mutant, beyond which it is killed: it does not come to an end. */
    limit: { type: "string", default: "300" },
    report: { type: "string" }
  }
})
const count = Number(values.count)
const limit = Number(values.limit) * 1000

const sources = new Map(
  Object.keys(table).filter((file) => file.includes(values.only))
    .map((file) => [file, fs.readFileSync(join(root, file), "utf8")])
)
const sites = [...sources].flatMap(([file, text]) => sitesOf(file, text))
if (sites.length === 0) throw new Error(`no file of test/mutants/table.mjs has ${values.only} in its name`)

/** Hard links where that can be: a copy costs no space. Caches are left out, because they are written in place. */
const link = (from, to) => {
  fs.mkdirSync(to, { recursive: true })
  for (const entry of fs.readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)]
    if (entry.isDirectory()) {
      if (!/^\.(?:cache|vite|vitest)/.test(entry.name)) link(source, target)
    } else if (entry.isSymbolicLink()) fs.symlinkSync(fs.readlinkSync(source), target)
    else {
      try {
        fs.linkSync(source, target)
      } catch (error) {
        if (error.code !== "EXDEV" && error.code !== "EPERM") throw error
        fs.copyFileSync(source, target)
      }
    }
  }
}

const copyTree = (to) => {
  for (const name of fs.readdirSync(root)) {
    if (name === "node_modules" || name === "dist" || name === ".git") continue
    fs.cpSync(join(root, name), join(to, name), { recursive: true, verbatimSymlinks: true })
  }
  link(join(root, "node_modules"), join(to, "node_modules"))
}

/** A process that runs tests in a copy; it and what it started are ended as one group. */
const startJudge = (place) =>
  new Promise((done, failed) => {
    const child = fork(join(place, "test/mutants/judge.mjs"), {
      cwd: place,
      detached: true,
      stdio: ["ignore", "ignore", process.env.KATA_MUTANT_VERBOSE === undefined ? "ignore" : "inherit", "ipc"],
      env: { ...process.env, SQLITE_USE_URI: "1", NODE_ENV: "test" }
    })
    const end = () => {
      try {
        process.kill(-child.pid, "SIGKILL")
      } catch {
        // It has ended by itself.
      }
    }
    child.once("error", failed)
    child.once("exit", () => failed(new Error("vitest does not start")))
    child.once("message", () => done({ child, end }))
  })

const judges = new Set()
const endAll = () => {
  for (const { end, place } of judges) {
    end()
    fs.rmSync(place, { recursive: true, force: true, maxRetries: 5 })
  }
  judges.clear()
}
process.once("exit", endAll)
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(130))

/** A copy of the tree, and how its tests answer a change of one file. */
class Copy {
  constructor(place) {
    this.place = place
    this.end = () => this.judge?.end()
  }

  static async make() {
    const copy = new Copy(fs.mkdtempSync(join(fs.realpathSync(tmpdir()), "kata-mutants-")))
    judges.add(copy)
    copyTree(copy.place)
    copy.judge = await startJudge(copy.place)
    return copy
  }

  /** What the tests say of a text of the file: the first that fails; undefined when all pass. */
  async ask(file, text, tests) {
    const path = join(this.place, file)
    fs.writeFileSync(path, text)
    const { child } = this.judge
    const heard = new AbortController()
    const answer = Promise.race([
      once(child, "message", heard).then(([said]) => said),
      once(child, "exit", heard).then(() => ({ failed: "Node itself: the process ended" }))
    ])
    child.send({ changed: path, tests })
    const late = setTimeout(limit, { failed: "the clock: the tests do not end" }, heard)
    const { error, failed } = await Promise.race([answer, late])
    heard.abort()
    if (error !== undefined) throw new Error(error)
    if (child.exitCode !== null || failed?.startsWith("the clock")) await this.restart()
    return failed ?? undefined
  }

  async restart() {
    this.judge.end()
    this.judge = await startJudge(this.place)
  }
}

const reasonOf = (site) => equivalents.find((entry) => isAbout(site, entry))?.reason

/**
 * Sites in the order of the draw, those that do not compile passed over, and counted. Each site's place comes from the seed and from what the
 * site itself says, not from where it stands: a change elsewhere leaves the rest of the draw as it was.
 */
const drawn = function*(compiles, tally) {
  const seen = new Map()
  const placed = sites.map((site) => {
    const says = [values.seed, site.file, site.rule, site.before, site.after].join("\n")
    const nth = (seen.get(says) ?? 0) + 1
    seen.set(says, nth)
    return { site, place: createHash("sha256").update(`${says}\n${nth}`).digest("hex") }
  })
  for (const { site } of placed.toSorted((a, b) => (a.place < b.place ? -1 : 1))) {
    if (compiles(site.file, changed(sources.get(site.file), site))) yield site
    else {
      tally.again++
      console.log(`does not compile: ${show(site)}`)
    }
  }
}

const show = ({ after, before, file, line, rule }) => `${file}:${line} (${rule})\n  - ${before}\n  + ${after}`

const main = async () => {
  const { compiles } = compiler(root)
  const tally = { drawn: 0, again: 0, killed: 0, equivalent: 0, survived: 0 }
  const survivors = []
  const all = []
  const draw = drawn(compiles, tally)
  const passing = new Set()
  /** Which of these tests kills a mutant. It must pass without it: else it would kill every one. */
  const asked = async (copy, { file }, mutant, tests) => {
    for (const test of tests) {
      const killed = await copy.ask(file, mutant, [test])
      if (killed === undefined) continue
      if (passing.has(test)) return killed
      // Twice, because a busy machine may fail one once.
      const by = (await copy.ask(file, sources.get(file), [test])) && (await copy.ask(file, sources.get(file), [test]))
      if (by !== undefined) throw new Error(`a test fails without any mutant: ${by}`)
      passing.add(test)
      return killed
    }
    return undefined
  }
  /** Who killed a mutant; undefined when nobody did. */
  const judged = async (copy, site) => {
    const { all, quick } = table[site.file]
    const mutant = changed(sources.get(site.file), site)
    const by = (await asked(copy, site, mutant, quick)) ??
      (reasonOf(site) === undefined ? await asked(copy, site, mutant, all) : undefined)
    await copy.ask(site.file, sources.get(site.file), [])
    return by
  }
  let place = 0
  while (place < Number(values.from) - 1 && !draw.next().done) place++
  const work = async (copy) => {
    while (tally.drawn < count) {
      const { done, value: site } = draw.next()
      if (done) return
      const number = ++place
      tally.drawn++
      const started = Date.now()
      const by = await judged(copy, site)
      const reason = by === undefined ? reasonOf(site) : undefined
      if (
        by === undefined && reason === undefined && !compiles(site.file, changed(sources.get(site.file), site), true)
      ) {
        tally.drawn--
        tally.again++
        console.log(`${number} does not compile elsewhere: ${show(site)}`)
        continue
      }
      const outcome = by !== undefined ? "killed" : reason === undefined ? "survived" : "equivalent"
      tally[outcome]++
      if (outcome === "survived") survivors.push(site)
      all.push({ number, outcome, ...site, by: by ?? reason })
      const seconds = ((Date.now() - started) / 1000).toFixed(1)
      console.log(`${number} ${outcome} in ${seconds} s: ${show(site)}\n  ${by ?? reason ?? "by no test"}`)
    }
  }

  const copies = []
  for (let n = 0; n < Number(values.workers); n++) copies.push(await Copy.make())
  await Promise.all(copies.map(work))
  const { again, drawn: tried, equivalent, killed, survived } = tally
  console.log(
    `seed ${values.seed}, ${sites.length} sites in ${sources.size} files: ${tried} mutants, ${killed} killed,` +
      ` ${equivalent} without a difference in behaviour, ${survived} survived; ${again} drawn again, because they do not compile;` +
      ` the campaign goes on with --from ${place + 1}`
  )
  for (const site of survivors) console.log(`survived: ${show(site)}`)
  if (values.report !== undefined) fs.writeFileSync(values.report, `${JSON.stringify({ ...tally, all }, null, 2)}\n`)
  process.exitCode = survived > 0 ? 1 : 0
}

await main().finally(endAll)
