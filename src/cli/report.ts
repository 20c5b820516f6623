/** Lines that the reports of several commands share. */
import type { Finding } from "../records/Finding.ts"
import type { Scope } from "../snapshot/seal.ts"

/** `1 project, 42 issues`: the kinds that there are, in the order of the file. */
export const counts = (records: { readonly [kind: string]: number }): string =>
  Object.entries(records).filter(([, n]) => n > 0).map(([kind, n]) => `${n} ${kind}`).join(", ") || "none"

export const scopeWords = (scope: Scope, liveOnly: boolean): string =>
  (scope === "database"
    ? "the whole database"
    : `${scope.projects.length === 1 ? "project" : "projects"} ${scope.projects.join(", ")}`) +
  (liveOnly ? ", without what was deleted" : "")

/** A heading that counts, and a line for each rule. */
export const findings = (all: ReadonlyArray<Finding>): ReadonlyArray<string> => {
  if (all.length === 0) return []
  const total = all.reduce((sum, finding) => sum + finding.count, 0)
  return [
    `findings: ${total}`,
    ...all.map((finding) => `  ${finding.blocking ? "BLOCKS A RESTORE: " : ""}${finding.line}`)
  ]
}

/** `findings=7 blocking=0`. */
export const findingCounts = (all: ReadonlyArray<Finding>): string =>
  `findings=${all.reduce((sum, finding) => sum + finding.count, 0)} blocking=${
    all.filter((finding) => finding.blocking).reduce((sum, finding) => sum + finding.count, 0)
  }`

/** A label and its text, aligned with the others. */
export const field = (label: string, text: string): string => `  ${label.padEnd(10)} ${text}`
