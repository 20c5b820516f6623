/** The flags that stand before or after any command word, and the output mode that they choose. */
import * as Context from "effect/Context"
import * as Either from "effect/Either"
import type { Flag } from "./flags.ts"
import type { ColorWhen } from "./screen/Screen.ts"

export type Mode = "human" | "json" | "agent"

export const modes: ReadonlyArray<Mode> = ["human", "json", "agent"]

/** The values of the global flags; an empty one is what the user typed, and different from none. */
export interface GlobalValues {
  readonly mode: Mode
  readonly quiet: boolean
  readonly color: ColorWhen
  readonly as: string | undefined
  readonly workspace: string | undefined
  readonly project: string | undefined
}

export class Globals extends Context.Tag("kata/Globals")<Globals, GlobalValues>() {}

const flag = (names: ReadonlyArray<string>, placeholder: string, description: string) => ({
  name: names[names.length - 1]!,
  names,
  kind: placeholder === "" ? "boolean" as const : "text" as const,
  choices: [],
  placeholder,
  repeated: false,
  required: false,
  description
})

/** Known without loading a command. */
export const globalFlags: ReadonlyArray<Flag> = [
  flag(["--json"], "", "print JSON, the same as --format json"),
  flag(["--agent"], "", "print lines for agents, the same as --format agent"),
  flag(["--format"], "mode", "print results and errors for human, json or agent"),
  flag(["--color"], "when", "colour what people read: auto, always or never"),
  flag(["-q", "--quiet"], "", "print no line that only confirms success"),
  flag(["--as"], "actor", "author of changes"),
  flag(["--workspace"], "dir", "find the project from this directory"),
  flag(["--project"], "name", "this project, not the workspace's"),
  flag(["-h", "--help"], "", "show help"),
  flag(["--version"], "", "show the version")
]

export const globals: ReadonlyMap<string, Flag> = new Map(
  globalFlags.flatMap((flag) => flag.names.map((name) => [name, flag] as const))
)

const colors: ReadonlyArray<ColorWhen> = ["auto", "always", "never"]

/** When there are colours; or why that is not known. */
export const colorOf = (word: string | undefined): Either.Either<ColorWhen, string> => {
  const known = word === undefined ? "auto" : colors.find((when) => when === word)
  return known === undefined
    ? Either.left(`--color takes auto, always or never, not ${JSON.stringify(word)}`)
    : Either.right(known)
}

/** The mode that the flags choose, or why there is none; the same mode may be chosen twice. */
export const modeOf = (value: (name: string) => string | undefined): Either.Either<Mode, string> => {
  const format = value("--format")
  const known = modes.find((mode) => mode === format)
  if (format !== undefined && known === undefined) {
    return Either.left(`unsupported output format ${JSON.stringify(format)} (want human, json, or agent)`)
  }
  const chosen = new Set<Mode>([
    ...(value("--json") === "true" ? ["json" as const] : []),
    ...(value("--agent") === "true" ? ["agent" as const] : []),
    ...(known === undefined ? [] : [known])
  ])
  return chosen.size > 1 ? Either.left("conflicting output modes") : Either.right([...chosen][0] ?? "human")
}
