import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Health } from "../../api/answers.ts"
import * as Client from "../../client/Client.ts"
import { DaemonClient } from "../../client/DaemonClient.ts"
import type { FailureKind } from "../../Failure.ts"
import type { From } from "../../presence/discover.ts"
import { status } from "../../presence/status.ts"
import { announced } from "../daemon.ts"
import * as Output from "../Output.ts"
import { quote } from "../terminal.ts"
import { here } from "./daemon/here.ts"

/** The state of the daemon is not known: none runs, and none is started to be asked, or it does not answer. */
export class NoHealth extends Schema.TaggedError<NoHealth>()("NoHealth", {
  /** Empty when none runs. */
  address: Schema.String,
  /** Of one that is there and does not answer; empty when that is not known. */
  pid: Schema.optionalWith(Schema.Int, { exact: true }),
  since: Schema.optionalWith(Schema.String, { exact: true })
}) {
  readonly kind = "daemon_unavailable" satisfies FailureKind
  override get message() {
    if (this.pid !== undefined) {
      const since = this.since ? `, since ${this.since}` : ""
      return `the daemon (pid ${this.pid}${since}) does not answer${this.address === "" ? "" : ` at ${this.address}`}`
    }
    return this.address === ""
      ? "no daemon running (start one with `kata daemon start`)"
      : `the daemon at ${this.address} answers, but does not say how it is`
  }
  get hint(): string {
    if (this.pid !== undefined) {
      return "it is stopped (SIGSTOP) or busy: ps -p shows which; kata daemon logs may tell more, kata daemon stop ends it"
    }
    return this.address === "" ? "" : "its log may tell more: kata daemon logs"
  }
}

/** What is known of a daemon here that does not answer: it is there when it has the lock. One elsewhere has another address. */
const silent = (from: From, address: string | undefined) =>
  Effect.map(
    status(from),
    ({ daemons: [daemon] }) =>
      daemon === undefined || address?.endsWith(daemon.address) === false
        ? new NoHealth({ address: address ?? "" })
        : new NoHealth({ address: daemon.address, pid: daemon.pid, since: daemon.started_at })
  )

/** A daemon that is well answers at once, on a busy machine within this time: a false alarm wakes people. */
const patience = Duration.seconds(5)

/** The daemon that answers; one that is there is asked again until the time is over. */
const answering = Effect.fnUntraced(function*(from: From) {
  const { find } = yield* DaemonClient
  const began = yield* Clock.currentTimeMillis
  while (true) {
    const connection = yield* find(from)
    if (Option.isSome(connection)) return connection.value
    const none = yield* silent(from, undefined)
    const isOver = (yield* Clock.currentTimeMillis) - began >= Duration.toMillis(patience)
    if (none.pid === undefined || isOver) return yield* none
    yield* Effect.sleep("50 millis")
  }
})

const format: Output.Format<Client.Answer<typeof Health.Type>, typeof Health.Type & { readonly address: string }> = {
  json: ({ text }) => text,
  read: (answer) =>
    Client.read(Health)(answer).pipe(
      Effect.map((health) => ({ ...health, address: answer.address })),
      Effect.mapError(({ address }) => new NoHealth({ address }))
    ),
  human: (health) => [
    `ok=${health.ok} schema_version=${health.schema_version} uptime=${health.uptime} db=${health.db_path}`
  ],
  agent: (health) => [`OK health ok=${health.ok} daemon=${quote(health.address)}`]
}

export const health = Output.command(
  "health",
  {},
  format,
  () =>
    Effect.gen(function*() {
      const from = yield* here
      const connection = yield* answering(from)
      yield* announced(connection)
      const { address } = connection
      const { call } = Client.make(connection, patience)
      return yield* call("health", {}).pipe(
        Effect.catchTag("DaemonUnreachable", () => Effect.flatMap(silent(from, address), Effect.fail)),
        Effect.mapError((error) =>
          // it says what is wrong with its database
          error._tag === "NoHealth" || (error._tag === "ApiFailure" && error.kind === "damaged")
            ? error
            : new NoHealth({ address })
        )
      )
    }).pipe(Effect.scoped),
  {
    description:
      "Ask the daemon that serves the database whether it is well. None is started for it: exit 7 when there is none.",
    examples: [["kata health && echo up", "in a script"]]
  }
)
