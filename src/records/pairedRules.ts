/**
 * Rules that no word of the vocabulary says: pairs of SQL, and of JavaScript that is true only where the SQL is. A property test breaks
 * them and holds the two to each other (test/records/rules.test.ts).
 */
import * as Either from "effect/Either"
import { distinctKeys, isText, members, parsed, wholeCharacters } from "./metadataRules.ts"
import * as Mend from "./repairs.ts"
import { readRule } from "./rrule.ts"
import { checkPair, pair, type Rule, soft } from "./Rule.ts"
import { and, atLeast, characters, length, not, notBlank, zone } from "./vocabulary.ts"
import type { Word } from "./Word.ts"

/** Counted from 1. Go kata imports a 0 of projects and issues as 1. */
export const revision = soft(
  "revision",
  "revision",
  atLeast(1, "is below 1, where counting begins"),
  Mend.put({ revision: 1 })
)

export const owner = soft(
  "owner",
  "nobody",
  not("", "is empty; an issue of nobody has none"),
  Mend.put({ owner: null })
)

/** The letters of a label. */
export const labelCharacters = characters(
  "a-z0-9._:-",
  "must be of a-z, 0-9, dot, underscore, colon and hyphen"
)
export const labelLength = length(1, 64)
/** A label as a value. */
export const label = and(labelLength, labelCharacters, labelCharacters.says)

// ---- issues -----------------------------------------------------------------------------------------------------------

export const onlyClosed = checkPair({
  field: "status",
  says: "is not closed, although closed_at or closed_reason is set",
  holds: "status = 'closed' OR (closed_at IS NULL AND closed_reason IS NULL)",
  reads: ["status", "closed_at", "closed_reason"],
  keeps: (status, closedAt, reason) => status === "closed" || (closedAt === undefined && reason === undefined),
  repair: Mend.status
})

export const endOfUid = checkPair({
  field: "short_id",
  says: "is not the end of the uid",
  holds: "short_id = lower(substr(uid, 27 - length(short_id), length(short_id)))",
  reads: ["short_id", "uid"],
  keeps: (shortId = "?", uid = "") => uid.length === 26 && shortId !== "" && uid.toLowerCase().endsWith(shortId),
  repair: Mend.shortId
})

export const occurrences: ReadonlyArray<Rule> = [
  pair({
    rule: "occurrence without recurrence",
    field: "occurrence_key",
    says: "is set on an issue without recurrence; Go kata refuses to import it",
    holds: "(occurrence_key IS NULL OR recurrence_id IS NOT NULL)",
    reads: ["occurrence_key", "recurrence_id"],
    keeps: (key, recurrence) => key === undefined || recurrence !== undefined,
    repair: Mend.put({ occurrence_key: undefined })
  }),
  pair({
    rule: "recurrence without occurrence",
    field: "occurrence_key",
    says: "is missing on an issue of a recurrence; closing it makes no next one",
    holds: "(recurrence_id IS NULL OR occurrence_key IS NOT NULL)",
    reads: ["occurrence_key", "recurrence_id"],
    keeps: (key, recurrence) => recurrence === undefined || key !== undefined
  })
]

// ---- recurrences ------------------------------------------------------------------------------------------------------

/** What the ledger can read, which is what Go kata's library reads: one judgement for both. */
export const rrule: Word = {
  says: "is no recurrence rule that kata or Go kata reads: closing an issue of it makes no next one",
  sql: (x) => `is_rrule(${x})`,
  is: (value) => Either.isRight(readRule(String(value)))
}

const templateLabels = pair({
  rule: "template labels",
  field: "template_labels",
  says: "are not valid labels, sorted, each once",
  holds: `CASE WHEN template_labels = '[]' OR NOT json_valid(template_labels) THEN 1 ELSE NOT EXISTS (SELECT 1 FROM ` +
    `(SELECT type, value, lag(value) OVER (ORDER BY id) AS prior FROM json_each(template_labels)) WHERE type <> 'text' ` +
    `OR length(value) NOT BETWEEN 1 AND 64 OR value GLOB '*[^a-z0-9._:-]*' OR value <= prior) END`,
  reads: ["template_labels"],
  keeps: (raw) => {
    if (raw === "[]") return true
    const value = parsed(raw ?? "null")
    return Array.isArray(value) &&
      value.every((one, i) => isText(one) && !one.includes("\0") && label.is(one) && (i === 0 || one > value[i - 1]))
  },
  repair: Mend.templateLabels
})

export const recurrence: ReadonlyArray<Rule> = [
  soft("rrule", "rrule", rrule),
  soft("timezone", "time zone", zone),
  soft(
    "template_title",
    "blank title",
    { ...notBlank, says: "is blank: no issue can be made of it" },
    Mend.put({ template_title: "(untitled)" })
  ),
  templateLabels,
  distinctKeys("template_labels"),
  wholeCharacters("template_labels"),
  ...members("template_metadata"),
  revision
]

// ---- aliases, links, mappings, purges ---------------------------------------------------------------------------------

export const aliasIdentity = pair({
  rule: "alias identity",
  field: "alias_identity",
  says: "is neither host/path of a remote nor local:// and a path, as its kind wants it",
  holds:
    "CASE alias_kind WHEN 'git' THEN alias_identity NOT GLOB '*[^A-Za-z0-9._:/-]*' WHEN 'local' THEN alias_identity GLOB 'local://?*' ELSE 1 END",
  reads: ["alias_kind", "alias_identity"],
  keeps: (kind, identity = "") =>
    kind === "git" ? /^[A-Za-z0-9._:/-]+$/.test(identity) : /^local:\/\/[^\\]/.test(identity)
})

const fromBelowTo = (from: string | undefined, to: string | undefined) => Number(from) < Number(to)

export const notItself = checkPair({
  field: "to_issue_id",
  says: "is the issue itself",
  holds: "from_issue_id <> to_issue_id",
  reads: ["from_issue_id", "to_issue_id"],
  keeps: (from, to) => Number(from) !== Number(to)
})

export const smallerFirst = checkPair({
  field: "from_issue_id",
  says: "must be the smaller id of a related link",
  holds: "type <> 'related' OR from_issue_id < to_issue_id",
  reads: ["type", "from_issue_id", "to_issue_id"],
  keeps: (type, from, to) => type !== "related" || fromBelowTo(from, to),
  repair: Mend.swapEnds
})

/** What a mapping of an object must say beside its type. */
const mapped = (object: string, own?: string): Rule =>
  checkPair({
    field: own ?? "issue_id",
    says: own === undefined ? "is missing" : "or issue_id is missing",
    holds: own === undefined
      ? `object_type != '${object}' OR issue_id IS NOT NULL`
      : `object_type != '${object}' OR (issue_id IS NOT NULL AND ${own} IS NOT NULL)`,
    reads: ["object_type", "issue_id", own ?? "issue_id"],
    keeps: (type, issue, value) => type !== object || (issue !== undefined && value !== undefined)
  })
export const mappings = [
  mapped("issue"),
  mapped("comment", "comment_id"),
  mapped("label", "label"),
  mapped("link", "link_id")
]

/** What an importer looks for when it comes again. */
export const externalId = pair({
  rule: "external id",
  field: "external_id",
  says: "is not made of the ids of what it maps: a second import would not find it",
  holds:
    "CASE object_type WHEN 'label' THEN label IS NULL OR instr(external_id, ':label:'||label) > 1 WHEN 'link' THEN external_id GLOB '?*:?*:?*' ELSE 1 END",
  reads: ["object_type", "external_id", "label"],
  keeps: (type, external = "", label) =>
    type === "label"
      ? label !== undefined && external.indexOf(`:label:${label}`) > 0
      : type !== "link" || /^[^\\]+:[^\\]+:[^\\]+$/.test(external)
})

export const purges: ReadonlyArray<Rule> = [
  ...["comment_count", "link_count", "label_count", "event_count"].map((field) => soft(field, "count", atLeast(0))),
  pair({
    rule: "purged events",
    field: "events_deleted_max_id",
    says: "does not go with the lowest deleted event and the id reserved after them",
    holds:
      "CASE WHEN events_deleted_max_id IS NULL THEN events_deleted_min_id IS NULL AND purge_reset_after_event_id IS NULL" +
      " ELSE ifnull(events_deleted_min_id <= events_deleted_max_id AND purge_reset_after_event_id > events_deleted_max_id, 0) END",
    reads: ["events_deleted_min_id", "events_deleted_max_id", "purge_reset_after_event_id"],
    keeps: (lowest, highest, reset) =>
      highest === undefined
        ? lowest === undefined && reset === undefined
        // Equal as numbers is not equal: beyond 2^53 they are rounded.
        : lowest !== undefined && BigInt(lowest) <= BigInt(highest) && fromBelowTo(highest, reset)
  })
]
