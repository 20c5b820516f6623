/** Events of a span of time, in their order, for reports. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Store } from "../../store/Store.ts"
import { dateTime } from "../dateTime.ts"
import { Int64, Time } from "../model.ts"
import { all } from "../query.ts"
import { refuse } from "../Refused.ts"

const Row = Schema.Struct({
  id: Int64,
  type: Schema.String,
  actor: Schema.String,
  created_at: Time,
  project_id: Int64,
  project_name: Schema.String,
  issue_id: Schema.NullOr(Int64),
  issue_uid: Schema.NullOr(Schema.String),
  issue_short_id: Schema.NullOr(Schema.String),
  payload: Schema.String
})
export type WindowEvent = typeof Row.Type

/** A time that a client has said, or nothing. */
export const timeOf = (name: "since" | "until", text: string | undefined) =>
  text === undefined
    ? Effect.succeedNone
    : Option.match(dateTime(text), {
      onNone: () => Effect.fail(refuse("validation", `${name} must be an RFC3339 timestamp`)),
      onSome: Effect.succeedSome
    })

const pageSize = 1000n

/** Within a `Store.read`: gives `use` the events page by page, `until` excluded. What an edit says of texts no report reads: it is left out. */
export const forEachPage = Effect.fnUntraced(function*<E, R>(
  wanted: {
    readonly since: Option.Option<string>
    readonly until: Option.Option<string>
    readonly projectId?: bigint | undefined
    /** All types if it is left out. */
    readonly types?: ReadonlyArray<string>
  },
  use: (page: ReadonlyArray<WindowEvent>) => Effect.Effect<void, E, R>
) {
  const { sql } = yield* Store
  const { projectId, since, types, until } = wanted
  const conditions = [
    ...Option.toArray(Option.map(since, (time) => sql`e.created_at >= ${time}`)),
    ...Option.toArray(Option.map(until, (time) => sql`e.created_at < ${time}`)),
    ...(projectId === undefined ? [] : [sql`e.project_id = ${projectId}`]),
    ...(types === undefined ? [] : [sql.in("e.type", types)])
  ]
  const rows = all(Row)
  for (let after: bigint | undefined = 0n; after !== undefined;) {
    const page: ReadonlyArray<WindowEvent> = yield* rows(sql`
      SELECT e.id, e.type, e.actor, e.created_at, e.project_id, e.project_name, e.issue_id, e.issue_uid,
        i.short_id AS issue_short_id, CASE e.type WHEN 'issue.updated' THEN '{}' ELSE e.payload END AS payload
      FROM events e LEFT JOIN issues i ON i.id = e.issue_id
      WHERE ${sql.and([sql`e.id > ${after}`, ...conditions])} ORDER BY e.id LIMIT ${pageSize}`)
    yield* use(page)
    after = page.length < pageSize ? undefined : page.at(-1)?.id
  }
})

/** What an event says beyond its columns; nothing where that is no object. */
export const payloadOf = ({ payload }: Pick<WindowEvent, "payload">): { readonly [key: string]: unknown } => {
  try {
    const value: unknown = JSON.parse(payload)
    return typeof value === "object" && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}

export const textIn = (payload: { readonly [key: string]: unknown }, key: string): string => {
  const value = payload[key]
  return typeof value === "string" ? value : ""
}

/** The elements of an array that are texts; older payloads may hold numbers. */
export const textsIn = (payload: { readonly [key: string]: unknown }, key: string): ReadonlyArray<string> => {
  const value = payload[key]
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : []
}
