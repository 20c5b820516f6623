/**
 * The formats of the versions after 10. Up to 26 the number says what a file has; above, the same numbers stood for different things on
 * several lines of development, so all that any of them has may be there.
 */
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"
import { Int64, Text } from "../Field.ts"
import { type Format, make as makeFormat } from "../Format.ts"
import type { Kind } from "../Kind.ts"
import { Comment, Event, ImportMapping, Issue, Link, ProjectAlias, version10 } from "../kinds.ts"
import * as Federation from "./federationKinds.ts"
import * as Newer from "./newerKinds.ts"
import { insertBefore, olderKind } from "./Step.ts"

const text = Schema.optional(Text)

/** The newest version whose files are read. */
export const newestVersion = 32
const oldest = 11
/** From here on a number does not say what a file has. */
const ambiguous = 27

type Fields = Schema.Struct.Fields

/** Of a version, the fields when it has come so far. */
const since = (version: number, from: number, fields: Fields): Fields => version >= from ? fields : {}

const alias = (version: number): Kind => {
  const fields = ProjectAlias.schema.fields
  const old = Struct.omit(fields, "root_path", "last_seen_at")
  return version < 13
    ? ProjectAlias
    : version < 16
    // In which of these the two fields went is not known.
    ? olderKind(ProjectAlias, { ...insertBefore(old, "created_at", { root_path: text }), last_seen_at: text })
    : olderKind(ProjectAlias, old)
}

const issue = (version: number): Kind => {
  const grown = insertBefore(Issue.schema.fields, "recurrence_id", {
    // An export of an older database by a newer kata has it too.
    content_revision: version < 21 ? Schema.optional(Int64) : Int64
  })
  return olderKind(
    Issue,
    insertBefore(grown, "priority", since(version, ambiguous, { assignment_expires_on: text }))
  )
}

const comment = (version: number): Kind =>
  version < 12 ? Comment : olderKind(Comment, {
    ...insertBefore(Comment.schema.fields, "issue_id", { uid: Text }),
    ...since(version, ambiguous, { teammate: text, reply_to_uid: text, reply_kind: text, edited_at: text })
  })

const mapping = (version: number): Kind =>
  olderKind(ImportMapping, {
    ...ImportMapping.schema.fields,
    ...since(version, ambiguous, {
      observed_status: text,
      observed_status_at: text,
      pending_event_uid: text,
      remote_locator: text
    })
  })

const event = (version: number): Kind =>
  version < 12 ? Event : olderKind(
    Event,
    insertBefore(Event.schema.fields, "created_at", {
      hlc_physical_ms: Int64,
      hlc_counter: Int64,
      content_hash: Text
    })
  )

/** What a version has beside the kinds of version 10: behind which of these it comes. */
const additional = (version: number): { readonly [after: string]: ReadonlyArray<Kind> } => ({
  project_alias: version < 17 ? [] : version < 20
    ? [...Newer.issueSync.slice(0, 1), ...Newer.earlySync]
    : Newer.issueSync,
  issue: version === 21 || version === 22 ? [Newer.issueEmbedding] : [],
  import_mapping: [
    ...(version < 26 ? [] : Newer.external),
    ...(version < 12 ? [] : [...Federation.federation, ...Federation.claims]),
    ...(version < ambiguous ? [] : Newer.cron)
  ],
  purge_log: version < 20 ? [] : [Newer.projectPurgeLog],
  sqlite_sequence: version < ambiguous ? [] : Newer.teams
})

const formatOf = (version: number): Format => {
  const changed = [
    alias(version),
    issue(version),
    comment(version),
    mapping(version),
    event(version),
    version < 16 ? Link : olderKind(Link, Struct.omit(Link.schema.fields, "project_id"))
  ]
  const more = additional(version)
  return makeFormat({
    version,
    kinds: version10.kinds.flatMap((kind) => [
      changed.find(({ name }) => name === kind.name) ?? kind,
      ...more[kind.name] ?? []
    ])
  })
}

const formats = new Map<number, Format>()

/** The format of a version after 10; none when that version is not known. */
export const newerFormat = (version: number): Format | undefined => {
  if (!Number.isInteger(version) || version < oldest || version > newestVersion) return undefined
  const format = formats.get(version) ?? formatOf(version)
  formats.set(version, format)
  return format
}

/** Which line of development the kinds of a file belong to; none when all of them are common to both. */
export const lineOf = (kinds: ReadonlySet<string>): "cron" | "teams" | "both" | undefined => {
  const has = (some: ReadonlyArray<Kind>) => some.some(({ name }) => kinds.has(name))
  const [cron, teams] = [has(Newer.cron), has(Newer.teams)]
  return cron && teams ? "both" : cron ? "cron" : teams ? "teams" : undefined
}
