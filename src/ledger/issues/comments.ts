/** Comments on issues. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Order from "effect/Order"
import { canonicalTime } from "../../records/time.ts"
import { Store } from "../../store/Store.ts"
import { append } from "../events/events.ts"
import { type Asked, subject, touched } from "../lookup.ts"
import { Comment, type Issue } from "../model.ts"
import { all, one } from "../query.ts"
import { nonBlank } from "../values.ts"

/** On the wire a fraction has no trailing zeros, so that its text does not sort; an unknown notation is first, as it is. */
const byTime = Order.mapInput(
  Order.string,
  ({ created_at }: Comment) => Option.getOrElse(canonicalTime(created_at), () => "")
)

/** The comments on an issue, the oldest first; of the same time, by id. */
export const commentsOn = Effect.fnUntraced(function*(issue: Pick<Issue, "id">) {
  const { sql } = yield* Store
  const comments = yield* all(Comment)(sql`SELECT * FROM comments WHERE issue_id = ${issue.id} ORDER BY id`)
  return comments.toSorted(byTime)
})

export const add = Effect.fn("Comments.add")(function*(asked: Asked & { readonly body: string }) {
  const { sql, write } = yield* Store
  return yield* write(Effect.gen(function*() {
    const { issue, project } = yield* subject(asked)
    const body = yield* nonBlank("body", asked.body)
    const comment = yield* one(Comment)(
      sql`INSERT INTO comments(issue_id, author, body) VALUES (${issue.id}, ${asked.actor}, ${body}) RETURNING *`
    )
    const event = yield* append({
      project,
      issue,
      type: "issue.commented",
      actor: asked.actor,
      payload: { comment_id: comment.id }
    })
    return { issue: yield* touched(issue.id), comment, event, changed: true }
  }))
})
