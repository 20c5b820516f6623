/**
 * What each side knows of the other: what was purged, which rows are the same one, and which events only one side has. An event counts where
 * its issue is; one whose issue was purged, or that says how such an issue was linked, is known.
 */
import * as Effect from "effect/Effect"
import { base } from "../../changes/changeset.ts"
import type { Scope } from "../../database/Selection.ts"
import type { Kind } from "../../records/Kind.ts"
import { inWindows, match } from "../matching.ts"
import { all, exec, get, isLinking, type Room, run } from "./room.ts"

const tables = `
CREATE TABLE only(uid TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE restored(uid TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE scope(uid TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE gone_a(uid TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE gone_b(uid TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE purging(uid TEXT PRIMARY KEY, id INTEGER, purge INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE extra(side INTEGER NOT NULL, id INTEGER NOT NULL, issue TEXT, related TEXT, type TEXT NOT NULL, project TEXT NOT NULL,
  PRIMARY KEY (side, id)) WITHOUT ROWID;
CREATE TABLE note(what TEXT NOT NULL, of TEXT NOT NULL, detail TEXT NOT NULL);
`

const gone = (schema: "a" | "b") =>
  `INSERT OR IGNORE INTO gone_${schema} SELECT issue_uid FROM ${schema}.purge_log l WHERE issue_uid IS NOT NULL` +
  ` AND NOT EXISTS (SELECT 1 FROM ${schema}.issues i WHERE i.uid = l.issue_uid)`

/** What is asked for by name and is purged here is not purged any more; without being asked for it stays purged, and that is said. */
const askedFor = (restore: boolean) =>
  restore
    ? `INSERT INTO restored SELECT uid FROM gone_b WHERE uid IN (SELECT uid FROM only);
       INSERT INTO drop_purge_log SELECT l.id FROM b.purge_log l WHERE l.issue_uid IN (SELECT uid FROM restored);
       DELETE FROM gone_b WHERE uid IN (SELECT uid FROM restored)`
    : `INSERT INTO note SELECT 'purged here', p.name || '#' || x.short_id, '--restore-purged brings it back' FROM only o
         JOIN gone_b g ON g.uid = o.uid JOIN a.issues x ON x.uid = o.uid JOIN a.projects p ON p.id = x.project_id`

/** A deletion is a later change than what the source has: nothing of it comes back by a merge. */
const deleted =
  `INSERT INTO note SELECT 'deleted here', p.name || '#' || y.short_id, 'kata restore brings it back' FROM only o
  JOIN b.issues y ON y.uid = o.uid AND y.deleted_at IS NOT NULL JOIN b.projects p ON p.id = y.project_id
  JOIN a.issues x ON x.uid = o.uid AND x.deleted_at IS NULL`

/** Of the source's purges those that the target does not have. */
const toPurge =
  `INSERT OR IGNORE INTO purging SELECT l.issue_uid, (SELECT id FROM b.issues i WHERE i.uid = l.issue_uid), l.id
  FROM a.purge_log l WHERE l.issue_uid IN (SELECT uid FROM gone_a) AND NOT EXISTS (SELECT 1 FROM b.purge_log o WHERE o.uid = l.uid)`

const purgedId = "(SELECT id FROM purging WHERE id IS NOT NULL)"
/** Which rows of the target, as `t`, stay when what is to be purged is gone. */
const staying: { readonly [kind: string]: string } = {
  issue: "t.uid NOT IN (SELECT uid FROM purging)",
  comment: `t.issue_id NOT IN ${purgedId}`,
  issue_label: `t.issue_id NOT IN ${purgedId}`,
  link: `t.from_issue_id NOT IN ${purgedId} AND t.to_issue_id NOT IN ${purgedId}`,
  import_mapping: `ifnull(t.issue_id, 0) NOT IN ${purgedId}` +
    ` AND ifnull(t.comment_id, 0) NOT IN (SELECT id FROM b.comments WHERE issue_id IN ${purgedId})` +
    ` AND ifnull(t.link_id, 0) NOT IN (SELECT id FROM b.links WHERE from_issue_id IN ${purgedId} OR to_issue_id IN ${purgedId})`,
  event: `ifnull(t.issue_uid, '') NOT IN (SELECT uid FROM purging)` +
    ` AND NOT (t.type ${isLinking} AND ifnull(t.related_issue_uid, '') IN (SELECT uid FROM purging))`
}

/** Whose purges count. */
export interface Wanted {
  readonly applyPurges: boolean
  /** Uids of issues; undefined: everything. */
  readonly only: ReadonlyArray<string> | undefined
  /** Of these issues what was purged in the target comes back. */
  readonly restorePurged: boolean
}

export interface Staying {
  /** The condition on `t`; "1" when nothing is to be purged. */
  readonly of: (kind: Kind) => string
  readonly scope: Scope
}

/** The kinds whose rows are paired by what they are known by. */
const paired = new Set(["project", "recurrence", "issue", "comment", "issue_label", "link"])

/** Makes the tables, and the views `t_<table>` of what stays in the target. */
export const sidesOf = Effect.fn("Merge.sidesOf")(
  function*(room: Room, { applyPurges, only = [], restorePurged }: Wanted) {
    yield* exec(room, tables)
    for (const uid of only) yield* run(room, "INSERT OR IGNORE INTO only VALUES (?)", uid)
    for (const uid of room.scope ?? []) yield* run(room, "INSERT OR IGNORE INTO scope VALUES (?)", uid)
    yield* run(room, gone("a"))
    if (applyPurges) yield* run(room, toPurge)
    yield* run(room, gone("b"))
    yield* exec(room, `${askedFor(restorePurged)};${deleted}`)
    yield* run(room, "INSERT OR IGNORE INTO gone_b SELECT uid FROM purging")
    const isPurging = (yield* get(room, "SELECT 1 FROM purging"))?.["1"] === 1n
    const of = ({ name }: Kind) => isPurging ? staying[name] ?? "1" : "1"
    for (const kind of room.format.kinds) {
      yield* exec(
        room,
        `CREATE TEMP VIEW t_${kind.table} AS SELECT t.rowid AS "rowid", t.* FROM b.${kind.table} t WHERE ${of(kind)}`
      )
    }
    yield* base(room.db, room.format)
    return { of, scope: { of: (kind: Kind) => ({ where: of(kind), columns: {} }), params: [] } } satisfies Staying
  }
)

export const pair = (room: Room, staying: Staying) =>
  match(room.db, room.format.kinds.filter(({ name }) => paired.has(name)), staying.scope)

const counts = (event: string) => `(${event}.issue_uid IS NULL OR ${event}.issue_id IS NOT NULL)`

/** Whether an event of the source `e` is one of an issue that is asked for: a purge took with it what others had linked with the issue. */
export const ofOnly = `(e.issue_uid IN (SELECT uid FROM only) OR e.type ${isLinking} AND e.related_issue_uid IN
  (SELECT uid FROM restored)) AND e.type NOT LIKE 'recurrence.%'`

/** Events of one side that count and are unknown to the other. Those of issues that the target does not have come in as they are. */
const extraOf = (room: Room, side: 0 | 1, everyIssue: boolean) => {
  const [from, other, gone, schema] = side === 1
    ? ["a.events", "t_events", "gone_b", "a"]
    : ["t_events", "a.events", "gone_a", "b"]
  const has = (uid: string) => `EXISTS (SELECT 1 FROM ${side === 1 ? "t_issues" : "a.issues"} i WHERE i.uid = e.${uid})`
  // an alias that was taken from a project of the target's own may be that of another one in the source
  const known = side === 1 ? "1" : "(p.uid IN (SELECT uid FROM a.projects) OR e.type = 'project.alias_removed')"
  const wanted = [
    everyIssue
      ? "1"
      // what makes an issue of a recurrence says how far that is, wherever the issue is
      : `CASE WHEN e.issue_uid IS NULL OR e.type = 'recurrence.materialized' THEN ${known} ELSE ${has("issue_uid")}` +
        ` OR (e.related_issue_uid IS NOT NULL AND ${has("related_issue_uid")}) END`,
    counts("e"),
    `NOT EXISTS (SELECT 1 FROM ${other} o WHERE o.uid = e.uid AND ${counts("o")})`,
    `(e.issue_uid IS NULL OR e.issue_uid NOT IN (SELECT uid FROM ${gone}))`,
    `NOT (e.type ${isLinking} AND ifnull(e.related_issue_uid, '') IN (SELECT uid FROM ${gone}))`,
    ...(side === 1 && room.only ? [ofOnly] : [])
  ]
  return inWindows(room.db, `${schema}.events`, (first, last) =>
    run(
      room,
      `INSERT INTO extra SELECT ${side}, e.id, e.issue_uid, e.related_issue_uid, e.type, p.uid FROM ${from} e` +
        ` JOIN ${schema}.projects p ON p.id = e.project_id WHERE e.id BETWEEN ? AND ? AND ${wanted.join(" AND ")}`,
      first,
      last
    ))
}

/** Of the target those that lie in what the source could have: in a project that it has, or about an issue that it has. */
export const extras = Effect.fn("Merge.extras")(function*(room: Room) {
  // an issue that the source has purged and the target has: links to it are told by events of issues that only the source has
  const everyIssue = (yield* all(
    room,
    "SELECT 1 FROM gone_a g WHERE EXISTS (SELECT 1 FROM t_issues i WHERE i.uid = g.uid) LIMIT 1"
  )).length > 0
  yield* extraOf(room, 1, everyIssue)
  yield* extraOf(room, 0, false)
  yield* exec(room, "CREATE INDEX extra_issue ON extra(issue)")
})
