/** Projects, aliases and recurrences of the result. */
import * as Effect from "effect/Effect"
import { ofRecurrence } from "./facets.ts"
import { revision, withMembers } from "./issues.ts"
import { all, get, type Room, run, select, some } from "./room.ts"

const isTaken = (kind: string, of: string, key: string) =>
  `EXISTS (SELECT 1 FROM facet f WHERE f.kind = '${kind}' AND f.of = ${of} AND f.key = '${key}' AND f.outcome = 'source')`

/** When both sides have put it away, the later time. */
const goneAt = (isTaken: string) =>
  `iif(${isTaken}, x.deleted_at, iif(x.deleted_at IS NULL OR y.deleted_at IS NULL, y.deleted_at, max(x.deleted_at, y.deleted_at)))`

const raised = (side: 0 | 1) =>
  `(SELECT count(*) FROM extra e WHERE e.side = ${side} AND e.issue IS NULL AND e.project = y.uid AND e.type = 'project.metadata_updated')`

const projectsOf = Effect.fnUntraced(function*(room: Room) {
  yield* run(
    room,
    `INSERT INTO put_projects SELECT ${
      select(room, "project", {
        deleted_at: goneAt(isTaken("archived", "y.uid", "")),
        revision: revision("y.revision", "x.revision", raised(0), raised(1))
      }, "y")
    }, 0 FROM pair_projects p JOIN a.projects x ON x.id = p.a JOIN b.projects y ON y.id = p.b`
  )
  const changed = yield* all(
    room,
    `SELECT p.id, x.metadata AS source, p.metadata AS target, json_group_array(f.key) AS keys FROM facet f
     JOIN put_projects p ON p.uid = f.of JOIN a.projects x ON x.uid = f.of
     WHERE f.kind = 'project_metadata' AND f.outcome = 'source' GROUP BY p.id`
  )
  for (const { id, keys, source, target } of changed) {
    const merged = withMembers(String(target), String(source), JSON.parse(String(keys)) as ReadonlyArray<string>)
    yield* run(room, "UPDATE put_projects SET metadata = ? WHERE id = ?", merged, id!)
  }
})

/** A name that another project has gets a number. */
const freshProjects = Effect.fnUntraced(function*(room: Room) {
  const coming = yield* all(
    room,
    "SELECT m.a, m.b, x.name, x.uid FROM project_map m JOIN a.projects x ON x.id = m.a WHERE m.fresh ORDER BY m.b"
  )
  const isNamed = "SELECT 1 FROM b.projects WHERE name = @name UNION ALL SELECT 1 FROM put_projects WHERE name = @name"
  for (const { a, b, name, uid } of coming) {
    let free = String(name)
    for (let n = 2; yield* some(room, isNamed, { name: free }); n++) free = `${String(name)}-${n}`
    yield* run(
      room,
      `INSERT INTO put_projects SELECT ${
        select(room, "project", { id: "@id", name: "@name" }, "x")
      }, 1 FROM a.projects x WHERE x.id = @a`,
      { a: a!, id: b!, name: free }
    )
    if (free !== name) {
      yield* run(room, "INSERT INTO note VALUES ('renamed', ?, ?)", uid!, `${String(name)} comes in as ${free}`)
    }
  }
})

/**
 * Attaching an alias writes no event. Taking it away does, by itself or with its project, whose event names it; and no archived project has any.
 * `project`: its number in the target.
 */
const cut = (side: 0 | 1, identity: string, project: string) =>
  `(EXISTS (SELECT 1 FROM put_projects w WHERE w.id = ${project} AND w.deleted_at IS NOT NULL)
    OR EXISTS (SELECT 1 FROM extra e JOIN ${side === 1 ? "a" : "b"}.events v ON v.id = e.id WHERE e.side = ${side}
      AND CASE WHEN NOT json_valid(v.payload) THEN 0 WHEN e.type = 'project.alias_removed' THEN v.payload ->> '$.alias_identity' = ${identity}
        WHEN e.type = 'project.removed' AND ${
    side === 1 ? "(SELECT b FROM project_map WHERE a = v.project_id)" : "v.project_id"
  } = ${project} THEN EXISTS (SELECT 1 FROM json_each(v.payload, '$.aliases') l
          WHERE json_extract(v.payload, l.fullkey || '.identity') = ${identity}) ELSE 0 END))`

const aliases = (room: Room) => [
  `INSERT INTO put_project_aliases SELECT ${
    select(
      room,
      "project_alias",
      {
        id: "(SELECT id FROM base WHERE name = 'project_aliases') + row_number() OVER (ORDER BY x.id)",
        project_id: "m.b"
      },
      "x"
    )
  }, 1 FROM a.project_aliases x JOIN project_map m ON m.a = x.project_id
   WHERE NOT EXISTS (SELECT 1 FROM b.project_aliases y WHERE y.alias_identity = x.alias_identity) AND NOT ${
    cut(0, "x.alias_identity", "m.b")
  }`,
  `INSERT INTO put_project_aliases SELECT ${
    select(room, "project_alias", { last_seen_at: "max(x.last_seen_at, y.last_seen_at)" }, "y")
  }, 0 FROM a.project_aliases x JOIN b.project_aliases y USING (alias_identity)
   WHERE (SELECT b FROM project_map WHERE a = x.project_id) = y.project_id`,
  `INSERT INTO drop_project_aliases SELECT y.id FROM b.project_aliases y JOIN b.projects q ON q.id = y.project_id
   WHERE NOT EXISTS (SELECT 1 FROM a.project_aliases x WHERE x.alias_identity = y.alias_identity)
     AND ${room.scope === null ? "1" : "q.uid IN (SELECT uid FROM scope)"} AND ${cut(1, "y.alias_identity", "q.id")}`,
  `INSERT INTO note SELECT 'alias kept', y.alias_identity, 'is that of another project here' FROM b.project_aliases y
     JOIN a.project_aliases x USING (alias_identity)
   WHERE (SELECT b FROM project_map WHERE a = x.project_id) IS NOT y.project_id`
]

const isTouched = (side: 0 | 1) =>
  `EXISTS (SELECT 1 FROM touch c WHERE c.kind = 'occurrences' AND c.of = y.uid AND c.side = ${side})`
/** Which series has come further; of two that have come as far, the one whose last issue is older. */
const isFurther = `(coalesce(x.next_occurrence_key, '~') > coalesce(y.next_occurrence_key, '~')
  OR coalesce(x.next_occurrence_key, '~') = coalesce(y.next_occurrence_key, '~') AND coalesce(x.last_materialized_uid, '~') < coalesce(y.last_materialized_uid, '~'))`
const theirs = `(${isTouched(1)} AND NOT ${isTouched(0)} OR ${isTouched(1)} = ${isTouched(0)} AND ${isFurther})`
/** An occurrence that was skipped raises the revision now and then. */
const raisedOf = (side: 0 | 1) =>
  `(SELECT count(*) FROM extra e JOIN ${
    side === 1 ? "a" : "b"
  }.events v ON v.id = e.id WHERE e.side = ${side} AND e.type LIKE 'recurrence.%'
     AND e.type NOT IN ('recurrence.created', 'recurrence.materialization_skipped') AND json_valid(v.payload) AND v.payload ->> '$.recurrence_uid' = y.uid)`

const recurrences = (room: Room) => [
  `INSERT INTO put_recurrences SELECT ${
    select(room, "recurrence", {
      ...Object.fromEntries(
        ofRecurrence.map((
          column
        ) => [column, `iif(${isTaken("recurrence", "y.uid", column)}, x.${column}, y.${column})`])
      ),
      deleted_at: goneAt(isTaken("recurrence", "y.uid", "deleted_at")),
      next_occurrence_key: `iif(${theirs}, x.next_occurrence_key, y.next_occurrence_key)`,
      last_materialized_uid: `iif(${theirs}, x.last_materialized_uid, y.last_materialized_uid)`,
      // a purge may have taken events that raised it
      revision: `max(y.revision + ${raisedOf(1)}, x.revision + ${raisedOf(0)})`,
      updated_at: "max(x.updated_at, y.updated_at)"
    }, "y")
  }, 0 FROM pair_recurrences p JOIN a.recurrences x ON x.id = p.a JOIN b.recurrences y ON y.id = p.b WHERE NOT p.same`,
  `INSERT INTO put_recurrences SELECT ${
    select(room, "recurrence", { id: "m.b", project_id: "(SELECT b FROM project_map WHERE a = x.project_id)" }, "x")
  }, 1 FROM recurrence_map m JOIN a.recurrences x ON x.id = m.a WHERE m.fresh`
]

/** An issue is the only one of its occurrence: the older uid keeps it. */
export const occurrences = Effect.fnUntraced(function*(room: Room) {
  const of = (column: string) => `x.${column} AS ${column}`
  const rows =
    `SELECT uid, id, recurrence_id, occurrence_key FROM put_issues WHERE recurrence_id IS NOT NULL AND occurrence_key IS NOT NULL
    UNION ALL SELECT uid, id, recurrence_id, occurrence_key FROM t_issues t WHERE recurrence_id IS NOT NULL AND occurrence_key IS NOT NULL
      AND id NOT IN (SELECT id FROM put_issues)`
  if ((yield* get(room, "SELECT 1 FROM put_issues WHERE recurrence_id IS NOT NULL LIMIT 1")) === undefined) return
  const twice = yield* all(
    room,
    `SELECT ${of("id")}, ${
      of("uid")
    } FROM (SELECT *, row_number() OVER (PARTITION BY recurrence_id, occurrence_key ORDER BY uid) AS nth FROM (${rows})) x WHERE nth > 1`
  )
  for (const { id, uid } of twice) {
    yield* run(
      room,
      `INSERT OR IGNORE INTO put_issues SELECT ${select(room, "issue", {}, "t")}, 0 FROM t_issues t WHERE t.id = ?`,
      id!
    )
    yield* run(room, "UPDATE put_issues SET recurrence_id = NULL, occurrence_key = NULL WHERE id = ?", id!)
    yield* run(
      room,
      "INSERT INTO note VALUES ('occurrence', ?, 'both sides have made an issue of it: the older one keeps it')",
      uid!
    )
  }
})

export const projects = Effect.fn("Merge.projects")(function*(room: Room) {
  if (!room.only) yield* projectsOf(room)
  yield* freshProjects(room)
  if (room.only) return
  for (const sql of [...aliases(room), ...recurrences(room)]) yield* run(room, sql)
})
