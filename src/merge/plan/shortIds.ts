/** Short ids of issues that come in, or into another project: one that is taken there becomes longer, by the end of the uid. */
import * as Effect from "effect/Effect"
import { all, exec, type Room, run, some } from "./room.ts"

const moved =
  `(p.fresh OR EXISTS (SELECT 1 FROM b.issues o WHERE o.id = p.id AND (o.project_id <> p.project_id OR o.short_id <> p.short_id)))`

const isPurged = (project: string, short: string, uid: string) =>
  `EXISTS (SELECT 1 FROM b.purge_log g WHERE g.project_id = ${project} AND g.short_id = ${short} AND g.issue_uid IS NOT ${uid})
   OR EXISTS (SELECT 1 FROM put_purge_log g WHERE g.project_id = ${project} AND g.short_id = ${short} AND g.issue_uid IS NOT ${uid})`

const isTaken = (project: string, short: string, uid: string) =>
  `EXISTS (SELECT 1 FROM t_issues o WHERE o.project_id = ${project} AND o.short_id = ${short} AND o.uid <> ${uid}
     AND o.id NOT IN (SELECT id FROM moving))`

/** Those whose name is another one's; of several that come with the same, the first uid has it. */
const clashing = `SELECT m.id, m.uid, p.project_id, p.short_id FROM moving m JOIN put_issues p ON p.id = m.id
  WHERE ${isTaken("p.project_id", "p.short_id", "p.uid")} OR ${isPurged("p.project_id", "p.short_id", "p.uid")}
    OR EXISTS (SELECT 1 FROM moving n JOIN put_issues q ON q.id = n.id
      WHERE n.project = p.project_id AND n.short = p.short_id AND n.uid < m.uid)
  ORDER BY m.uid`

export const shortIds = Effect.fn("Merge.shortIds")(function*(room: Room) {
  yield* exec(
    room,
    "CREATE TABLE moving(id INTEGER PRIMARY KEY, uid TEXT NOT NULL, project INTEGER NOT NULL, short TEXT NOT NULL)"
  )
  yield* run(room, `INSERT INTO moving SELECT p.id, p.uid, p.project_id, p.short_id FROM put_issues p WHERE ${moved}`)
  yield* exec(room, "CREATE INDEX moving_short ON moving(project, short)")
  for (const { id, project_id, short_id, uid } of yield* all(room, clashing)) {
    const name = String(uid).toLowerCase()
    const isFree = (short: string) =>
      Effect.map(
        some(
          room,
          `SELECT 1 WHERE ${isTaken("@project", "@short", "@uid")} OR ${isPurged("@project", "@short", "@uid")}` +
            " OR EXISTS (SELECT 1 FROM moving n WHERE n.project = @project AND n.short = @short AND n.uid <> @uid)",
          { project: project_id!, short, uid: uid! }
        ),
        (taken) => !taken
      )
    let length = String(short_id).length + 1
    while (length < name.length && !(yield* isFree(name.slice(-length)))) length++
    const short = name.slice(-length)
    yield* run(room, "UPDATE put_issues SET short_id = ? WHERE id = ?", short, id!)
    yield* run(room, "UPDATE moving SET short = ? WHERE id = ?", short, id!)
    yield* run(
      room,
      "INSERT INTO note VALUES ('short id', ?, ?)",
      uid!,
      `${String(short_id)} is taken: it is ${short} here`
    )
  }
})
