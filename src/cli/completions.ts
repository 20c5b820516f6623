/** Completion scripts for shells. They hold the whole tree, so that a press of the tab key starts no process. */
import * as Effect from "effect/Effect"
import type { Flag } from "./flags.ts"
import { accepts, isBoolean } from "./flags.ts"
import { globalFlags, modes } from "./Globals.ts"
import type { Group, Node } from "./Tree.ts"
import { isGroup } from "./Tree.ts"

/** One place in the tree: where the words before the cursor have led to. */
interface Place {
  /** The words to it, as in `kata export`. */
  readonly at: string
  readonly children: ReadonlyArray<Node<unknown>>
  /** The flags of the command itself. */
  readonly flags: ReadonlyArray<Flag>
}

const allFlags = ({ flags }: Place): ReadonlyArray<Flag> => {
  const own = new Set(flags.flatMap((flag) => flag.names))
  return [...flags, ...globalFlags.filter((flag) => !own.has(flag.name))]
}

const places = (node: Node<unknown>, before: string): Effect.Effect<ReadonlyArray<Place>> => {
  const at = before === "" ? node.name : `${before} ${node.name}`
  return isGroup(node)
    ? Effect.map(Effect.forEach(node.children, (child) => places(child, at)), (below) => [
      { at, children: node.children, flags: [] },
      ...below.flat()
    ])
    // A module that does not load is a broken installation: a defect.
    : Effect.map(Effect.promise(() => node.load()), (command) => [
      { at, children: [], flags: [...new Set(accepts(command.descriptor).flags.values())] }
    ])
}

const values = (flag: Flag) => flag.name === "--format" ? modes : flag.choices
const takesChoice = (flag: Flag) => values(flag).length > 0
const takesValue = (flag: Flag) => !isBoolean(flag)
const takesText = (flag: Flag) => takesValue(flag) && !takesChoice(flag)

const quoted = (text: string) => `'${text.replace(/'/g, "'\\''")}'`

/** An arm of `case "$at:$word"` for some of the flags of a place, which is `*` for the global ones. */
const arm = (at: string, flags: ReadonlyArray<Flag>, wanted: (flag: Flag) => boolean, what: string) => {
  const patterns = flags.filter(wanted).flatMap((flag) =>
    flag.names.map((name) => at === "*" ? `*:${name}` : quoted(`${at}:${name}`))
  )
  return patterns.length === 0 ? [] : [`    ${patterns.join("|")}) ${what} ;;`]
}

const arms = (all: ReadonlyArray<Place>, wanted: (flag: Flag) => boolean, what: string) => [
  ...all.flatMap((place) => arm(place.at, place.flags, wanted, what)),
  ...arm("*", globalFlags, wanted, what)
]

/** The arms that follow the words to the place of the cursor; `skip` jumps over the value of a flag. */
const steps = (all: ReadonlyArray<Place>, skip: string) => [
  ...all.flatMap((place) =>
    place.children.map((child) =>
      `    ${[child.name, ...child.aliases ?? []].map((name) => quoted(`${place.at}:${name}`)).join("|")}) at=${
        quoted(`${place.at} ${child.name}`)
      } ;;`
    )
  ),
  ...arms(all, takesValue, skip)
]

/** The arms that offer what the flag before the cursor takes. */
const choices = (all: ReadonlyArray<Place>, offer: (values: ReadonlyArray<string>) => string) =>
  [...all.map(({ at, flags }) => ({ at, flags })), { at: "*", flags: globalFlags }].flatMap(({ at, flags }) =>
    flags.flatMap((flag) => arm(at, [flag], takesChoice, offer(values(flag))))
  )

const bash = (name: string, all: ReadonlyArray<Place>) => [
  `# bash completion for ${name}`,
  `_${name}() {`,
  "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} word i=1 commands= flags=",
  `  local at=${name}`,
  "  COMPREPLY=()",
  "  [[ $prev == '=' ]] && prev=${COMP_WORDS[COMP_CWORD-2]}",
  "  [[ $cur == '=' ]] && cur=",
  "  while (( i < COMP_CWORD )); do",
  "    word=${COMP_WORDS[i++]}",
  "    [[ $word == -- ]] && return",
  "    case \"$at:$word\" in",
  ...steps(all, "[[ ${COMP_WORDS[i]} == '=' ]] && (( i++ )); (( i++ ))"),
  "    esac",
  "  done",
  "  case \"$at:$prev\" in",
  ...choices(all, (words) => `COMPREPLY=($(compgen -W ${quoted(words.join(" "))} -- "$cur")); return`),
  ...arms(all, takesText, "return"),
  "  esac",
  "  case \"$at\" in",
  ...all.map((place) =>
    `    ${quoted(place.at)}) commands=${quoted(place.children.map((child) => child.name).join(" "))} flags=${
      quoted(allFlags(place).flatMap((flag) => flag.names).join(" "))
    } ;;`
  ),
  "  esac",
  "  [[ $cur == -* ]] && commands=$flags",
  "  COMPREPLY=($(compgen -W \"$commands\" -- \"$cur\"))",
  "}",
  `complete -o default -F _${name} ${name}`
]

const zshItem = (word: string, description: string) => quoted(`${word.replace(/:/g, "\\:")}:${description}`)

const zsh = (name: string, all: ReadonlyArray<Place>) => [
  `#compdef ${name}`,
  `compdef _${name} ${name}`,
  `_${name}() {`,
  `  local at=${quoted(name)} word`,
  "  local -i i=2",
  "  local -a commands flags",
  "  while (( i < CURRENT )); do",
  "    word=$words[i]",
  "    (( i++ ))",
  "    [[ $word == -- ]] && { _files; return }",
  "    case \"$at:$word\" in",
  ...steps(all, "(( i++ ))"),
  "    esac",
  "  done",
  "  case \"$at:$words[CURRENT-1]\" in",
  ...choices(all, (words) => `compadd -- ${words.map(quoted).join(" ")}; return`),
  ...arms(all, takesText, "_files; return"),
  "  esac",
  "  case \"$at\" in",
  ...all.flatMap((place) => [
    `    ${quoted(place.at)})`,
    `      commands=(${place.children.map((child) => zshItem(child.name, child.summary)).join(" ")})`,
    `      flags=(${
      allFlags(place).flatMap((flag) => flag.names.map((name) => zshItem(name, flag.description))).join(" ")
    })`,
    "      ;;"
  ]),
  "  esac",
  "  if [[ $words[CURRENT] == -* ]]; then _describe -o flag flags",
  "  elif (( $#commands )); then _describe command commands",
  "  else _files",
  "  fi",
  "}",
  `if [ "$funcstack[1]" = "_${name}" ]; then _${name} "$@"; fi`
]

const fishQuoted = (text: string) => `'${text.replace(/[\\']/g, "\\$&")}'`

const fishFlag = (complete: string, flag: Flag) => {
  const names = flag.names.map((name) => name.startsWith("--") ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`)
  const value = takesChoice(flag) ? ` -x -a ${fishQuoted(values(flag).join(" "))}` : takesValue(flag) ? " -r" : ""
  return `${complete} ${names.join(" ")}${value} -d ${fishQuoted(flag.description)}`
}

const fish = (name: string, all: ReadonlyArray<Place>) => [
  `# fish completion for ${name}`,
  `function __${name}_at`,
  "  set -l words (commandline -opc)",
  "  set -e words[1]",
  `  set -l at ${name}`,
  "  set -l skip no",
  "  for word in $words",
  "    if test $skip = yes",
  "      set skip no",
  "      continue",
  "    end",
  "    switch \"$at:$word\"",
  ...all.flatMap((place) => [
    ...place.children.flatMap((child) => [
      `      case ${[child.name, ...child.aliases ?? []].map((name) => fishQuoted(`${place.at}:${name}`)).join(" ")}`,
      `        set at ${fishQuoted(`${place.at} ${child.name}`)}`
    ]),
    ...allFlags(place).filter(takesValue).flatMap((flag) => [
      `      case ${flag.names.map((name) => fishQuoted(`${place.at}:${name}`)).join(" ")}`,
      "        set skip yes"
    ])
  ]),
  "    end",
  "  end",
  "  echo $at",
  "end",
  ...globalFlags.map((flag) => fishFlag(`complete -c ${name}`, flag)),
  ...all.flatMap((place) => {
    const here = `complete -c ${name} -n ${fishQuoted(`test (__${name}_at) = "${place.at}"`)}`
    return [
      ...place.children.map((child) => `${here} -f -a ${fishQuoted(child.name)} -d ${fishQuoted(child.summary)}`),
      ...place.flags.map((flag) => fishFlag(here, flag))
    ]
  })
]

export const shells = { bash, zsh, fish }

export type Shell = keyof typeof shells

/** The script, made from what each command says that it accepts. */
export const script = (shell: Shell, root: Group<unknown>) =>
  Effect.map(places(root, ""), (all) => shells[shell](root.name, all))
