/**
 * An import that comes as lines: each issue is met where it came before, and merged with what became of it here. All of it is one
 * transaction, of which a dry run keeps nothing.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { Store } from "../../store/Store.ts"
import { actorOf, projectById } from "../lookup.ts"
import { refuse } from "../Refused.ts"
import { isBlank } from "../values.ts"
import { settleAbsent } from "./importAbsent.ts"
import type { Brought } from "./importBrought.ts"
import { firstLinks, isSettled, namedLinks } from "./importFirstLinks.ts"
import { linked, unlinked } from "./importLinks.ts"
import { type Import, ownedByAll } from "./importMappings.ts"
import { findKnown, meet, type Met } from "./importMeet.ts"
import * as Parts from "./importParts.ts"
import { flush, flushSome, Pending } from "./importPending.ts"
import { renameAll } from "./importRename.ts"
import type { Head, Row, RowLine } from "./importRow.ts"

/** Ends a dry run inside of its transaction, so that nothing of it stays. */
class DryRun extends Data.TaggedError("DryRun")<{ readonly brought: Brought }> {}

/** So many issues are looked for at once. */
const pageSize = 200

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
      const known = yield* findKnown(batch, rows)
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
