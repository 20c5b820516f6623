/**
 * A record of a version after 10 becomes one of version 10, or is lost, with an account of what of it is lost. Pure, and the same for all of
 * these versions: what a version did not have is not in its records.
 */
import * as Either from "effect/Either"
import type { AnyRecord, Problem } from "../Kind.ts"
import { version10 } from "../kinds.ts"
import { isSet, type Loss, lostKinds } from "../losses.ts"
import type { Value } from "../Word.ts"
import { contentHash } from "./contentHash.ts"
import type { Change } from "./Step.ts"

/** What can be asked about other records, as they are in version 10; those of kinds that come before in a file. */
export interface KnownOfNewer {
  readonly projectUid: (project: Value) => string | undefined
  /** The project of an issue; undefined: there is no such issue. */
  readonly projectOf: (issue: Value) => Value
  /** Whether the link was one that version 10 cannot hold. */
  readonly isLostLink: (link: Value) => boolean
  /** The highest id of an event that a project_purge_log has reserved. */
  readonly reserved: Value
}

/** What became of a record. */
export interface Held {
  /** None: version 10 holds no such record. */
  readonly record: AnyRecord | undefined
  /** What version 10 says otherwise, and nothing is lost by. */
  readonly changes: ReadonlyArray<Change>
  readonly losses: ReadonlyArray<Loss>
  /** What is wrong with the record and carried all the same, or not carried and not needed. */
  readonly odd: ReadonlyArray<Change>
}

type Result = Either.Either<Held, Problem>

/** Edits a copy of a record and keeps the account. */
class Account {
  readonly record: { [key: string]: Value }
  readonly changes: Array<Change> = []
  readonly losses: Array<Loss> = []
  readonly odd: Array<Change> = []
  private readonly kind: string

  constructor(kind: string, record: AnyRecord) {
    this.kind = kind
    this.record = { ...record }
  }

  /** A field that version 10 wants and the source does not say. */
  fill(field: string, value: Value, says: string): void {
    if (isSet(this.record[field])) return
    this.record[field] = value
    this.changes.push({ field, says, value: String(value) })
  }

  /** A field that version 10 has not; `isLost`: it says something. */
  lose(field: string, says: string, shown = false, isLost: (value: Value) => boolean = isSet): void {
    const value = this.record[field]
    delete this.record[field]
    if (!isLost(value)) return
    this.losses.push({ name: `${this.kind}.${field}`, field, says, ...(shown && { value: String(value) }) })
  }

  get held(): Result {
    const { changes, losses, odd, record } = this
    return Either.right({ record, changes, losses, odd })
  }
}

const lost = (name: string, says: string, value?: string): Result =>
  Either.right({ record: undefined, changes: [], losses: [{ name, says, value }], odd: [] })

const edit =
  (change: (account: Account, record: AnyRecord, known: KnownOfNewer) => void) =>
  (kind: string, record: AnyRecord, known: KnownOfNewer): Result => {
    const account = new Account(kind, record)
    change(account, record, known)
    return account.held
  }

const same = (a: Value, b: Value): boolean => String(a) === String(b)

/** The tables that count in sqlite_sequence. */
const counting: ReadonlySet<unknown> = new Set(version10.counting.map(({ table }) => table))

const local = "local://"

type Rule = (kind: string, record: AnyRecord, known: KnownOfNewer) => Result

const rules: { readonly [kind: string]: Rule } = {
  meta: edit((account, { key, value }) => {
    if (key !== "schema_version" || value === "10") return
    account.record["value"] = "10"
    account.changes.push({
      field: "value",
      says: "says the version of the database",
      value: `${String(value)} → 10`
    })
  }),
  project_alias: edit((account, { alias_identity: identity, alias_kind: kind, created_at: at }) => {
    const path = kind === "local" && String(identity).startsWith(local) ? String(identity).slice(local.length) : ""
    account.fill("root_path", path.trim() === "" ? "(unknown)" : path, "is not said any more, so it is filled")
    account.fill("last_seen_at", at, "is not said any more, so it is when the alias was made")
  }),
  issue: edit((account) => {
    account.lose(
      "content_revision",
      "has no place in version 10: only search asks for it",
      false,
      (value) => isSet(value) && !same(value, 0)
    )
    account.lose("assignment_expires_on", "has no place in version 10: the assignment does not end any more", true)
  }),
  comment: edit((account) => {
    account.lose("uid", "has no place in version 10: newer Go kata will make another one")
    account.lose("teammate", "has no place in version 10", true)
    account.lose("reply_to_uid", "has no place in version 10: the comment is no reply any more", true)
    account.lose("reply_kind", "has no place in version 10", true)
    account.lose("edited_at", "has no place in version 10: the text is the edited one", true)
  }),
  link: (kind, record, known) => {
    const {
      from_issue_id: from,
      from_issue_uid: fromUid,
      project_id: given,
      to_issue_id: to,
      to_issue_uid: toUid,
      type
    } = record
    if (isSet(given)) return edit(() => {})(kind, record, known)
    const [here, there] = [known.projectOf(from), known.projectOf(to)]
    if (here !== undefined && there !== undefined && !same(here, there)) {
      const says = "joins issues of two projects, which version 10 cannot"
      return lost("link.cross_project", says, `${String(type)}: ${String(fromUid)} → ${String(toUid)}`)
    }
    const project = here ?? there
    return project === undefined
      ? Either.left({ field: "from_issue_id", says: "is the id of no issue, and neither is to_issue_id" })
      : Either.right({ record: { ...record, project_id: project }, changes: [], losses: [], odd: [] })
  },
  import_mapping: (kind, record, known) => {
    if (isSet(record["link_id"]) && known.isLostLink(record["link_id"])) {
      const says = "is of a link that version 10 cannot hold"
      return lost("mapping.of_lost_link", says, `${String(record["source"])} ${String(record["external_id"])}`)
    }
    return edit((account) => {
      for (const field of ["observed_status", "observed_status_at", "pending_event_uid", "remote_locator"]) {
        account.lose(field, "has no place in version 10", true)
      }
    })(kind, record, known)
  },
  event: edit((account, record, { projectUid }) => {
    const { content_hash: given, hlc_physical_ms: time, project_id: id } = record
    const project = isSet(given) ? projectUid(id) : undefined
    if (project !== undefined) {
      const made = contentHash(record, project)
      if (made === undefined) {
        account.odd.push({
          field: "content_hash",
          says: "was not checked: the payload is too large, too deep, or no JSON"
        })
      } else if (made !== given) {
        account.odd.push({
          field: "content_hash",
          says: "is not the hash of the event: something of it was changed after it was written",
          value: String(given)
        })
      }
    }
    for (const field of ["hlc_physical_ms", "hlc_counter"]) delete account.record[field]
    if (isSet(time)) {
      const says = "has no place in version 10: newer Go kata will make it of the event's time"
      account.losses.push({ name: "event.hlc", field: "hlc_physical_ms", says })
    }
    account.lose("content_hash", "has no place in version 10: newer Go kata will make it again")
  }),
  sqlite_sequence: (kind, record, known) => {
    const { name, seq } = record
    if (!counting.has(name)) {
      return lost("sequence.unknown_table", "is of a table that version 10 has not", `${String(name)} ${String(seq)}`)
    }
    return edit((account) => {
      const { reserved } = known
      if (name !== "events" || !isSet(reserved) || BigInt(String(reserved)) <= BigInt(String(seq))) return
      account.record["seq"] = reserved
      account.changes.push({
        field: "seq",
        says: "is raised to what a project_purge_log reserves: ids of events are not given twice",
        value: `${String(seq)} → ${String(reserved)}`
      })
    })(kind, record, known)
  },
  issue_embedding: () =>
    Either.right({
      record: undefined,
      changes: [{ field: "vector_b64", says: "is left out: it is made of the issue, for search" }],
      losses: [],
      odd: []
    })
}

/** What a loss of a whole record means, where that is more than the loss of the record. */
const meaning: { readonly [kind: string]: (record: AnyRecord) => { readonly says: string; readonly value?: string } } =
  {
    federation_binding: ({ hub_url: url, role }) => ({
      says: "has no place in version 10: the project is no hub and no spoke any more",
      value: [role, url].filter(isSet).join(" of ")
    }),
    issue_claim: ({ holder, issue_uid: issue, released_at: released }) => ({
      says: isSet(released)
        ? "has no place in version 10"
        : "has no place in version 10, and is not released: its holder works on the issue",
      value: `${String(holder)} on ${String(issue)}`
    }),
    pending_claim_request: ({ holder, issue_uid: issue }) => ({
      says: "has no place in version 10",
      value: `${String(holder)} on ${String(issue)}`
    }),
    project_purge_log: ({ project_name: name }) => ({
      says: "has no place in version 10: that the project was purged is not known any more",
      value: String(name)
    }),
    ...Object.fromEntries(
      ["team", "team_membership", "project_access_policy"].map((kind) => [
        kind,
        () => ({ says: "has no place in version 10: every reader of the database sees every project" })
      ])
    ),
    ...Object.fromEntries(
      ["cron_job", "cron_workflow"].map((kind) => [
        kind,
        ({ name }: AnyRecord) => ({
          says: "has no place in version 10: nothing runs by it any more",
          value: String(name)
        })
      ])
    )
  }

const carried: ReadonlySet<string> = new Set(version10.kinds.map(({ name }) => name))

/** A record of that kind as version 10 holds it; why it cannot be made, and the field to blame, when that is not what a loss is. */
export const toVersion10 = (kind: string, record: AnyRecord, known: KnownOfNewer): Result => {
  const rule = rules[kind]
  if (rule !== undefined) return rule(kind, record, known)
  if (carried.has(kind)) return edit(() => {})(kind, record, known)
  if (!lostKinds.has(kind)) return Either.left({ field: "kind", says: "is not known" })
  const { says, value } = meaning[kind]?.(record) ?? { says: "has no place in version 10", value: undefined }
  return lost(kind, says, value)
}
