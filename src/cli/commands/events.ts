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
import { toggle } from "../Argv.ts"
import { client, from, inProject, timeout } from "../daemon.ts"
import { Globals } from "../Globals.ts"
import * as Output from "../Output.ts"
import { refused } from "../refs.ts"
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

const format = answer(EventPage, {
  human,
  quiet: human,
  aside: (events) =>
    events.reset_required
      ? [`hint: something was purged; kata events --after ${events.reset_after_id} prints what came since`]
      : [],
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
  readonly projectId: number | undefined
  readonly allProjects: boolean
}

/** What is wrong with flags that do not go together. */
const conflict = (flags: Flags, project: string | undefined): string | undefined => {
  const { after, allProjects, lastEventId, limit, projectId, tail } = flags
  if (project !== undefined && project !== "" && (allProjects || projectId !== undefined)) {
    return "--project cannot be combined with --all-projects or --project-id"
  }
  if (allProjects && projectId !== undefined) return "--all-projects and --project-id are mutually exclusive"
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

const poll = (flags: Flags) =>
  Effect.scoped(Effect.gen(function*() {
    const { after = 0, limit = 100 } = flags
    if (limit <= 0) return yield* refused("--limit must be a positive integer")
    const { client: { call }, id } = yield* scope(flags)
    const query = { after_id: after, limit }
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
    limit: integer("limit", "at most so many, 100 unless given"),
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
      "What happened, in order: once, or as it happens with --tail, which comes back after breaks of the connection.",
    examples: [
      ["kata events --after 120", ""],
      ["kata events --tail --last-event-id 120", "from there on, and what comes"],
      ["kata events --tail --all-projects | jq .type", ""]
    ]
  }
)
