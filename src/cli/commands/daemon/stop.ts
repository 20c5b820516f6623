import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { stop as stopAll } from "../../../presence/stop.ts"
import * as Output from "../../Output.ts"
import { here } from "./here.ts"

class Stopped extends Schema.Class<Stopped>("Stopped")({ stopped: Schema.Array(Schema.Int) }) {}

const format = Output.report(Stopped, {
  human: ({ stopped }) => stopped.map((pid) => `stopped pid=${pid}`),
  agent: ({ stopped }) => [
    `OK daemon action=stop count=${stopped.length}${stopped.length === 0 ? "" : ` pid=${stopped.join(",")}`}`
  ]
})

export const stop = Output.command(
  "stop",
  {},
  format,
  () => Effect.map(Effect.flatMap(here, stopAll), (stopped) => new Stopped({ stopped })),
  {
    description:
      "Stop the daemon of the database, and return when its process is gone: what it is answering is answered, streams end, and everything is in the database file. " +
      "When none runs there is nothing to do, exit 0. Only a process that is proven to be the daemon is sent a signal.",
    examples: [["kata daemon stop && kata export --output backup.jsonl", "an offline backup"]]
  }
)
