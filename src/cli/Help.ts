/** Help as plain text of 80 columns: what @effect/cli describes, without its colours and filler sentences. */
import type { Accepted, Flag } from "./flags.ts"
import { accepts } from "./flags.ts"
import { globalFlags } from "./Globals.ts"
import { wrap } from "./terminal.ts"
import type { Command, Group, Node } from "./Tree.ts"
import { isGroup } from "./Tree.ts"

const width = 80

type Row = readonly [term: string, description: string]

/** Two columns; `left` is the width of the first one, and a longer term has a line of its own. */
const table = (rows: ReadonlyArray<Row>, left: number): ReadonlyArray<string> =>
  rows.flatMap(([term, description]) => {
    const body = description === "" ? [] : wrap(description, width - left).map((line) => " ".repeat(left) + line)
    const head = `  ${term}`
    return body.length > 0 && head.length + 2 <= left
      ? [head.padEnd(left) + body[0]!.trimStart(), ...body.slice(1)]
      : [head, ...body]
  })

const section = (title: string, rows: ReadonlyArray<Row>, left: number) =>
  rows.length === 0 ? [] : ["", `${title}:`, ...table(rows, left)]

const leftOf = (rows: ReadonlyArray<Row>) => Math.min(30, Math.max(0, ...rows.map(([term]) => term.length)) + 4)

const value = (flag: Flag) =>
  flag.kind === "boolean" || flag.kind === "toggle" ?
    flag.placeholder
    : flag.kind === "choice" || flag.placeholder.includes("|") ?
    ` ${flag.placeholder}`
    : ` <${flag.placeholder}>`

const term = (flag: Flag) => {
  const short = flag.names.filter((name) => !name.startsWith("--"))
  const long = flag.names.filter((name) => name.startsWith("--"))
  return `${short.length > 0 ? "" : "    "}${[...short, ...long].join(", ")}${value(flag)}`
}

const globalRows = (accepted?: Accepted): ReadonlyArray<Row> =>
  globalFlags.filter((flag) => accepted?.flags.get(flag.name) === undefined)
    .map((flag) => [term(flag), flag.description])

const names = <R>(path: ReadonlyArray<Node<R>>) => path.map((node) => node.name).join(" ")

/** As in `kata edit [flags] <ref>`. */
export const usage = <R>(path: ReadonlyArray<Node<R>>, { args, flags }: Accepted) =>
  [
    names(path),
    ...[...new Set(flags.values())].filter((flag) => flag.required).map((flag) => flag.name + value(flag)),
    ...[...flags.values()].some((flag) => !flag.required) ? ["[flags]"] : [],
    ...args.map((arg) => {
      const name = arg.name + (arg.most > 1 ? "..." : "")
      return arg.least > 0 ? name : `[${name}]`
    })
  ].join(" ")

const usageLines = (line: string) => wrap(line, width - 6).map((part, i) => (i === 0 ? "  " : "      ") + part)

const ofCommand = <R>(path: ReadonlyArray<Node<R>>, command: Command<R>): ReadonlyArray<string> => {
  const accepted = accepts(command.descriptor)
  const leaf = path[path.length - 1]!
  const argRows = accepted.args.map((arg): Row => [arg.name, arg.description])
  const flagRows = [...new Set(accepted.flags.values())].map((flag): Row => [
    term(flag),
    `${flag.description}${flag.repeated ? " (repeatable)" : ""}`.trim()
  ])
  const left = leftOf([...argRows, ...flagRows, ...globalRows(accepted)])
  return [
    ...wrap(command.about?.description ?? leaf.summary, width),
    "",
    "Usage:",
    ...usageLines(usage(path, accepted)),
    ...(leaf.aliases === undefined || leaf.aliases.length === 0 ? [] : ["", `Aliases: ${leaf.aliases.join(", ")}`]),
    ...section("Arguments", argRows, left),
    ...section("Flags", flagRows, left),
    ...examples(command.about?.examples ?? []),
    ...section("Global flags", globalRows(accepted), left)
  ]
}

const examples = (lines: ReadonlyArray<readonly [line: string, what: string]>) =>
  lines.length === 0 ? [] : [
    "",
    "Examples:",
    ...lines.flatMap(([line, what]) => [
      `  ${line}`,
      ...(what === "" ? [] : wrap(what, width - 6).map((text) => `      ${text}`))
    ])
  ]

const ofGroup = <R>(path: ReadonlyArray<Node<R>>, group: Group<R>): ReadonlyArray<string> => {
  const rows = group.children.map((child): Row => [child.name, child.summary])
  const left = Math.max(14, leftOf(rows))
  const titles = [...new Set(group.children.map((child) => child.section ?? "Commands"))]
  const flags = globalRows()
  return [
    ...wrap(group.summary, width),
    "",
    "Usage:",
    `  ${names(path)} <command> [flags]`,
    ...titles.flatMap((title) =>
      section(title, rows.filter((_, i) => (group.children[i]!.section ?? "Commands") === title), left)
    ),
    ...section("Global flags", flags, leftOf(flags)),
    "",
    `Run "${path[0]!.name} help ${
      [...path.slice(1).map((node) => node.name), "<command>"].join(" ")
    }" for the flags of a command.`
  ]
}

/** The help of the last word of the path; `command` is that word's command when it has one. */
export const render = <R>(path: ReadonlyArray<Node<R>>, command: Command<R> | undefined): string => {
  const node = path[path.length - 1]!
  const lines = command !== undefined ? ofCommand(path, command) : isGroup(node) ? ofGroup(path, node) : []
  return lines.map((line) => `${line.trimEnd()}\n`).join("")
}
