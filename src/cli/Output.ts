/**
 * One report per operation, one format per report, one printer. stdout is for results, stderr for everything else, and
 * stdout stays empty when a command fails.
 */
import * as EffectCommand from "@effect/cli/Command"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import type * as Types from "effect/Types"
import type { Failure, FailureKind } from "../Failure.ts"
import { exitCodes } from "../Failure.ts"
import { members, write } from "../records/json.ts"
import type { GlobalValues, Mode } from "./Globals.ts"
import { screenOf } from "./screen/Screen.ts"
import type { Tabular } from "./screen/table.ts"
import type { Stdio, WriteFailed, Writer } from "./Stdio.ts"
import { lines, singleLine, visibleJson } from "./terminal.ts"
import type { About, Command } from "./Tree.ts"
import { UsageError } from "./UsageError.ts"

/** Lines, in which control characters are made visible, so that text of users needs no care; or rows, which care for it themselves. */
export type Lines = ReadonlyArray<string> | Tabular

/** What people and agents are shown of a result. */
export interface View<B> {
  readonly human: (shown: B) => Lines
  /** Lines, the first of them `OK <command> …`; values of users go through `quote`. */
  readonly agent: (shown: B) => ReadonlyArray<string>
  /** What `--quiet` leaves of the human lines, of rows without their header; nothing unless given. */
  readonly quiet?: (shown: B) => Lines
  /** Lines for stderr, for people who did not ask for quiet. */
  readonly aside?: (shown: B) => ReadonlyArray<string>
}

/**
 * How a result is printed. Programs get text of JSON, which may be somebody else's and is then not even read; what the others are shown is
 * read from the result when they ask for it.
 */
export interface Format<A, B = A> extends View<B> {
  /** What `--json` prints: the text of a JSON object. */
  readonly json: (result: A) => string
  readonly read: (result: A) => Effect.Effect<B, Failure>
  /** Where the report goes: to stderr, when the result itself went to stdout. */
  readonly stream?: (result: A) => "stdout" | "stderr"
  /** The kind whose exit code is right for a report that is printed and yet no plain success. */
  readonly outcome?: (result: A) => FailureKind | undefined
}

/** The format of a report of ours: its encoding, which is an object, is what programs get. */
export const report = <A, I>(
  schema: Schema.Schema<A, I>,
  format: View<A> & Pick<Format<A>, "stream" | "outcome">
): Format<A> => ({
  ...format,
  json: (report) => write(Schema.encodeSync(schema)(report)),
  read: Effect.succeed
})

export class Output extends Context.Tag("kata/Output")<Output, {
  readonly print: <A, B>(format: Format<A, B>, result: A) => Effect.Effect<void, WriteFailed | Failure>
}>() {}

export type { Command as CommandOf } from "./Tree.ts"

/** A command that prints for itself; what it fails with must be a `Failure`, or it does not compile. */
export const action = <const Config extends EffectCommand.Command.Config, E extends Failure, R>(
  name: string,
  config: Config,
  run: (flags: Types.Simplify<EffectCommand.Command.ParseConfig<Config>>) => Effect.Effect<void, E, R>,
  about?: About
): Command<R> => {
  const { descriptor, handler } = EffectCommand.make(
    name,
    config,
    (flags) => (about?.commits === true ? identity : Effect.interruptible)(run(flags))
  )
  return { descriptor, handler, ...(about === undefined ? {} : { about }) }
}

/** A command that prints what it returns. */
export const command = <const Config extends EffectCommand.Command.Config, A, B, E extends Failure, R>(
  name: string,
  config: Config,
  format: Format<A, B>,
  run: (flags: Types.Simplify<EffectCommand.Command.ParseConfig<Config>>) => Effect.Effect<A, E, R>,
  about?: About
): Command<R | Output> =>
  action(name, config, (flags) => Effect.flatMap(run(flags), (result) => print(format, result)), about)

/** Prints a result as the command line asked for it. */
export const print = <A, B>(format: Format<A, B>, result: A) =>
  Effect.flatMap(Output, (output) => output.print(format, result))

/** The object with the version of the contract before its members, which stay as they are spelled. */
const envelope = (text: string): string => {
  const object = text.trimEnd()
  const taken = object.includes("kata_api_version") &&
    Array.from(members(object) ?? []).some(([key]) => key === "kata_api_version")
  if (!object.startsWith("{") || taken) throw new Error("a report must be an object without kata_api_version")
  const rest = object.slice(1)
  return `{"kata_api_version":1${rest === "}" ? "" : ","}${rest}`
}

const oneLine = (line: string) => line.replace(/\r/g, "\\r").replace(/\n/g, "\\n")

/**
 * A line of a result as it is written: nothing in it moves the cursor, changes colours, or hides. Agents get text as it is, which is their
 * contract, unless it is a terminal that reads along.
 */
export const written = (mode: Mode, { isTTY }: Pick<Writer, "isTTY">): (line: string) => string => {
  switch (mode) {
    case "json":
      return visibleJson
    case "agent":
      return isTTY ? (line) => lines(oneLine(line)).join("\\n") : oneLine
    case "human":
      return singleLine
  }
}

/** The lines for each stream. */
const render = <A, B>({ mode, quiet }: GlobalValues, format: Format<A, B>, result: A) => {
  if (mode === "json") return Effect.sync(() => ({ main: [envelope(format.json(result))], aside: [] }))
  return Effect.map(format.read(result), (shown): { readonly main: Lines; readonly aside: ReadonlyArray<string> } => {
    if (mode === "agent") {
      const lines = format.agent(shown)
      return { main: quiet && lines[0]?.startsWith("OK") ? lines.slice(1) : lines, aside: [] }
    }
    return {
      main: quiet ? format.quiet?.(shown) ?? [] : format.human(shown),
      aside: quiet ? [] : format.aside?.(shown) ?? []
    }
  })
}

const joined = (lines: ReadonlyArray<string>) => lines.map((line) => `${line}\n`).join("")

/** The printer of one run. `erase` takes the progress line away; `exitCode` becomes that of the report's outcome. */
export const make = (
  globals: GlobalValues,
  { stderr, stdout }: Stdio["Type"],
  erase: Effect.Effect<void>,
  exitCode: Ref.Ref<number>,
  /** Of the environment. */
  variables: Readonly<Record<string, string | undefined>>
) =>
  Output.of({
    print: (format, result) =>
      Effect.gen(function*() {
        const { aside, main } = yield* render(globals, format, result)
        const outcome = format.outcome?.(result)
        if (outcome !== undefined) yield* Ref.set(exitCode, exitCodes[outcome])
        yield* erase
        const stream = format.stream?.(result) === "stderr" ? stderr : stdout
        const now = yield* Clock.currentTimeMillis
        const lines = "lines" in main
          ? main.lines(screenOf(stream, variables, globals.color, now), !globals.quiet)
          : main.map(written(globals.mode, stream))
        yield* stream.write(joined(lines))
        yield* stderr.write(joined(aside.map(written(globals.mode, stderr))))
      })
  })

/** A failure as the text for stderr; `word` is the first word of the command. */
export const renderFailure = ({ mode }: Pick<GlobalValues, "mode">, word: string, failure: Failure): string => {
  const exitCode = exitCodes[failure.kind]
  const hint = failure.hint === undefined || failure.hint === "" ? undefined : failure.hint
  const code = "code" in failure && typeof failure.code === "string" && failure.code !== "" ? failure.code : undefined
  switch (mode) {
    case "json":
      return `${
        visibleJson(write({
          error: {
            kind: failure.kind,
            code,
            message: failure.message,
            hint,
            exit_code: exitCode,
            data: failure.data
          }
        }))
      }\n`
    case "agent":
      return [
        `ERR ${word} ${failure.kind}: ${singleLine(failure.message)}`,
        ...(hint === undefined ? [] : [`Hint: ${singleLine(hint)}`]),
        ...(code === undefined ? [] : [`Code: ${singleLine(code)}`]),
        `Exit-Code: ${exitCode}`,
        ""
      ].join("\n")
    case "human": {
      const message = failure.isText === true ? lines(failure.message).join("\n") : singleLine(failure.message)
      const line = `kata: ${message}\n`
      if (failure instanceof UsageError && failure.suggestions.length > 0) {
        return `${line}\nDid you mean this?\n${failure.suggestions.map((name) => `\t${singleLine(name)}\n`).join("")}\n`
      }
      return hint === undefined ? line : `${line}hint: ${singleLine(hint)}\n`
    }
  }
}
