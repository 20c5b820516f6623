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
import { refOf, refused } from "./refs.ts"
import { quoted } from "./terminal.ts"

export const refArgument = Args.text({ name: "ref" }).pipe(
  Args.withDescription("an issue: abc4, kata#abc4 or a ULID")
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
    if (comment !== undefined && comment.trim() === "") return yield* refused("--comment must not be empty")
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

/** `abc4 Title [open]` */
export const line = ({ short_id: id, status, title }: Issue): string => `${id} ${title} [${status}]`

/** The first two lines of agent text. */
export const heading = (verb: string, issue: Issue, more = ""): ReadonlyArray<string> => [
  `OK ${verb} ${issue.short_id}${more}`,
  `Issue: ${issue.short_id} ${quoted(issue.title)}`
]

/** The format of a change that is told by the issue as it is now. */
export const changed = (verb: string, agent: (issue: Issue) => ReadonlyArray<string>) =>
  answer(
    Mutation,
    {
      human: ({ issue }) => [line(issue)],
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

/** `kata#abc4`, for an issue that exists. */
export const qualifiedId = ({ client, path, project }: At, isDeletedToo: boolean) =>
  client.call("issueShow", { path, query: { include_deleted: isDeletedToo || undefined } }).pipe(
    Effect.flatMap(read(Shown)),
    Effect.map(({ issue }) => `${project}#${issue.short_id}`)
  )
