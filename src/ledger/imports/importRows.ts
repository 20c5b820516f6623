/**
 * An import that comes as lines: each issue is met where it came before, and merged with what became of it here. All of it is one
 * transaction, of which a dry run keeps nothing.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { members } from "../../records/json.ts"
import { canonicalTime } from "../../records/time.ts"
import { Store } from "../../store/Store.ts"
import { fieldChanges } from "../events/fieldChanges.ts"
import { actorOf, projectById } from "../lookup.ts"
import { Int64, maybe, Stored64 } from "../model.ts"
import { all, run } from "../query.ts"
import { object, RawJson } from "../RawJson.ts"
import { refuse } from "../Refused.ts"
import { isBlank } from "../values.ts"
import { settleAbsent } from "./importAbsent.ts"
import { firstLinks, isSettled, namedLinks } from "./importFirstLinks.ts"
import { create, type Upserted } from "./importIssues.ts"
import { linked, unlinked } from "./importLinks.ts"
import { type Import, ownedByAll, tell } from "./importMappings.ts"
import { type Clash, merged } from "./importMerge.ts"
import * as Parts from "./importParts.ts"
import { flush, flushSome, Pending } from "./importPending.ts"
import { renameAll } from "./importRename.ts"
import { type Head, type Row, type RowLine, type State, stateIn } from "./importRow.ts"

/** What became of it. The lists name what people have to know; what comes as it is is counted only. */
export const Brought = Schema.Struct({
  source: Schema.String,
  dry_run: Schema.Boolean,
  created: Schema.Int,
  updated: Schema.Int,
  unchanged: Schema.Int,
  /** Issues that are deleted in kata, or have gone to another project: they stay as they are. */
  gone: Schema.Int,
  comments: Schema.Int,
  /** Labels that came or went. */
  labels: Schema.Int,
  /** Links that came. */
  links: Schema.Int,
  unlinked: Schema.Int,
  conflicts: Schema.Array(Schema.Struct({
    external_id: Schema.String,
    issue_short_id: Schema.String,
    field: Schema.String,
    kata: Schema.String,
    source: Schema.String,
    kept: Schema.Literal("kata", "source")
  })),
  left_out: Schema.Array(Schema.Struct({ external_id: Schema.String, reason: Schema.String })),
  /** Issues that came before, and that the source has no more. */
  absent: Schema.Array(Schema.Struct({
    external_id: Schema.String,
    issue_short_id: Schema.String,
    done: Schema.Literal("labeled", "closed", "known")
  })),
  /** So many of them were gone that nothing was done about it. */
  suspect: Schema.Boolean
})
export type Brought = typeof Brought.Type

/** Ends a dry run inside of its transaction, so that nothing of it stays. */
class DryRun extends Data.TaggedError("DryRun")<{ readonly brought: Brought }> {}

const Known = Schema.Struct({
  external_id: Schema.String,
  id: Int64,
  uid: Schema.String,
  short_id: Schema.String,
  title: Schema.String,
  body: Schema.String,
  owner: maybe(Schema.String),
  priority: maybe(Int64),
  status: Schema.String,
  closed_reason: maybe(Schema.String),
  closed_at: maybe(Schema.String),
  updated_at: Schema.Unknown,
  metadata: Schema.String,
  revision: Stored64,
  gone: Int64
})

/** The issues that came before, by the names that they have there. */
const findKnown = Effect.fnUntraced(function*({ project, source }: Import, names: ReadonlyArray<string>) {
  const { sql } = yield* Store
  const found = yield* all(Known)(sql`
    SELECT m.external_id, i.id, i.uid, i.short_id, i.title, i.body, i.owner, i.priority, i.status, i.closed_reason,
      i.closed_at, i.updated_at, i.metadata, i.revision,
      i.deleted_at IS NOT NULL OR i.project_id <> ${project.id} AS gone
    FROM json_each(${JSON.stringify(names)}) n
      CROSS JOIN import_mappings m ON m.source = ${source} AND m.external_id = n.value AND m.object_type = 'issue'
        AND m.project_id = ${project.id}
      JOIN issues i ON i.id = m.issue_id`)
  return new Map(found.map((known) => [known.external_id, known]))
})

/** Metadata with the importer's key, the others as they are. */
const withState = (metadata: string, key: string, spelled: string): string =>
  object([...(members(metadata) ?? []), [key, spelled]])

const same = (a: State, { state }: Row): boolean =>
  a.hash === state.hash && JSON.stringify(a.imported) === JSON.stringify(state.imported)

const later = (stored: unknown, time: string): string => {
  const here = Option.getOrElse(canonicalTime(String(stored)), () => time)
  return here > time ? here : time
}

const hashes = (base: Option.Option<State>, { state }: Row) =>
  new RawJson(
    `{"from":${Option.match(base, { onNone: () => "null", onSome: ({ hash }) => JSON.stringify({ hash }) })},"to":${
      JSON.stringify({ hash: state.hash })
    }}`
  )

/** An issue with what belongs to it, and what was done about it. */
interface Met extends Upserted {
  changed: boolean
  readonly clashes: ReadonlyArray<Clash>
  /** Its links are as they are named. */
  readonly isLinked?: boolean
}

/** So many issues are looked for at once. */
const pageSize = 200

const update = Effect.fnUntraced(function*(
  batch: Import,
  head: Head,
  row: Row,
  known: typeof Known.Type,
  base: Option.Option<State>
) {
  const { sql } = yield* Store
  const local = {
    ...known,
    owner: known.owner,
    priority: known.priority,
    closed_reason: known.closed_reason,
    closed_at: known.closed_at
  }
  const { clashes, closed_at, fields } = yield* merged(batch, row, local, base, head.on_conflict)
  const { body, closed_reason, owner, priority, status, title } = fields
  yield* run(sql`
    UPDATE issues SET title = ${title}, body = ${body}, status = ${status}, closed_reason = ${closed_reason ?? null},
      owner = ${owner ?? null}, priority = ${typeof priority === "bigint" ? priority : null},
      closed_at = ${closed_at ?? null}, updated_at = ${later(known.updated_at, row.updated_at)},
      metadata = ${withState(known.metadata, head.key, row.spelled)}, revision = revision + 1
    WHERE id = ${known.id}`)
  const issue = { id: known.id, uid: known.uid }
  const said = { external_id: row.external_id, source: batch.source }
  const changes = fieldChanges(known, fields)
  if (Object.keys(changes).length > 0) {
    const payload = { ...said, ...changes }
    yield* tell(batch, { issue, type: "issue.updated", payload })
  }
  yield* tell(batch, {
    issue,
    type: "issue.metadata_updated",
    payload: { diff: { [head.key]: hashes(base, row) }, ...said }
  })
  return clashes
})

const foreign = (head: Head, row: Row, shortId: string) =>
  refuse(
    "validation",
    `invalid import: the issue ${shortId} (${row.external_id}) has metadata ${
      JSON.stringify(head.key)
    } that no import ` +
      "of this version has written",
    { hint: "take that key away or keep it elsewhere, then import again; nothing was written" }
  )

const meet = Effect.fnUntraced(function*(batch: Import, head: Head, row: Row, known: typeof Known.Type | undefined) {
  if (known === undefined) {
    const upserted = yield* create(batch, row, object([[head.key, row.spelled]]))
    return { ...upserted, changed: true, clashes: [] } satisfies Met
  }
  const { id, short_id, uid } = known
  const met = { item: row, issue: { id, uid, short_id }, status: "unchanged" as const, reasons: [] }
  if (known.gone === 1n) return { ...met, gone: true, stale: true, changed: false, clashes: [] } satisfies Met
  const state = stateIn(known.metadata, head.key)
  if (Option.isSome(state) && Option.isNone(state.value)) return yield* foreign(head, row, short_id)
  const base = Option.flatten(state)
  const here = { ...met, gone: false, stale: false }
  if (Option.exists(base, (old) => same(old, row))) return { ...here, changed: false, clashes: [] } satisfies Met
  return { ...here, changed: true, clashes: yield* update(batch, head, row, known, base) } satisfies Met
})

/** What an issue still needs when all are there is its links: its texts are not kept. */
const slim = (met: Met): Met => {
  const { author, created_at, external_id, links, status, updated_at } = met.item
  return {
    ...met,
    item: { author, created_at, external_id, status, title: "", updated_at, ...(links === undefined ? {} : { links }) }
  }
}

const refuseConflicts = (conflicts: Brought["conflicts"]) => {
  const [first] = conflicts
  return first === undefined ? Effect.void : refuse(
    "import_conflict",
    `both sides have changed ${conflicts.length === 1 ? "a field" : `${conflicts.length} fields`}: ${first.field} of ` +
      `${first.external_id} (${first.issue_short_id})${conflicts.length === 1 ? "" : " and others"}`,
    { hint: "a dry run lists them; another policy says who is right. Nothing was written" }
  )
}

/** Brings all lines, or nothing. They were checked before, each by itself. */
export const importRows = Effect.fn("Imports.importRows")(function*<E, R>(
  projectId: bigint,
  head: Head,
  lines: Stream.Stream<RowLine, E, R>
) {
  const { write } = yield* Store
  const actor = yield* actorOf(head.actor)
  const { source } = head
  if (isBlank(source) || isBlank(head.key)) {
    return yield* refuse("validation", "invalid import: source and key are required")
  }
  const work = Effect.gen(function*() {
    const project = yield* projectById(projectId)
    const pending = new Pending()
    const batch: Import = { project, source, actor, takesCircles: true, rewrites: true, released: new Set(), pending }
    yield* renameAll(batch, head)
    const met = new Map<string, Met>()
    const others = new Map<string, boolean>()
    const counts = { comments: 0, labels: 0, links: 0, unlinked: 0 }
    const page = Effect.fnUntraced(function*(rows: ReadonlyArray<Row>) {
      const known = yield* findKnown(batch, rows.map(({ external_id }) => external_id))
      const owned = yield* ownedByAll(batch, [...known.values()].map(({ id }) => id))
      for (const row of rows) {
        const one = yield* meet(batch, head, row, known.get(row.external_id))
        const ownedLinks = owned.get(`link ${one.issue.id}`) ?? []
        const comments = yield* Parts.comments(batch, one)
        const labels = yield* Parts.labels(batch, one, owned.get(`label ${one.issue.id}`) ?? [])
        counts.comments += comments
        counts.labels += labels
        const isLinked = one.status !== "created" && isSettled(one, ownedLinks)
        met.set(row.external_id, {
          ...slim(one),
          changed: one.changed || comments + labels > 0,
          isLinked,
          ...(isLinked ? {} : { ownedLinks })
        })
        yield* flushSome(batch)
      }
    })
    yield* lines.pipe(
      Stream.filterMap((line): Option.Option<Row> => {
        if (line.kind === "other") others.set(line.external_id, line.deleted)
        return line.kind === "issue" ? Option.some(line) : Option.none()
      }),
      Stream.grouped(pageSize),
      Stream.runForEach((rows) => page([...rows]))
    )
    yield* flush(batch)
    const open = [...met.values()].filter(({ isLinked }) => !isLinked)
    if (open.length === met.size && open.every(({ status }) => status === "created")) {
      counts.links = yield* firstLinks(batch, pending, met)
    } else if (open.length > 0) {
      const named = namedLinks(met)
      for (const one of open) {
        const gone = yield* unlinked(batch, one, named)
        counts.unlinked += gone
        if (gone > 0) one.changed = true
      }
      for (const one of open) {
        const came = one.gone ? 0 : yield* linked(batch, one, met)
        counts.links += came
        if (came > 0) one.changed = true
        yield* flushSome(batch)
      }
    }
    yield* flush(batch)
    const every = [...met.values()]
    const fresh = every.flatMap(({ issue, status }) => status === "created" ? [issue.id] : [])
    const { absent, suspect } = yield* settleAbsent(batch, head, new Set(met.keys()), others, fresh)
    yield* flush(batch)
    const conflicts = every.flatMap(({ clashes, issue, item }) =>
      clashes.map((clash) => ({ external_id: item.external_id, issue_short_id: issue.short_id, ...clash }))
    )
    if (head.on_conflict === "fail") yield* refuseConflicts(conflicts)
    const count = (is: (one: Met) => boolean) => every.filter(is).length
    const brought: Brought = {
      source,
      dry_run: head.dry_run,
      created: count(({ status }) => status === "created"),
      updated: count(({ changed, status }) => status !== "created" && changed),
      unchanged: count(({ changed, gone }) => !changed && !gone),
      gone: count(({ gone }) => gone),
      ...counts,
      conflicts,
      left_out: every.flatMap(({ item, reasons }) =>
        reasons.map((reason) => ({ external_id: item.external_id, reason }))
      ),
      absent,
      suspect
    }
    return head.dry_run ? yield* new DryRun({ brought }) : brought
  })
  return yield* Effect.catchIf(
    write(work),
    (error): error is DryRun => error instanceof DryRun,
    ({ brought }) => Effect.succeed(brought)
  )
})
