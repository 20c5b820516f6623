/** A bad database must not pass for a backup: what is said of one against the newest backup that is whole. Pure. */
import type { Facts } from "./state.ts"

export interface Judged {
  /** Each is a line for a person. */
  readonly warnings: ReadonlyArray<string>
  /** What was saved may lack what the backups before it hold: nothing is to be removed for it. */
  readonly objects: boolean
  /**
   * The database was put back to an older state. `position`: the names show it, since the number of the last event fell. `uid`: it was worked
   * on since, past that number, which no name shows.
   */
  readonly branch: "position" | "uid" | undefined
}

const words = { issue: ["issue", "issues"], comment: ["comment", "comments"], event: ["event", "events"] } as const

const plural = (n: number, [one, many]: readonly [string, string]) => `${n} ${n === 1 ? one : many}`

/** What is gone that no purge accounts for. */
const missing = (old: Facts, now: Facts): ReadonlyArray<string> => {
  const purged = {
    issue: now.purged.issues - old.purged.issues,
    comment: now.purged.comments - old.purged.comments,
    event: now.purged.events - old.purged.events
  }
  return (["issue", "comment", "event"] as const).flatMap((kind) => {
    const gone = (old.records[kind] ?? 0) - (now.records[kind] ?? 0) - purged[kind]
    return gone > 0 ? [plural(gone, words[kind])] : []
  })
}

/** `knows`: the last event of the old one is in the new one, or was purged. `file`: the name of the old one. */
export const judge = (old: Facts | undefined, now: Facts, knows: boolean, file: string): Judged => {
  const refused = now.restorable
    ? []
    : ["the database breaks a rule: a restore will refuse this backup as it is (kata import --repair takes it)"]
  if (old === undefined) return { warnings: refused, objects: refused.length > 0, branch: undefined }
  if (now.position < old.position) {
    const events = plural(old.position - now.position, words.event)
    const warning = `the database is older than ${file}: up to ${events} are only in that backup and those before it`
    return { warnings: [warning, ...refused], objects: refused.length > 0, branch: "position" }
  }
  if (old.last_event !== null && !knows) {
    const warning =
      `the last event of ${file} is not in the database: it was put back to an older state, and worked on since`
    return { warnings: [warning, ...refused], objects: refused.length > 0, branch: "uid" }
  }
  const gone = missing(old, now)
  const shrunk = gone.length === 0 ? [] : [`gone since ${file} without a purge: ${gone.join(", ")}`]
  const warnings = [...shrunk, ...refused]
  return { warnings, objects: warnings.length > 0, branch: undefined }
}
