/** What flags and arguments a command accepts, read from the command itself. */
import * as CliConfig from "@effect/cli/CliConfig"
import * as Descriptor from "@effect/cli/CommandDescriptor"
import type * as Usage from "@effect/cli/Usage"
import * as Option from "effect/Option"
import { definitions } from "./helpDoc.ts"

/** `toggle` is a boolean that is handed on as a choice, see `Argv.toggle`. */
export type FlagKind = "boolean" | "toggle" | "integer" | "choice" | "text"

export interface Flag {
  /** With dashes, the long one if there is one. */
  readonly name: string
  readonly names: ReadonlyArray<string>
  readonly kind: FlagKind
  readonly choices: ReadonlyArray<string>
  /** What help shows for the value. */
  readonly placeholder: string
  readonly repeated: boolean
  readonly required: boolean
  readonly description: string
}

export interface Argument {
  /** As in `<file>`. */
  readonly name: string
  readonly least: number
  readonly most: number
  readonly description: string
}

export interface Accepted {
  readonly flags: ReadonlyMap<string, Flag>
  readonly args: ReadonlyArray<Argument>
}

export const nothing: Accepted = { flags: new Map(), args: [] }

export const isBoolean = (flag: Flag) => flag.kind === "boolean" || flag.kind === "toggle"

/** As a message names it: `"-n, --limit"`. */
export const spelling = (flag: Flag) =>
  [...flag.names].sort((a, b) => a.length - b.length || (a < b ? -1 : 1)).join(", ")

const kindOf = (accepted: string | undefined): Pick<Flag, "kind" | "choices" | "placeholder"> => {
  if (accepted === undefined) return { kind: "boolean", choices: [], placeholder: "" }
  // The choice that a toggle has when it is not given stands first, see `Argv.toggle`.
  if (accepted === "true | false") return { kind: "toggle", choices: [], placeholder: "[=false]" }
  if (accepted === "false | true") return { kind: "toggle", choices: [], placeholder: "" }
  if (accepted === "integer") return { kind: "integer", choices: [], placeholder: "N" }
  const choices = accepted.split(" | ")
  return choices.length > 1
    ? { kind: "choice", choices, placeholder: choices.join("|") }
    : { kind: "text", choices: [], placeholder: accepted }
}

const filler =
  /^(This setting is optional|A user-defined piece of|A true or false value|An integer\.|One of the following:)/
const repetition =
  /^This (?:option|argument) (?:may|must) be repeated (?:zero|at least (\d+) times)(?: and may be repeated up to (\d+) times)?/

/** The sentences about one flag or argument: how often it may stand is in no other place that one can read. */
const about = (sentences: ReadonlyArray<string>) => {
  const repeats = sentences.map((text) => repetition.exec(text)).find((match) => match !== null)
  return {
    least: Number(repeats?.[1] ?? 0),
    most: Number(repeats?.[2] ?? Infinity),
    description: sentences.filter((text) => !filler.test(text) && !repetition.test(text)).join(" ")
  }
}

/** Of commands that have been looked at: a daemon runs the same few again and again. */
const known = new WeakMap<object, Accepted>()

export const accepts = (descriptor: Descriptor.Command<unknown>): Accepted => {
  const accepted = known.get(descriptor) ?? readAccepted(descriptor)
  known.set(descriptor, accepted)
  return accepted
}

const readAccepted = (descriptor: Descriptor.Command<unknown>): Accepted => {
  const flags = new Map<string, Flag>()
  const args: Array<Argument> = []
  const docs = definitions(Descriptor.getHelp(descriptor, CliConfig.defaultConfig))
  const add = (names: ReadonlyArray<string>, accepted: string | undefined, optional: boolean, repeated: boolean) => {
    const { description, least, most } = about(
      names.map((name) => docs.get(name)).find((text) => text !== undefined) ?? []
    )
    const dashed = names.filter((name) => name.startsWith("-"))
    const name = dashed.find((name) => name.startsWith("--")) ?? dashed[0]
    if (name !== undefined) {
      const required = repeated ? least > 0 : !optional
      const flag: Flag = { name, names: dashed, ...kindOf(accepted), repeated, required, description }
      for (const name of dashed) flags.set(name, flag)
    } else if (names[0]?.startsWith("<")) {
      args.push(
        repeated
          ? { name: names[0], least: optional ? 0 : least, most, description }
          : { name: names[0], least: optional ? 0 : 1, most: 1, description }
      )
    }
  }
  const walk = (usage: Usage.Usage, optional: boolean, repeated: boolean): void => {
    switch (usage._tag) {
      case "Optional":
        return walk(usage.usage, true, repeated)
      case "Repeated":
        return walk(usage.usage, optional, true)
      case "Alternation":
        walk(usage.left, true, repeated)
        return walk(usage.right, true, repeated)
      case "Concat":
        walk(usage.left, optional, repeated)
        return walk(usage.right, optional, repeated)
      case "Named":
        return add(usage.names, Option.getOrUndefined(usage.acceptedValues), optional, repeated)
    }
  }
  walk(Descriptor.getUsage(descriptor), false, false)
  return { flags, args }
}
