/** Labels of issues. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Store } from "../../store/Store.ts"
import { append } from "../events/events.ts"
import { type Asked, projectById, subject, touched } from "../lookup.ts"
import { type Issue, Label, LabelCount } from "../model.ts"
import { all, first, one } from "../query.ts"
import { labelOf } from "../values.ts"

/** The labels of an issue, by name. */
export const labelsOf = Effect.fnUntraced(function*(issue: Pick<Issue, "id">) {
  const { sql } = yield* Store
  return yield* all(Label)(sql`SELECT * FROM issue_labels WHERE issue_id = ${issue.id} ORDER BY label`)
})

/** A new row. That there is none yet is known. */
export const insertLabel = Effect.fnUntraced(function*(issue: Pick<Issue, "id">, label: string, author: string) {
  const { sql } = yield* Store
  return yield* one(Label)(
    sql`INSERT INTO issue_labels(issue_id, label, author) VALUES (${issue.id}, ${label}, ${author}) RETURNING *`
  )
})

export const add = Effect.fn("Labels.add")(function*(asked: Asked & { readonly label: string }) {
  const { sql, write } = yield* Store
  return yield* write(Effect.gen(function*() {
    const { issue, project } = yield* subject(asked)
    const name = yield* labelOf(asked.label)
    const known = yield* first(Label)(sql`SELECT * FROM issue_labels WHERE issue_id = ${issue.id} AND label = ${name}`)
    if (Option.isSome(known)) return { issue, label: known.value, event: null, changed: false }
    const label = yield* insertLabel(issue, name, asked.actor)
    const event = yield* append({
      project,
      issue,
      type: "issue.labeled",
      actor: asked.actor,
      payload: { label: name }
    })
    return { issue: yield* touched(issue.id), label, event, changed: true }
  }))
})

/** What is not there, not even as a possible label, is removed already. */
export const remove = Effect.fn("Labels.remove")(function*(asked: Asked & { readonly label: string }) {
  const { sql, write } = yield* Store
  return yield* write(Effect.gen(function*() {
    const { issue, project } = yield* subject(asked)
    const { actor, label } = asked
    const gone = yield* first(Schema.Struct({ label: Schema.String }))(
      sql`DELETE FROM issue_labels WHERE issue_id = ${issue.id} AND label = ${label} RETURNING label`
    )
    if (Option.isNone(gone)) return { issue, event: null, changed: false }
    const event = yield* append({ project, issue, type: "issue.unlabeled", actor, payload: { label } })
    return { issue: yield* touched(issue.id), event, changed: true }
  }))
})

/** How many issues have each label, deleted ones aside; the most used first. */
export const counts = Effect.fn("Labels.counts")(function*(projectId: bigint) {
  const { read, sql } = yield* Store
  return yield* read(Effect.gen(function*() {
    yield* projectById(projectId)
    return yield* all(LabelCount)(sql`
      SELECT l.label, count(*) AS count FROM issue_labels l JOIN issues i ON i.id = l.issue_id
      WHERE i.project_id = ${projectId} AND i.deleted_at IS NULL GROUP BY l.label ORDER BY count DESC, l.label`)
  }))
})
