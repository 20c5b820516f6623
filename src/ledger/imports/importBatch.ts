/** A batch of issues out of another tracker: what it says, and what must be true of it before anything is written. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { DateTime } from "../dateTime.ts"
import { Int64 } from "../model.ts"
import { refuse } from "../Refused.ts"
import { isBlank } from "../values.ts"

/** May be left out, or be null, which is the same. */
export const may = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { nullable: true, exact: true })

export const Comment = Schema.Struct({
  external_id: Schema.String,
  author: Schema.String,
  body: Schema.String,
  created_at: DateTime
})

const Link = Schema.Struct({
  type: Schema.Literal("parent", "blocks", "related"),
  target_external_id: Schema.String
})

export const Item = Schema.Struct({
  external_id: Schema.String,
  title: Schema.String,
  body: may(Schema.String),
  author: Schema.String,
  owner: may(Schema.String),
  priority: may(Int64),
  status: Schema.Literal("open", "closed"),
  closed_reason: may(Schema.Literal("done", "wontfix", "duplicate", "superseded", "audit-no-change", "")),
  created_at: DateTime,
  updated_at: DateTime,
  closed_at: may(DateTime),
  labels: may(Schema.Array(Schema.String)),
  comments: may(Schema.Array(Comment)),
  links: may(Schema.Array(Link))
})

/** A link as an importer wants it: seen from the item, so that what holds a link back may name it, too. */
export interface Link {
  readonly type: "parent" | "blocks" | "blocked_by" | "related"
  readonly target_external_id: string
}

/** What is written of an item, whichever way it comes. */
export interface Item extends Omit<typeof Item.Type, "links" | "comments"> {
  readonly links?: ReadonlyArray<Link> | undefined
  readonly comments?:
    | ReadonlyArray<
      typeof Comment.Type & { readonly formerly?: string | undefined; readonly ordinal?: number | undefined }
    >
    | undefined
}

export const Batch = Schema.Struct({
  actor: Schema.String,
  source: Schema.String,
  items: Schema.NullOr(Schema.Array(Item))
})

/** What became of it. `reason` says what of an item was left out, and why. */
export const Imported = Schema.Struct({
  source: Schema.String,
  created: Schema.Int,
  updated: Schema.Int,
  unchanged: Schema.Int,
  comments: Schema.Int,
  links: Schema.Int,
  items: Schema.Array(Schema.Struct({
    external_id: Schema.String,
    issue_short_id: Schema.String,
    status: Schema.Literal("created", "updated", "unchanged"),
    reason: Schema.optionalWith(Schema.String, { exact: true })
  })),
  errors: Schema.Array(Schema.String)
})

/** Go's zero time: what its clients send for a time that they do not have. */
const noTime = "0001-01-01T00:00:00.000Z"
const missing = (time: string) => time === noTime

export const wrongIn = (item: Item): string | undefined => {
  const { closed_at, closed_reason, comments = [], created_at, labels = [], links = [], priority = 0n } = item
  if ([item.external_id, item.title, item.author].some(isBlank)) return "external_id, title, and author are required"
  if (missing(created_at) || missing(item.updated_at)) return "created_at and updated_at are required"
  if (item.updated_at < created_at) return "updated_at cannot be before created_at"
  if (item.status === "open") {
    if (closed_at !== undefined || closed_reason !== undefined) return "open issues cannot have closed fields"
  } else {
    if (closed_at === undefined || missing(closed_at)) return "closed issues require closed_at"
    if (closed_at < created_at) return "closed_at cannot be before created_at"
  }
  if (closed_reason === "") return "closed_reason must not be empty"
  if (priority < 0n || priority > 4n) return "priority must be between 0 and 4"
  const odd = labels.find((label) => !/^[a-z0-9._:-]{1,64}$/.test(label))
  if (odd !== undefined) return `invalid label ${JSON.stringify(odd)}`
  if (comments.some((one) => [one.external_id, one.author, one.body].some(isBlank) || missing(one.created_at))) {
    return "comment external_id, author, body, and created_at are required"
  }
  if (links.some((link) => isBlank(link.target_external_id))) return "link target_external_id is required"
  if (links.some((link) => link.target_external_id === item.external_id)) return "an issue cannot be linked to itself"
  const parents = new Set(
    links.flatMap(({ target_external_id, type }) => type === "parent" ? [target_external_id] : [])
  )
  return parents.size > 1 ? "an issue has one parent at most" : undefined
}

/** Refuses the whole batch for the first thing that is wrong, and says where it is. */
export const checkItems = Effect.fnUntraced(function*(items: ReadonlyArray<Item>) {
  const [ids, comments] = [new Set<string>(), new Set<string>()]
  for (const [i, item] of items.entries()) {
    const { external_id } = item
    const twice = (item.comments ?? []).find((comment) => {
      const known = comments.has(comment.external_id)
      comments.add(comment.external_id)
      return known
    })
    const wrong = wrongIn(item) ??
      (ids.has(external_id) ? `duplicate item external_id ${JSON.stringify(external_id)}` : undefined) ??
      (twice === undefined ? undefined : `duplicate comment external_id ${JSON.stringify(twice.external_id)}`)
    if (wrong !== undefined) {
      return yield* refuse("validation", `invalid import: ${wrong}`, {
        hint: `see items[${i}], external_id ${JSON.stringify(external_id)}`
      })
    }
    ids.add(external_id)
  }
})
