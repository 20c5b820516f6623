import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Health } from "../../api/answers.ts"
import * as Client from "../../client/Client.ts"
import { DaemonClient } from "../../client/DaemonClient.ts"
import type { FailureKind } from "../../Failure.ts"
import { announced } from "../daemon.ts"
import * as Output from "../Output.ts"
import { quote } from "../terminal.ts"
import { here } from "./daemon/here.ts"

/** Nobody says how the daemon is: none runs, and none is started to be asked, or it does not say it. */
export class NoHealth extends Schema.TaggedError<NoHealth>()("NoHealth", {
  /** Empty when none runs. */
  address: Schema.String
}) {
  readonly kind = "daemon_unavailable" satisfies FailureKind
  override get message() {
    return this.address === ""
      ? "no daemon running (start one with `kata daemon start`)"
      : `the daemon at ${this.address} answers, but does not say how it is`
  }
  get hint(): string {
    return this.address === "" ? "" : "its log may tell more: kata daemon logs"
  }
}

/** Who is well says so at once. */
const patience = Duration.seconds(1)

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
      const { find } = yield* DaemonClient
      const connection = yield* find(yield* here)
      if (Option.isNone(connection)) return yield* new NoHealth({ address: "" })
      yield* announced(connection.value)
      const { address } = connection.value
      const { call } = Client.make(connection.value, patience)
      return yield* Effect.mapError(call("health", {}), () => new NoHealth({ address }))
    }).pipe(Effect.scoped),
  {
    description:
      "Ask the daemon that serves the database whether it is well. None is started for it: exit 7 when there is none.",
    examples: [["kata health && echo up", "in a script"]]
  }
)
