/** What flags and arguments a command accepts, read from the command itself. */
import * as Descriptor from "@effect/cli/CommandDescriptor"
import type * as Usage from "@effect/cli/Usage"
import * as Option from "effect/Option"

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
}

export interface Argument {
  /** As in `<file>`. */
  readonly name: string
  readonly repeated: boolean
  readonly required: boolean
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

export const accepts = (descriptor: Descriptor.Command<unknown>): Accepted => {
  const flags = new Map<string, Flag>()
  const args: Array<Argument> = []
  const walk = (usage: Usage.Usage, required: boolean, repeated: boolean): void => {
    switch (usage._tag) {
      case "Optional":
        return walk(usage.usage, false, repeated)
      case "Repeated":
        return walk(usage.usage, required, true)
      case "Alternation":
        walk(usage.left, false, repeated)
        return walk(usage.right, false, repeated)
      case "Concat":
        walk(usage.left, required, repeated)
        return walk(usage.right, required, repeated)
      case "Named": {
        const dashed = usage.names.filter((name) => name.startsWith("-"))
        const name = dashed.find((name) => name.startsWith("--")) ?? dashed[0]
        if (name !== undefined) {
          const kind = kindOf(Option.getOrUndefined(usage.acceptedValues))
          const flag: Flag = { name, names: dashed, ...kind, repeated, required: required && !repeated }
          for (const name of dashed) flags.set(name, flag)
        } else if (usage.names[0]?.startsWith("<")) {
          args.push({ name: usage.names[0], repeated, required })
        }
      }
    }
  }
  walk(Descriptor.getUsage(descriptor), true, false)
  return { flags, args }
}
