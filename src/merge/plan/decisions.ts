/**
 * What somebody has decided is recorded by the ordinary event of its facet, written by the target's own instance: the other side, merging
 * back, learns of the decision and goes the same way.
 */
import * as Effect from "effect/Effect"
import type { Row } from "../../database/Session.ts"
import { RawJson, write } from "../../ledger/RawJson.ts"
import { members } from "../../records/json.ts"
import { all, get, type Room, run, select } from "./room.ts"

/** The present state of an issue, a project, a recurrence of the result, and what the side had that was decided against. */
const of = {
  issue:
    `SELECT p.id, p.uid, p.project_id, p.title, p.body, p.owner, p.priority, p.status, p.closed_reason, p.deleted_at, p.metadata, p.revision, p.short_id,
    iif(@source, q.title, x.title) AS old_title, iif(@source, q.metadata, x.metadata) AS old_metadata,
    iif(@source, q.project_id, (SELECT b FROM project_map WHERE a = x.project_id)) AS old_project_id,
    iif(@source, q.short_id, x.short_id) AS old_short_id
    FROM put_issues p LEFT JOIN b.issues q ON q.id = p.id LEFT JOIN a.issues x ON x.uid = p.uid WHERE p.uid = @uid`,
  project: `SELECT p.*, iif(@source, q.metadata, x.metadata) AS old_metadata
    FROM put_projects p JOIN b.projects q ON q.id = p.id LEFT JOIN a.projects x ON x.uid = p.uid WHERE p.uid = @uid`,
  other:
    `SELECT coalesce((SELECT m.b FROM a.issues i JOIN issue_map m ON m.a = i.id WHERE i.uid = @uid), (SELECT id FROM t_issues WHERE uid = @uid)) AS id`
}

const text = (cell: unknown) => cell === null || cell === undefined ? undefined : String(cell)

const memberOf = (object: unknown, key: string) => new Map(members(String(object)) ?? []).get(key) ?? "null"

interface Said {
  readonly type: string
  readonly payload: { readonly [member: string]: unknown }
  readonly related?: string
  /** The revision of the row goes up. */
  readonly raises?: true
}

const diffOf = (key: string, before: unknown, after: unknown, revision: unknown) => ({
  diff: new RawJson(`{${JSON.stringify(key)}:{"from":${memberOf(before, key)},"to":${memberOf(after, key)}}}`),
  revision_new: Number(revision) + 1
})

const linked = (row: Row): Said => {
  const kind = String(row["kind"])
  const [a, b] = row["outcome"] === "source" ? [row["a"], row["b"]] : [row["b"], row["a"]]
  const there = a !== null
  const peer = kind === "parent" ? String(there ? a : b) : String(row["key"])
  return {
    type: there ? "issue.linked" : "issue.unlinked",
    related: peer,
    payload: { from_uid: String(row["of"]), link_id: 0, to_uid: peer, type: kind }
  }
}

/** The event that tells what was decided of a facet of an issue, whose row in the result is `now`. */
const ofIssue = (row: Row, now: Row, uidOf: (id: unknown) => string): Said | undefined => {
  const key = String(row["key"])
  switch (row["kind"]) {
    case "title":
      return { type: "issue.updated", payload: { title: text(now["title"]), old_title: text(now["old_title"]) } }
    case "body":
      return { type: "issue.updated", payload: { body: text(now["body"]) ?? "" } }
    case "owner":
      return now["owner"] === null
        ? { type: "issue.unassigned", payload: {} }
        : { type: "issue.assigned", payload: { owner: text(now["owner"]) } }
    case "priority":
      return now["priority"] === null
        ? { type: "issue.priority_cleared", payload: {} }
        : { type: "issue.priority_set", payload: { priority: Number(now["priority"]) } }
    case "status":
      return now["status"] === "open"
        ? { type: "issue.reopened", payload: {} }
        : {
          type: "issue.closed",
          payload: { reason: text(now["closed_reason"]) ?? "done", parent_uid: "", parent_short_id: "" }
        }
    case "deletion":
      return { type: now["deleted_at"] === null ? "issue.restored" : "issue.soft_deleted", payload: {} }
    case "project":
      return {
        type: "issue.moved",
        raises: true,
        payload: {
          from_project_uid: uidOf(now["old_project_id"]),
          from_short_id: text(now["old_short_id"]),
          issue_uid: text(now["uid"]),
          to_project_uid: uidOf(now["project_id"]),
          to_short_id: text(now["short_id"])
        }
      }
    case "metadata":
      return {
        type: "issue.metadata_updated",
        raises: true,
        payload: diffOf(key, now["old_metadata"], now["metadata"], now["revision"])
      }
    case "label":
      return {
        type: (row["outcome"] === "source" ? row["a"] : row["b"]) === null ? "issue.unlabeled" : "issue.labeled",
        payload: { label: key }
      }
    default:
      return linked(row)
  }
}

const insert =
  `INSERT INTO put_events SELECT max(ifnull((SELECT max(id) FROM put_events WHERE fresh), 0), (SELECT id FROM base WHERE name = 'events'),
    ifnull((SELECT max(reserved) FROM purged), 0)) + 1, @uid, (SELECT value FROM b.meta WHERE key = 'instance_uid'), @project,
    coalesce((SELECT name FROM put_projects WHERE id = @project), (SELECT name FROM b.projects WHERE id = @project)),
    @issue, @issue_uid, @related, @related_uid, @type, @actor, @payload, @now, 1`

export const decisions = Effect.fn("Merge.decisions")(function*(room: Room, actor: string) {
  const decided = yield* all(
    room,
    "SELECT * FROM facet WHERE decided AND outcome IN ('source', 'target') AND NOT equal ORDER BY kind, of, key"
  )
  const names = new Map((yield* all(room, "SELECT id, uid FROM b.projects UNION SELECT id, uid FROM put_projects"))
    .map(({ id, uid }) => [String(id), String(uid)]))
  const uidOf = (id: unknown) => names.get(String(id)) ?? ""
  for (const row of decided) {
    const uid = String(row["of"])
    const named = { uid, source: row["outcome"] === "source" ? 1n : 0n }
    const common = {
      uid: yield* room.uidOf(JSON.stringify([row["kind"], uid, row["key"], row["outcome"], actor])),
      actor,
      now: room.now
    }
    const event = (said: Said, issue: Row | undefined, project: unknown, related: unknown) =>
      run(room, insert, {
        ...common,
        project: project as bigint,
        issue: issue?.["id"] ?? null,
        issue_uid: issue === undefined ? null : uid,
        related: (related ?? null) as bigint | null,
        related_uid: said.related ?? null,
        type: said.type,
        payload: write(said.payload)
      })
    if (row["kind"] === "archived" || row["kind"] === "project_metadata") {
      const now = yield* get(room, of.project, named)
      if (now === undefined) continue
      yield* event(
        row["kind"] === "archived"
          ? {
            type: now["deleted_at"] === null ? "project.restored" : "project.removed",
            payload: now["deleted_at"] === null ? {} : { alias_count: 0, open_issues: 0 }
          }
          : {
            type: "project.metadata_updated",
            payload: diffOf(String(row["key"]), now["old_metadata"], now["metadata"], now["revision"])
          },
        undefined,
        now["id"],
        null
      )
      if (row["kind"] === "project_metadata") {
        yield* run(room, "UPDATE put_projects SET revision = revision + 1 WHERE id = ?", now["id"]!)
      }
      continue
    }
    if (row["kind"] === "recurrence") {
      const now = yield* get(room, "SELECT * FROM put_recurrences WHERE uid = ?", uid)
      if (now === undefined) continue
      const column = String(row["key"])
      const value = now[column]
      yield* event(
        column === "deleted_at" && value !== null
          ? { type: "recurrence.deleted", payload: { recurrence_uid: uid } }
          : {
            type: "recurrence.updated",
            payload: {
              recurrence_uid: uid,
              diff: { [column]: { from: null, to: typeof value === "bigint" ? Number(value) : value } },
              revision_new: Number(now["revision"]) + 1
            }
          },
        undefined,
        now["project_id"],
        null
      )
      yield* run(room, "UPDATE put_recurrences SET revision = revision + 1 WHERE uid = ?", uid)
      continue
    }
    // the other end of a link need not be an issue that changes otherwise
    yield* run(
      room,
      `INSERT OR IGNORE INTO put_issues SELECT ${select(room, "issue", {}, "t")}, 0 FROM t_issues t WHERE t.uid = ?`,
      uid
    )
    const now = yield* get(room, of.issue, named)
    const said = now === undefined ? undefined : ofIssue(row, now, uidOf)
    if (now === undefined || said === undefined) continue
    const related = said.related === undefined ? null : (yield* get(room, of.other, { uid: said.related }))?.["id"]
    yield* event(said, now, now["project_id"], related)
    yield* run(
      room,
      `UPDATE put_issues SET updated_at = max(updated_at, ?), revision = revision + ${
        said.raises === true ? 1 : 0
      } WHERE uid = ?`,
      room.now,
      uid
    )
  }
})
