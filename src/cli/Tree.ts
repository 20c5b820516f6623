/** The words of the command line as a tree. A leaf's module is loaded when the leaf is named, not before. */
import type * as Descriptor from "@effect/cli/CommandDescriptor"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { Failure } from "../Failure.ts"

/** What there is to say about a command beyond its flags. */
export interface About {
  /** It has a point of no return: it says itself how far it can be interrupted, and what it did is reported. */
  readonly commits?: boolean
  /** One paragraph. */
  readonly description?: string
  /** Command lines, each with a few words on what it does. */
  readonly examples?: ReadonlyArray<readonly [line: string, what: string]>
}

/** A command of @effect/cli whose errors are failures; `Output.command` makes one. */
export interface Command<out R> {
  readonly descriptor: Descriptor.Command<unknown>
  /** Takes what `descriptor` gives, which the two cannot say to each other in a list of commands. */
  readonly handler: (flags: never) => Effect.Effect<void, Failure, R>
  readonly about?: About
}

interface Word {
  readonly name: string
  readonly aliases?: ReadonlyArray<string>
  /** One line in the help of the parent. */
  readonly summary: string
  /** The heading in the help of the parent under which this word stands. */
  readonly section?: string
}

export interface Leaf<out R> extends Word {
  readonly load: () => Promise<Command<R>>
}

export interface Group<out R> extends Word {
  readonly children: ReadonlyArray<Node<R>>
}

export type Node<R> = Leaf<R> | Group<R>

/** For lists of nodes with different requirements, which `Services` names. */
// oxlint-disable-next-line typescript/no-explicit-any -- `unknown` would be taken for what each of them needs
export type AnyNode = Node<any>

/** What the commands of a tree need. */
export type Services<N> = N extends Leaf<infer R> ? R
  : N extends { readonly children: ReadonlyArray<infer Child> } ? Services<Child>
  : never

export const isGroup = <R>(node: Node<R>): node is Group<R> => "children" in node

/** The whole tree, for a command that speaks about commands. */
export class Tree extends Context.Tag("kata/Tree")<Tree, Group<unknown>>() {}

/** The child that `word` names, exactly as written. */
export const find = <R>(group: Group<R>, word: string) =>
  group.children.find((child) => child.name === word || child.aliases?.includes(word))
