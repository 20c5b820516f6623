/** What the table meta must say for a database to be one of ours, and what it should. */
import * as Effect from "effect/Effect"
import { Finding, FindingRow, shorten } from "../records/Finding.ts"
import { exportVersion } from "../records/kinds.ts"
import type { Session } from "./Session.ts"

/** Of single rows of meta. */
export const metaRules = {
  version: { rule: "schema version", says: `must be ${exportVersion}`, blocking: true },
  noInstance: {
    rule: "no instance",
    says: "is missing; the first program that opens the database invents one",
    blocking: false
  },
  shortInstance: {
    rule: "instance of another length",
    says: "does not have 26 characters; new events copy it, and are refused",
    blocking: false
  },
  oddInstance: { rule: "instance", says: "is not a ULID in its canonical form", blocking: false }
} as const

const finding = (row: string, rule: typeof metaRules[keyof typeof metaRules], value?: string) =>
  new Finding({
    ...rule,
    kind: "meta",
    field: "value",
    outcome: "carried",
    count: 1,
    rows: [new FindingRow({ row, ...(value === undefined ? {} : { value }) })]
  })

/** What SQLite's `length` says, and the CHECK of a table with it. */
const lengthOf = (text: string): number => [...(text.split("\0")[0] ?? "")].length

/** Whether events can be made in the name of this instance. */
export const usableInstance = (uid: string | undefined): uid is string => uid !== undefined && lengthOf(uid) === 26

/** Findings about `schema_version`, without which no kata opens the database, and `instance_uid`, which every new event copies. */
export const metaFindings = (db: Session) =>
  Effect.map(
    db.all(
      "read the table meta",
      "SELECT key, value FROM meta NOT INDEXED WHERE key IN ('schema_version', 'instance_uid')"
    ),
    (rows) => {
      const value = (key: string) => rows.find((row) => row["key"] === key)?.["value"]
      const version = value("schema_version")
      const uid = value("instance_uid")
      return [
        ...(version === String(exportVersion)
          ? []
          : [finding("schema_version", metaRules.version, version === undefined ? "missing" : String(version))]),
        ...(uid === undefined ?
          [finding("instance_uid", metaRules.noInstance)]
          : !usableInstance(String(uid)) ?
          [finding("instance_uid", metaRules.shortInstance, shorten(String(uid)))]
          : /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/.test(String(uid)) ?
          []
          : [finding("instance_uid", metaRules.oddInstance, String(uid))])
      ]
    }
  )
