/** Words that choose a project: its number, its name, a workspace it is known by, or the end of one of these. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Projects, ProjectWithAliases } from "../api/answers.ts"
import { type Client, type ClientError, read } from "../client/Client.ts"
import type { FailureKind } from "../Failure.ts"
import { refused } from "./refs.ts"

export class ProjectUnknown extends Schema.TaggedError<ProjectUnknown>()("ProjectUnknown", {
  reason: Schema.String,
  advice: Schema.optionalWith(Schema.String, { default: () => "kata projects list" })
}) {
  readonly kind = "not_found" satisfies FailureKind
  override get message() {
    return this.reason
  }
  get hint() {
    return this.advice
  }
}

const one = (client: Client, id: bigint) =>
  Effect.flatMap(client.call("projectShow", { path: { project_id: id } }), read(ProjectWithAliases))

/** All projects that are not archived, with what they are known by. */
export const known = (client: Client) =>
  Effect.gen(function*() {
    const { projects } = yield* Effect.flatMap(client.call("projectList", {}), read(Projects))
    return yield* Effect.forEach(projects, ({ id }) => one(client, id), { concurrency: 8 })
  })

/** All projects, archived or not, with counts of their issues. */
export const everyProject = (client: Client) =>
  Effect.flatMap(client.call("projectList", { query: { archived: true, include: "stats" } }), read(Projects))

/** The one of all projects that the word means: its number, its name, or the end of it. */
export const selectAny = (client: Client, selector: string) =>
  Effect.gen(function*() {
    const word = selector.trim()
    const { projects } = yield* everyProject(client)
    const exact = projects.filter(({ id, name }) => name === word || String(id) === word)
    const found = exact.length > 0 ? exact : projects.filter(({ name }) => ends(name, word))
    const [first, second] = found
    if (first !== undefined && second === undefined) return first
    if (first === undefined) {
      return yield* new ProjectUnknown({
        reason: `project selector ${JSON.stringify(word)} did not match any project`,
        advice: "kata projects list --archived"
      })
    }
    return yield* ambiguous(word, found)
  })

const ambiguous = (word: string, found: ReadonlyArray<{ readonly id: bigint; readonly name: string }>) =>
  refused(
    `project selector ${JSON.stringify(word)} is ambiguous: ${found.map(({ id, name }) => `#${id} ${name}`).join(", ")}`
  )

const ends = (text: string, selector: string) => text.endsWith(`/${selector}`) || text.endsWith(`:${selector}`)

/** The one project that the word means. */
export const select = (client: Client, selector: string) =>
  Effect.gen(function*() {
    const word = selector.trim()
    if (word === "") return yield* refused("project selector must be non-empty")
    if (/^\d{1,18}$/.test(word)) {
      return yield* Effect.mapError(
        one(client, BigInt(word)),
        (error: ClientError | Effect.Effect.Error<ReturnType<typeof one>>) =>
          error._tag === "ApiFailure" && error.status === 404
            ? new ProjectUnknown({ reason: `project #${word} not found` })
            : error
      )
    }
    const all = yield* known(client)
    // A name is of one project, whatever else ends like it.
    const named = all.filter(({ project }) => project.name === word)
    const found = named.length > 0 ? named : all.filter(({ aliases, project }) =>
      ends(project.name, word) ||
      aliases.some(({ alias_identity: identity }) => identity === word || ends(identity, word))
    )
    const [first, ...others] = found
    if (first === undefined) {
      return yield* new ProjectUnknown({ reason: `project selector ${JSON.stringify(word)} did not match any project` })
    }
    if (others.length === 0) return first
    return yield* ambiguous(word, found.map(({ project }) => project))
  })
