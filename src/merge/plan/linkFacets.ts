/**
 * The links that differ or were touched, and the parent of each child, with what is to become of them. Unlike others their events tell what
 * they did: where the source has purged an end, they still say that the link was made.
 */
import * as Effect from "effect/Effect"
import type { Row, Statements } from "../../database/Session.ts"
import { exec, inPages, type Room, run } from "./room.ts"

const canonical = (schema: "a" | "b") => {
  const from = schema === "a" ? "a.links" : "t_links"
  const [x, y] = ["l.from_issue_uid", "l.to_issue_uid"]
  return `CREATE TEMP VIEW ${schema}_links AS SELECT l.id, l.type AS kind,
    CASE WHEN l.type = 'related' THEN min(${x}, ${y}) ELSE ${x} END AS of,
    CASE l.type WHEN 'related' THEN max(${x}, ${y}) WHEN 'parent' THEN '' ELSE ${y} END AS key,
    CASE l.type WHEN 'parent' THEN ${y} ELSE '1' END AS value FROM ${from} l`
}

const candidate =
  "CREATE TABLE candidate(id INTEGER PRIMARY KEY, kind TEXT NOT NULL, of TEXT NOT NULL, key TEXT NOT NULL, UNIQUE (kind, of, key))"

/** Links between two issues that come in do so as they are. */
export const betweenFresh = (link: string) =>
  ["from", "to"].map((end) => `EXISTS (SELECT 1 FROM issue_map m WHERE m.a = ${link}.${end}_issue_id AND m.fresh)`)
    .join(" AND ")

const candidates = ["a", "b"].map((side) =>
  `INSERT OR IGNORE INTO candidate(kind, of, key) SELECT kind, of, key FROM ${side}_links v` +
  ` WHERE NOT EXISTS (SELECT 1 FROM pair_links p WHERE p.${side} = v.id)` +
  (side === "a"
    ? ` AND NOT EXISTS (SELECT 1 FROM a.links l WHERE l.id = v.id AND ${betweenFresh("l")})`
    // between two issues that the source does not have they are none of its business
    : " AND EXISTS (SELECT 1 FROM t_links l WHERE l.id = v.id AND" +
      " (EXISTS (SELECT 1 FROM a.issues i WHERE i.uid = l.from_issue_uid) OR EXISTS (SELECT 1 FROM a.issues i WHERE i.uid = l.to_issue_uid)))")
)

const page = (limit: number) =>
  `SELECT c.id AS key, c.kind, c.of, c.key AS other,
    (SELECT became FROM touch t WHERE t.kind = c.kind AND t.of = c.of AND t.key = c.key AND t.side = 1 AND t.says) AS became,
    EXISTS (SELECT 1 FROM touch t WHERE t.kind = c.kind AND t.of = c.of AND t.key = c.key AND t.side = 1) AS s,
    EXISTS (SELECT 1 FROM touch t WHERE t.kind = c.kind AND t.of = c.of AND t.key = c.key AND t.side = 0) AS t
   FROM candidate c WHERE c.id > ? ORDER BY c.id LIMIT ${limit}`

/** Where an issue is: on each side, and whether it is gone there for good or comes in. */
const whereabouts =
  `SELECT EXISTS (SELECT 1 FROM a.issues WHERE uid = @uid) AS source, EXISTS (SELECT 1 FROM t_issues WHERE uid = @uid) AS target,
  EXISTS (SELECT 1 FROM gone_a WHERE uid = @uid) AS gone, EXISTS (SELECT 1 FROM issue_map m JOIN a.issues i ON i.id = m.a WHERE i.uid = @uid AND m.fresh) AS fresh,
  EXISTS (SELECT 1 FROM only WHERE uid = @uid) AS only, EXISTS (SELECT 1 FROM restored WHERE uid = @uid) AS restored, ifnull((SELECT s FROM history WHERE uid = @uid), 0) AS murky_s,
  ifnull((SELECT t FROM history WHERE uid = @uid), 0) AS murky_t, ifnull((SELECT mute FROM history WHERE uid = @uid), 0) AS mute`

const valueIn = (side: "a" | "b") => {
  const [issues, links] = side === "a" ? ["a.issues", "a.links"] : ["t_issues", "t_links"]
  const id = (uid: string) => `(SELECT id FROM ${issues} WHERE uid = ${uid})`
  return {
    parent: `SELECT to_issue_uid AS value FROM ${links} WHERE type = 'parent' AND from_issue_id = ${id("@of")}`,
    blocks: `SELECT '1' AS value FROM ${links} WHERE type = 'blocks' AND from_issue_id = ${
      id("@of")
    } AND to_issue_id = ${id("@other")}`,
    related: `SELECT '1' AS value FROM ${links} WHERE type = 'related' AND ((from_issue_id = ${
      id("@of")
    } AND to_issue_id = ${id("@other")}) OR (from_issue_id = ${id("@other")} AND to_issue_id = ${id("@of")}))`
  }
}
const values = { a: valueIn("a"), b: valueIn("b") }

type LinkKind = keyof typeof values.a

const insert =
  `INSERT OR IGNORE INTO facet(kind, of, key, equal, a, b, s, t, outcome) VALUES (@kind, @of, @other, @equal, @a, @b, @s, @t, @outcome)`

/** What is to become of one; undefined: it is none of the merge's business. */
const decided = (room: Room, { prepare }: Statements, row: Row) => {
  const kind = String(row["kind"]) as LinkKind
  const [of, other] = [String(row["of"]), String(row["other"])]
  const params = { of, other }
  const ask = (uid: string) => prepare(whereabouts).get({ uid })!
  const ends = (kind === "parent" ? [of] : [of, other]).map(ask)
  const has = (what: string) => ends.some((end) => end[what] === 1n)
  const here = (uid: string) => {
    const at = ask(uid)
    return at["target"] === 1n || at["fresh"] === 1n
  }
  if (ends.some((end) => end["target"] !== 1n && end["fresh"] !== 1n) || !has("source")) return undefined
  const value = (side: "a" | "b") => {
    const found = prepare(values[side][kind]).get(params)?.["value"]
    return found === undefined || found === null ? null : String(found)
  }
  const [inSource, b] = [value("a"), value("b")]
  // children of what comes back after a purge get their parent again
  const isRestored = kind === "parent" && inSource !== null && ask(inSource)["restored"] === 1n
  if (room.only && !has("only") && !isRestored) return undefined
  const became = row["became"] === null ? null : String(row["became"])
  const isTold = row["s"] === 1n
  const purgedThere = (end: Row) => end["gone"] === 1n
  const hollow = isTold && inSource === null &&
    (ends.some(purgedThere) || (kind === "parent" && became !== null && purgedThere(ask(became))))
  if (!hollow && ends.some((end) => end["source"] !== 1n && purgedThere(end))) return undefined
  const out = ends.some((end) => end["source"] !== 1n)
  if (out && !isTold) return undefined
  const a = hollow
    ? kind === "parent" && became !== null && !here(became) ? null : became
    : kind === "parent" && inSource !== null && !here(inSource)
    ? null
    : inSource
  const s = isTold || has("murky_s")
  const t = row["t"] === 1n || has("murky_t")
  const facet = { kind, ...params, equal: a === b ? 1n : 0n, a, b, s: s ? 1n : 0n, t: t ? 1n : 0n }
  const peer = kind === "parent" ? a : other
  // between two that come in: it does so as it is
  if (peer !== null && [of, peer].every((uid) => ask(uid)["fresh"] === 1n)) return undefined
  if (has("fresh")) return a === null ? undefined : { ...facet, outcome: "source" }
  if (a === b) return hollow || out || a === null ? undefined : { ...facet, outcome: "same" }
  if (has("mute")) return { ...facet, outcome: "unexplained" }
  if (s !== t) return { ...facet, outcome: s ? "source" : "target" }
  if (s && t) return { ...facet, outcome: "conflict" }
  // the parent is not there on the other side
  const isElsewhere = kind === "parent" &&
    ((b !== null && ask(b)["source"] !== 1n) || (a === null && inSource !== null))
  if (isElsewhere) return undefined
  return { ...facet, outcome: b === null ? "source" : "unexplained" }
}

/** Of both sides, and not made by the same at the same time: after single issues were merged that may be without an event that tells of it. */
const otherwiseMade = `INSERT OR IGNORE INTO candidate(kind, of, key) SELECT kind, of, key FROM a_links v
  WHERE EXISTS (SELECT 1 FROM pair_links p WHERE p.a = v.id AND NOT p.same)`

export const linkFacets = Effect.fn("Merge.linkFacets")(function*(room: Room) {
  yield* exec(room, canonical("a"))
  yield* exec(room, canonical("b"))
  yield* exec(room, candidate)
  for (const sql of [...candidates, otherwiseMade]) yield* run(room, sql)
  yield* run(
    room,
    "INSERT OR IGNORE INTO candidate(kind, of, key) SELECT kind, of, key FROM touch WHERE kind IN ('parent', 'blocks', 'related')"
  )
  yield* inPages(room, page, (rows) =>
    room.db.attempt("plan the merge", (statements) => {
      for (const row of rows as ReadonlyArray<Row>) {
        const facet = decided(room, statements, row)
        if (facet !== undefined) statements.prepare(insert).run(facet)
      }
    }))
})
