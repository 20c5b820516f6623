/** The links of the result: those that come, those that go, and those that are the same. */
import * as Effect from "effect/Effect"
import type { Row, Statements } from "../../database/Session.ts"
import { betweenFresh } from "./linkFacets.ts"
import { number, pairsOf } from "./maps.ts"
import { get, inPages, type Room, run } from "./room.ts"

/** Two related issues stand in the order of their numbers. */
const insert =
  `INSERT INTO put_links SELECT n.id, n.project, iif(n.turn, n.y, n.x), iif(n.turn, n.x, n.y), iif(n.turn, n.y_uid, n.x_uid),
    iif(n.turn, n.x_uid, n.y_uid), n.type, n.author, n.created_at, n.fresh FROM (SELECT v.*, v.type = 'related' AND v.x > v.y AS turn FROM `

const direct = `${insert} (SELECT m.b AS id, (SELECT b FROM project_map WHERE a = l.project_id) AS project,
    (SELECT b FROM issue_map WHERE a = l.from_issue_id) AS x, (SELECT b FROM issue_map WHERE a = l.to_issue_id) AS y,
    l.from_issue_uid AS x_uid, l.to_issue_uid AS y_uid, l.type, l.author, l.created_at, 1 AS fresh
    FROM link_map m JOIN a.links l ON l.id = m.a WHERE m.fresh) v) n`

const page = (limit: number) =>
  `SELECT f.rowid_ AS key, f.kind, f.of, f.key AS other, f.a, f.b, f.s, f.t, f.outcome FROM listed_link f WHERE f.rowid_ > ? ORDER BY f.rowid_ LIMIT ${limit}`

const listed =
  `CREATE TABLE listed_link AS SELECT row_number() OVER (ORDER BY kind, of, key) AS rowid_, kind, of, key, a, b, s, t, outcome
  FROM facet WHERE kind IN ('parent', 'blocks', 'related') AND (outcome = 'source' OR outcome = 'same' AND (s OR NOT t))`

const id = (issues: string, uid: string) => `(SELECT id FROM ${issues} WHERE uid = ${uid})`

/** The link of a side between two issues, in either direction where that means nothing. */
const linkIn = (side: "a" | "b") => {
  const [issues, links] = side === "a" ? ["a.issues", "a.links"] : ["t_issues", "t_links"]
  const between = (x: string, y: string) => `from_issue_id = ${id(issues, x)} AND to_issue_id = ${id(issues, y)}`
  return `SELECT * FROM ${links} WHERE type = @kind AND ((${between("@of", "@to")}) OR (@kind = 'related' AND ${
    between("@to", "@of")
  }))`
}

/** An issue of the result, and its project there. */
const resulting = `SELECT coalesce((SELECT b FROM issue_map m JOIN a.issues i ON i.id = m.a WHERE i.uid = @uid), ${
  id("t_issues", "@uid")
}) AS id, coalesce((SELECT project FROM r_project WHERE uid = @uid), (SELECT project_id FROM t_issues WHERE uid = @uid)) AS project`

const toldBy = `SELECT e.actor AS author, e.created_at FROM touch c JOIN a.events e ON e.id = c.event
  WHERE c.kind = @kind AND c.of = @of AND c.key = @other AND c.side = 1`

const one =
  `${insert} (SELECT @id AS id, @project AS project, @x AS x, @y AS y, @of AS x_uid, @to AS y_uid, @kind AS type,
  @author AS author, @created_at AS created_at, @fresh AS fresh) v) n`

const isLater = (x: Row, y: Row) =>
  x["created_at"] !== y["created_at"]
    ? String(x["created_at"]) > String(y["created_at"])
    : String(x["author"]) > String(y["author"])

/** Does what was decided of one link; gives the next free number. */
const applied = ({ prepare }: Statements, row: Row, next: bigint): bigint => {
  const [kind, of, other] = [String(row["kind"]), String(row["of"]), String(row["other"])]
  const [a, b] = [row["a"], row["b"]].map((value) => value === null ? null : String(value))
  const named = { kind, of, other }
  const peer = (value: string | null | undefined) =>
    value === null || value === undefined ? null : kind === "parent" ? value : other
  const [to, before] = [peer(a), peer(b)]
  const theirs = to === null ? undefined : prepare(linkIn("a")).get({ ...named, to })
  const ours = before === null ? undefined : prepare(linkIn("b")).get({ ...named, to: before })
  if (row["outcome"] === "same") {
    if (theirs === undefined || ours === undefined || to === null) return next
    if (row["s"] === row["t"] && !isLater(theirs, ours)) return next
    const [x, y] = [of, to].map((uid) => prepare(resulting).get({ uid })!)
    prepare(one).run({
      ...named,
      to,
      id: ours["id"]!,
      project: x!["project"]!,
      x: x!["id"]!,
      y: y!["id"]!,
      author: theirs["author"]!,
      created_at: theirs["created_at"]!,
      fresh: 0n
    })
    return next
  }
  if (ours !== undefined) prepare("INSERT OR IGNORE INTO drop_links VALUES (?)").run(ours["id"]!)
  if (to === null) return next
  const made = theirs ?? prepare(toldBy).get(named)
  const [x, y] = [of, to].map((uid) => prepare(resulting).get({ uid })!)
  if (made === undefined || x!["id"] === null || y!["id"] === null) return next
  prepare(one).run({
    ...named,
    to,
    id: next,
    project: x!["project"]!,
    x: x!["id"]!,
    y: y!["id"]!,
    author: made["author"]!,
    created_at: made["created_at"]!,
    fresh: 1n
  })
  if (theirs !== undefined) prepare("INSERT OR REPLACE INTO link_map VALUES (?, ?, 1)").run(theirs["id"]!, next)
  return next + 1n
}

/** Links of issues that are elsewhere now lie there, too. */
const follow =
  `INSERT OR IGNORE INTO put_links SELECT l.id, i.project_id, l.from_issue_id, l.to_issue_id, l.from_issue_uid, l.to_issue_uid,
    l.type, l.author, l.created_at, 0 FROM put_issues i JOIN t_links l ON l.from_issue_id = i.id
  WHERE NOT i.fresh AND l.project_id <> i.project_id AND l.id NOT IN (SELECT id FROM drop_links)`

export const links = Effect.fn("Merge.links")(function*(room: Room) {
  yield* pairsOf(room, "link", "links")
  yield* number(room, "link", "links", `t.id NOT IN (SELECT a FROM link_map) AND ${betweenFresh("t")}`)
  yield* run(room, direct)
  yield* run(room, listed)
  let next = BigInt(
    String(
      (yield* get(
        room,
        "SELECT max(ifnull((SELECT max(b) FROM link_map), 0), (SELECT id FROM base WHERE name = 'links')) + 1 AS n"
      ))?.["n"]
    )
  )
  yield* inPages(room, page, (rows) =>
    room.db.attempt("plan the merge", (statements) => {
      for (const row of rows as ReadonlyArray<Row>) next = applied(statements, row, next)
    }))
  yield* run(room, follow)
})
