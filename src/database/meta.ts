/** What the table meta must say for a database to be one of ours, and what it should. */
import * as Effect from "effect/Effect"
import { Finding, FindingRow } from "../records/Finding.ts"
import { exportVersion } from "../records/kinds.ts"
import type { Handle } from "./Handle.ts"

const finding = (row: string, rule: string, says: string, blocking: boolean, value?: string) =>
  new Finding({
    rule,
    kind: "meta",
    field: "value",
    says,
    outcome: "carried",
    blocking,
    count: 1,
    rows: [new FindingRow({ row, ...(value === undefined ? {} : { value }) })]
  })

/** Findings about `schema_version`, without which no kata opens the database, and `instance_uid`, which every new event copies. */
export const metaFindings = (db: Handle) =>
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
        ...(version === String(exportVersion) ? [] : [
          finding(
            "schema_version",
            "schema version",
            `must be ${exportVersion}`,
            true,
            version === undefined ? "missing" : String(version)
          )
        ]),
        ...(uid === undefined ?
          [finding(
            "instance_uid",
            "instance",
            "is missing; the first program that opens the database invents one",
            false
          )]
          : /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/.test(String(uid)) ?
          []
          : [
            finding(
              "instance_uid",
              "instance",
              "is not a ULID; new events copy it, and need 26 characters",
              false,
              String(uid)
            )
          ])
      ]
    }
  )
