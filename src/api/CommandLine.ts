/** Runs a command line for another process: the daemon does, for commands that only read. */
import type * as HttpApp from "@effect/platform/HttpApp"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { Int64 } from "../ledger/model.ts"

/** What the commands that run in the daemon read of the environment: the launcher sends nothing else of it, which may hold secrets. */
export const variables = [
  "HOME",
  "KATA_ALLOW_INSECURE",
  "KATA_AUTH_TOKEN",
  "KATA_DB",
  "KATA_HOME",
  "KATA_HTTP_TIMEOUT",
  "KATA_SERVER",
  // git's
  "PATH",
  "XDG_CONFIG_HOME",
  // the form of output: cli/screen/Screen.ts
  "CLICOLOR",
  "CLICOLOR_FORCE",
  "COLUMNS",
  "KATA_FORCE_TTY",
  "NO_COLOR",
  "TERM"
] as const

/** A command line as it was typed, and where. */
export const Call = Schema.Struct({
  /** Which build of kata asks: another one may print something else. */
  build: Schema.String,
  argv: Schema.Array(Schema.String),
  cwd: Schema.String,
  /** Device and number of that directory, as `1:2`: who has another view of the filesystem means another one by its name. */
  directory: Schema.String,
  /** Whether stdout is a terminal there, which agents' text must not steer. */
  terminal: Schema.Boolean,
  /** Its width in cells; 0 where it has none or does not say. */
  columns: Int64,
  /** Those of `variables` that the one who asks has. */
  variables: Schema.Record({ key: Schema.String, value: Schema.String })
})
export type Call = typeof Call.Type

/** What a command printed that succeeded. */
export const Printed = Schema.Struct({ stdout: Schema.String, stderr: Schema.String })
export type Printed = typeof Printed.Type

/** The daemon that runs it, as it is asked from within. */
export interface Inside {
  /** As it was named. */
  readonly databasePath: string
  /** What answers a request. */
  readonly app: HttpApp.Default<never, Scope.Scope>
}

/** None for a command that has to run where it was typed: one that fails, asks or changes something. */
export class CommandLine extends Context.Reference<CommandLine>()("kata/daemon/CommandLine", {
  defaultValue: (): (call: Call, daemon: Inside) => Effect.Effect<Option.Option<Printed>> => () => Effect.succeedNone
}) {}
