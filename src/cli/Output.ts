/**
 * One report per operation, one format per report, one printer. stdout is for results, stderr for everything else, and
 * stdout stays empty when a command fails.
 */
import * as EffectCommand from "@effect/cli/Command"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import type * as Types from "effect/Types"
import type { Failure, FailureKind } from "../Failure.ts"
import { exitCodes } from "../Failure.ts"
import type { GlobalValues } from "./Globals.ts"
import type { Stdio, WriteFailed } from "./Stdio.ts"
import { singleLine } from "./terminal.ts"
import type { About, Command } from "./Tree.ts"
import { UsageError } from "./UsageError.ts"

export interface Format<A> {
  /** `--json` prints its encoding, which is an object. */
  // oxlint-disable-next-line typescript/no-explicit-any -- what the encoding is made of concerns nobody here
  readonly schema: Schema.Schema<A, any>
  /** Lines; control characters in them are made visible, so text of users needs no care. */
  readonly human: (report: A) => ReadonlyArray<string>
  /** Lines, the first of them `OK <command> …`; values of users go through `quote`. */
  readonly agent: (report: A) => ReadonlyArray<string>
  /** What `--quiet` leaves of the human lines; nothing unless given. */
  readonly quiet?: (report: A) => ReadonlyArray<string>
  /** The report goes to stderr, because the result itself went to stdout. */
  readonly aside?: (report: A) => boolean
  /** The kind whose exit code is right for a report that is printed and yet no plain success. */
  readonly outcome?: (report: A) => FailureKind | undefined
}

export class Output extends Context.Tag("kata/Output")<Output, {
  readonly print: <A>(format: Format<A>, report: A) => Effect.Effect<void, WriteFailed>
}>() {}

export type { Command as CommandOf } from "./Tree.ts"

/** A command prints what it returns; what it fails with must be a `Failure`, or it does not compile. */
export const command = <const Config extends EffectCommand.Command.Config, A, E extends Failure, R>(
  name: string,
  config: Config,
  format: Format<A>,
  run: (flags: Types.Simplify<EffectCommand.Command.ParseConfig<Config>>) => Effect.Effect<A, E, R>,
  about?: About
): Command<R | Output> => {
  const { descriptor, handler } = EffectCommand.make(
    name,
    config,
    (flags) =>
      (about?.commits === true ? identity : Effect.interruptible)(
        Effect.flatMap(run(flags), (report) => Effect.flatMap(Output, (output) => output.print(format, report)))
      )
  )
  return { descriptor, handler, ...(about === undefined ? {} : { about }) }
}

/** JSON on one line, with integers beyond 2^53 as digits. */
const stringify = (value: unknown): string => {
  if (typeof value === "bigint") return value.toString()
  if (Array.isArray(value)) return `[${value.map((item) => stringify(item ?? null)).join(",")}]`
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null"
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${stringify(member)}`).join(",")}}`
}

const envelope = <A>(format: Format<A>, report: A) => {
  const encoded: unknown = Schema.encodeSync(format.schema)(report)
  if (typeof encoded !== "object" || encoded === null || Array.isArray(encoded) || "kata_api_version" in encoded) {
    throw new Error("a report must be an object without kata_api_version")
  }
  return stringify({ kata_api_version: 1, ...encoded })
}

const render = <A>({ mode, quiet }: GlobalValues, format: Format<A>, report: A): ReadonlyArray<string> => {
  switch (mode) {
    case "json":
      return [envelope(format, report)]
    case "agent": {
      const lines = format.agent(report).map((line) => line.replace(/\r/g, "\\r").replace(/\n/g, "\\n"))
      return quiet && lines[0]?.startsWith("OK") ? lines.slice(1) : lines
    }
    case "human":
      return (quiet ? format.quiet?.(report) ?? [] : format.human(report)).map(singleLine)
  }
}

/** The printer of one run. `erase` takes the progress line away; `exitCode` becomes that of the report's outcome. */
export const make = (
  globals: GlobalValues,
  { stderr, stdout }: Stdio["Type"],
  erase: Effect.Effect<void>,
  exitCode: Ref.Ref<number>
) =>
  Output.of({
    print: (format, report) =>
      Effect.suspend(() => {
        const text = render(globals, format, report).map((line) => `${line}\n`).join("")
        const outcome = format.outcome?.(report)
        return (outcome === undefined ? Effect.void : Ref.set(exitCode, exitCodes[outcome])).pipe(
          Effect.zipRight(erase),
          Effect.zipRight((format.aside?.(report) === true ? stderr : stdout).write(text))
        )
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
        stringify({ error: { kind: failure.kind, code, message: failure.message, hint, exit_code: exitCode } })
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
      const line = `kata: ${singleLine(failure.message)}\n`
      if (failure instanceof UsageError && failure.suggestions.length > 0) {
        return `${line}\nDid you mean this?\n${failure.suggestions.map((name) => `\t${singleLine(name)}\n`).join("")}\n`
      }
      return hint === undefined ? line : `${line}hint: ${singleLine(hint)}\n`
    }
  }
}
