import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { FailureKind } from "../../Failure.ts"
import { declared } from "../../workspace/remoteServer.ts"
import { remember } from "../../workspace/trust.ts"
import { localFile } from "../../workspace/workspace.ts"
import { text, toggle } from "../Argv.ts"
import { confirmation, NotConfirmed } from "../confirm.ts"
import { from } from "../daemon.ts"
import { Environment } from "../Environment.ts"
import * as Output from "../Output.ts"
import { Stdio } from "../Stdio.ts"
import { quote, singleLine } from "../terminal.ts"

/** There is nothing to confirm: no file of the workspace names a server. */
export class NoServerNamed extends Schema.TaggedError<NoServerNamed>()("NoServerNamed", { start: Schema.String }) {
  readonly kind = "not_found" satisfies FailureKind
  override get message() {
    return `no ${localFile} names a server for ${this.start}`
  }
  get hint() {
    return "KATA_SERVER names one for all workspaces"
  }
}

const Trust = Schema.Struct({
  file: Schema.String,
  url: Schema.String,
  allow_insecure: Schema.Boolean,
  trusted: Schema.Boolean,
  changed: Schema.Boolean
})

const format = Output.report(Trust, {
  human: ({ file, trusted, url }) => [
    trusted ? `${url} is trusted for ${file}` : `what ${file} names is no longer trusted`
  ],
  agent: ({ changed, file, trusted, url }) => [
    `OK trust url=${quote(url)} file=${quote(file)} trusted=${trusted} changed=${changed}`
  ]
})

export const trust = Output.command(
  "trust",
  {
    confirm: text("confirm", "url").pipe(
      Options.withDescription("the URL in the file, instead of the question; for scripts and agents"),
      Options.withDefault(undefined)
    ),
    revoke: toggle("revoke", false).pipe(Options.withDescription("forget what was confirmed"))
  },
  format,
  ({ confirm, revoke }) =>
    Effect.gen(function*() {
      const { cwd: start, kataHome } = yield* from
      const found = yield* declared(start)
      if (Option.isNone(found)) return yield* new NoServerNamed({ start })
      const { allowInsecure, path: file, url } = found.value
      const { stdinIsTerminal } = yield* Environment
      if (!revoke && confirm === undefined && stdinIsTerminal) {
        const { stderr } = yield* Stdio
        yield* stderr.write(`${singleLine(file)} names the server ${url}\n`)
      }
      if (!revoke && (yield* confirmation(url, confirm)) !== url) {
        return yield* new NotConfirmed({ reason: `${file} names ${url}, not ${confirm}`, code: "confirm_mismatch" })
      }
      const wanted = { file, url, allow_insecure: allowInsecure }
      return { ...wanted, trusted: !revoke, changed: yield* remember(kataHome, wanted, !revoke) }
    }),
  {
    description:
      "Confirm the server that the workspace's .kata.local.toml names: needed once when the file may have come with the repository, and for a " +
      "server that is to get your token. It is remembered in KATA_HOME/servers.json, and asked again when the file names another one.",
    examples: [
      ["kata trust", "asks on a terminal"],
      ["kata trust --confirm https://kata.example:7474", "in a script: the URL that you expect there"],
      ["kata trust --revoke", ""]
    ]
  }
)
