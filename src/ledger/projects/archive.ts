/** Archives a project, whose history and name stay, and restores it. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Store } from "../../store/Store.ts"
import { append } from "../events/events.ts"
import { actorOf, ordinary } from "../lookup.ts"
import { type Alias, Int64, Project } from "../model.ts"
import { first, one, run } from "../query.ts"
import { ProjectHasOpenIssues, refuse } from "../Refused.ts"
import { aliasByIdentity, AliasInput, checked, insertAlias } from "./aliases.ts"
import { aliasesOf } from "./projects.ts"

const Counts = Schema.Struct({ n: Int64 })

/** The project, archived or not. */
const anyById = Effect.fnUntraced(function*(id: bigint) {
  const { sql } = yield* Store
  const found = yield* first(Project)(sql`SELECT * FROM projects WHERE id = ${id}`)
  return yield* Effect.mapError(found, () => refuse("project_not_found", "project not found"))
})

/**
 * Archives a project, with its open issues only by force. Its aliases go: no workspace belongs to it any more. Its event names them, so that
 * they can be restored.
 */
export const archive = Effect.fn("Projects.archive")(function*(wanted: {
  readonly id: bigint
  readonly actor: string
  readonly force: boolean
}) {
  const { sql, write } = yield* Store
  const { force, id } = wanted
  const actor = yield* actorOf(wanted.actor)
  return yield* write(Effect.gen(function*() {
    const before = yield* anyById(id)
    yield* ordinary(before)
    if (before.deleted_at !== undefined) {
      return yield* refuse("project_already_archived", "project is already archived")
    }
    const { n: open_issues } = yield* one(Counts)(sql`
      SELECT count(*) AS n FROM issues WHERE project_id = ${id} AND status = 'open' AND deleted_at IS NULL`)
    const aliases = (yield* aliasesOf(id)).map(({ alias_identity, alias_kind, root_path }) => ({
      identity: alias_identity,
      kind: alias_kind,
      root_path
    }))
    if (open_issues > 0n && !force) {
      return yield* new ProjectHasOpenIssues({
        message: "project has open issues",
        hint: "close or purge the open issues first, or pass force=true",
        data: { open_issues }
      })
    }
    yield* run(sql`DELETE FROM project_aliases WHERE project_id = ${id}`)
    const project = yield* one(Project)(sql`
      UPDATE projects SET deleted_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = ${id} RETURNING *`)
    const event = yield* append({
      project,
      type: "project.removed",
      actor,
      payload: {
        alias_count: aliases.length,
        open_issues,
        force: force ? true : undefined,
        aliases: aliases.length === 0 ? undefined : aliases
      }
    })
    return { project, event }
  }))
})

const Removal = Schema.Struct({ payload: Schema.String })

/** What the event of a removal says; an older one says only how many aliases there were. */
const Said = Schema.parseJson(Schema.Struct({
  alias_count: Schema.optionalWith(Schema.Int, { default: () => 0 }),
  aliases: Schema.optionalWith(Schema.Array(AliasInput), { default: () => [] })
}))

/** The aliases that the project had when it was archived last, and how many of them are not recorded. */
const lastAliases = Effect.fnUntraced(function*(id: bigint) {
  const { sql } = yield* Store
  const removal = yield* first(Removal)(sql`
    SELECT payload FROM events WHERE project_id = ${id} AND type = 'project.removed' ORDER BY id DESC LIMIT 1`)
  const said = Option.flatMap(removal, ({ payload }) => Schema.decodeOption(Said)(payload))
  return Option.match(said, {
    onNone: () => ({ aliases: [], unknown: 0 }),
    onSome: ({ alias_count, aliases }) => ({ aliases, unknown: Math.max(0, alias_count - aliases.length) })
  })
})

/** Brings an archived project back, with those of its aliases that belong to no other project meanwhile. */
export const restore = Effect.fn("Projects.restore")(function*(wanted: {
  readonly id: bigint
  readonly actor: string
}) {
  const { sql, write } = yield* Store
  const actor = yield* actorOf(wanted.actor)
  return yield* write(Effect.gen(function*() {
    const before = yield* anyById(wanted.id)
    if (before.deleted_at === undefined) {
      const aliases = yield* aliasesOf(before.id)
      return { project: before, event: null, changed: false, aliases, aliases_taken: [], aliases_unknown: 0 }
    }
    const project = yield* one(Project)(sql`UPDATE projects SET deleted_at = NULL WHERE id = ${before.id} RETURNING *`)
    const { aliases: known, unknown } = yield* lastAliases(project.id)
    const [aliases, taken]: [Array<Alias>, Array<string>] = [[], []]
    for (const said of known) {
      // what an event says may come from anywhere
      const alias = yield* Effect.either(checked(said))
      if (Either.isLeft(alias)) continue
      if (Option.isSome(yield* aliasByIdentity(said.identity))) taken.push(said.identity)
      else aliases.push(yield* insertAlias(project, alias.right))
    }
    const event = yield* append({
      project,
      type: "project.restored",
      actor,
      payload: {
        alias_count: aliases.length,
        aliases_taken: taken.length === 0 ? undefined : taken,
        aliases_unknown: unknown === 0 ? undefined : unknown
      }
    })
    return { project, event, changed: true, aliases, aliases_taken: taken, aliases_unknown: unknown }
  }))
})
