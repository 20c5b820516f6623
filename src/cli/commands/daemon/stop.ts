import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { damageOf } from "../../../presence/status.ts"
import { stop as stopAll } from "../../../presence/stop.ts"
import * as Output from "../../Output.ts"
import { quote } from "../../terminal.ts"
import { here } from "./here.ts"

class Stopped extends Schema.Class<Stopped>("Stopped")({
  stopped: Schema.Array(Schema.Int),
  /** What a daemon that was stopped had met in the database. */
  damage: Schema.optionalWith(Schema.String, { exact: true })
}) {}

const next = "kata doctor says more; kata export --salvage takes out what can be read, see docs/recovery.md"

const report = Output.report(Stopped, {
  human: ({ damage, stopped }) => [
    ...stopped.map((pid) => `stopped pid=${pid}`),
    ...(damage === undefined ? [] : [`damaged: ${damage}`, next])
  ],
  agent: ({ damage, stopped }) => [
    `OK daemon action=stop count=${stopped.length}${stopped.length === 0 ? "" : ` pid=${stopped.join(",")}`}${
      damage === undefined ? "" : ` damage=${quote(damage)}`
    }`
  ],
  outcome: ({ damage }) => damage === undefined ? undefined : "damaged"
})

interface Ended {
  readonly report: Stopped
  readonly databasePath: string
}

/** People are told where nothing was stopped. */
const format: Output.Format<Ended> = {
  human: (ended) =>
    ended.report.stopped.length > 0 ? report.human(ended.report) : [`no daemon serves ${ended.databasePath}`],
  agent: (ended) => report.agent(ended.report),
  json: (ended) => report.json(ended.report),
  read: Effect.succeed,
  outcome: (ended) => report.outcome?.(ended.report)
}

export const stop = Output.command(
  "stop",
  {},
  format,
  () =>
    Effect.gen(function*() {
      const from = yield* here
      const { databasePath } = from
      const stopped = yield* stopAll(from)
      const damage = stopped.length === 0 ? "" : yield* damageOf(databasePath)
      return { report: new Stopped({ stopped, ...(damage === "" ? {} : { damage }) }), databasePath }
    }),
  {
    description:
      "Stop the daemon of the database, and return when its process is gone: what it is answering is answered, streams end, and everything is in the database file. " +
      "When none runs there is nothing to do, exit 0. When it had found the database damaged, that is reported, exit 8. Only a process that is proven to be the daemon is sent a signal.",
    examples: [["kata daemon stop && kata export --output backup.jsonl", "an offline backup"]]
  }
)
