/** The labels of the result: those that come, those that go, and when they were given where both sides gave them. */
import * as Effect from "effect/Effect"
import { type Room, run } from "./room.ts"

const both = `facet f JOIN concerned c ON c.uid = f.of JOIN a.issue_labels x ON x.issue_id = c.a AND x.label = f.key
  WHERE f.kind = 'label' AND f.outcome`

const steps = [
  `INSERT INTO put_issue_labels SELECT m.b, x.label, x.author, x.created_at, 1 FROM a.issue_labels x
     JOIN issue_map m ON m.a = x.issue_id WHERE m.fresh`,
  `INSERT INTO put_issue_labels SELECT c.b, x.label, x.author, x.created_at, 1 FROM ${both} = 'source' AND f.a IS NOT NULL`,
  `INSERT INTO drop_issue_labels SELECT c.b, f.key FROM facet f JOIN concerned c ON c.uid = f.of
     WHERE f.kind = 'label' AND f.outcome = 'source' AND f.a IS NULL`,
  `INSERT INTO put_issue_labels SELECT c.b, x.label, x.author, x.created_at, 0 FROM ${both} = 'same' AND (f.s AND NOT f.t
     OR f.s = f.t AND (x.created_at, x.author) > (SELECT y.created_at, y.author FROM b.issue_labels y WHERE y.issue_id = c.b AND y.label = f.key))`
]

export const labels = (room: Room) => Effect.forEach(steps, (sql) => run(room, sql), { discard: true })
