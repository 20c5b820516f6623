import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import { Edited } from "../../api/answers.ts"
import type { LinkPeer } from "../../ledger/model.ts"
import { answer } from "../answer.ts"
import { text } from "../Argv.ts"
import { command } from "../daemon.ts"
import { change, commentFlag, heading, line, refArgument } from "../issue.ts"
import { addFlags, removeFlags } from "../links.ts"
import { isBlank, only, priorityOf, type Ref, refsOf, refused, within } from "../refs.ts"

type Edited = typeof Edited.Type

/** `+blocks abc4`, `parent abc4→d4ex` */
const linkWords = ({ changes }: Edited): ReadonlyArray<string> => {
  if (changes === undefined) return []
  const { parent_removed: old, parent_set: now } = changes
  const each = (sign: string, word: string, peers: ReadonlyArray<LinkPeer> = []) =>
    peers.map((peer) => `${sign}${word} ${peer.short_id}`)
  return [
    ...(now !== undefined && old !== undefined
      ? [`parent ${old.short_id}→${now.short_id}`]
      : [
        ...each("+", "parent", now === undefined ? [] : [now]),
        ...each("-", "parent", old === undefined ? [] : [old])
      ]),
    ...each("+", "blocks", changes.blocks_added),
    ...each("-", "blocks", changes.blocks_removed),
    ...each("+", "blocked_by", changes.blocked_by_added),
    ...each("-", "blocked_by", changes.blocked_by_removed),
    ...each("+", "related", changes.related_added),
    ...each("-", "related", changes.related_removed)
  ]
}

const suffix = (edited: Edited): string => {
  const words = linkWords(edited)
  if (words.length > 0) return ` links: ${words.join(", ")}`
  return edited.changed ? "" : " (no changes applied)"
}

const format = answer(Edited, {
  human: (edited) => [line(edited.issue) + suffix(edited)],
  quiet: ({ issue }) => [issue.short_id],
  agent: (edited) => {
    const what = (edited.events ?? []).map(({ type }) => type.replace(/^issue\./, ""))
    return [
      ...heading("edit", edited.issue, ` changed=${edited.changed}`),
      ...(what.length === 0 ? [] : [`Changes: ${what.join(",")}`]),
      ...linkWords(edited).map((words) => `Link: ${words}`)
    ]
  }
})

const flagNames = "--title, --body, --owner, --priority, --parent, --blocks, --blocked-by, --related, " +
  "--remove-parent, --remove-blocks, --remove-blocked-by, --remove-related"

const priorityOrDash = (word: string | undefined) =>
  Effect.gen(function*() {
    if (word === undefined) return {}
    if (word === "-") return { clear_priority: true }
    if (!/^[+-]?\d+$/.test(word)) return yield* refused("--priority must be an integer 0..4 or '-' to clear")
    return { set_priority: yield* priorityOf("--priority", Number(word)) }
  })

interface Side {
  readonly blocks: ReadonlyArray<Ref>
  readonly blockedBy: ReadonlyArray<Ref>
  readonly related: ReadonlyArray<Ref>
}

type Flags = Readonly<Record<keyof typeof addFlags | keyof typeof removeFlags, ReadonlyArray<string>>>

/** The links that the flags name, which are not yet known to be of this project. */
const linksOf = (flags: Flags) =>
  Effect.gen(function*() {
    const parent = yield* refsOf("--parent", flags.parent)
    const removeParent = yield* refsOf("--remove-parent", flags.removeParent)
    if (parent.length > 0 && removeParent.length > 0) {
      return yield* refused("--parent and --remove-parent cannot be used in the same call")
    }
    const add: Side = {
      blocks: yield* refsOf("--blocks", flags.blocks),
      blockedBy: yield* refsOf("--blocked-by", flags.blockedBy),
      related: yield* refsOf("--related", flags.related)
    }
    const remove: Side = {
      blocks: yield* refsOf("--remove-blocks", flags.removeBlocks),
      blockedBy: yield* refsOf("--remove-blocked-by", flags.removeBlockedBy),
      related: yield* refsOf("--remove-related", flags.removeRelated)
    }
    yield* apart("blocks", add.blocks, remove.blocks)
    yield* apart("blocked-by", add.blockedBy, remove.blockedBy)
    yield* apart("related", add.related, remove.related)
    return { parent, removeParent, add, remove }
  })

const apart = (word: string, added: ReadonlyArray<Ref>, removed: ReadonlyArray<Ref>) => {
  const both = added.find((one) => removed.some((other) => other.ref === one.ref))
  return both === undefined ? Effect.void : refused(`--${word} and --remove-${word} both target ${both.ref}`)
}

const orNone = (refs: ReadonlyArray<string>) => refs.length === 0 ? undefined : refs

/** What the daemon is asked to do with links; undefined where no flag names one. */
const deltaOf = (project: string, links: Effect.Effect.Success<ReturnType<typeof linksOf>>) =>
  Effect.gen(function*() {
    const { add, parent, remove, removeParent } = links
    const delta = {
      set_parent: yield* only("--parent", yield* within("--parent", project, parent)),
      remove_parent: yield* only("--remove-parent", yield* within("--remove-parent", project, removeParent)),
      add_blocks: orNone(yield* within("--blocks", project, add.blocks)),
      add_blocked_by: orNone(yield* within("--blocked-by", project, add.blockedBy)),
      add_related: orNone(yield* within("--related", project, add.related)),
      remove_blocks: orNone(yield* within("--remove-blocks", project, remove.blocks)),
      remove_blocked_by: orNone(yield* within("--remove-blocked-by", project, remove.blockedBy)),
      remove_related: orNone(yield* within("--remove-related", project, remove.related))
    }
    return Object.values(delta).some((value) => value !== undefined) ? delta : undefined
  })

export const edit = command(
  "edit",
  {
    ref: refArgument,
    title: text("title").pipe(Options.withDescription("the new title"), Options.withDefault(undefined)),
    body: text("body").pipe(Options.withDescription("the new text"), Options.withDefault(undefined)),
    owner: text("owner", "actor").pipe(
      Options.withDescription("who works on it; an empty text removes the owner"),
      Options.withDefault(undefined)
    ),
    priority: text("priority", "0..4|-").pipe(
      Options.withDescription("0 is the highest, - takes it away"),
      Options.withDefault(undefined)
    ),
    ...addFlags,
    ...removeFlags,
    comment: commentFlag
  },
  format,
  (flags) =>
    Effect.gen(function*() {
      const { body, comment, owner, priority: word, ref, title, ...lists } = flags
      const isGiven = [title, body, owner, word].some((value) => value !== undefined) ||
        Object.values(lists).some((values) => values.length > 0)
      if (!isGiven) return yield* refused(`pass at least one of ${flagNames}`)
      if (title !== undefined && isBlank(title)) {
        return yield* refused("--title must not be empty (omit the flag to keep the existing title)")
      }
      if (owner !== undefined && owner !== "" && isBlank(owner)) {
        return yield* refused("--owner must not be blank (an empty text removes the owner)")
      }
      const priority = yield* priorityOrDash(word)
      const links = yield* linksOf(lists)
      return yield* change(ref, comment, ({ actor, client, path, project }) =>
        Effect.flatMap(deltaOf(project, links), (links_delta) =>
          client.call("issueEdit", { path, body: { actor, title, body, owner, ...priority, links_delta } })))
    }),
  {
    description:
      "Change an issue: its fields, its links, or both at once. Labels have a command of their own: kata label.",
    examples: [
      ["kata edit abc4 --title 'Parser crashes on an empty file' --priority 0", ""],
      ["kata edit abc4 --parent d4ex --remove-blocks 9xk2", "move it below d4ex, and 9xk2 need not wait any more"],
      ["kata edit abc4 --owner '' --priority -", "without an owner and without a priority"]
    ]
  }
)
