/** What of a newer version version 10 cannot hold, by the names under which it is counted and accepted. */
import type { Value } from "./Word.ts"

/** Kinds of which version 10 holds no record, by the groups that stand for them. */
const groupsOfKinds = {
  federation: [
    "federation_binding",
    "federation_sync_status",
    "federation_quarantine",
    "federation_enrollment",
    "federation_root_key",
    "federation_event_provenance",
    "federation_entity_provenance"
  ],
  claims: ["issue_claim", "pending_claim_request"],
  sync: ["issue_sync_binding", "issue_sync_status", "github_sync_binding", "github_sync_status"],
  external: ["external_field_mapping", "external_root_binding", "external_field_state"],
  cron: ["cron_job", "cron_workflow", "cron_run"],
  teams: [
    "team",
    "team_membership",
    "project_access_policy",
    "federation_root_key",
    "federation_event_provenance",
    "federation_entity_provenance"
  ]
} as const

/** Names that stand for several; `derived`: what newer Go kata makes again on the way back. */
export const lossGroups: Readonly<Record<string, ReadonlyArray<string>>> = {
  ...groupsOfKinds,
  derived: ["comment.uid", "event.hlc", "event.content_hash"]
}

/** The kinds that are lost whole. */
export const lostKinds: ReadonlySet<string> = new Set([...Object.values(groupsOfKinds).flat(), "project_purge_log"])

/** Every name that a loss has. */
export const lossNames: ReadonlyArray<string> = [
  "issue.content_revision",
  "issue.assignment_expires_on",
  "comment.uid",
  "comment.teammate",
  "comment.reply_to_uid",
  "comment.reply_kind",
  "comment.edited_at",
  "link.cross_project",
  "mapping.of_lost_link",
  "import_mapping.observed_status",
  "import_mapping.observed_status_at",
  "import_mapping.pending_event_uid",
  "import_mapping.remote_locator",
  "event.hlc",
  "event.content_hash",
  ...lostKinds,
  "sequence.unknown_table",
  // Of a database only: no export has them.
  "api_tokens",
  "api_tokens.last_used_at"
]

/** Everything that may be accepted by name. */
export const acceptable: ReadonlyArray<string> = ["all", ...Object.keys(lossGroups), ...lossNames]

/** The names of losses that a list of names and groups accepts. */
export const acceptedBy = (names: ReadonlyArray<string>): (name: string) => boolean => {
  if (names.includes("all")) return () => true
  const accepted = new Set(names.flatMap((name) => lossGroups[name] ?? [name]))
  return (name) => accepted.has(name)
}

/** The names with groups, these and `more`, in the place of what they stand for; a group accepts no more than it says. */
export const grouped = (names: ReadonlyArray<string>, more: typeof lossGroups = {}): ReadonlyArray<string> => {
  const left = new Set(names)
  const groups = Object.entries({ ...more, ...lossGroups }).filter(([, members]) => {
    const some = members.filter((name) => left.has(name))
    if (some.length < 2) return false
    for (const name of some) left.delete(name)
    return true
  })
  return [...groups.map(([group]) => group), ...left]
}

/** Something that version 10 cannot hold: the record, or a field of it. */
export interface Loss {
  /** One of `lossNames`. */
  readonly name: string
  /** None: the whole record. */
  readonly field?: string | undefined
  readonly says: string
  /** What is lost, where a report should show it. */
  readonly value?: string | undefined
}

/** Whether a newer version says something there; an empty text is none, as Go kata reads it. */
export const isSet = (value: Value): boolean => value !== undefined && value !== null && value !== ""
