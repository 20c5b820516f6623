/**
 * The plan of a merge: what of the source changes the target, decided by the events that each side has and the other does not know.
 *
 *     what is purged ─▶ which rows are the same ─▶ which events only one side has ─▶ which facets these touched
 *                                                                                          │
 *     changeset ◀── short ids ◀── decisions ◀── issues, labels, links, comments, events ◀── outcomes, clashes
 */
import * as Effect from "effect/Effect"
import * as Changeset from "../../changes/changeset.ts"
import { narrowByAncestor } from "./ancestor.ts"
import { type Clash, clashes } from "./clashes.ts"
import { comments } from "./comments.ts"
import { concerned } from "./concerned.ts"
import { decisions } from "./decisions.ts"
import { events } from "./events.ts"
import { facets, murky } from "./facets.ts"
import { issues } from "./issues.ts"
import { extras, pair, sidesOf, type Wanted as WantedSides } from "./known.ts"
import { labels } from "./labels.ts"
import { linkFacets } from "./linkFacets.ts"
import { links } from "./links.ts"
import { mappings } from "./mappings.ts"
import { type Followed, maps } from "./maps.ts"
import { type Decisions, MergeConflict, nameOf, outcomes, settle, told } from "./outcomes.ts"
import { occurrences, projects } from "./projects.ts"
import { purge, purges } from "./purges.ts"
import { all, type Room, run } from "./room.ts"
import { shortIds } from "./shortIds.ts"
import { touched } from "./touched.ts"

export interface Wanted extends WantedSides {
  readonly decisions: Decisions
  readonly actor: string
}

export interface Planned {
  readonly conflicts: ReadonlyArray<MergeConflict>
  /** How many there are. */
  readonly conflictCount: number
  readonly unexplained: ReadonlyArray<MergeConflict>
  readonly unexplainedCount: number
  readonly changes: Changeset.Changes
}

const ofClash = Effect.fnUntraced(function*(room: Room, { source, target, why }: Clash) {
  const part = source[0] ?? target[0]
  const [row] = yield* all(room, `SELECT ${nameOf("@uid")} AS name`, { uid: part?.of ?? "" })
  const say = (parts: ReadonlyArray<{ readonly kind: string; readonly of: string; readonly key: string }>) =>
    parts.map(({ key, kind, of }) => `${kind} of ${of}${key === "" ? "" : ` (${key})`}`).join(", ")
  return new MergeConflict({
    facet: part?.kind ?? "link",
    of: part?.of ?? "",
    name: String(row?.["name"]),
    key: part?.key === "" ? null : part?.key ?? null,
    target: say(target),
    source: say(source),
    target_by: null,
    target_at: null,
    source_by: null,
    source_at: null,
    why
  })
})

const ofProjects = (followed: ReadonlyArray<Followed>) =>
  followed.filter(({ settled }) => !settled).map(({ source, target }) =>
    new MergeConflict({
      facet: "projects",
      of: target,
      name: target,
      key: source,
      target: "two projects, or merged otherwise",
      source: "merged into one",
      target_by: null,
      target_at: null,
      source_by: null,
      source_at: null,
      why: "merged projects"
    })
  )

/**
 * An issue of which the source tells nothing new, and of which no row comes, changes or goes, stays as it is in the target, whatever is done
 * to it there before the changes are made.
 */
const untouched = `DELETE FROM concerned WHERE uid NOT IN (SELECT issue FROM extra WHERE side = 1 AND issue IS NOT NULL)
  AND uid NOT IN (SELECT related FROM extra WHERE side = 1 AND related IS NOT NULL)
  AND b NOT IN (${
  [
    ["issues", "id"],
    ["comments", "issue_id"],
    ["issue_labels", "issue_id"],
    ["links", "from_issue_id"],
    ["links", "to_issue_id"],
    ["import_mappings", "issue_id"]
  ].flatMap(([table, column]) =>
    ["put", "was"].map((of) => `SELECT ${column} FROM ${of}_${table} WHERE ${column} IS NOT NULL`)
  ).join(" UNION ALL ")
})`

/** Decides, and unless there are conflicts leaves the changeset in the session's own tables. */
export const plan = Effect.fn("Merge.plan")(function*(room: Room, wanted: Wanted) {
  yield* Changeset.create(room.db, room.format)
  const staying = yield* sidesOf(room, wanted)
  yield* pair(room, staying)
  const followed = yield* maps(room)
  yield* extras(room)
  yield* touched(room)
  yield* concerned(room)
  yield* facets(room)
  yield* narrowByAncestor(room)
  yield* murky(room)
  yield* linkFacets(room)
  yield* outcomes(room)
  yield* settle(room, wanted.decisions)
  const open = yield* told(room, "conflict")
  const unsettled = ofProjects(followed)
  const found = open.count + unsettled.length === 0 ? yield* clashes(room, wanted.decisions.prefer) : []
  const unexplained = yield* told(room, "unexplained")
  const clashing = wanted.decisions.prefer === undefined
    ? yield* Effect.forEach(found, (clash) => ofClash(room, clash))
    : []
  const conflicts = [...unsettled, ...open.told, ...clashing]
  const base = {
    conflicts,
    conflictCount: unsettled.length + open.count + clashing.length,
    unexplained: unexplained.told,
    unexplainedCount: unexplained.count
  }
  if (conflicts.length > 0) return { ...base, changes: {} } satisfies Planned
  yield* purge(room, staying)
  yield* projects(room)
  yield* issues(room)
  if (!room.only) yield* occurrences(room)
  yield* labels(room)
  yield* links(room)
  yield* comments(room)
  yield* mappings(room)
  yield* events(room)
  yield* decisions(room, wanted.actor)
  yield* shortIds(room)
  yield* purges(room)
  yield* Changeset.complete(room.db, room.format)
  yield* run(room, untouched)
  return { ...base, changes: yield* Changeset.changesIn(room.db, room.format) } satisfies Planned
})
