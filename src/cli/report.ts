/** Lines that the reports of several commands share. */
import type { Finding, Losses } from "../records/Finding.ts"
import type { Scope } from "../snapshot/seal.ts"
import { shellWord, wrap } from "./terminal.ts"

/** `1 issue`, `2 issues`. */
export const plural = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`

const words: { readonly [kind: string]: readonly [one: string, many: string] } = {
  meta: ["meta row", "meta rows"],
  project_alias: ["project alias", "project aliases"],
  purge_log: ["purge", "purges"],
  sqlite_sequence: ["sequence", "sequences"]
}

const countOf = (kind: string, n: number) => {
  const [one, many] = words[kind] ?? [kind.replaceAll("_", " ")]
  return plural(n, one, many)
}

const label = (name: string, lines: ReadonlyArray<string>) =>
  lines.map((line, at) => `  ${(at === 0 ? name : "").padEnd(10)} ${line}`)

/** A label and its text, aligned with the others; the text stays on one line, so that paths can be copied. */
export const field = (name: string, text: string): string => label(name, [text])[0]!

/** `1 project, 42 issues`: the kinds that there are, in the order of the file. */
export const counts = (records: { readonly [kind: string]: number }): ReadonlyArray<string> => {
  const lines: Array<string> = []
  for (const [kind, n] of Object.entries(records).filter(([, n]) => n > 0)) {
    const item = countOf(kind, n)
    const line = lines[lines.length - 1]
    if (line !== undefined && line.length + item.length < 65) lines[lines.length - 1] = `${line}, ${item}`
    else lines.push(item)
  }
  return label(
    "records",
    lines.length === 0 ? ["none"] : lines.map((line, at) => at < lines.length - 1 ? `${line},` : line)
  )
}

export const scopeWords = (scope: Scope, liveOnly: boolean): string =>
  (scope === "database"
    ? "the whole database"
    : `${scope.projects.length === 1 ? "project" : "projects"} ${scope.projects.join(", ")}`) +
  (liveOnly ? ", without what was deleted" : "")

/** The scope of a report: as a field, a line for each project. */
export const scopeField = (scope: Scope, liveOnly: boolean): ReadonlyArray<string> => {
  const [first, ...rest] = scopeWords(scope, liveOnly).split(", ")
  return label("scope", [first!, ...rest])
}

/** What stands beside a database that was replaced, by the name that the user has for it. */
export const beside = (
  { absolute, database, target }: { readonly absolute: string; readonly database: string; readonly target: string },
  path: string
): string =>
  // Behind a link the files are where the database is, and not where the link is.
  absolute === database && path.startsWith(database) ? target + path.slice(database.length) : path

/** Where the old database is, and how it comes back, with kata and without. */
export const goBack = (target: string, backup: string): ReadonlyArray<string> => {
  // SQLite would replay a -wal of the new database into the old one.
  const sides = ["-wal", "-shm"].map((side) => shellWord(target + side)).join(" ")
  return [
    field("old", backup),
    field("go back", `kata undo ${shellWord(target)}`),
    field("", "or, when nothing uses the database:"),
    field("", `rm -f ${sides} && mv ${shellWord(backup)} ${shellWord(target)}`)
  ]
}

/** A heading that counts, and for each rule a paragraph and some rows. */
export const findings = (all: ReadonlyArray<Finding>): ReadonlyArray<string> => {
  if (all.length === 0) return []
  const total = all.reduce((sum, finding) => sum + finding.count, 0)
  const blocking = all.reduce((sum, finding) => sum + (finding.blocking ? finding.count : 0), 0)
  return [
    `findings: ${total}` +
    (blocking === 0 ? "" : `, of which ${blocking} ${blocking === 1 ? "blocks" : "block"} a restore`),
    ...all.flatMap((finding) => {
      const as = finding.loss === undefined || finding.title.startsWith(`${finding.loss} `) ? "" : ` (${finding.loss})`
      const done = finding.outcome === "carried" ? "" : ` ${finding.outcome}${as}`
      const rows = plural(finding.count, finding.kind === "line" ? "line" : "row")
      return [
        ...wrap(`${finding.blocking ? "BLOCKS A RESTORE: " : ""}${rows}${done}: ${finding.title}`, 76)
          .map((line, at) => `${at === 0 ? "  " : "    "}${line}`),
        ...finding.list.map((row) => `      ${row}`)
      ]
    })
  ]
}

/** What version 10 cannot hold of the file, by name; nothing when it can hold all. */
export const losses = (label: string, of: Losses): ReadonlyArray<string> => {
  const lines = wrap(Object.entries(of).map(([name, n]) => `${name} ${n}`).join(", "), 64)
  return lines[0] === "" ? [] : lines.map((line, at) => field(at === 0 ? label : "", line))
}

/** The same for a program. */
export const lossCounts = (of: Losses): string => {
  const counts = Object.entries(of).map(([name, n]) => `${name}:${n}`)
  return counts.length === 0 ? "" : ` losses=${counts.join(",")}`
}

/** `findings=7 blocking=0`. */
export const findingCounts = (all: ReadonlyArray<Finding>): string =>
  `findings=${all.reduce((sum, finding) => sum + finding.count, 0)} blocking=${
    all.filter((finding) => finding.blocking).reduce((sum, finding) => sum + finding.count, 0)
  }`
