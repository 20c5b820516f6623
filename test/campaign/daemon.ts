/** A daemon whose writes are recorded while it is asked for changes; then the power fails at points of that record, and what it had answered is looked for. */
import Sqlite from "better-sqlite3"
import { execFileSync, spawn } from "node:child_process"
import * as fs from "node:fs"
import { request } from "node:http"
import { fileURLToPath } from "node:url"
import { Random } from "../../src/testing/random.ts"
import { environment, readTrace } from "./shim.ts"
import { afterCut, readWrites, startOf } from "./writes.ts"

const launcher = fileURLToPath(new URL("../../dist/launcher.cjs", import.meta.url))

/** A change that was answered when that call had been made, and a question that only it answers with a row. */
interface Acknowledged {
  readonly call: number
  readonly what: string
  readonly sql: string
  readonly values: ReadonlyArray<string | number>
}

export interface DaemonReport {
  readonly seed: number
  readonly cuts: number
  readonly calls: number
  readonly changes: number
  /** Acknowledged changes that were looked for, over all cuts. */
  readonly looked: number
  /** Changes that were not acknowledged yet and there all the same, whole. */
  readonly early: number
  readonly checkpoints: number
  readonly violations: ReadonlyArray<string>
}

const send = (socketPath: string, method: string, path: string, body: object) =>
  new Promise<{ readonly issue: { readonly uid: string; readonly short_id: string } }>((resolve, reject) => {
    const text = JSON.stringify({ actor: "ann", ...body })
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(text) }
    const asked = request(
      { socketPath, method, path: `/api/v1/projects/1${path}`, headers, agent: false },
      (answer) => {
        let said = ""
        answer.setEncoding("utf8").on("data", (part: string) => (said += part))
        answer.on("end", () => answer.statusCode === 200 ? resolve(JSON.parse(said)) : reject(new Error(said)))
      }
    )
    asked.on("error", reject).end(text)
  })

/** The number of the last call of the trace. */
const lastCall = (trace: string): number =>
  Number(fs.readFileSync(trace, "latin1").trimEnd().split("\n").at(-1)?.split("\t")[0])

/** Asks for so many changes, one after the other, large enough that the log is folded in some times. */
const work = async (socketPath: string, trace: string, changes: number, random: Random) => {
  const acknowledged: Array<Acknowledged> = []
  const issues: Array<{ readonly uid: string; readonly ref: string }> = []
  const edited = new Set<object>()
  const done = (what: string, sql: string, ...values: ReadonlyArray<string | number>) =>
    void acknowledged.push({ call: lastCall(trace), what, sql, values })
  for (let n = 0; n < changes; n++) {
    const size = random.below(8) === 0 ? 200_000 + random.below(200_000) : random.below(20_000)
    const body = `${n} `.repeat(Math.ceil((size + 1) / 4))
    const at = issues[random.below(issues.length + 1)]
    // a title is changed once, so that it stays
    const way = random.below(at !== undefined && edited.has(at) ? 2 : 3)
    if (at === undefined) {
      const { issue } = await send(socketPath, "POST", "/issues", { title: `issue ${n}`, body, force_new: true })
      issues.push({ uid: issue.uid, ref: issue.short_id })
      done(`issue ${n}`, "SELECT 1 FROM issues WHERE uid = ? AND body = ?", issue.uid, body)
    } else if (way === 0) {
      await send(socketPath, "POST", `/issues/${at.ref}/comments`, { body })
      done(`comment ${n}`, "SELECT 1 FROM comments WHERE body = ?", body)
    } else if (way === 1) {
      await send(socketPath, "POST", `/issues/${at.ref}/labels`, { label: `l${n}` })
      done(`label ${n}`, "SELECT 1 FROM issue_labels WHERE label = ?", `l${n}`)
    } else {
      await send(socketPath, "PATCH", `/issues/${at.ref}`, { title: `title ${n}` })
      edited.add(at)
      done(`title ${n}`, "SELECT 1 FROM issues WHERE uid = ? AND title = ?", at.uid, `title ${n}`)
    }
  }
  return acknowledged
}

/** What is wrong with a database that is opened after the power came back. */
const judge = (path: string, all: ReadonlyArray<Acknowledged>, cut: number) => {
  const problems: Array<string> = []
  let [looked, early] = [0, 0]
  let db: Sqlite.Database | undefined
  try {
    db = new Sqlite(path)
    const found = db.pragma("integrity_check(3)", { simple: true })
    if (found !== "ok") problems.push(`integrity: ${String(found)}`)
    const broken = db.prepare(
      "SELECT count(*) FROM issues WHERE uid NOT IN (SELECT issue_uid FROM events WHERE type = 'issue.created')"
    ).pluck().get()
    if (broken !== 0) problems.push(`${String(broken)} issues without their event`)
    for (const { call, sql, values, what } of all) {
      const isThere = db.prepare(sql).get(...values) !== undefined
      if (call <= cut) looked++
      if (call <= cut && !isThere) problems.push(`${what}, answered at call ${call}, is lost`)
      if (call > cut && isThere) early++
    }
  } catch (error) {
    problems.push(String(error))
  } finally {
    db?.close()
  }
  return { problems, looked, early }
}

export const daemonCampaign = async (options: {
  readonly library: string
  readonly root: string
  /** How many cuts; and how many changes are asked for. */
  readonly count: number
  readonly changes: number
  readonly seed: number
  readonly onViolation?: (text: string) => void
}): Promise<DaemonReport> => {
  const { changes, count, library, root, seed } = options
  const random = new Random(seed)
  const [work_, home, image, trace, writes] = ["work", "home", "image", "trace", "writes"].map((n) =>
    `${root}/${n}`
  ) as [
    string,
    string,
    string,
    string,
    string
  ]
  for (const directory of [work_, home, image]) fs.mkdirSync(directory)
  const env = {
    PATH: process.env["PATH"],
    HOME: home,
    KATA_HOME: home,
    KATA_DB: `${work_}/kata.db`,
    XDG_RUNTIME_DIR: home,
    TMPDIR: home,
    TZ: "UTC"
  }
  const kata = (...argv: ReadonlyArray<string>) =>
    execFileSync(process.execPath, [launcher, ...argv], { cwd: home, env, encoding: "utf8" })
  kata("init", "--project", "app")
  kata("daemon", "stop")
  const start = startOf(work_)
  const child = spawn(process.execPath, [launcher, "daemon", "start", "--foreground"], {
    cwd: home,
    env: { ...env, ...environment({ library, root: work_, trace, writes }) },
    stdio: "ignore"
  })
  const ended = new Promise((resolve) => child.once("close", resolve))
  const addressOf = () => {
    const { daemons } = JSON.parse(kata("daemon", "status", "--json"))
    return typeof daemons[0]?.address === "string" ? String(daemons[0].address) : ""
  }
  let acknowledged: ReadonlyArray<Acknowledged>
  try {
    let address = ""
    while (!address.startsWith("unix://") && child.exitCode === null) address = addressOf()
    acknowledged = await work(address.slice("unix://".length), trace, changes, random)
  } finally {
    child.kill("SIGTERM")
    await ended
  }
  const run = { directory: work_, start, trace: readTrace(trace), writes: readWrites(writes) }
  const [first, last] = [acknowledged[0]?.call ?? 0, run.trace.at(-1)?.number ?? 0]
  const violations: Array<string> = []
  let [looked, early] = [0, 0]
  for (let n = 0; n < count; n++) {
    const cut = first + random.below(last - first + 1)
    for (const name of fs.readdirSync(image)) fs.rmSync(`${image}/${name}`)
    for (const [name, bytes] of afterCut(run, cut, new Random(seed + n))) {
      // what is shared memory is gone
      if (!name.endsWith("-shm")) fs.writeFileSync(`${image}/${name}`, bytes)
    }
    const found = judge(`${image}/kata.db`, acknowledged, cut)
    looked += found.looked
    early += found.early
    for (const problem of found.problems) {
      const text = `cut ${n} after call ${cut}: ${problem}`
      violations.push(text)
      options.onViolation?.(text)
    }
  }
  // pages of the main file are written when the log is folded in: each such time is synced once
  const checkpoints = run.trace.filter(({ kind, path }) => kind === "sync" && path === `${work_}/kata.db`).length
  return { seed, cuts: count, calls: last, changes, looked, early, checkpoints, violations }
}
