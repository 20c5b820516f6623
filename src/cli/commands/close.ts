import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Shown } from "../../api/answers.ts"
import { read } from "../../client/Client.ts"
import type { Closed } from "../../ledger/issues/closed.ts"
import { type Event, type Issue, Mutation } from "../../ledger/model.ts"
import { answerWith } from "../answer.ts"
import { text, texts, toggle } from "../Argv.ts"
import { command } from "../daemon.ts"
import { type Evidence, evidenceOf, names } from "../evidence.ts"
import { Globals } from "../Globals.ts"
import { change, commentFlag, heading, line, refArgument, unchanged } from "../issue.ts"
import { refused } from "../refs.ts"
import { UsageError } from "../UsageError.ts"

const Payload = Schema.parseJson(Schema.Struct({
  evidence: Schema.optionalWith(Schema.Array(Schema.Record({ key: Schema.String, value: Schema.Unknown })), {
    nullable: true,
    default: () => []
  })
}))

/** `Evidence: commit:3a401a8,test:make check`, as the event tells it. */
const evidenceLine = (event: Event | null): ReadonlyArray<string> => {
  const payload = Option.flatMap(Option.fromNullable(event?.payload), Schema.decodeOption(Payload))
  const items = Option.match(payload, { onNone: () => [], onSome: ({ evidence }) => evidence.map(names) })
  return items.length === 0 ? [] : [`Evidence: ${items.join(",")}`]
}

/** What only the command knows: whether it is a dry run, what it was given to say, and what an issue was closed with before. */
interface Asked {
  readonly isDry: boolean
  readonly message: string
  readonly before: Closed | undefined
}

/** Of an issue that was closed already. */
const again = (issue: Issue, { before, message }: Asked) =>
  unchanged(
    issue,
    before === undefined ? "is closed" : `was closed as ${before.reason} by ${before.actor}, ${before.created_at}`,
    message === "" ? "" : `, your message is not recorded (kata comment ${issue.short_id} adds it)`
  )

const format = answerWith<Mutation, typeof Mutation.Encoded, Asked>(Mutation, {
  human: ([{ changed, issue }, asked]) => [
    changed || issue.status === "open" ? line(issue) : again(issue, asked)
  ],
  aside: ([, { isDry }]) => isDry ? ["close: dry-run (no mutations will occur)"] : [],
  quiet: ([{ issue }]) => [issue.short_id],
  agent: ([{ changed, event, issue }]) => [
    ...heading("close", issue, changed ? "" : " changed=false"),
    `Status: ${issue.status}`,
    ...(issue.closed_reason === undefined ? [] : [`Reason: ${issue.closed_reason}`]),
    ...evidenceLine(event)
  ]
})

const reasons = ["done", "wontfix", "duplicate", "superseded", "audit-no-change"]

interface Reasons {
  readonly reason: string | undefined
  readonly done: boolean
  readonly wontfix: boolean
  readonly auditNoChange: boolean
  readonly duplicateOf: string | undefined
  readonly supersededBy: string | undefined
}

/** The one reason that the flags give. */
const reasonOf = (flags: Reasons) => {
  const short = [
    ...(flags.done ? ["done"] : []),
    ...(flags.wontfix ? ["wontfix"] : []),
    ...(flags.auditNoChange ? ["audit-no-change"] : []),
    ...(flags.duplicateOf === undefined ? [] : ["duplicate"]),
    ...(flags.supersededBy === undefined ? [] : ["superseded"])
  ]
  const [first, second] = short
  if (second !== undefined) {
    return new UsageError({ reason: `flag conflict: multiple reason sugar flags set: ${short.join(", ")}` })
  }
  const { reason = "" } = flags
  if (reason !== "" && first !== undefined) {
    return new UsageError({ reason: `flag conflict: --reason=${reason} and corresponding sugar flag both set` })
  }
  const only = first ?? reason
  return only === "" ? refused(`--reason is required (one of: ${reasons.join(", ")})`) : Effect.succeed(only)
}

const target = (name: string, what: string) =>
  text(name, "ref").pipe(Options.withDescription(what), Options.withDefault(undefined))

export const close = command(
  "close",
  {
    ref: refArgument,
    reason: text("reason", "reason").pipe(Options.withDescription(reasons.join(", ")), Options.withDefault(undefined)),
    done: toggle("done", false).pipe(Options.withDescription("--reason done")),
    wontfix: toggle("wontfix", false).pipe(Options.withDescription("--reason wontfix")),
    auditNoChange: toggle("audit-no-change", false).pipe(Options.withDescription("--reason audit-no-change")),
    duplicateOf: target("duplicate-of", "--reason duplicate, of this issue"),
    supersededBy: target("superseded-by", "--reason superseded, by this issue"),
    message: text("message").pipe(Options.withDescription("what was done, in sentences"), Options.withDefault("")),
    evidence: texts("evidence", "type:value").pipe(
      Options.withDescription("commit, pr, test, reviewed-paths, no-change-audit, duplicate-of or superseded-by")
    ),
    commit: text("commit", "sha").pipe(
      Options.withDescription("--evidence commit:<sha>"),
      Options.withDefault(undefined)
    ),
    pr: text("pr", "url").pipe(Options.withDescription("--evidence pr:<url>"), Options.withDefault(undefined)),
    test: text("test", "command").pipe(
      Options.withDescription("--evidence test:<command>"),
      Options.withDefault(undefined)
    ),
    reviewed: texts("reviewed", "path").pipe(Options.withDescription("--evidence reviewed-paths:<path>")),
    dryRun: toggle("dry-run", false).pipe(
      Options.withDescription("say whether it could be closed, and change nothing")
    ),
    comment: commentFlag
  },
  format,
  (flags) =>
    Effect.gen(function*() {
      const reason = yield* reasonOf(flags)
      const evidence: ReadonlyArray<Evidence> = yield* evidenceOf(flags)
      const { dryRun: isDry, message } = flags
      return yield* change(flags.ref, flags.comment, ({ actor, client, path }) =>
        Effect.gen(function*() {
          const answer = yield* client.call("issueClose", {
            path,
            body: { actor, reason, message, evidence, dry_run: isDry }
          })
          const { changed, issue } = yield* read(Mutation)(answer)
          const { mode } = yield* Globals
          // people are told what there is already
          const before = changed || issue.status === "open" || mode !== "human"
            ? undefined
            : (yield* Effect.flatMap(client.call("issueShow", { path }), read(Shown))).close
          return [answer, { isDry, message, before }] as const
        }))
    }),
  {
    description:
      "Close an issue with a reason, a message and evidence: done needs at least one of commit, pr, test and reviewed-paths. The message has at " +
      "least 40 characters, 60 for wontfix, 20 for duplicate and superseded.",
    examples: [
      ["kata close abc4 --done --message 'Mended the tokenizer …' --commit 3a401a8", "with a commit as evidence"],
      ["kata close abc4 --duplicate-of d4ex --message 'The same crash as d4ex.'", "the other one goes on"],
      ["kata close abc4 --wontfix --message 'Only Windows XP does this …' --dry-run", "would it be taken?"]
    ]
  }
)
