/** Issues as rows: what `list`, `ready` and `search` have in common. */
import { type ReadyIssue, type Stored64 } from "../ledger/model.ts"
import { stateOf } from "./issue.ts"
import { age } from "./screen/age.ts"
import type { Role } from "./screen/Screen.ts"
import type { Column, Field } from "./screen/table.ts"

type Row = ReadyIssue

/** What stands in a database of somebody else and is no number is shown as it is. */
const priorityOf = (priority: Stored64 | undefined) => priority === undefined ? "" : `P${priority}`

const urgency = ({ priority }: Row): Role | undefined => {
  switch (priority) {
    case 0n:
      return "urgent"
    case 1n:
      return "high"
    case 4n:
      return "faint"
    default:
      return undefined
  }
}

/** What keeps an issue from being done next, in long and in short. */
const marks = ({ child_counts: children, waits_for: waits = [] }: Row) => {
  const [first, ...more] = waits
  if (first !== undefined) {
    return [` (waits for ${first}${more.length === 0 ? "" : ` +${more.length}`})`, " (waits)"] as const
  }
  if (children === undefined) return undefined
  const done = `${children.total - children.open}/${children.total}`
  return [` (${done} done)`, ` (${done})`] as const
}

const isOver = (issue: Row) => stateOf(issue) !== "open"

/** The columns of issues: `time` is told as an age, under its title; `withState` where not all have the same one. */
export const issueColumns = (
  { title, time, withState }: {
    readonly title: string
    readonly time: (issue: Row) => string
    readonly withState: boolean
  }
): ReadonlyArray<Column<Row>> => [
  { title: "ID", text: ({ short_id: id }) => id, role: () => "id" },
  {
    title: "STATE",
    text: (issue) => withState ? stateOf(issue) : "",
    role: (issue) => isOver(issue) ? "faint" : undefined
  },
  { title: "P", text: ({ priority }) => priorityOf(priority), role: urgency },
  {
    title: "TITLE",
    text: ({ title }) => title,
    role: (issue) => isOver(issue) ? "faint" : undefined,
    isMain: true,
    suffix: marks
  },
  { title: "LABELS", text: ({ labels = [] }) => labels.join(", "), least: 10, most: 20, drop: 3 },
  { title: "OWNER", text: ({ owner = "" }) => owner, least: 5, most: 12, drop: 1 },
  { title, text: (issue, { now }) => age(time(issue), now), role: () => "faint", isRight: true, drop: 2 }
]

/** The fields of a row for other programs; a new one comes before the title, which is the last. */
export const issueFields = (time: (issue: Row) => string): ReadonlyArray<Field<Row>> => [
  ({ short_id: id }) => id,
  stateOf,
  ({ priority }) => priority === undefined ? "" : String(priority),
  ({ labels = [] }) => labels.join(","),
  ({ owner = "" }) => owner,
  time,
  ({ waits_for: waits = [] }) => waits.join(","),
  ({ title }) => title
]
