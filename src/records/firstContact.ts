/**
 * What the newest Go kata does with findings when it upgrades the database that they are of. A row that breaks a rule of the schema stops
 * it, but for these; what is only odd does not, but for those.
 */
import type { Finding } from "./Finding.ts"

/** A rule as its findings name it: kind, field, rule. */
type Named = readonly [kind: string, field: string, rule: string]

/** Rows without the issue that they belong to: it leaves them out and says how many, but of events the related issue only. */
export const leftOut: ReadonlyArray<Named> = [
  ["comment", "issue_id", "foreign key"],
  ["issue_label", "issue_id", "foreign key"],
  ["link", "from_issue_id", "foreign key"],
  ["link", "to_issue_id", "foreign key"],
  ["event", "issue_id", "foreign key"],
  ["event", "related_issue_id", "foreign key"]
]

/** Rules that its own schema has no more, or that it mends on the way. */
export const taken: ReadonlyArray<Named> = [
  ["project", "name", "unique"],
  ["project_alias", "root_path", "length(trim(root_path)) > 0"],
  ["link", "from_issue_id", "cross-project link"],
  ["link", "to_issue_id", "cross-project link"]
]

/** What is odd to kata, and nothing that it could go on with. */
export const refused: ReadonlyArray<Named> = [
  ["meta", "key", "cron state"],
  ["project", "name", "printable"],
  ["project", "name", "system project"],
  ["project", "metadata", "double keys"],
  ["project", "metadata", "lone surrogates"],
  ["recurrence", "template_labels", "double keys"],
  ["recurrence", "template_labels", "lone surrogates"],
  ["recurrence", "template_metadata", "double keys"],
  ["recurrence", "template_metadata", "lone surrogates"],
  ["issue", "occurrence_key", "occurrence without recurrence"],
  ["issue", "metadata", "double keys"],
  ["issue", "metadata", "lone surrogates"],
  ["import_mapping", "comment_id", "comment of another issue"],
  ["event", "type", "cron type"],
  ["event", "payload", "double keys"],
  ["event", "payload", "lone surrogates"],
  ["event", "payload", "payload"]
]

const among = (list: ReadonlyArray<Named>, { field, kind, rule }: Finding) =>
  list.some((named) => named[0] === kind && named[1] === field && named[2] === rule)

/** Whether it stops at the rows of a finding, leaves them out, or goes on with them. */
export const firstContact = (finding: Finding): "stops" | "leaves out" | "goes on" =>
  among(leftOut, finding) ?
    "leaves out"
    : finding.blocking ?
    among(taken, finding) ? "goes on" : "stops"
    : among(refused, finding)
    ? "stops"
    : "goes on"

/** RFC 3339 in capital letters; with a blank, with an offset or without; as Go prints a time in UTC. */
const forms =
  /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d):(\d\d)(?:[.,]\d+)?(?:Z|[+-]\d\d:\d\d)| (\d\d):(\d\d):(\d\d)(?:[.,]\d+)?(?:[+-]\d\d:\d\d| \+0000 UTC)?)$/

/** Whether the newest Go kata reads this text as a time; what is empty it lets pass. */
export const isItsTime = (text: string): boolean => {
  if (text === "") return true
  const parts = forms.exec(text)
  if (parts === null) return false
  const [year, month, day, hour, minute, second] = [1, 2, 3, 4, 5, 6]
    .map((at) => Number(parts[at] ?? parts[at + 3])) as [number, number, number, number, number, number]
  const at = new Date(0)
  at.setUTCFullYear(year, month - 1, day)
  return at.getUTCMonth() === month - 1 && at.getUTCDate() === day && hour < 24 && minute < 60 && second < 60
}
