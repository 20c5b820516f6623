import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Failure } from "../../../Failure.ts"
import * as Address from "../../../presence/address.ts"
import type { Word } from "../../../presence/background.ts"
import { DaemonRunning } from "../../../presence/daemons.ts"
import { ensure } from "../../../presence/ensure.ts"
import { DaemonRecord } from "../../../presence/records.ts"
import * as Config from "../../../presence/settings.ts"
import { text, toggle } from "../../Argv.ts"
import { Environment } from "../../Environment.ts"
import { Globals } from "../../Globals.ts"
import * as Output from "../../Output.ts"
import { quote } from "../../terminal.ts"
import { UsageError } from "../../UsageError.ts"
import { foreground } from "./foreground.ts"
import { here } from "./here.ts"

export class Started extends Schema.Class<Started>("Started")({
  /** False when one was running already. */
  started: Schema.Boolean,
  daemon: DaemonRecord
}) {}

export const format = Output.report(Started, {
  human: ({ daemon, started }) => [
    `${
      started ? "started" : "already running:"
    } daemon pid=${daemon.pid} address=${daemon.address} db=${daemon.db_path}`
  ],
  agent: ({ daemon, started }) => [
    `OK daemon action=start started=${started} pid=${daemon.pid} address=${quote(daemon.address)} db=${
      quote(daemon.db_path)
    }`
  ]
})

export const flags = {
  listen: text("listen", "host:port").pipe(
    Options.withDescription(
      "serve over TCP at this address of the machine or its private network; port 0 is any free one. Unless given: listen in config.toml, else a Unix socket"
    ),
    Options.withDefault("")
  ),
  insecureReadonly: toggle("insecure-readonly", false).pipe(
    Options.withDescription("without a token: whoever reaches it may read, and no one may write")
  )
}

interface Flags {
  readonly listen: string
  readonly insecureReadonly: boolean
}

interface Background extends Flags {
  /** Make a database where there is none. */
  readonly create: boolean
}

/** The settings and the address as the flags and config.toml say; everything that can be refused without a daemon is refused here. */
export const judged = Effect.fnUntraced(function*(given: Flags) {
  const from = yield* here
  const settings = yield* Config.load(from.kataHome, from.variables)
  const [value, by] = given.listen === "" ? [settings.listen, "config.toml" as const] : [given.listen, "flag" as const]
  const rules = { by, token: settings.token, insecureReadonly: given.insecureReadonly }
  return { from, settings, listen: value === "" ? undefined : yield* Address.parse(value, rules) }
})

/** In the background; fails when one runs already, and listens somewhere else than was asked for. */
export const background = Effect.fnUntraced(function*(given: Background) {
  const { from } = yield* judged(given)
  const { record, started } = yield* ensure({ ...from, create: given.create }, [
    ...(given.listen === "" ? [] : ["--listen", given.listen]),
    ...(given.insecureReadonly ? ["--insecure-readonly"] : [])
  ])
  if (!started && given.listen !== "" && record.address !== given.listen) {
    return yield* new DaemonRunning({
      path: from.databasePath,
      daemons: [{ pid: record.pid, address: record.address, source: "" }],
      hint: `to have it elsewhere: kata daemon restart --listen ${given.listen}`
    })
  }
  return new Started({ started, daemon: record })
})

/** For who waits for it: why it does not serve. An interruption and a bug are told by the end of the process alone. */
const lastWord = ({ _tag, hint, kind, message }: Failure) =>
  Effect.flatMap(
    Environment,
    ({ notify }) => notify({ failed: { tag: _tag, kind, message, hint: hint ?? "" } } satisfies typeof Word.Type)
  )

export const start = Output.action(
  "start",
  {
    ...flags,
    create: toggle("create", true).pipe(
      Options.withDescription("make a database where there is none; on unless =false")
    ),
    foreground: toggle("foreground", false).pipe(
      Options.withDescription("be the daemon, until SIGINT or SIGTERM: for service managers")
    )
  },
  (given) =>
    Effect.gen(function*() {
      const { mode } = yield* Globals
      if (mode === "agent") return yield* new UsageError({ reason: "daemon start has no agent mode" })
      if (!given.foreground) {
        return yield* Output.print(format, yield* Effect.interruptible(background(given)))
      }
      yield* judged(given).pipe(
        Effect.flatMap((judged) =>
          foreground({ ...judged, insecureReadonly: given.insecureReadonly, create: given.create })
        ),
        Effect.tapError(lastWord)
      )
    }),
  {
    commits: true,
    description:
      "Start the daemon of the database in the background, and return when it serves. A database that does not exist is made, unless --create=false. " +
      "When one runs already, that is reported and is no failure. What keeps it from serving is reported here; what happens later is in kata daemon logs. " +
      "Commands that need a daemon start one by themselves; of these only kata init makes a database.",
    examples: [
      ["kata daemon start", "in the background, at a Unix socket"],
      ["kata daemon start --listen 127.0.0.1:7474", "over TCP"],
      ["kata daemon start --foreground", "for systemd, launchd and containers"]
    ]
  }
)
