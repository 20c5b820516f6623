import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { EventPage } from "../../api/answers.ts"
import { DaemonUnreachable } from "../../client/ClientError.ts"
import { DaemonClient } from "../../client/DaemonClient.ts"
import * as stream from "../../client/stream.ts"
import { EventEnvelope } from "../../ledger/model.ts"
import type { From } from "../../presence/discover.ts"
import { answer } from "../answer.ts"
import { text, toggle } from "../Argv.ts"
import { atIssue, client, from, inProject, timeout } from "../daemon.ts"
import { Globals } from "../Globals.ts"
import * as Output from "../Output.ts"
import { refOf, refused } from "../refs.ts"
import { plural } from "../report.ts"
import { sinceForms, sinceOf } from "../since.ts"
import { Stdio } from "../Stdio.ts"
import { quote, singleLine } from "../terminal.ts"
import { untilStopped } from "../until.ts"
import { UsageError } from "../UsageError.ts"

type Events = typeof EventPage.Type

const row = (event: EventEnvelope) =>
  `${String(event.event_id).padEnd(6)}  ${event.type.padEnd(22)}  proj=${String(event.project_id).padEnd(3)}  ${
    (event.issue_short_id ?? "-").padEnd(8)
  }  by ${event.actor}  ${event.created_at}`

const human = (events: Events) =>
  events.reset_required
    ? [`reset_required: refetch state and resume from ${events.reset_after_id}`]
    : events.events.map(row)

const agentRow = (event: EventEnvelope) =>
  [
    `id=${event.event_id} type=${quote(event.type)}`,
    ...(event.issue_short_id === undefined ? [] : [`issue=${event.issue_short_id}`]),
    `actor=${quote(event.actor)}`
  ].join(" ")

/** Of one answer. */
const most = 1000

const format = answer(EventPage, {
  human,
  quiet: human,
  aside: ({ events, next_after_id, purged = 0n, reset_after_id, reset_required }) =>
    events.length >= most
      ? [`hint: there may be more: kata events --after ${next_after_id}`]
      : reset_required
      ? [`hint: something was purged; kata events --after ${reset_after_id} prints what came since`]
      : purged === 0n
      ? []
      : [
        `note: ${plural(Number(purged), "issue was", "issues were")} purged; ${
          purged === 1n ? "its" : "their"
        } events are gone`
      ],
  agent: (events) =>
    events.reset_required
      ? [`OK events reset_required=true reset_after_id=${events.reset_after_id}`]
      : [
        `OK events count=${events.events.length} next_after_id=${events.next_after_id}`,
        ...events.events.map((event) => `- ${agentRow(event)}`)
      ]
})

interface Flags {
  readonly after: number | undefined
  readonly limit: number | undefined
  readonly tail: boolean
  readonly lastEventId: number | undefined
  readonly last: number | undefined
  readonly since: string | undefined
  readonly issue: string | undefined
  readonly projectId: number | undefined
  readonly allProjects: boolean
}

/** What is wrong with flags that do not go together. */
const conflict = (flags: Flags, project: string | undefined): string | undefined => {
  const { after, allProjects, issue, last, lastEventId, limit, projectId, since, tail } = flags
  if (project !== undefined && project !== "" && (allProjects || projectId !== undefined)) {
    return "--project cannot be combined with --all-projects or --project-id"
  }
  if (allProjects && projectId !== undefined) return "--all-projects and --project-id are mutually exclusive"
  if (issue !== undefined && (allProjects || projectId !== undefined)) {
    return "--issue cannot be combined with --all-projects or --project-id"
  }
  if (tail && [last, since, issue].some((one) => one !== undefined)) {
    return "--last, --since and --issue apply only to one-shot mode (drop --tail to use them)"
  }
  if (after !== undefined && (last !== undefined || since !== undefined)) {
    return "--after goes on from an event, --last and --since look back: choose one"
  }
  if (last !== undefined && limit !== undefined) return "--last and --limit are mutually exclusive"
  if (tail && limit !== undefined) return "--limit applies only to one-shot mode (drop --tail to use it)"
  if (tail && after !== undefined) return "--after applies only to one-shot mode (use --last-event-id with --tail)"
  if (!tail && lastEventId !== undefined) {
    return "--last-event-id applies only to --tail mode (use --after for one-shot)"
  }
  if (after !== undefined && after < 0) return "--after must be a non-negative integer"
  if (lastEventId !== undefined && lastEventId < 0) return "--last-event-id must be a non-negative integer"
  return projectId !== undefined && projectId <= 0 ? "--project-id must be a positive integer" : undefined
}

/** A client, and the project that the flags or the workspace say; undefined for all of them. */
const scope = ({ allProjects, projectId }: Flags) =>
  allProjects || projectId !== undefined
    ? Effect.map(client, (client) => ({ client, id: projectId === undefined ? undefined : BigInt(projectId) }))
    : Effect.map(inProject, ({ client, project }) => ({ client, id: project.id }))

/** Of what is shown to people who ask for nothing in particular. */
const usual = 20

/** Events from a cursor on, after which something may have been purged; else what there is, of which people see the last. */
const queryOf = (flags: Flags) =>
  Effect.gen(function*() {
    const { after, last, since } = flags
    const { limit = since === undefined ? 100 : most } = flags
    if (limit <= 0) return yield* refused("--limit must be a positive integer")
    if (last !== undefined && last <= 0) return yield* refused("--last must be a positive integer")
    if (after !== undefined) return { after_id: after, limit }
    const { mode } = yield* Globals
    const plain = last === undefined && since === undefined && flags.limit === undefined
    return {
      limit,
      latest: plain && mode === "human" ? usual : last,
      since: since === undefined ? undefined : yield* sinceTime(since),
      no_reset: true
    }
  })

const sinceTime = (text: string) =>
  Option.match(sinceOf(text, new Date()), {
    onNone: () => refused(`--since ${JSON.stringify(text)} is no time`, `it takes ${sinceForms}`),
    onSome: Effect.succeed
  })

const poll = (flags: Flags) =>
  Effect.scoped(Effect.gen(function*() {
    const query = yield* queryOf(flags)
    if (flags.issue !== undefined) {
      const { client, path } = yield* atIssue(yield* refOf(flags.issue, "--issue: "))
      return yield* client.call("issueEvents", { path, query })
    }
    const { client: { call }, id } = yield* scope(flags)
    return yield* id === undefined
      ? call("events", { query })
      : call("projectEvents", { path: { project_id: id }, query })
  }))

const decodeEvent = Schema.decodeOption(Schema.parseJson(EventEnvelope))

/** A line for each event; programs and people get the JSON of the stream. */
const words = (mode: "human" | "json" | "agent", news: stream.News): string => {
  if (news._tag === "Reset") {
    return mode === "agent"
      ? `OK event reset_required=true reset_after_id=${news.after}`
      : `{"reset_required":true,"reset_after_id":${news.after}}`
  }
  if (mode !== "agent") return news.json
  return Option.match(decodeEvent(news.json), {
    onNone: () => `OK event id=${news.after} type=unknown`,
    onSome: (event) => `OK event ${agentRow(event)}`
  })
}

/** Somebody who stops the daemon wants it stopped: it is looked for, and not started. */
const again = (where: From) =>
  Effect.flatMap(DaemonClient, ({ find }) => find(where)).pipe(
    Effect.flatMap(Option.match({
      onNone: () =>
        new DaemonUnreachable({ address: where.databasePath, what: "none is running", next: "", mayBeDone: false }),
      onSome: Effect.succeed
    }))
  )

const tail = (flags: Flags) =>
  Effect.gen(function*() {
    const { stderr, stdout } = yield* Stdio
    const { mode, quiet } = yield* Globals
    const { id } = yield* Effect.scoped(scope(flags))
    const where = yield* from
    const { connect } = yield* DaemonClient
    // What people see is the JSON that programs get.
    const visible = Output.written(mode === "human" ? "json" : mode, stdout)
    let isFirst = true
    const connection = Effect.suspend(() => {
      const wasFirst = isFirst
      isFirst = false
      return wasFirst ? connect(where) : again(where)
    })
    return yield* stream.follow({
      connection,
      after: flags.lastEventId,
      projectId: id,
      timeout: yield* timeout,
      onNews: (news) => stdout.write(`${visible(words(mode, news))}\n`),
      onBreak: (what, seconds) =>
        quiet ? Effect.void : stderr.write(`kata: ${singleLine(what)} (reconnecting in ${seconds}s)\n`)
    })
  })

const integer = (name: string, what: string) =>
  Options.integer(name).pipe(Options.withDescription(what), Options.withDefault(undefined))

export const events = Output.action(
  "events",
  {
    after: integer("after", "only events with a higher number"),
    limit: integer("limit", "at most so many from there on, or from the beginning"),
    last: integer("last", "the last so many, 20 unless anything is given"),
    since: text("since", "time").pipe(
      Options.withDescription("what happened since: 90m, 24h, 7d, today, monday, 2026-11-20"),
      Options.withDefault(undefined)
    ),
    issue: text("issue", "ref").pipe(
      Options.withDescription("of this issue, and of links to it"),
      Options.withDefault(undefined)
    ),
    tail: toggle("tail", false).pipe(
      Options.withDescription("stay, and print each event as it happens, one JSON a line; ends with Ctrl-C")
    ),
    lastEventId: integer("last-event-id", "with --tail: begin after this one instead of at the beginning"),
    projectId: integer("project-id", "the project with this number"),
    allProjects: toggle("all-projects", false).pipe(Options.withDescription("of all projects"))
  },
  (flags) =>
    Effect.gen(function*() {
      const { project } = yield* Globals
      const wrong = conflict(flags, project)
      if (wrong !== undefined) return yield* new UsageError({ reason: wrong })
      if (!flags.tail) return yield* Effect.interruptible(Effect.flatMap(poll(flags), (it) => Output.print(format, it)))
      return yield* untilStopped(tail(flags))
    }),
  {
    commits: true,
    description:
      "What happened, in order: the last events, or those from a cursor on, or as they happen with --tail, which comes back after breaks of the " +
      "connection. Without a cursor --json and --agent print the first 100.",
    examples: [
      ["kata events --since today", ""],
      ["kata events --issue abc4", "of one issue; kata history abc4 says what changed"],
      ["kata events --after 120", ""],
      ["kata events --tail --last-event-id 120", "from there on, and what comes"],
      ["kata events --tail --all-projects | jq .type", ""]
    ]
  }
)
