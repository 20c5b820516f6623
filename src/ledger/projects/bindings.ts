/** Which project a workspace belongs to. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Store } from "../../store/Store.ts"
import { noAlias, Project } from "../model.ts"
import { first } from "../query.ts"
import { ProjectArchived, refuse } from "../Refused.ts"
import { aliasByIdentity, type AliasInput, attach, checked, seenLately, touch } from "./aliases.ts"
import { projectName } from "./projectName.ts"
import { findByName, insert } from "./projects.ts"

const notArchived = (project: Project) => project.deleted_at === undefined

/** The project that an alias belongs to, archived or not. */
const projectOf = Effect.fnUntraced(function*(alias: AliasInput) {
  const { sql } = yield* Store
  const known = yield* aliasByIdentity(alias.identity)
  if (Option.isNone(known)) return Option.none()
  const found = yield* first(Project)(sql`SELECT * FROM projects WHERE id = ${known.value.project_id}`)
  return Option.map(found, (project) => ({ project, alias: known.value }))
})

/** The project of that name, made if there is none. It writes no event. */
const ensure = Effect.fnUntraced(function*(name: string) {
  const found = yield* findByName(name)
  if (Option.isNone(found)) return { project: yield* insert(name), created: true }
  const project = found.value
  const { deleted_at } = project
  if (deleted_at === undefined) return { project, created: false }
  return yield* new ProjectArchived({
    message: "project with this name was archived via `kata projects remove`",
    hint: "restore the project (not yet supported) or pick a different name",
    data: { deleted_at, name }
  })
})

/**
 * Makes the project if there is none of that name, and gives it the alias. `derived` says that the name was not chosen by the user: then the project that
 * the alias belongs to already is the one.
 */
export const init = Effect.fn("Bindings.init")(function*(wanted: {
  readonly name: string
  readonly derived?: boolean
  readonly alias?: AliasInput | undefined
  readonly reassign: boolean
}) {
  const { write } = yield* Store
  const name = yield* projectName(wanted.name)
  const alias = wanted.alias === undefined ? undefined : yield* checked(wanted.alias)
  if (alias === undefined) {
    if (wanted.reassign) {
      return yield* refuse("validation", "reassign requires an alias", {
        hint: "omit reassign, or ask from a workspace that has an alias"
      })
    }
    return yield* write(Effect.map(ensure(name), (made) => ({ ...made, alias: noAlias })))
  }
  return yield* write(Effect.gen(function*() {
    const known = wanted.derived === true ? yield* projectOf(alias) : Option.none()
    const { created, project } = Option.isSome(known) && notArchived(known.value.project)
      ? { project: known.value.project, created: false }
      : yield* ensure(name)
    return { project, alias: yield* attach(project, alias, wanted.reassign), created }
  }))
})

const notRegistered = (what: string) =>
  refuse("project_not_initialized", `${what} is not registered`, { hint: "run \"kata init\" in this workspace" })

const byName = Effect.fnUntraced(function*(text: string) {
  const name = yield* projectName(text)
  const found = yield* Effect.map(findByName(name), Option.filter(notArchived))
  return yield* Effect.mapError(found, () => notRegistered(`project ${name}`))
})

/** A known alias decides, whatever the name; none when it is not known. */
const byKnownAlias = Effect.fnUntraced(function*(alias: AliasInput) {
  const known = yield* projectOf(alias)
  if (Option.isSome(known) && !notArchived(known.value.project)) {
    return yield* refuse("project_not_found", `alias ${alias.identity} points at an archived project`, {
      hint: "run \"kata init\" to bind this workspace to an active project"
    })
  }
  return known
})

/** The same, written down; an alias that is new is given to the project of that name. */
const byAlias = Effect.fnUntraced(function*(alias: AliasInput, name: string | undefined) {
  const known = yield* byKnownAlias(alias)
  if (Option.isSome(known)) {
    return { project: known.value.project, alias: yield* touch(known.value.alias, alias.root_path) }
  }
  if (name === undefined || name.trim() === "") return yield* notRegistered(`alias ${alias.identity}`)
  const project = yield* byName(name)
  return { project, alias: yield* attach(project, alias, false) }
})

/** A command that only looks writes no more than once a minute that its workspace was seen, and works also where nothing can be written. */
const seen = Effect.fnUntraced(function*(input: AliasInput, name: string | undefined) {
  const { read, write } = yield* Store
  const alias = yield* checked(input)
  const known = yield* read(Effect.gen(function*() {
    const found = yield* byKnownAlias(alias)
    if (Option.isNone(found)) return Option.none()
    return Option.some({ ...found.value, isFresh: yield* seenLately(found.value.alias, alias.root_path) })
  }))
  if (Option.isNone(known)) return yield* write(byAlias(alias, name))
  const { isFresh, ...found } = known.value
  if (isFresh) return found
  return yield* Effect.catchTag(write(byAlias(alias, name)), "StorageFailure", () => Effect.succeed(found))
})

/** Finds the project; nothing but an alias is made. By name alone it is the project of exactly that name. */
export const resolve = Effect.fn("Bindings.resolve")(function*(wanted: {
  readonly name?: string | undefined
  readonly alias?: AliasInput | undefined
}) {
  const { read } = yield* Store
  const { alias, name } = wanted
  if (alias !== undefined) {
    return yield* Effect.map(seen(alias, name), (found) => ({ ...found, workspace_root: alias.root_path }))
  }
  if (name === undefined || name === "") {
    return yield* refuse("validation", "one of alias, name, or start_path is required")
  }
  return yield* Effect.map(read(byName(name)), (project) => ({ project, alias: noAlias }))
})
