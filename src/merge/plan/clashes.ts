/**
 * What only the merge would break: a link between two projects, where one side has moved an issue that the other has linked, and a circle of
 * parents or blockers that neither side has. Told as conflicts; a preference gives up the part of the other side.
 */
import * as Effect from "effect/Effect"
import type { Statements } from "../../database/Session.ts"
import { exec, type Room, type Side } from "./room.ts"

/** A facet that a side has put there. */
interface Part {
  readonly kind: string
  readonly of: string
  readonly key: string
}

export interface Clash {
  readonly why: "moved and linked" | "circle"
  /** What the source brings to it, and what the target does. */
  readonly source: ReadonlyArray<Part>
  readonly target: ReadonlyArray<Part>
}

/** Links as the result has them, so far as the merge has a part in it; `kind`, `of`, `key`, `to`. */
const views = `
CREATE TEMP VIEW r_project AS SELECT m.b AS id, x.uid, CASE WHEN m.fresh THEN (SELECT b FROM project_map WHERE a = x.project_id)
  WHEN EXISTS (SELECT 1 FROM facet f WHERE f.kind = 'project' AND f.of = x.uid AND f.outcome = 'source')
  THEN (SELECT b FROM project_map WHERE a = x.project_id)
  ELSE (SELECT project_id FROM t_issues y WHERE y.id = m.b) END AS project FROM issue_map m JOIN a.issues x ON x.id = m.a;
CREATE TEMP VIEW taken_link AS SELECT kind, of, key, CASE kind WHEN 'parent' THEN a ELSE key END AS to_uid FROM facet
  WHERE kind IN ('parent', 'blocks', 'related') AND outcome = 'source' AND a IS NOT NULL;
`

/** Final project of an issue of either side. */
const projectOf =
  `SELECT coalesce((SELECT project FROM r_project WHERE uid = @uid), (SELECT project_id FROM t_issues WHERE uid = @uid)) AS project`

const isRemoved = (kind: string) =>
  `EXISTS (SELECT 1 FROM facet f WHERE f.kind = '${kind}' AND f.of = l.from_issue_uid AND f.key = ${
    kind === "parent" ? "''" : "l.to_issue_uid"
  } AND f.outcome = 'source' AND f.a IS NOT ${kind === "parent" ? "l.to_issue_uid" : "'1'"})`

/** Edges that leave an issue in the result, whether the target and whether the source has them. */
const edges = (kind: "parent" | "blocks") => {
  const inside = (schema: "a" | "b", from: string, to: string) =>
    `EXISTS (SELECT 1 FROM ${schema === "a" ? "a.links" : "t_links"} o WHERE o.type = '${kind}'` +
    ` AND o.from_issue_id = (SELECT id FROM ${schema === "a" ? "a.issues" : "t_issues"} WHERE uid = ${from})` +
    ` AND o.to_issue_id = (SELECT id FROM ${schema === "a" ? "a.issues" : "t_issues"} WHERE uid = ${to}))`
  return `SELECT to_uid, ${inside("b", "@uid", "to_uid")} AS t, ${inside("a", "@uid", "to_uid")} AS s FROM (
    SELECT l.to_issue_uid AS to_uid FROM t_links l WHERE l.type = '${kind}' AND l.from_issue_id = (SELECT id FROM t_issues WHERE uid = @uid)
      AND NOT ${isRemoved(kind)}
    UNION SELECT to_uid FROM taken_link WHERE kind = '${kind}' AND of = @uid
    UNION SELECT l.to_issue_uid FROM a.links l JOIN issue_map m ON m.a = l.from_issue_id AND m.fresh
      JOIN issue_map n ON n.a = l.to_issue_id AND n.fresh
      WHERE l.type = '${kind}' AND l.from_issue_id = (SELECT id FROM a.issues WHERE uid = @uid))`
}

const added = (kind: "parent" | "blocks") =>
  `SELECT of, to_uid FROM taken_link v WHERE kind = '${kind}' AND NOT EXISTS (SELECT 1 FROM t_links l WHERE l.type = '${kind}'
     AND l.from_issue_id = (SELECT id FROM t_issues WHERE uid = v.of) AND l.to_issue_uid = v.to_uid) ORDER BY of, to_uid`

interface Edge {
  readonly from: string
  readonly to: string
  readonly s: boolean
  readonly t: boolean
}

const circle = ({ prepare }: Statements): Clash | undefined => {
  for (const kind of ["parent", "blocks"] as const) {
    const part = ({ from, to }: Edge): Part => ({ kind, of: from, key: kind === "parent" ? "" : to })
    const leaving = (uid: string) =>
      prepare(edges(kind)).all({ uid }).map((row) => ({
        from: uid,
        to: String(row["to_uid"]),
        s: row["s"] === 1n,
        t: row["t"] === 1n
      }))
    for (const row of prepare(added(kind)).all()) {
      const start = String(row["of"])
      const first = leaving(start).find(({ to }) => to === String(row["to_uid"]))
      if (first === undefined) continue
      const seen = new Set<string>()
      const todo: Array<{ readonly at: string; readonly mixed: boolean; readonly path: ReadonlyArray<Edge> }> = [
        { at: first.to, mixed: !first.s, path: [first] }
      ]
      for (let step = todo.pop(); step !== undefined; step = todo.pop()) {
        const { at, mixed, path } = step
        if (at === start) {
          if (!mixed) continue
          return {
            why: "circle",
            source: path.filter(({ t }) => !t).map(part),
            target: path.filter(({ s }) => !s).map(part)
          }
        }
        const known = `${at} ${mixed}`
        if (seen.has(known)) continue
        seen.add(known)
        for (const edge of leaving(at)) todo.push({ at: edge.to, mixed: mixed || !edge.s, path: [...path, edge] })
      }
    }
  }
  return undefined
}

/** Links that come in, and those of the target at whose end an issue moves. */
const suspects = `SELECT kind, of, key, to_uid, 1 AS source FROM taken_link
  UNION SELECT l.type, CASE l.type WHEN 'related' THEN min(l.from_issue_uid, l.to_issue_uid) ELSE l.from_issue_uid END,
    CASE l.type WHEN 'parent' THEN '' WHEN 'related' THEN max(l.from_issue_uid, l.to_issue_uid) ELSE l.to_issue_uid END,
    CASE l.type WHEN 'related' THEN max(l.from_issue_uid, l.to_issue_uid) ELSE l.to_issue_uid END, 0
  FROM facet f JOIN t_issues i ON i.uid = f.of JOIN t_links l ON i.id IN (l.from_issue_id, l.to_issue_id)
  WHERE f.kind = 'project' AND f.outcome = 'source'
    AND NOT EXISTS (SELECT 1 FROM facet g WHERE g.kind = l.type AND g.outcome = 'source'
      AND g.of = CASE l.type WHEN 'related' THEN min(l.from_issue_uid, l.to_issue_uid) ELSE l.from_issue_uid END
      AND g.key = CASE l.type WHEN 'parent' THEN '' WHEN 'related' THEN max(l.from_issue_uid, l.to_issue_uid) ELSE l.to_issue_uid END)`

const moves = (schema: "a" | "b") =>
  `SELECT EXISTS (SELECT 1 FROM r_project r JOIN ${schema === "a" ? "a.issues" : "t_issues"} i ON i.uid = r.uid
     WHERE r.uid = @uid AND r.project IS NOT ${
    schema === "a" ? "(SELECT b FROM project_map WHERE a = i.project_id)" : "i.project_id"
  }) AS moved`

const across = ({ prepare }: Statements): Clash | undefined => {
  const project = (uid: string) => prepare(projectOf).get({ uid })?.["project"]
  for (const row of prepare(suspects).iterate()) {
    const [kind, of, key, to] = ["kind", "of", "key", "to_uid"].map((name) => String(row[name])) as [
      string,
      string,
      string,
      string
    ]
    if (project(of) === project(to)) continue
    const moved = (schema: "a" | "b") =>
      [of, to].filter((uid) => prepare(moves(schema)).get({ uid })?.["moved"] === 1n)
        .map((uid): Part => ({ kind: "project", of: uid, key: "" }))
    const link: Part = { kind, of, key }
    // what the source has moved differs from the target
    return row["source"] === 1n
      ? { why: "moved and linked", source: [link], target: moved("a") }
      : { why: "moved and linked", source: moved("b"), target: [link] }
  }
  return undefined
}

const keep = `UPDATE facet SET outcome = @side, decided = 1 WHERE kind = @kind AND of = @of AND key = @key`

/** The first clash, if any; settled by a preference, until none is left. */
export const clashes = Effect.fn("Merge.clashes")(function*(room: Room, prefer: Side | undefined) {
  yield* exec(room, views)
  const found: Array<Clash> = []
  for (let n = 0; n < 10_000; n++) {
    const clash = yield* room.db.attempt("plan the merge", (statements) => across(statements) ?? circle(statements))
    if (clash === undefined) break
    found.push(clash)
    if (prefer === undefined) break
    yield* room.db.attempt("plan the merge", ({ prepare }) => {
      for (const part of prefer === "target" ? clash.source : clash.target) {
        const params = { ...part, side: prefer }
        if (prepare(keep).run(params).changes === 0) prepare(impose).run(params)
      }
    })
  }
  return found
})

/** A part of the target that is given up had no facet: both sides were not asked about it. */
const impose = `INSERT INTO facet(kind, of, key, equal, a, b, s, t, outcome, decided)
  SELECT @kind, @of, @key, 0, NULL, CASE @kind WHEN 'parent' THEN (SELECT l.to_issue_uid FROM t_links l JOIN t_issues i ON i.id = l.from_issue_id
    WHERE l.type = 'parent' AND i.uid = @of) ELSE '1' END, 0, 1, @side, 1`
