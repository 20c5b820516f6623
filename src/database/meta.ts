/** What the table meta must say for a database to be one of ours, and what it should. */
import * as Effect from "effect/Effect"
import { Finding, FindingRow, shorten } from "../records/Finding.ts"
import type { Format } from "../records/Format.ts"
import { length, ulid } from "../records/vocabulary.ts"
import type { Session } from "./Session.ts"

/** Of single rows of meta. */
export const metaRules = ({ version }: Pick<Format, "version">) => ({
  version: { rule: "schema version", says: `must be ${version}`, blocking: true },
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
} as const)

const finding = (row: string, rule: ReturnType<typeof metaRules>[keyof ReturnType<typeof metaRules>], value?: string) =>
  new Finding({
    ...rule,
    kind: "meta",
    field: "value",
    outcome: "carried",
    count: 1,
    rows: [new FindingRow({ row, ...(value === undefined ? {} : { value }) })]
  })

const usable = length(26)

/** Whether events can be made in the name of this instance. */
export const usableInstance = (uid: string | undefined): uid is string => uid !== undefined && usable.is(uid)

/** Findings about `schema_version`, without which no kata opens the database, and `instance_uid`, which every new event copies. */
export const metaFindings = (db: Session, format: Format) =>
  Effect.map(
    db.all(
      "read the table meta",
      "SELECT key, value FROM meta NOT INDEXED WHERE key IN ('schema_version', 'instance_uid')"
    ),
    (rows) => {
      const rules = metaRules(format)
      const value = (key: string) => rows.find((row) => row["key"] === key)?.["value"]
      const version = value("schema_version")
      const uid = value("instance_uid")
      return [
        ...(version === String(format.version)
          ? []
          : [finding("schema_version", rules.version, version === undefined ? "missing" : String(version))]),
        ...(uid === undefined ?
          [finding("instance_uid", rules.noInstance)]
          : !usableInstance(String(uid)) ?
          [finding("instance_uid", rules.shortInstance, shorten(String(uid)))]
          : ulid.is(String(uid)) ?
          []
          : [finding("instance_uid", rules.oddInstance, String(uid))])
      ]
    }
  )

/** Who the events of a database are made in the name of; undefined when it does not say. */
export const instanceIn = (db: Session) =>
  Effect.map(
    db.get("read the instance", "SELECT value FROM meta NOT INDEXED WHERE key = 'instance_uid'"),
    (row) => row === undefined ? undefined : String(row["value"])
  )
