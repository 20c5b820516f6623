/**
 * The formats of databases of the versions after 10. A file says what it is by its number and its kinds; a database has tables and columns, and
 * those decide: a field that its table has not is not read, and what is none of ours is refused with its name by who opens the database.
 */
import * as Schema from "effect/Schema"
import { Int64, Text } from "../Field.ts"
import { type Format, make as makeFormat } from "../Format.ts"
import { type Kind, make } from "../Kind.ts"
import { version10 } from "../kinds.ts"
import { newerFormat } from "./newer.ts"

type Columns = ReadonlySet<string>
type Tables = ReadonlyMap<string, Columns>

/** Tables whose names do not follow from the kind. */
const tables: { readonly [kind: string]: string } = {
  project_access_policy: "project_access_policies",
  federation_event_provenance: "federation_event_provenance",
  federation_entity_provenance: "federation_entity_provenance"
}

/** Tables whose rows are told by other records: tokens by the events of the system project, and which teams a policy names by the policy. */
const beside = ["api_tokens", "project_access_teams"]

/** What is reported of rows that version 10 cannot hold; the rest of them is not read. */
const told: { readonly [kind: string]: ReadonlyArray<string> } = {
  federation_binding: ["role", "hub_url"],
  issue_claim: ["holder", "issue_uid", "released_at"],
  pending_claim_request: ["holder", "issue_uid"],
  project_purge_log: ["project_name", "purge_reset_after_event_id"],
  cron_job: ["name"],
  cron_workflow: ["name"]
}

/** A kind of which version 10 has none, by its rows: what they are called, and what is told of them. */
const lostKind = ({ name, table }: Kind, columns: Columns): Kind =>
  make(
    name,
    { table, key: ["rowid"], isOpen: true },
    Schema.Struct({
      rowid: Int64,
      ...Object.fromEntries(
        (told[name] ?? []).filter((key) => columns.has(key))
          .map((key) => [key, Schema.optional(key.endsWith("_id") ? Int64 : Text)])
      )
    })
  )

/** Without the fields that may be missing, and are. */
const restricted = (kind: Kind, columns: Columns): Kind => {
  const isThere = ({ key, presence }: Kind["fields"][number]) => presence !== "omitted" || columns.has(key)
  return {
    ...kind,
    columns: kind.columns.filter(isThere),
    given: kind.given.filter((field) => field.derived._tag === "Some" || isThere(field))
  }
}

/** The format of a database of that version with those tables; none when that version is not known. */
export const storedFormat = (version: number, there: Tables): Format | undefined => {
  const format = newerFormat(version)
  if (format === undefined) return undefined
  const carried = new Set(version10.kinds.map(({ name }) => name))
  return makeFormat({
    version,
    beside,
    kinds: format.kinds.flatMap((kind) => {
      const table = tables[kind.name] ?? kind.table
      const columns = there.get(table)
      return carried.has(kind.name)
        ? [restricted(kind, columns ?? new Set())]
        : columns === undefined
        ? []
        : [lostKind({ ...kind, table }, columns)]
    })
  })
}
