/** What is promised of a scenario, asked of a directory. */
import * as fs from "node:fs"
import { gunzipSync } from "node:zlib"
import { backupsOf, contentOf, filesIn, raw, sha256 } from "./contents.ts"
import type { Place, Result } from "./place.ts"
import type { Scenario } from "./scenarios.ts"

/** A scenario with what it begins with and what a run without faults makes of it. */
export interface Subject {
  readonly scenario: Scenario
  readonly before: string
  readonly after: string
  /** Bytes before. */
  readonly files: Readonly<Record<string, string>>
  readonly originals: Readonly<Record<string, string>>
  /** What lies there when a run is over, backups by the pattern of their name. */
  readonly names: ReadonlySet<string>
  readonly clean: Result
  /** The records of a snapshot that it makes. */
  readonly records: ReadonlyArray<string>
}

/** The lines of a snapshot, without its seal and without what `interrupted` writes. */
export const recordsIn = ({ scenario }: Pick<Subject, "scenario">, { work }: Place): ReadonlyArray<string> => {
  const path = `${work}/${scenario.target}`
  if (scenario.command !== "export" || scenario.target === undefined || !fs.existsSync(path)) return []
  const bytes = fs.readFileSync(path)
  return (path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8")
    .split("\n")
    .map((line) => line.replace(/,"seal":\{.*$/, ""))
    .filter((line) => !line.includes("\"was here\""))
}

const patternOf = (name: string) => name.replace(/\.bak\.\d{8}T\d{6}Z(?:-\d+)?/, ".bak.*")

const namesIn = (directory: string) => fs.readdirSync(directory).filter((name) => !name.endsWith(".lock")).sort()

/** What has the name of the target now. */
const stateOf = ({ target }: Scenario, { scratch, work }: Place): string => {
  if (target === undefined) return ""
  const path = `${work}/${target}`
  if (target.endsWith(".db")) return contentOf(path, scratch)
  return fs.existsSync(path) ? sha256(fs.readFileSync(path)) : "missing"
}

/** Prepares a place and makes the run that all others are compared with. */
export const subjectOf = async (scenario: Scenario, place: Place): Promise<Subject> => {
  scenario.prepare(place)
  const before = stateOf(scenario, place)
  const files = filesIn(place.work)
  const originals = Object.fromEntries(
    ["", "-wal", "-journal"].flatMap((side) => {
      const path = `${place.work}/${scenario.target}${side}`
      return fs.existsSync(path) && fs.statSync(path).isFile() ? [[side, sha256(fs.readFileSync(path))]] : []
    })
  )
  const clean = await place.run(scenario)
  if (clean.exit !== 0) throw new Error(`${scenario.name} does not work: ${clean.stderr}`)
  const names = new Set(namesIn(place.work).map(patternOf))
  const left = namesIn(place.tmp)
  if (left.length > 0) throw new Error(`${scenario.name} leaves ${left.join()} in the temporary directory`)
  return {
    scenario,
    before,
    after: stateOf(scenario, place),
    files,
    originals,
    names,
    clean,
    records: recordsIn({ scenario }, place)
  }
}

/** The target is what it was, as far as SQLite could use it; every byte that was beside it is there or in a backup. */
const isOld = ({ before, originals, scenario }: Subject, place: Place, state: string): boolean => {
  if (state === before) return true
  if (scenario.unusable !== true) return false
  const there = new Set(Object.values(filesIn(place.work)))
  const target = `${place.work}/${scenario.target}`
  const main = fs.existsSync(target) ? sha256(fs.readFileSync(target)) : undefined
  return main === originals[""] && Object.values(originals).every((digest) => there.has(digest))
}

/** Which of the two states is there, or what is wrong with it. */
export const whichState = (subject: Subject, place: Place): "before" | "after" | string => {
  const state = stateOf(subject.scenario, place)
  return state === subject.after ? "after" : isOld(subject, place, state) ? "before" : `neither: ${state}`
}

/** Files that a command only reads have their bytes. */
export const untouched = ({ files, scenario }: Subject, place: Place): ReadonlyArray<string> => {
  const now = filesIn(place.work)
  return Object.keys(files)
    .filter((name) => name !== scenario.target && !name.startsWith(".") && !name.startsWith("t.db"))
    .filter((name) => now[name] !== files[name])
    .map((name) => `${name} was changed`)
}

/** A second name of the target is no backup yet. */
const isTarget = (backup: string, target: string) =>
  fs.existsSync(backup) && fs.existsSync(target) && fs.statSync(backup).ino === fs.statSync(target).ino

/** The old database becomes a backup. */
const replaces = ({ command }: Scenario) => command === "import --force" || command === "upgrade" || command === "undo"

/** What was replaced is kept whole, and no backup is half of something. */
export const kept = (subject: Subject, place: Place): ReadonlyArray<string> => {
  const { after, before, originals, scenario } = subject
  if (!replaces(scenario)) return []
  const target = `${place.work}/${scenario.target}`
  const found = backupsOf(target).filter((backup) => !isTarget(backup, target)).map((backup) => {
    const content = contentOf(backup, place.scratch)
    const digests = raw(backup)
    const isOld = scenario.unusable === true
      ? Object.entries(originals).every(([side, digest]) => digests.includes(`${side}:${digest}`))
      : content === before
    // killed between the two, a restore of what SQLite cannot use may have made another one of the file alone
    const isWhole = isOld || content === after ||
      (scenario.unusable === true && digests.startsWith(`:${originals[""] ?? ""},`))
    return { backup, content, isOld, isWhole }
  })
  const problems = found.filter(({ isWhole }) => !isWhole).map(({ backup, content }) => `${backup} is ${content}`)
  if (whichState(subject, place) === "after" && !found.some(({ isOld }) => isOld)) {
    problems.push("the old database is nowhere")
  }
  return problems
}

/** A complete entry, or its rows. */
const isOf = (complete: ReadonlyArray<string>, name: string) => complete.includes(name.replace(/\.rows$/, ".json"))

/** What replaced a database can be taken back; what did not take effect is in no history. `healed`: after a run that was done. */
export const remembered = (subject: Subject, place: Place, healed: boolean): ReadonlyArray<string> => {
  const { before, files, names, scenario } = subject
  const history = `${scenario.target}.history`
  if (!names.has(history)) return []
  const directory = `${place.work}/${history}`
  const found = fs.existsSync(directory) ? fs.readdirSync(directory) : []
  const isAfter = whichState(subject, place) === "after"
  const takesBack = found.filter((name) => /^[0-9A-Z]{26}\.(?:json|pending)$/.test(name)).some((name) => {
    const { back }: { readonly back: { readonly way: string; readonly name: string; readonly digest?: string } } = JSON
      .parse(
        fs.readFileSync(`${directory}/${name}`, "utf8")
      )
    if (back.way === "rows") {
      const rows = `${directory}/${back.name}`
      return fs.existsSync(rows) && sha256(fs.readFileSync(rows)) === back.digest
    }
    const backup = `${place.work}/${back.name}`
    return fs.existsSync(backup) && (scenario.unusable === true || contentOf(backup, place.scratch) === before)
  })
  const complete = found.filter((name) => name.endsWith(".json"))
  const atFirst = Object.keys(files).filter((name) => name.startsWith(`${history}/`) && name.endsWith(".json"))
  return [
    ...(isAfter && before !== subject.after && !takesBack ? ["no entry takes it back"] : []),
    ...(!isAfter && !healed && complete.length !== atFirst.length ? ["an entry of what was not done"] : []),
    ...(healed ? found.filter((name) => !isOf(complete, name)).map((name) => `${history}/${name} is left`) : [])
  ]
}

/**
 * What lies about that a run without faults would not have left. `kept` looks into the backups: those of the new database are from a run
 * after one that was done. Before the healing it is no litter what was there, nor what SQLite keeps beside the database that it works on.
 */
export const litter = ({ files, names, scenario }: Subject, place: Place, healed: boolean): ReadonlyArray<string> => {
  const target = `${place.work}/${scenario.target}`
  const isExpected = (name: string) =>
    names.has(patternOf(name)) || (replaces(scenario) && patternOf(name).startsWith("t.db.bak.*")) ||
    // a merge that has nothing to do writes nothing, and leaves to SQLite what a killed one has left
    (scenario.command === "merge" && /^t\.db-(?:wal|shm)$/.test(name)) ||
    (!healed && (files[name] !== undefined || /^(?:t|kata)\.db-(?:wal|shm|journal)$/.test(name)))
  return [
    ...namesIn(place.work).filter((name) => !isExpected(name)),
    ...(scenario.target === undefined ?
      [] :
      backupsOf(target).filter((path) =>
        isTarget(path, target) && (healed || files[path.slice(path.lastIndexOf("/") + 1)] === undefined)
      )),
    ...namesIn(place.tmp).map((name) => `tmp/${name}`)
  ].map((name) => `${name} is left behind`)
}

/** The exit code and the report of a run that met a fault, or what is wrong with them. */
export const told = ({ scenario }: Subject, { exit, signal, stderr, stdout }: Result): ReadonlyArray<string> => {
  if (signal !== null) return [`ended by ${signal}`]
  if (exit === 0) return []
  const problems: Array<string> = []
  if (!/^kata: .*\n(?:hint: .*\n)?$/.test(stderr)) problems.push(`it says: ${stderr}`)
  if (/\.kata-|    at /.test(stderr.replaceAll(/\S*tmp\/kata-\S*/g, ""))) {
    problems.push(`it speaks of what nobody named: ${stderr}`)
  }
  if (exit !== 11) problems.push(`exit ${exit}: ${stderr}`)
  if (stdout !== "" && scenario.argv.join(" ") !== "export --output -") problems.push(`failed, but prints ${stdout}`)
  return problems
}
