/**
 * What importers know issues and comments by. It writes no event: of an issue it comes with the issue's events, of what belongs to one with
 * that; what is taken in the target stays. It follows its issue into another project.
 */
import * as Effect from "effect/Effect"
import { exec, type Room, run } from "./room.ts"

const taken = (row: string) =>
  `EXISTS (SELECT 1 FROM t_import_mappings o WHERE o.source = ${row}.source AND o.external_id = ${row}.external_id
     AND o.object_type = ${row}.object_type AND o.project_id = ${row}.project_id AND o.id NOT IN (SELECT id FROM drop_import_mappings)
     AND o.id NOT IN (SELECT id FROM put_import_mappings))
   OR EXISTS (SELECT 1 FROM put_import_mappings o WHERE o.source = ${row}.source AND o.external_id = ${row}.external_id
     AND o.object_type = ${row}.object_type AND o.project_id = ${row}.project_id)`

const rehomed =
  `CREATE TABLE rehomed AS SELECT t.id, t.source, t.external_id, t.object_type, i.project_id, t.issue_id, t.comment_id, t.link_id,
    t.label, t.source_updated_at, t.imported_at FROM put_issues i JOIN t_import_mappings t ON t.issue_id = i.id
  WHERE NOT i.fresh AND t.project_id <> i.project_id ORDER BY t.id`

/** Of an issue that is asked for, or of a link with one that comes back after a purge. */
const ofOnly = `(x.uid IN (SELECT uid FROM only) OR t.link_id IN
  (SELECT id FROM a.links WHERE from_issue_uid IN (SELECT uid FROM restored) OR to_issue_uid IN (SELECT uid FROM restored)))`

/** Rows of the source by what they would be here. */
const coming = (room: Room) =>
  `CREATE TABLE coming AS SELECT t.id AS a, t.source, t.external_id, t.object_type,
    coalesce((SELECT p.project_id FROM put_issues p WHERE p.id = m.b), (SELECT i.project_id FROM b.issues i WHERE i.id = m.b)) AS project_id,
    m.b AS issue_id, (SELECT b FROM comment_map c WHERE c.a = t.comment_id) AS comment_id, (SELECT b FROM link_map l WHERE l.a = t.link_id) AS link_id,
    t.label, t.source_updated_at, t.imported_at, t.comment_id IS NOT NULL AS of_comment, t.link_id IS NOT NULL AS of_link
  FROM a.import_mappings t JOIN issue_map m ON m.a = t.issue_id JOIN a.issues x ON x.id = m.a
  WHERE ${room.only ? `${ofOnly} AND ` : ""}(t.object_type <> 'issue' OR m.fresh
    OR EXISTS (SELECT 1 FROM extra e WHERE e.side = 1 AND e.issue = x.uid))`

const columns =
  "source, external_id, object_type, project_id, issue_id, comment_id, link_id, label, source_updated_at, imported_at"

/** What both sides know of the same by the same name: an importer goes by the last state that it has delivered to either. */
const met = (room: Room) =>
  `CREATE TABLE met AS SELECT t.id, nullif(max(ifnull(s.source_updated_at, ''), ifnull(t.source_updated_at, '')), '') AS source_updated_at,
    max(s.imported_at, t.imported_at) AS imported_at
  FROM a.import_mappings s JOIN issue_map m ON m.a = s.issue_id JOIN t_import_mappings t ON t.issue_id = m.b AND t.source = s.source
    AND t.external_id = s.external_id AND t.object_type = s.object_type
  WHERE (s.source_updated_at IS NOT t.source_updated_at OR s.imported_at IS NOT t.imported_at)${
    room.only ? " AND s.issue_id IN (SELECT i.id FROM a.issues i JOIN only o ON o.uid = i.uid)" : ""
  }`

const later = `
INSERT OR IGNORE INTO put_import_mappings SELECT t.id, ${
  columns.split(", ").map((column) => `t.${column}`).join(", ")
}, 0 FROM met JOIN t_import_mappings t ON t.id = met.id
  WHERE t.id NOT IN (SELECT id FROM drop_import_mappings);
UPDATE put_import_mappings AS p SET (source_updated_at, imported_at) =
  (SELECT source_updated_at, imported_at FROM met WHERE met.id = p.id) WHERE NOT fresh AND id IN (SELECT id FROM met);
`

export const mappings = Effect.fn("Merge.mappings")(function*(room: Room) {
  yield* run(room, rehomed)
  // one by one: two of them may want the same name
  yield* room.db.attempt("plan the merge", ({ prepare }) => {
    for (const { id } of prepare("SELECT id FROM rehomed ORDER BY id").all()) {
      prepare(
        `INSERT INTO put_import_mappings SELECT id, ${columns}, 0 FROM rehomed r WHERE id = ? AND NOT (${taken("r")})`
      ).run(id!)
    }
    prepare(
      "INSERT INTO drop_import_mappings SELECT id FROM rehomed WHERE id NOT IN (SELECT id FROM put_import_mappings)"
    ).run()
  })
  yield* run(room, coming(room))
  yield* run(
    room,
    "DELETE FROM coming WHERE (of_comment AND comment_id IS NULL) OR (of_link AND link_id IS NULL) OR project_id IS NULL"
  )
  yield* run(room, `DELETE FROM coming WHERE ${taken("coming")}`)
  yield* exec(
    room,
    "DELETE FROM coming WHERE a NOT IN (SELECT min(a) FROM coming GROUP BY source, external_id, object_type, project_id)"
  )
  yield* run(
    room,
    `INSERT INTO put_import_mappings SELECT (SELECT id FROM base WHERE name = 'import_mappings') + row_number() OVER (ORDER BY a), ${columns}, 1 FROM coming`
  )
  yield* run(room, met(room))
  yield* exec(room, later)
})
