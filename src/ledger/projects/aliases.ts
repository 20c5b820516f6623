/** What a workspace is known by, and the project that it belongs to by that. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Store } from "../../store/Store.ts"
import { append } from "../events/events.ts"
import { actorOf, projectById } from "../lookup.ts"
import { Alias, Int64, type Project } from "../model.ts"
import { first, one } from "../query.ts"
import { ProjectAliasConflict, refuse } from "../Refused.ts"

/** As a client says it. */
export const AliasInput = Schema.Struct({ identity: Schema.String, kind: Schema.String, root_path: Schema.String })
export type AliasInput = typeof AliasInput.Type

const firstAlias = first(Alias)
const oneAlias = one(Alias)

const wrongAlias = ({ identity, kind, root_path }: AliasInput): string | undefined => {
  if (kind !== "git" && kind !== "local") return `alias.kind must be "git" or "local", got ${JSON.stringify(kind)}`
  if (root_path.trim() === "") return "alias.root_path must be non-empty"
  if (kind === "local") {
    return /^local:\/\/.*\S/s.test(identity) ? undefined : "alias.identity for kind=local must be local://<path>"
  }
  if (identity === "") return "alias.identity: identity must be non-empty"
  if (/\s/.test(identity)) return `alias.identity: identity contains whitespace: ${JSON.stringify(identity)}`
  return /^[A-Za-z0-9._:/-]+$/.test(identity)
    ? undefined
    : `alias.identity: identity contains a character other than A-Z a-z 0-9 . _ : / -: ${JSON.stringify(identity)}`
}

/** Refuses what is no alias. */
export const checked = (alias: AliasInput) => {
  const wrong = wrongAlias(alias)
  return wrong === undefined ? Effect.succeed(alias) : Effect.fail(refuse("validation", wrong))
}

export const aliasByIdentity = Effect.fnUntraced(function*(identity: string) {
  const { sql } = yield* Store
  return yield* firstAlias(sql`SELECT * FROM project_aliases WHERE alias_identity = ${identity}`)
})

/** Whether the alias was seen there within the last minute: then it need not be written again for every command that looks. */
export const seenLately = Effect.fnUntraced(function*({ id }: Alias, rootPath: string) {
  const { sql } = yield* Store
  const found = yield* firstAlias(sql`
    SELECT * FROM project_aliases WHERE id = ${id} AND root_path = ${rootPath}
      AND last_seen_at BETWEEN strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 minute') AND strftime('%Y-%m-%dT%H:%M:%fZ', 'now')`)
  return Option.isSome(found)
})

/** The alias was seen again, perhaps elsewhere, and belongs to that project. */
export const touch = Effect.fnUntraced(function*(alias: Alias, rootPath: string, projectId: bigint = alias.project_id) {
  const { sql } = yield* Store
  return yield* oneAlias(sql`
    UPDATE project_aliases SET project_id = ${projectId}, root_path = ${rootPath},
      last_seen_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
    WHERE id = ${alias.id} RETURNING *`)
})

/** A new row. The caller has checked that the alias is free. */
export const insertAlias = Effect.fnUntraced(function*(project: Project, { identity, kind, root_path }: AliasInput) {
  const { sql } = yield* Store
  return yield* oneAlias(sql`
    INSERT INTO project_aliases(project_id, alias_identity, alias_kind, root_path)
    VALUES (${project.id}, ${identity}, ${kind}, ${root_path}) RETURNING *`)
})

/** Within a `Store.write`. The alias of another project is moved only when that is asked for. */
export const attach = Effect.fnUntraced(function*(project: Project, alias: AliasInput, reassign: boolean) {
  const known = yield* aliasByIdentity(alias.identity)
  if (Option.isNone(known)) return yield* insertAlias(project, alias)
  const existing = known.value.project_id
  if (existing !== project.id && !reassign) {
    return yield* new ProjectAliasConflict({
      message: "alias already attached to a different project",
      hint: "pass reassign=true to move it",
      data: { alias_identity: alias.identity, existing_project_id: existing }
    })
  }
  return yield* touch(known.value, alias.root_path, project.id)
})

const CountRow = Schema.Struct({ n: Int64 })

/** Takes an alias from a project; the last one only with force, since then no workspace finds the project by itself. */
export const detach = Effect.fn("Aliases.detach")(function*(wanted: {
  readonly projectId: bigint
  readonly aliasId: bigint
  readonly actor: string
  readonly force: boolean
}) {
  const { sql, write } = yield* Store
  const { aliasId, force, projectId } = wanted
  const actor = yield* actorOf(wanted.actor)
  return yield* write(Effect.gen(function*() {
    const project = yield* projectById(projectId)
    const found = yield* firstAlias(
      sql`SELECT * FROM project_aliases WHERE id = ${aliasId} AND project_id = ${projectId}`
    )
    const alias = yield* Effect.mapError(
      found,
      () => refuse("alias_not_found", "alias not found for the requested project")
    )
    const { n } = yield* one(CountRow)(
      sql`SELECT count(*) AS n FROM project_aliases WHERE project_id = ${projectId}`
    )
    if (n === 1n && !force) {
      return yield* refuse("alias_is_last", "alias is the only one for its project", {
        hint: "detach with force=true to drop it anyway, or attach a replacement first"
      })
    }
    yield* one(Alias)(sql`DELETE FROM project_aliases WHERE id = ${aliasId} RETURNING *`)
    const event = yield* append({
      project,
      type: "project.alias_removed",
      actor,
      payload: {
        alias_identity: alias.alias_identity,
        alias_kind: alias.alias_kind,
        was_last: n === 1n ? true : undefined,
        force: force ? true : undefined
      }
    })
    return { alias, event }
  }))
})
