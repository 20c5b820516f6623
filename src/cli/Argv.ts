/**
 * Reads a command line as users write it and hands @effect/cli the one form that it parses without surprises. Global
 * flags anywhere, `-n3`, `--flag=false`, repeated `--label=a`, empty and many-line values, a value that looks like a
 * flag or a command: each is a case that @effect/cli 0.77 gets wrong or refuses. What a command accepts is read from the
 * command itself.
 */
import * as CliConfig from "@effect/cli/CliConfig"
import * as Descriptor from "@effect/cli/CommandDescriptor"
import * as Options from "@effect/cli/Options"
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import type * as Terminal from "@effect/platform/Terminal"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { Failure } from "../Failure.ts"
import { accepts, nothing } from "./flags.ts"
import type { Accepted, Flag } from "./flags.ts"
import type { GlobalValues } from "./Globals.ts"
import { colorOf, modeOf, modes } from "./Globals.ts"
import { usage } from "./Help.ts"
import { plain } from "./helpDoc.ts"
import type { Given, Scan } from "./tokenize.ts"
import { programName, scan } from "./tokenize.ts"
import type { Command, Group, Leaf, Node } from "./Tree.ts"
import { isGroup } from "./Tree.ts"
import { UsageError } from "./UsageError.ts"

/** What a command line asks for. */
export type Request<R> =
  | { readonly _tag: "Help"; readonly command: Command<R> | undefined; readonly unknownTopic: string | undefined }
  | { readonly _tag: "Version" }
  | { readonly _tag: "Run"; readonly flags: unknown; readonly run: Effect.Effect<void, Failure, R> }
  | { readonly _tag: "Refused"; readonly error: UsageError }

export interface Line<R> {
  /** From the root to the command. */
  readonly path: ReadonlyArray<Node<R>>
  /** Known for a refused line too, so that the refusal is printed in the wanted mode. */
  readonly globals: GlobalValues
  readonly request: Request<R>
}

/** Text travels between marks, so that no value can be mistaken for a flag, trimmed, or dropped for being empty. */
const mark = "\u0002"
const unmark = (value: string) => value.slice(1, -1)

/** An option with a text, which arrives exactly as typed. Never `Options.text`: its value would arrive with marks. */
export const text = (name: string, placeholder = "text"): Options.Options<string> =>
  Options.text(name).pipe(Options.withPseudoName(placeholder), Options.map(unmark))

/** The same for an option that may be given any number of times. */
export const texts = (name: string, placeholder = "text"): Options.Options<ReadonlyArray<string>> =>
  Options.text(name).pipe(
    Options.withPseudoName(placeholder),
    Options.repeated,
    Options.map((values) => values.map(unmark))
  )

/** A boolean that is `absent` when not given: `Options.boolean` ignores `withDefault(true)`. */
export const toggle = (name: string, absent: boolean): Options.Options<boolean> =>
  Options.choice(name, [String(absent), String(!absent)]).pipe(
    Options.withDefault(String(absent)),
    Options.map((value) => value === "true")
  )

const spell = (given: ReadonlyArray<Given>): ReadonlyArray<string> => {
  const values = new Map<Flag, Array<string>>()
  for (const { flag, own, value } of given) {
    if (!own) continue
    const sofar = values.get(flag)
    if (sofar === undefined || !flag.repeated) values.set(flag, [value])
    else sofar.push(value)
  }
  return [...values].flatMap(([flag, values]) =>
    values.flatMap((value) => flag.kind === "text" ? [flag.name, mark + value + mark] : [`${flag.name}=${value}`])
  )
}

const config = CliConfig.make({
  isCaseSensitive: true,
  autoCorrectLimit: 0,
  finalCheckBuiltIn: false,
  showBuiltIns: false
})

// Text, choice, boolean and integer ask for no service; the file and prompt options of @effect/cli would, and are not
// used.
const noServices = Context.empty() as Context.Context<FileSystem.FileSystem | Path.Path | Terminal.Terminal>

const decode = <R>(leaf: Leaf<R>, { descriptor }: Command<R>, { args, given }: Scan<R>) =>
  Descriptor.parse(descriptor, [leaf.name, ...spell(given), ...(args.length > 0 ? ["--", ...args] : [])], config).pipe(
    Effect.provide(noServices),
    Effect.mapError((error) => new UsageError({ reason: plain(error.error) })),
    Effect.flatMap((directive) =>
      directive._tag === "UserDefined" && directive.leftover.length === 0
        ? Effect.succeed(directive.value)
        : Effect.dieMessage(`@effect/cli did not take the command line of ${leaf.name}`)
    )
  )

/** The message when there are too many or too few arguments, or a required flag is missing. */
const lacking = <R>({ args, given, path }: Scan<R>, accepted: Accepted): string | undefined => {
  const least = accepted.args.reduce((sum, arg) => sum + arg.least, 0)
  const most = accepted.args.reduce((sum, arg) => sum + arg.most, 0)
  const name = programName(path)
  if (args.length > 0 && most === 0) return `unknown command ${JSON.stringify(args[0])} for "${name}"`
  if (args.length < least || args.length > most) {
    if (least === most) return `accepts ${least} arg(s), received ${args.length}`
    if (most === Infinity) return `requires at least ${least} arg(s), only received ${args.length}`
    return `accepts between ${least} and ${most} arg(s), received ${args.length}`
  }
  const missing = new Set([...accepted.flags.values()].filter((flag) => flag.required))
  for (const { flag } of given) missing.delete(flag)
  if (missing.size === 0) return undefined
  return `required flag(s) ${[...missing].map((flag) => JSON.stringify(flag.name)).join(", ")} not set`
}

/** How the command is written, and what that looks like. */
const usageAdvice = <R>({ path }: Scan<R>, accepted: Accepted, { about }: Command<R>) => {
  const example = about?.examples?.[0]?.[0]
  const more = example === undefined ? `; ${programName(path)} --help says more` : `, as in: ${example}`
  return `${usage(path, accepted)}${more}`
}

/** `--format beads` chose what to import before `--format` was the output mode of every command. */
const formatAdvice = (accepted: Accepted, format: string | undefined) => {
  const own = [...accepted.flags.values()].find((flag) => /^--(source|target)-format$/.test(flag.name))
  return own === undefined ? undefined : `use ${own.name} ${format}; --format now controls output mode`
}

/** Where `--format` says nothing sensible, a program that asked for JSON still reads JSON. */
const modeAsFarAsKnown = (value: (name: string) => string | undefined) => {
  const [json, agent] = [value("--json") === "true", value("--agent") === "true"]
  const isConflict = json === agent || modes.some((mode) => mode === value("--format"))
  return isConflict ? "human" : json ? "json" : "agent"
}

/** Every leaf that words of the line could name. */
const named = <R>(group: Group<R>, words: ReadonlySet<string>): ReadonlyArray<Leaf<R>> =>
  group.children.filter((child) => words.has(child.name) || child.aliases?.some((alias) => words.has(alias)))
    .flatMap((child) => isGroup(child) ? named(child, words) : [child])

interface Found<R> {
  readonly line: Scan<R>
  readonly own: Accepted
  readonly leaf?: Leaf<R>
  readonly command?: Command<R>
}

/**
 * The command that the line names, and the line read with its flags. A flag before the command word may be the
 * command's own: whether the next word is its value or the command is seen by trying the commands that can be meant.
 */
const find = <R>(root: Group<R>, argv: ReadonlyArray<string>): Effect.Effect<Found<R>> =>
  Effect.gen(function*() {
    const outline = scan(root, argv)
    const last = outline.path[outline.path.length - 1]!
    const likely = isGroup(last) ? [] : [last]
    const candidates = new Set(outline.unsure ? [...likely, ...named(root, new Set(argv))] : likely)
    let first: Found<R> | undefined
    for (const leaf of candidates) {
      // A module that does not load is a broken installation: a defect.
      const command = yield* Effect.promise(() => leaf.load())
      const own = accepts(command.descriptor)
      const found = { line: scan(root, argv, own), own, leaf, command }
      if (found.line.path[found.line.path.length - 1] !== leaf) continue
      if (found.line.error === undefined) return found
      first ??= found
    }
    return first ?? { line: scan(root, argv, nothing), own: nothing }
  })

/** Never fails: a line that cannot be run is one of the answers. */
export const read = <R>(root: Group<R>, argv: ReadonlyArray<string>): Effect.Effect<Line<R>> =>
  Effect.gen(function*() {
    const { command, leaf, line, own } = yield* find(root, argv)
    const last = new Map(line.given.filter((given) => !given.own).map(({ flag, value }) => [flag.name, value]))
    const value = (name: string) => last.get(name)
    const mode = modeOf(value)
    const color = colorOf(value("--color"))
    const globals = {
      mode: Either.getOrElse(mode, () => modeAsFarAsKnown(value)),
      quiet: value("--quiet") === "true",
      color: Either.getOrElse(color, () => "auto" as const),
      as: value("--as"),
      workspace: value("--workspace"),
      project: value("--project")
    }
    const answer = (request: Request<R>): Line<R> => ({ path: line.path, globals, request })
    const refuse = (error: UsageError) => answer({ _tag: "Refused", error })

    if (line.error !== undefined) return refuse(line.error)
    if (Either.isLeft(mode)) {
      return refuse(new UsageError({ reason: mode.left, advice: formatAdvice(own, value("--format")) }))
    }
    if (Either.isLeft(color)) return refuse(new UsageError({ reason: color.left }))
    const unknownTopic = line.topic[0]
    if (value("--version") === "true") return answer({ _tag: "Version" })
    if (line.help || leaf === undefined || command === undefined) return answer({ _tag: "Help", command, unknownTopic })
    const reason = lacking(line, own)
    if (reason !== undefined) return refuse(new UsageError({ reason, advice: usageAdvice(line, own, command) }))
    return yield* Effect.match(decode(leaf, command, line), {
      onFailure: refuse,
      // What a command's own descriptor gave is what its handler takes.
      onSuccess: (flags) => answer({ _tag: "Run", flags, run: command.handler(flags as never) })
    })
  })
