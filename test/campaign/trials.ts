/** One fault: what was done, and everything that was promised and is not so. */
import Sqlite from "better-sqlite3"
import * as fs from "node:fs"
import type { Random } from "../../src/testing/random.ts"
import { contentOf, filesIn } from "./contents.ts"
import { kept, litter, recordsIn, remembered, type Subject, told, untouched, whichState } from "./judge.ts"
import { Place, type Result } from "./place.ts"
import { Disk } from "./powercut.ts"
import { type Action, type Call, pointOf } from "./shim.ts"

export interface Trial {
  readonly subject: Subject
  readonly call: Call
  readonly action: Action
  /** What comes after: the same command, killed at that call first. */
  readonly healingKill: boolean
}

export interface Outcome {
  /** The point was met: threads may take another way. */
  readonly met: boolean
  readonly exit: string
  readonly problems: ReadonlyArray<string>
}

const kills: ReadonlyArray<Action> = ["before", "after", "torn", "cut"]

export const isKill = (action: Action): boolean => kills.includes(action)

/** After it nothing can be taken back. */
const lasts: ReadonlyArray<Action> = ["full", "dead"]

const says = (result: Result) => `${result.exit ?? result.signal}: ${result.stderr}`

/** The same command again makes everything well. */
const heal = async ({ call, healingKill, subject }: Trial, place: Place): Promise<ReadonlyArray<string>> => {
  const { scenario } = subject
  const problems: Array<string> = []
  if (healingKill) {
    const at = `#${1 + (call.number * 7) % subject.clean.trace.length}`
    await place.run(scenario, { at, action: call.number % 2 === 0 ? "before" : "after" })
    const state = whichState(subject, place)
    if (state.startsWith("neither")) problems.push(`after a kill at ${at} of the second run: ${state}`)
    problems.push(...kept(subject, place))
  }
  const done = whichState(subject, place) === "after" && subject.before !== subject.after
  const again = await place.run(scenario)
  const refused = done && scenario.command === "import" && again.exit === 3 && again.stderr.includes("exists already")
  if (again.exit !== 0 && !refused) problems.push(`the second run fails with ${says(again)}`)
  const state = whichState(subject, place)
  if (state !== "after") problems.push(`after the second run it is ${state}`)
  return [
    ...problems,
    ...litter(subject, place, true),
    ...kept(subject, place),
    ...remembered(subject, place, true),
    ...untouched(subject, place)
  ]
}

const killed = async (trial: Trial, place: Place, result: Result, random: Random, disk: Disk | undefined) => {
  const { action, subject } = trial
  const problems: Array<string> = []
  if (result.signal !== "SIGKILL") problems.push(`not killed, but ${says(result)}`)
  const look = async (where: Place) => {
    const state = whichState(subject, where)
    if (state.startsWith("neither")) problems.push(state)
    problems.push(...kept(subject, where), ...remembered(subject, where, false), ...untouched(subject, where))
    problems.push(...await heal(trial, where))
  }
  if (action !== "cut" || disk === undefined) await look(place)
  else {
    disk.follow(result.trace, place.kept)
    for (const [name, chance] of [["least", undefined], ["mixed", random]] as const) {
      const image = place.beside(name)
      disk.restore(image.work, chance)
      fs.cpSync(place.tmp, image.tmp, { recursive: true })
      const sofar = problems.length
      await look(image)
      for (let i = sofar; i < problems.length; i++) problems[i] = `${name} of what was on the disk: ${problems[i]}`
    }
  }
  return problems
}

const historyIn = (files: Readonly<Record<string, string>>): string =>
  JSON.stringify(Object.entries(files).filter(([name]) => name.includes(".history")))

const failed = async (trial: Trial, place: Place, result: Result, files: Readonly<Record<string, string>>) => {
  const { action, call, subject } = trial
  const problems = [...told(subject, result)]
  const state = whichState(subject, place)
  const unsure = result.stderr.includes("did not confirm")
  if (state.startsWith("neither")) problems.push(state)
  else if (result.exit === 0 ? state !== "after" : !unsure && state !== "before" && subject.before !== subject.after) {
    problems.push(`exit ${says(result)}, but the state is that ${state}`)
  }
  problems.push(...kept(subject, place), ...untouched(subject, place))
  // what could not be removed waits for the next run
  if (!lasts.includes(action) && call.kind !== "unlink" && call.kind !== "rmdir") {
    problems.push(...litter(subject, place, false))
    if (state === "before" && historyIn(filesIn(place.watched)) !== historyIn(files)) {
      problems.push("the history is not what it was")
    }
  }
  // from the same state the same follows
  const changed = JSON.stringify(filesIn(place.watched)) !== JSON.stringify(files)
  if (changed || problems.length > 0 || call.number % 5 === 0) problems.push(...await heal(trial, place))
  return problems
}

/** Somebody writes into the database while the command stands still. */
const interrupted = async (trial: Trial, place: Place) => {
  const { call, subject } = trial
  const { scenario } = subject
  const path = `${place.work}/${scenario.command === "export" ? "kata.db" : scenario.target}`
  const problems: Array<string> = []
  let wrote = false
  let open: Sqlite.Database | undefined
  const write = (db: Sqlite.Database) => {
    try {
      db.exec("INSERT OR REPLACE INTO meta(key, value) VALUES ('writer', 'was here')")
      wrote = true
    } catch (error) {
      if (!(error instanceof Sqlite.SqliteError)) throw error
    }
  }
  const late = call.number % 2 === 0
  const result = await place.run(scenario, { at: pointOf(call), action: "stop" }, () => {
    try {
      if (!fs.existsSync(path) && scenario.command !== "import") return "SIGCONT"
      open = new Sqlite(path, { timeout: 0 })
      const size = fs.statSync(path, { throwIfNoEntry: false })?.size ?? 0
      if (size === 0) open.exec("CREATE TABLE meta(key PRIMARY KEY, value)")
      // one half writes at once, the others when the command is done
      if (late) open.prepare("SELECT count(*) FROM meta").get()
      else write(open)
    } catch (error) {
      if (!(error instanceof Sqlite.SqliteError)) throw error
    }
    if (!late) open?.close()
    return "SIGCONT"
  })
  if (late && open !== undefined) {
    write(open)
    open.close()
  }
  // an undo says that something was recorded since
  const fine = scenario.command === "undo" ? [0, 5, 10] : [0, 3, 10]
  if (!fine.includes(result.exit ?? -1)) problems.push(...told(subject, result))
  if (result.exit === 0 && recordsIn(subject, place).join("\n") !== subject.records.join("\n")) {
    problems.push("the snapshot is no state of the database")
  }
  if (wrote) {
    const databases = fs.readdirSync(place.work).filter((name) => /\.db$|\.bak\.[^-]*(?:-\d+)?$/.test(name))
    if (!databases.some((name) => holds(`${place.work}/${name}`, place.scratch))) {
      problems.push(`what the writer wrote is nowhere (${says(result)})`)
    }
  }
  return { result, problems: [...problems, ...sound(subject, place)] }
}

/** The same command from beginning to end while the first stands still; then the first goes on, or is killed. */
const doubled = async (trial: Trial, place: Place) => {
  const { call, subject } = trial
  const { scenario } = subject
  const problems: Array<string> = []
  const isKilled = call.number % 2 === 0
  let second: Result | undefined
  const first = await place.run(scenario, { at: pointOf(call), action: "second" }, async () => {
    second = await place.run(scenario)
    return isKilled ? "SIGKILL" : "SIGCONT"
  })
  const runs = second === undefined || isKilled ? [second ?? first] : [first, second]
  for (const run of runs) if (![0, 3, 10].includes(run.exit ?? -1)) problems.push(...told(subject, run))
  if (!isKilled && runs.every(({ exit }) => exit !== 0)) problems.push(`none did it: ${runs.map(says).join("; ")}`)
  const state = whichState(subject, place)
  if (state.startsWith("neither") || (state !== "after" && runs.some(({ exit }) => exit === 0))) problems.push(state)
  problems.push(...kept(subject, place), ...untouched(subject, place))
  if (!isKilled) problems.push(...litter(subject, place, true))
  else problems.push(...await heal(trial, place))
  return { result: first, problems }
}

const holds = (path: string, scratch: string): boolean => {
  const copy = `${scratch}/holds`
  for (const side of ["", "-wal", "-journal"]) {
    fs.rmSync(copy + side, { force: true })
    if (fs.existsSync(path + side)) fs.copyFileSync(path + side, copy + side)
  }
  const db = new Sqlite(copy)
  try {
    return db.prepare("SELECT 1 FROM meta WHERE key = 'writer'").get() !== undefined
  } catch {
    return false
  } finally {
    db.close()
  }
}

/** No mixture of two databases. */
const sound = ({ scenario }: Subject, place: Place): ReadonlyArray<string> => {
  if (scenario.target?.endsWith(".db") !== true || scenario.unusable === true) return []
  const content = contentOf(`${place.work}/${scenario.target}`, place.scratch)
  return /^(?:damaged|unreadable|no tables)|with orphans/.test(content) ? [`the target is ${content}`] : []
}

/** Does one thing to one call, in a place that was made for it. */
export const tried = async (trial: Trial, place: Place, random: Random): Promise<Outcome> => {
  const { action, call, subject } = trial
  const { scenario } = subject
  scenario.prepare(place)
  if (action === "stop" || action === "second") {
    const { problems, result } = await (action === "stop" ? interrupted : doubled)(trial, place)
    return { met: result.trace.some(({ result }) => result === "stopped"), exit: String(result.exit), problems }
  }
  const files = filesIn(place.watched)
  const disk = action === "cut" ? new Disk(place.work) : undefined
  const result = await place.run(scenario, { at: pointOf(call), action })
  const met = result.trace.some((other) => pointOf(other) === pointOf(call))
  if (!met) return { met, exit: String(result.exit), problems: [] }
  const problems =
    await (isKill(action) ? killed(trial, place, result, random, disk) : failed(trial, place, result, files))
  return { met, exit: isKill(action) ? "killed" : String(result.exit), problems }
}
