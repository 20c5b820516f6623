import * as Effect from "effect/Effect"
import { Status, status as statusOf } from "../../../presence/status.ts"
import * as Output from "../../Output.ts"
import { quote } from "../../terminal.ts"
import { here } from "./here.ts"

/** To the second: the rest tells nothing. */
const seconds = (time: string) => time.replace(/\.\d+(?=Z|[+-])/, "")
const known = (value: string) => value === "" ? "unknown" : value

const format = Output.report(Status, {
  human: ({ daemons, unproven }) => [
    ...daemons.flatMap(({ address, damage, db_path: path, pid, started_at: time, version }) => [
      `daemon pid=${pid} version=${known(version)} address=${known(address)} db=${path} started_at=${
        known(seconds(time))
      }`,
      ...(damage === undefined ? [] : [`damaged: ${damage}`])
    ]),
    ...(daemons.length === 0 ? ["no daemon running"] : []),
    ...unproven.map(({ pid, source }) => `note: ${source} names process ${pid}, which is no kata`)
  ],
  agent: ({ daemons }) => [
    `OK daemon status=${daemons.length === 0 ? "stopped" : "running"} count=${daemons.length}`,
    ...daemons.map(({ address, damage, db_path: path, pid, started_at: time, version }) =>
      `- pid=${pid} version=${quote(known(version))} address=${quote(known(address))} db=${quote(path)} started_at=${
        quote(known(seconds(time)))
      }${damage === undefined ? "" : ` damage=${quote(damage)}`}`
    )
  ]
})

export const status = Output.command("status", {}, format, () => Effect.flatMap(here, statusOf), {
  description: "Show the daemons that serve the database. They are not asked anything; exit 0 also when there is none.",
  examples: [["kata daemon status", "is one running, and where?"]]
})
