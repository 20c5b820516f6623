/** The words of a command line, sorted into the path to a command, flags with their values, and arguments. Pure. */
import type { Accepted, Flag } from "./flags.ts"
import { isBoolean, spelling } from "./flags.ts"
import { globals } from "./Globals.ts"
import { nearest } from "./suggestions.ts"
import type { Group, Node } from "./Tree.ts"
import { find, isGroup } from "./Tree.ts"
import { UsageError } from "./UsageError.ts"

/** One flag as it was given; a boolean's value is `true` or `false`. */
export interface Given {
  readonly flag: Flag
  readonly value: string
  /** The command declares this flag itself, so it is not the global one of that name. */
  readonly own: boolean
}

export interface Scan<R> {
  /** From the root to the last word that named a child. */
  readonly path: ReadonlyArray<Node<R>>
  readonly given: ReadonlyArray<Given>
  readonly args: ReadonlyArray<string>
  /** The words of `help …` that name no command. */
  readonly topic: ReadonlyArray<string>
  readonly help: boolean
  /** Flags that neither the command nor kata has stood before the command word. */
  readonly unsure: boolean
  /** The first mistake; the words behind it were read all the same, for the output mode. */
  readonly error: UsageError | undefined
}

const truth: Readonly<Record<string, string>> = Object.fromEntries([
  ...["1", "t", "T", "true", "True", "TRUE"].map((word) => [word, "true"]),
  ...["0", "f", "F", "false", "False", "FALSE"].map((word) => [word, "false"])
])

/** The value as the command gets it, or what is wanted instead. */
const check = (flag: Flag, value: string): { readonly value: string } | { readonly want: string } => {
  switch (flag.kind) {
    case "boolean":
    case "toggle": {
      const known = Object.hasOwn(truth, value) ? truth[value] : undefined
      return known === undefined ? { want: "true or false" } : { value: known }
    }
    case "integer":
      return /^[+-]?\d+$/.test(value) && Number.isSafeInteger(Number(value))
        ? { value: String(Number(value)) }
        : { want: "an integer" }
    case "choice":
      return flag.choices.includes(value) ? { value } : { want: flag.choices.join(" or ") }
    case "text":
      return { value }
  }
}

export const programName = <R>(path: ReadonlyArray<Node<R>>) => path.map((node) => node.name).join(" ")

/** `own` is what the command accepts; absent while it is not known which command it is, and then no flag is a mistake. */
export const scan = <R>(root: Group<R>, argv: ReadonlyArray<string>, own?: Accepted): Scan<R> => {
  const path: Array<Node<R>> = [root]
  const given: Array<Given> = []
  const args: Array<string> = []
  const topic: Array<string> = []
  const words = [...argv]
  let asksTopic = false, help = false, unsure = false, lost = false
  let error: UsageError | undefined

  const mistake = (reason: string, suggestions: ReadonlyArray<string> = [], advice?: string) => {
    error ??= new UsageError({ reason, suggestions, advice })
  }
  const here = () => path[path.length - 1]!
  const take = (flag: Flag, value: string, asTyped: string) => {
    const checked = check(flag, value)
    if ("want" in checked) {
      const names = spelling(flag)
      return mistake(`invalid argument ${JSON.stringify(asTyped)} for "${names}" flag: want ${checked.want}`)
    }
    const isOwn = own?.flags.get(flag.name) === flag
    if (!isOwn && flag.name === "--help") help = checked.value === "true"
    given.push({ flag, value: checked.value, own: isOwn })
  }
  /** What has a blank in it is more likely text than a flag. */
  const asText = (word: string) =>
    /\s/.test(word)
      ? `text that begins with - goes behind --: ${programName(path)} -- ${JSON.stringify(word)}`
      : undefined
  const unknown = (word: string, reason: string, suggestions: ReadonlyArray<string> = []) => {
    if (own !== undefined) mistake(reason, suggestions, asText(word))
    else if (isGroup(here())) unsure = true
  }
  const lookUp = (name: string) => own?.flags.get(name) ?? globals.get(name)
  const known = () => [...own?.flags.keys() ?? [], ...globals.keys()].filter((name) => name.startsWith("--"))

  const long = (word: string) => {
    const equals = word.indexOf("=")
    const name = equals < 0 ? word : word.slice(0, equals)
    const flag = lookUp(name)
    if (flag === undefined) return unknown(word, `unknown flag: ${name}`, nearest(name, known()))
    if (equals >= 0) return take(flag, word.slice(equals + 1), word.slice(equals + 1))
    if (isBoolean(flag)) return take(flag, "true", "")
    const value = words.shift()
    if (value === undefined) return mistake(`flag needs an argument: ${name}`)
    take(flag, value, value)
  }

  /** `-q`, `-qn3`, `-n=3`, `-n 3` */
  const short = (word: string) => {
    for (let rest = word.slice(1); rest !== "";) {
      const letter = String.fromCodePoint(rest.codePointAt(0)!)
      rest = rest.slice(letter.length)
      const flag = lookUp(`-${letter}`)
      if (flag === undefined) return unknown(word, `unknown shorthand flag: '${letter}' in ${word}`)
      if (rest.startsWith("=")) return take(flag, rest.slice(1), rest.slice(1))
      if (isBoolean(flag)) {
        take(flag, "true", "")
        continue
      }
      const value = rest !== "" ? rest : words.shift()
      if (value === undefined) return mistake(`flag needs an argument: '${letter}' in ${word}`)
      return take(flag, value, value)
    }
  }

  const plainWord = (word: string, mayName: boolean) => {
    const node = here()
    const child = isGroup(node) && mayName ? find(node, word) : undefined
    if (child !== undefined && !lost) path.push(child)
    else if (!isGroup(node) || lost) args.push(word)
    else if (asksTopic) topic.push(word)
    else if (node === root && word === "help" && mayName) asksTopic = help = true
    else {
      lost = true
      mistake(
        `unknown command ${JSON.stringify(word)} for "${programName(path)}"`,
        nearest(word, node.children.map((child) => child.name)),
        `${programName(path)} --help lists the commands`
      )
    }
  }

  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === "--") {
      for (const rest of words.splice(0)) plainWord(rest, false)
    } else if (/^-\d/.test(word) && lookUp(word.slice(0, 2)) === undefined) {
      mistake(
        `negative numbers in positional args need the \`--\` separator (e.g. \`${programName(path)} -- ${word}\`)`
      )
    } else if (word.startsWith("--")) long(word)
    else if (word.startsWith("-") && word !== "-") short(word)
    else plainWord(word, true)
  }
  return { path, given, args, topic, help, unsure, error }
}
