/** What a report says of a plan: the case of each project, what is decided, what is left. */
import * as Effect from "effect/Effect"
import type { Session } from "../database/Session.ts"
import { type Case, MergedProject, MergeNote } from "./MergeReport.ts"
import type { Planned } from "./plan/plan.ts"

const caseOf = (isNew: boolean, source: number, target: number): Case =>
  isNew ? "new" : source === 0 ? (target === 0 ? "same" : "ahead") : target === 0 ? "fast-forward" : "diverged"

const projectsOf = (db: Session) =>
  Effect.map(
    db.all(
      "tell of the projects",
      `SELECT x.uid, coalesce((SELECT name FROM put_projects p WHERE p.id = m.b), (SELECT name FROM b.projects p WHERE p.id = m.b)) AS name,
         m.fresh, ifnull(c.n, 0) AS source,
         (SELECT count(*) FROM extra e WHERE e.side = 0 AND e.project = (SELECT uid FROM b.projects p WHERE p.id = m.b)) AS target
       FROM project_map m JOIN a.projects x ON x.id = m.a
         LEFT JOIN (SELECT e.project_id, count(*) AS n FROM coming_event v JOIN put_events e ON e.id = v.number GROUP BY e.project_id) c
           ON c.project_id = m.b
       ORDER BY name`
    ),
    (rows) =>
      rows.map((row) => {
        const [source, target] = [Number(row["source"]), Number(row["target"])]
        return new MergedProject({
          uid: String(row["uid"]),
          name: String(row["name"]),
          case: caseOf(row["fresh"] === 1n, source, target),
          source_events: source,
          target_events: target
        })
      })
  )

/** Of a plan in the session that made it. */
export const told = Effect.fnUntraced(
  function*(db: Session, { changes, conflicts, unexplained, unexplainedCount }: Planned) {
    const count = (sql: string) => Effect.map(db.get("tell of the merge", sql), (row) => Number(row?.["n"] ?? 0))
    const notes = yield* db.all("tell of the merge", "SELECT what, of, detail FROM note ORDER BY rowid LIMIT 1000")
    return {
      entry: null as string | null,
      unchanged: Object.keys(changes).length === 0 && conflicts.length === 0,
      projects: yield* projectsOf(db),
      counts: changes,
      unexplained,
      unexplained_count: unexplainedCount,
      decided: yield* count(
        "SELECT count(*) AS n FROM facet WHERE decided AND NOT equal AND outcome IN ('source', 'target')"
      ),
      purged_there: yield* count(
        "SELECT count(*) AS n FROM gone_a g WHERE EXISTS (SELECT 1 FROM t_issues i WHERE i.uid = g.uid)"
      ),
      notes: notes.map(({ detail, of, what }) =>
        new MergeNote({ what: String(what), of: String(of), detail: String(detail) })
      )
    }
  }
)
