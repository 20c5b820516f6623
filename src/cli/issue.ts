/** What commands that change one issue have in common. */
import * as Args from "@effect/cli/Args"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Shown } from "../api/answers.ts"
import { type Client, type ClientError, read, type Request } from "../client/Client.ts"
import type { FailureKind } from "../Failure.ts"
import { type Issue, Mutation } from "../ledger/model.ts"
import { actor } from "./actor.ts"
import { answer } from "./answer.ts"
import { text, toggle } from "./Argv.ts"
import { atIssue } from "./daemon.ts"
import type { View } from "./Output.ts"
import { filled, refOf } from "./refs.ts"
import { quoted } from "./terminal.ts"

export const refArgument = Args.text({ name: "ref" }).pipe(
  Args.withDescription("an issue: abc4, app#abc4 or a ULID")
)

export const commentFlag = text("comment").pipe(
  Options.withDescription("also append this comment"),
  Options.withDefault(undefined)
)

/** The change was made; the comment that should follow it was not. */
export class CommentFailed extends Schema.TaggedError<CommentFailed>()("CommentFailed", {
  ref: Schema.String,
  why: Schema.String
}) {
  readonly kind = "internal" satisfies FailureKind
  override get message() {
    return `issue mutation succeeded but appending --comment failed: ${this.why} ` +
      `(retry with: kata comment ${this.ref} --body ...)`
  }
}

/** Where an issue is asked for, as what, and by whom. */
export interface At {
  readonly client: Client
  /** The name of the project. */
  readonly project: string
  readonly path: Request<"issueShow">["path"]
  readonly actor: string
}

/** Changes an issue, and then appends the comment of `--comment`. */
export const change = <A, E, R>(word: string, comment: string | undefined, run: (at: At) => Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    yield* filled("--comment", comment)
    const ref = yield* refOf(word)
    const by = yield* actor
    const at = { ...(yield* atIssue(ref)), actor: by.actor }
    const result = yield* run(at)
    if (comment !== undefined) {
      yield* Effect.mapError(
        at.client.call("commentAdd", { path: at.path, body: { actor: at.actor, body: comment } }),
        (error: ClientError) => new CommentFailed({ ref: word, why: error.message })
      )
    }
    return result
  })

/** The status of an issue as people see it: deletion comes before open or closed. */
export const stateOf = ({ deleted_at, status }: Pick<Issue, "deleted_at" | "status">): string =>
  deleted_at === undefined ? status : "deleted"

/** `abc4 Title [open]` */
export const line = (issue: Issue): string => `${issue.short_id} ${issue.title} [${stateOf(issue)}]`

/** What a change says that has changed nothing; `is` is what the issue was already. */
export const unchanged = ({ short_id: id }: Issue, is: string, more = ""): string =>
  `${id} ${is}; nothing changed${more}`

/** The first two lines of agent text. */
export const heading = (verb: string, issue: Issue, more = ""): ReadonlyArray<string> => [
  `OK ${verb} ${issue.short_id}${more}`,
  `Issue: ${issue.short_id} ${quoted(issue.title)}`
]

/** The format of a change whose result is the issue as it is now, or what it `is` already. */
export const changed = (verb: string, is: string, agent: (issue: Issue) => ReadonlyArray<string>) =>
  answer(
    Mutation,
    {
      human: ({ changed, issue }) => [changed ? line(issue) : unchanged(issue, is)],
      quiet: ({ issue }) => [issue.short_id],
      agent: ({ changed, issue }) => [...heading(verb, issue, changed ? "" : " changed=false"), ...agent(issue)]
    } satisfies View<Mutation>
  )

export const forceFlag = toggle("force", false).pipe(Options.withDescription("needed, so that no slip does it"))

export const confirmFlag = (word: string) =>
  text("confirm", `"${word} project#id"`).pipe(
    Options.withDescription("what would be typed on a terminal"),
    Options.withDefault(undefined)
  )

/** `app#abc4`, for an issue that exists. */
export const qualifiedId = ({ client, path, project }: At, isDeletedToo: boolean) =>
  client.call("issueShow", { path, query: { include_deleted: isDeletedToo || undefined } }).pipe(
    Effect.flatMap(read(Shown)),
    Effect.map(({ issue }) => `${project}#${issue.short_id}`)
  )

const noteOn = ({ priority, revision, short_id: id }: Odd): ReadonlyArray<string> => [
  ...(priority === undefined || typeof priority === "bigint"
    ? []
    : [`note: ${id}: priority is ${priority}, no whole number from 0 to 4: kata edit ${id} --priority N mends it`]),
  ...(typeof revision === "bigint" ? [] : [`note: ${id}: revision is ${revision}, no whole number: see kata doctor`])
]

type Odd = Pick<Issue, "short_id" | "priority" | "revision">

/** What is odd in issues that are shown, and how it is mended: a line for each. */
export const notes = (issues: ReadonlyArray<Odd>): ReadonlyArray<string> => issues.flatMap(noteOn)
