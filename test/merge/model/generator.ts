/** Random histories: what several people do to their copies of a database, and when they merge. */
import { Random } from "../../../src/testing/random.ts"
import type { Config, Step } from "./deeds.ts"

/** How often users do what. */
const weights: Readonly<Record<string, number>> = {
  project: 2,
  create: 9,
  edit: 8,
  importedChange: 2,
  close: 4,
  reopen: 3,
  assign: 4,
  prioritise: 4,
  label: 4,
  link: 6,
  links: 4,
  comment: 4,
  importedComment: 2,
  oldComment: 1,
  meta: 5,
  area: 2,
  delete: 2,
  restore: 2,
  move: 4,
  purge: 2,
  rename: 1,
  archive: 1,
  alias: 3,
  imported: 2,
  recurrence: 2,
  patch: 2,
  remove: 1,
  projects: 1,
  clock: 1
}

const all = Object.entries(weights).flatMap(([name, weight]) => Array<string>(weight).fill(name))
const rare = new Set(["purge", "archive", "projects"])
const makers = new Set(["create", "project", "recurrence"])
/** What merged projects meet. */
const joining = [
  "projects",
  "projects",
  "project",
  "create",
  "move",
  "edit",
  "label",
  "alias",
  "archive",
  "purge",
  "imported",
  "recurrence"
]
/** What moved issues meet. */
const moving = ["move", "move", "move", "edit", "comment", "label", "links", "prioritise", "project"]

export interface History {
  readonly config: Config
  readonly steps: ReadonlyArray<Step>
}

export type Mode = "all" | "files" | "issues" | "projects"

export const history = (seed: number, mode: Mode = "all"): History => {
  const random = new Random(seed)
  const chance = (percent: number) => random.below(100) < percent
  const several = (from: ReadonlyArray<string>, n: number) => Array.from({ length: n }, () => random.pick(from))
  const config: Config = {
    seed,
    replicas: random.pick([2, 2, 3]),
    modern: chance(30),
    circles: chance(20),
    skew: [0, 0, 0].map(() => random.pick([0, 0, 500, -500])),
    apply: chance(50),
    projectMerges: mode === "projects" || chance(30),
    calm: mode !== "projects" && chance(50),
    files: mode === "files",
    issues: mode === "issues"
  }
  const early = 1 + random.below(10)
  const count = early + 4 + random.below(37)
  // few issues, much work on each
  const isHot = chance(60)
  const theme = mode === "projects"
    ? joining
    : config.files && chance(70)
    ? moving
    : isHot && chance(60)
    ? several(Object.keys(weights), 5)
    : undefined
  const merges = [
    ...Array<string>(5).fill("merge"),
    ...Array<string>(3).fill("old merge"),
    "snapshot",
    ...Array<string>(config.files ? 4 : 0).fill("file"),
    ...Array<string>(config.issues ? 4 : 0).fill("issue")
  ]
  const steps: Array<Step> = [{ k: 0, by: -1, name: "project", a: 0, b: 0, c: 0 }]
  for (let k = 1; k < count; k++) {
    const by = k < early ? -1 : random.below(config.replicas)
    const isMerge = by >= 0 && chance(isHot ? 30 : 20)
    let name = random.pick(isMerge ? merges : all)
    if (isHot && by >= 0 && makers.has(name) && chance(80)) name = random.pick(all)
    if (theme !== undefined && by >= 0 && !isMerge && chance(70)) name = random.pick(theme)
    if (name === "projects" && !config.projectMerges) name = "edit"
    // the area of a project that becomes a part of another is lost, and no event tells of it
    if (name === "area" && mode === "projects") name = "edit"
    if (config.calm && rare.has(name)) name = "create"
    steps.push({ k, by, name, a: random.below(60), b: random.below(60), c: random.below(60) })
  }
  return { config, steps }
}
