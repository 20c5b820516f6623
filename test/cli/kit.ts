/** A made-up command line for the tests of the real one's machinery. */
import * as Args from "@effect/cli/Args"
import * as Options from "@effect/cli/Options"
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { text, texts, toggle } from "../../src/cli/Argv.ts"
import type { Environment } from "../../src/cli/Environment.ts"
import { Globals } from "../../src/cli/Globals.ts"
import * as Main from "../../src/cli/Main.ts"
import * as Output from "../../src/cli/Output.ts"
import { registry } from "../../src/cli/registry.ts"
import * as Sqlite from "../../src/database/sqlite.ts"
import type { FailureKind } from "../../src/Failure.ts"
import * as Processes from "../../src/host/Processes.ts"
import { layerNoDaemon } from "../../src/testing/faultyDaemon.ts"
import { captured } from "../../src/testing/stdio.ts"

export const environment: Environment["Type"] = {
  name: "kata",
  version: "1.2.3",
  runtime: "node 20.19.0",
  os: "linux",
  arch: "x64",
  variables: {},
  cwd: "/",
  userHome: "/nobody",
  stdin: Stream.empty,
  stdinIsTerminal: false,
  typedLine: Effect.succeed(""),
  hangups: Stream.empty,
  notify: () => Effect.void,
  signal: Effect.never
}

export class Refusal extends Schema.TaggedError<Refusal>()("Refusal", { reason: Schema.String }) {
  readonly kind = "validation" satisfies FailureKind
  override get message() {
    return this.reason
  }
  get hint() {
    return "do something else"
  }
}

/** What a command got, as text that compares. */
export class Echo extends Schema.Class<Echo>("Echo")({ got: Schema.Unknown }) {}

const format = Output.report(Echo, {
  human: (echo) => [JSON.stringify(echo.got)],
  agent: (echo) => [`OK echo got=${JSON.stringify(echo.got)}`]
})

const echo = (flags: object) =>
  Effect.map(
    Globals,
    ({ as, project, quiet, workspace }) => new Echo({ got: { ...flags, as, project, quiet, workspace } })
  )

export const leaf = <R>(name: string, load: () => Output.CommandOf<R>, aliases: ReadonlyArray<string> = []) => ({
  name,
  aliases,
  summary: `The ${name} command`,
  load: () => Promise.resolve(load())
})

type Node = typeof registry[number]

/** One of the real commands. */
const real = <const Name extends Node["name"]>(name: Name) =>
  registry.find((node): node is Extract<Node, { readonly name: Name }> => node.name === name)!

export const about = [real("version"), real("completion")] as const

/** What the real commands need of the machine; there is no daemon, unless a test says which. */
export const services = Layer.mergeAll(Sqlite.layer, Processes.layer, layerNoDaemon).pipe(
  Layer.provideMerge(NodeContext.layer)
)

export const nodes = [
  leaf("list", () =>
    Output.command(
      "list",
      {
        status: text("status", "state").pipe(Options.withDefault(undefined)),
        limit: Options.integer("limit").pipe(Options.withAlias("n"), Options.withDefault(0)),
        labels: texts("label"),
        deleted: toggle("include-deleted", true),
        force: Options.boolean("force").pipe(Options.withAlias("f"))
      },
      format,
      echo
    ), ["ls"]),
  leaf("show", () => Output.command("show", { ref: Args.text({ name: "ref" }) }, format, echo)),
  leaf("search", () =>
    Output.command(
      "search",
      {
        words: Args.text({ name: "word" }).pipe(Args.atLeast(1)),
        kind: Options.choice("kind", ["issue", "comment"]).pipe(Options.withDefault("issue"))
      },
      format,
      echo
    )),
  leaf(
    "assign",
    () => Output.command("assign", { ref: Args.text({ name: "ref" }), to: Args.text({ name: "actor" }) }, format, echo)
  ),
  leaf("whoami", () => Output.command("whoami", {}, format, echo)),
  leaf(
    "export",
    () => Output.command("export", { projects: texts("project", "name"), output: text("output") }, format, echo)
  ),
  leaf(
    "import",
    () => Output.command("import", { source: text("source-format").pipe(Options.withDefault("kata")) }, format, echo)
  ),
  leaf("refuse", () => Output.command("refuse", {}, format, () => new Refusal({ reason: "no\u001b[31m" }))),
  leaf("bug", () => Output.command("bug", {}, format, () => Effect.die(new Error("broken\nhere")))),
  leaf("wait", () => Output.command("wait", {}, format, () => Effect.never)),
  {
    name: "label",
    summary: "Labels",
    children: [
      leaf(
        "add",
        () =>
          Output.command("add", { ref: Args.text({ name: "ref" }), label: Args.text({ name: "label" }) }, format, echo)
      )
    ]
  },
  // `export` and `import` of this list are made up
  ...about
] as const

/** Runs a command line; what it printed and its exit code. */
export const kata = (argv: ReadonlyArray<string>, options: {
  readonly streams?: Parameters<typeof captured>[0]
  readonly environment?: Partial<Environment["Type"]>
} = {}) => {
  const streams = captured(options.streams)
  return Main.run(argv, nodes, { ...environment, ...options.environment }).pipe(
    Effect.provide(streams.layer),
    Effect.map((exit) => ({ exit, stdout: streams.stdout.text(), stderr: streams.stderr.text() }))
  )
}
