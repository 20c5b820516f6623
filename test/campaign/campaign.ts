/** Faults at every file-changing call of every scenario, or at as many of them as asked for. */
import * as fs from "node:fs"
import { availableParallelism, tmpdir } from "node:os"
import { Random } from "../../src/testing/random.ts"
import { type Subject, subjectOf } from "./judge.ts"
import { disorder } from "./order.ts"
import { Place } from "./place.ts"
import { type Scenario, scenarios } from "./scenarios.ts"
import { type Action, type Call, pointOf } from "./shim.ts"
import { isKill, type Outcome, type Trial, tried } from "./trials.ts"

export interface Options {
  readonly library: string
  /** How many faults; all of them when there are fewer. */
  readonly count: number
  readonly seed: number
  /** Only faults that are described so. */
  readonly only?: string | undefined
  /** How many at once; as many as the machine has processors. */
  readonly workers?: number | undefined
  /** Told of each violation when it is found. */
  readonly onViolation?: (text: string) => void
}

export interface Report {
  readonly seed: number
  readonly points: number
  readonly tried: number
  /** Points that threads did not meet again. */
  readonly missed: number
  readonly byAction: Readonly<Record<string, number>>
  readonly byScenario: Readonly<Record<string, number>>
  /** `action exit` of those that were not killed. */
  readonly exits: Readonly<Record<string, number>>
  readonly healingKills: number
  readonly violations: ReadonlyArray<string>
}

const faults: ReadonlyArray<Action> = ["before", "after", "cut", "stop", "second", "EIO", "ENOSPC", "EACCES", "dead"]

const actionsFor = (scenario: Scenario, { kind, name }: Call): ReadonlyArray<Action> => {
  const all = kind === "write" || kind === "create" ? [...faults, "torn", "full"] as const : faults
  return all.filter((action) =>
    // what is not synced, a power cut takes anyway
    action === "torn"
      ? kind === "write" && !name.endsWith("-shm")
      : action !== "stop" && action !== "second" || scenario.target !== undefined
  )
}

/** Many calls are alike: pages of a staged file, blocks of a -shm. */
const weightOf = ({ kind, name }: Call): number =>
  /-shm|\.lock$/.test(name) || kind === "chown" ?
    0.1
    : kind === "write" && name.includes("kata-*") ?
    0.1
    : kind === "close" ?
    0.3
    : 1

/** Without putting back, the heavier the sooner. */
const sampled = (all: ReadonlyArray<Omit<Trial, "healingKill">>, count: number, random: Random) =>
  all
    .map((trial) => ({ trial, key: (random.below(1_000_000) + 1) / 1_000_001 }))
    .map(({ key, trial }) => ({ trial, key: key ** (1 / weightOf(trial.call)) }))
    .toSorted((a, b) => b.key - a.key)
    .slice(0, count)
    .map(({ trial }, i) => ({ ...trial, healingKill: isKill(trial.action) && i % 3 === 0 }))

const describe = ({ action, call, subject }: Omit<Trial, "healingKill">) =>
  `${subject.scenario.name}: ${action} at ${pointOf(call).replaceAll("\t", " ")}`

const counted = (words: ReadonlyArray<string>): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {}
  for (const word of words.toSorted()) counts[word] = (counts[word] ?? 0) + 1
  return counts
}

const each = async <A>(workers: number, all: ReadonlyArray<A>, work: (one: A, i: number) => Promise<void>) => {
  let next = 0
  const worker = async () => {
    for (let i = next++; i < all.length; i = next++) await work(all[i]!, i)
  }
  await Promise.all(Array.from({ length: workers }, worker))
}

export const campaign = async (
  { count, library, only, onViolation, seed, workers = Math.min(4, availableParallelism()) }: Options
): Promise<Report> => {
  const root = fs.realpathSync(fs.mkdtempSync(`${tmpdir()}/kata-campaign-`))
  try {
    const sources = `${root}/sources`
    fs.mkdirSync(sources)
    const all = await scenarios(sources, async (database, output) => {
      const place = new Place(`${root}/snapshot`, library)
      fs.copyFileSync(database, `${place.work}/kata.db`)
      fs.rmSync(`${place.work}/in.jsonl`, { force: true })
      const { exit, stderr } = await place.run({ argv: ["export", "--output", "in.jsonl"] })
      if (exit !== 0) throw new Error(stderr)
      fs.copyFileSync(`${place.work}/in.jsonl`, output)
    })
    const subjects: Array<Subject> = []
    await each(workers, all, async (scenario, i) => {
      subjects[i] = await subjectOf(scenario, new Place(`${root}/clean-${i}`, library))
    })
    const violations = subjects.flatMap(({ clean, scenario }, i) => {
      const work = `${root}/clean-${i}/watched/work`
      return disorder(clean.trace, work, `${work}/${scenario.target}`, scenario.command === "merge")
        .map((problem) => `${scenario.name}: ${problem}`)
    })
    const points = subjects.flatMap((subject) =>
      subject.clean.trace.flatMap((call) =>
        actionsFor(subject.scenario, call).map((action) => ({ subject, call, action }))
      )
    )
    const random = new Random(seed)
    const chosen = only === undefined ? points : points.filter((one) => describe(one).includes(only))
    const trials = sampled(chosen, count, random)
    const outcomes: Array<Outcome> = []
    await each(workers, trials, async (trial, i) => {
      const place = new Place(`${root}/${i}`, library)
      const outcome = await tried(trial, place, new Random(seed + i))
      outcomes[i] = outcome
      for (const problem of outcome.problems) {
        const text = `${describe(trial)}: ${problem.replaceAll(`${place.watched}/`, "")}`
        violations.push(text)
        onViolation?.(text)
      }
      place.remove()
    })
    const met = trials.filter((_, i) => outcomes[i]?.met === true)
    return {
      seed,
      points: points.length,
      tried: met.length,
      missed: trials.length - met.length,
      byAction: counted(met.map(({ action }) => action)),
      byScenario: counted(met.map(({ subject }) => subject.scenario.name)),
      exits: counted(trials.flatMap(({ action }, i) => isKill(action) ? [] : [`${action} ${outcomes[i]?.exit}`])),
      healingKills: met.filter(({ healingKill }) => healingKill).length,
      violations
    }
  } finally {
    fs.rmSync(root, { recursive: true, force: true })
  }
}
