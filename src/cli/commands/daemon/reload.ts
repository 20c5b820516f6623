import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { FailureKind } from "../../../Failure.ts"
import { wake } from "../../../presence/stop.ts"
import * as Output from "../../Output.ts"
import { here } from "./here.ts"

/** There is no daemon that could do what is asked. */
export class NoDaemon extends Schema.TaggedError<NoDaemon>()("NoDaemon", {}) {
  readonly kind = "usage" satisfies FailureKind
  override get message() {
    return "no daemon running"
  }
  get hint(): string {
    return "kata daemon start reads the settings"
  }
}

class Reloaded extends Schema.Class<Reloaded>("Reloaded")({ told: Schema.Array(Schema.Int) }) {}

const format = Output.report(Reloaded, {
  human: ({ told }) => told.map((pid) => `reload signal sent to pid=${pid} (check daemon log for result)`),
  agent: ({ told }) => [`OK daemon action=reload pid=${told.join(",")}`]
})

export const reload = Output.command(
  "reload",
  {},
  format,
  () =>
    Effect.gen(function*() {
      const told = yield* wake(yield* here)
      return told.length === 0 ? yield* new NoDaemon() : new Reloaded({ told })
    }),
  {
    description:
      "Tell the daemon to read config.toml again. The close throttle changes at once; listen and the token need a restart. What came of it is in kata daemon logs.",
    examples: [["kata daemon reload && kata daemon logs --limit 1", "and what it says of it"]]
  }
)
