/**
 * Rules that the tables of schema 10 do not hold and Go kata keeps in its code, as SQL over the columns of one row. Nobody is refused
 * because of them (D13). They are asked of every row of an export: what most rows hold is told by a comparison.
 */
import type { RowRule } from "./Kind.ts"

/** Counted from 1. Go kata imports a 0 of projects and issues as 1. */
export const revision: RowRule = {
  rule: "revision",
  field: "revision",
  says: "is below 1, where counting begins",
  holds: "revision >= 1"
}

export const owner: RowRule = {
  rule: "nobody",
  field: "owner",
  says: "is empty; an issue of nobody has none",
  holds: "owner <> ''"
}

export const occurrences: ReadonlyArray<RowRule> = [
  {
    rule: "occurrence without recurrence",
    field: "occurrence_key",
    says: "is set on an issue without recurrence; Go kata refuses to import it",
    holds: "(occurrence_key IS NULL OR recurrence_id IS NOT NULL)"
  },
  {
    rule: "recurrence without occurrence",
    field: "occurrence_key",
    says: "is missing on an issue of a recurrence; closing it makes no next one",
    holds: "(recurrence_id IS NULL OR occurrence_key IS NOT NULL)"
  }
]

// ---- metadata ---------------------------------------------------------------------------------------------------------

/** What is no JSON, or nested too deeply for SQLite, is the matter of the table's CHECK; `json_type` would fail for it. */
const json = (field: string, holds: string): string =>
  `CASE WHEN ${field} = '{}' OR NOT json_valid(${field}) THEN 1 ELSE ${holds} END`

const reserved = (key: string, says: string, holds: (value: string, type: string) => string): RowRule => ({
  rule: `metadata.${key}`,
  field: "metadata",
  says: `has under ${key} what ${says}`,
  holds: json(
    "metadata",
    `json_type(metadata,'$.${key}') IS NULL OR ${
      holds(`json_extract(metadata,'$.${key}')`, `json_type(metadata,'$.${key}')`)
    }`
  )
})

const day = (key: string): RowRule =>
  reserved(key, "is not a date (YYYY-MM-DD)", (value, type) => `${type} = 'text' AND ${value} IS date(${value})`)

/** Of two members of one name Go kata reads the last, SQLite the first, and newer Go kata refuses the file. */
export const doubleKeys = (field: string): RowRule => ({
  rule: "double keys",
  field,
  says: "has a key twice; readers differ in which they take",
  holds: json(field, `NOT EXISTS (SELECT 1 FROM json_tree(${field}) GROUP BY parent, key HAVING count(*) > 1)`)
})

/** How the name of a time zone is written; whether there is such a zone depends on the machine. */
export const isZone = (x: string): string =>
  `(${x} GLOB '[A-Za-z]*' AND ${x} NOT GLOB '*[^A-Za-z0-9/_+-]*' AND ${x} NOT GLOB '*//*' AND ${x} NOT GLOB '*/' AND NOT instr(${x},char(0)))`

const ulid = (x: string): string => `${x} GLOB '[0-7]${"[0-9A-HJKMNP-TV-Z]".repeat(25)}'`

/** The keys that mean something to kata; every other key is the user's. */
export const issueMetadata: ReadonlyArray<RowRule> = [
  day("scheduled_on"),
  day("deadline_on"),
  reserved("someday", "is neither true nor false", (_, type) => `${type} IN ('true','false')`),
  reserved(
    "checklist",
    "is not a list of {id, text, done}",
    (_, type) =>
      `${type} = 'array' AND NOT EXISTS (SELECT 1 FROM json_each(metadata,'$.checklist') e WHERE CASE WHEN e.type = 'object' THEN NOT (` +
      `ifnull(json_type(e.value,'$.id') = 'text' AND ${ulid("json_extract(e.value,'$.id')")},0) AND ` +
      `json_type(e.value,'$.text') IS 'text' AND ifnull(json_type(e.value,'$.done') IN ('true','false'),0)) ELSE 1 END)`
  ),
  reserved("timezone", "is not the name of a time zone", (value, type) => `${type} = 'text' AND ${isZone(value)}`),
  doubleKeys("metadata")
]

export const projectMetadata: ReadonlyArray<RowRule> = [
  reserved("area", "is not text", (_, type) => `${type} = 'text'`),
  doubleKeys("metadata")
]

// ---- recurrences ------------------------------------------------------------------------------------------------------

const parts = ["UNTIL", "COUNT", "INTERVAL", "BYSECOND", "BYMINUTE", "BYHOUR", "BYDAY", "BYMONTHDAY", "BYYEARDAY"]
  .concat("BYWEEKNO", "BYMONTH", "BYSETPOS", "WKST").map((name) => `'${name}='`).join(",")
const often = ["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY"].map((name) => `'FREQ=${name}'`)
  .join(",")

/** `NAME=VALUE;…` with one FREQ, no name twice, and only the names of RFC 5545. */
export const isRrule = (x: string): string =>
  `CASE WHEN upper(${x}) GLOB '*[^A-Z0-9=;,:+-]*' OR instr(${x},char(0)) THEN 0 ELSE (SELECT sum(value IN (${often})) = 1 AND ` +
  `min(value IN (${often}) OR (substr(value,1,instr(value,'=')) IN (${parts}) AND value NOT GLOB '*=')) AND ` +
  `count(*) = count(DISTINCT substr(value,1,instr(value,'='))) ` +
  `FROM json_each('['||replace(json_quote(upper(${x})),';','","')||']')) END`

export const recurrence: ReadonlyArray<RowRule> = [
  { rule: "rrule", field: "rrule", says: "is not a recurrence rule of RFC 5545", holds: isRrule("rrule") },
  { rule: "time zone", field: "timezone", says: "is not the name of a time zone", holds: isZone("timezone") },
  {
    rule: "blank title",
    field: "template_title",
    says: "is blank: no issue can be made of it",
    holds: "length(trim(template_title)) > 0"
  },
  {
    rule: "template labels",
    field: "template_labels",
    says: "are not valid labels, sorted, each once",
    holds:
      `CASE WHEN template_labels = '[]' OR NOT json_valid(template_labels) THEN 1 ELSE NOT EXISTS (SELECT 1 FROM ` +
      `(SELECT type, value, lag(value) OVER (ORDER BY id) AS prior FROM json_each(template_labels)) WHERE type <> 'text' ` +
      `OR length(value) NOT BETWEEN 1 AND 64 OR value GLOB '*[^a-z0-9._:-]*' OR value <= prior) END`
  },
  doubleKeys("template_metadata"),
  revision
]

// ---- aliases, mappings, events, purges --------------------------------------------------------------------------------

export const aliasIdentity: RowRule = {
  rule: "alias identity",
  field: "alias_identity",
  says: "is neither host/path of a remote nor local:// and a path, as its kind wants it",
  holds:
    "CASE alias_kind WHEN 'git' THEN alias_identity NOT GLOB '*[^A-Za-z0-9._:/-]*' WHEN 'local' THEN alias_identity GLOB 'local://?*' ELSE 1 END"
}

/** What an importer looks for when it comes again. */
export const externalId: RowRule = {
  rule: "external id",
  field: "external_id",
  says: "is not made of the ids of what it maps: a second import would not find it",
  holds:
    "CASE object_type WHEN 'label' THEN label IS NULL OR instr(external_id, ':label:'||label) > 1 WHEN 'link' THEN external_id GLOB '?*:?*:?*' ELSE 1 END"
}

export const neverStored: RowRule = {
  rule: "event type",
  field: "type",
  says: "is a message to a reader of the stream, and no event",
  holds: "type <> 'sync.reset_required'"
}

export const purges: ReadonlyArray<RowRule> = [
  ...["comment_count", "link_count", "label_count", "event_count"].map((field) => ({
    rule: "count",
    field,
    says: "is below 0",
    holds: `${field} >= 0`
  })),
  {
    rule: "purged events",
    field: "events_deleted_max_id",
    says: "does not go with the lowest deleted event and the id reserved after them",
    holds:
      "CASE WHEN events_deleted_max_id IS NULL THEN events_deleted_min_id IS NULL AND purge_reset_after_event_id IS NULL" +
      " ELSE ifnull(events_deleted_min_id <= events_deleted_max_id AND purge_reset_after_event_id > events_deleted_max_id, 0) END"
  }
]
