/**
 * Rows of issues are printed in another form than Go kata's: as a table, or with tabs between their values. What they say of an issue is compared,
 * in its order; and of JSON what Go kata has, since ours only adds members.
 */
import type { Outcome, Result } from "./scenario.ts"

/** A row in the words of Go kata: what stands behind the id, the state where it is told, the owner. */
const recordedRows: Readonly<Record<string, (line: string) => ReadonlyArray<string | undefined> | undefined>> = {
  list: (line) => {
    const [all, id, state, title, owner] = /^(\S+) +(\w+) +(.*) {2}\((.*)\)$/su.exec(line) ?? []
    return all === undefined ? undefined : [id, state, owner === "unowned" ? "" : owner, title]
  },
  ready: (line) => {
    const [all, id, title, owner] = /^(\S+) +(.*) {2}\((.*)\)$/su.exec(line) ?? []
    return all === undefined ? undefined : [id, "open", owner === "-" ? "" : owner, title]
  },
  search: (line) => {
    const [all, id, state, title, where] = /^(\S+) +\S+ +(\w+) +(.*) {2}\((.*)\)$/su.exec(line) ?? []
    return all === undefined ? undefined : [id, state, where, title]
  }
}

/** The same of a row of ours. */
const ourRows: Readonly<Record<string, (line: string) => ReadonlyArray<string | undefined> | undefined>> = {
  list: (line) => {
    const [id, state, , , owner, , , title] = line.split("\t")
    return title === undefined ? undefined : [id, state, owner, title]
  },
  ready: (line) => ourRows["list"]!(line),
  search: (line) => {
    const [id, state, , , , , , where, title] = line.split("\t")
    return title === undefined ? undefined : [id, state, where, title]
  }
}

const reduced = (stdout: string, row: (line: string) => ReadonlyArray<string | undefined> | undefined) =>
  stdout.split("\n").map((line) => row(line)?.join(" | ") ?? line).join("\n")

/** What lists have beside what Go kata says of their issues. */
const added: Readonly<Record<string, ReadonlyArray<string>>> = {
  list: ["waits_for"],
  ready: ["qualified_id", "labels", "parent_short_id", "child_counts", "blocks", "blocked_by", "related", "waits_for"],
  search: []
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const without = (value: Readonly<Record<string, unknown>>, names: ReadonlyArray<string>) =>
  Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name)))

/** Ours without what it adds. */
const asRecorded = (stdout: unknown, names: ReadonlyArray<string>): unknown => {
  if (!isObject(stdout) || !isObject(stdout["json"])) return stdout
  const { issues, ...json } = without(stdout["json"], ["total"])
  const rows = Array.isArray(issues)
    ? { issues: issues.map((one: unknown) => isObject(one) ? without(one, names) : one) }
    : {}
  return { ...stdout, json: { ...json, ...rows } }
}

const changed = (result: Result, stdout: unknown): Result => ({ ...result, stdout })

/** An outcome of which the rows of issues can be compared. */
export const comparable = (outcome: Outcome): Outcome => {
  const command = outcome.argv.find((word) => word in recordedRows)
  if (command === undefined || outcome.argv.includes("--agent")) return outcome
  const { ours, recorded } = outcome
  if (typeof ours.stdout !== "string" || typeof recorded.stdout !== "string") {
    return { ...outcome, ours: changed(ours, asRecorded(ours.stdout, added[command] ?? [])) }
  }
  return {
    ...outcome,
    ours: changed(ours, reduced(ours.stdout, ourRows[command]!)),
    recorded: changed(recorded, reduced(recorded.stdout, recordedRows[command]!))
  }
}
