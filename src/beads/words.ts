/** What the words of Beads mean here: statuses, reasons, dependencies, types. Data; what it is for is in `mapping.ts`. */

/** States of which kata has one: open. The word stays as a label, but for `open` itself. */
const open = new Set(["", "open", "in_progress", "blocked", "hooked", "deferred", "pinned"])
/** Words of people, agents and other programs. */
const openToo = new Set(["doing", "pending_review", "draft", "future"])
const closedToo = new Map([
  ["done", "done"],
  ["completed", "done"],
  ["complete", "done"],
  ["resolved", "done"],
  ["merged", "done"],
  ["cancelled", "wontfix"],
  ["canceled", "wontfix"],
  ["wontfix", "wontfix"],
  ["duplicate", "duplicate"]
])

/** Kata has no word for an issue that is put off. */
export const putOff: ReadonlySet<string> = new Set(["deferred", "pinned"])

export type Status =
  | { readonly is: "open"; readonly known: boolean }
  /** `reason` where the status itself says it. */
  | { readonly is: "closed"; readonly known: boolean; readonly reason?: string | undefined }
  | { readonly is: "tombstone" }

/** `hasEnd`: whether there is a time at which it was closed. `closed`: words that the user calls closed. */
export const statusOf = (word: string, hasEnd: boolean, closed: ReadonlySet<string>): Status => {
  if (word === "tombstone") return { is: "tombstone" }
  if (word === "closed") return { is: "closed", known: true }
  if (closed.has(word)) return { is: "closed", known: true }
  if (open.has(word)) return { is: "open", known: true }
  const reason = closedToo.get(word)
  if (reason !== undefined) return { is: "closed", known: true, reason }
  if (hasEnd) return { is: "closed", known: openToo.has(word) }
  return { is: "open", known: openToo.has(word) }
}

const reasons = new Set(["done", "wontfix", "duplicate", "superseded", "audit-no-change"])

/** First words, before a blank, a colon, a dot or a dash. */
const beginnings: ReadonlyArray<readonly [RegExp, string]> = [
  [/^superseded(?=$|[\s:.\-–—])/, "superseded"],
  [/^(?:won['’]?t[ -]?fix|not planned|obsolete)(?=$|[\s:.\-–—])/, "wontfix"]
]

/** A duplicate of something: "duplicate breakdown tasks removed" is none. */
const ofAnother = /^(?:duplicate|dupe)(?:$|\s*:|\s+of\b|\s+(\S+))/

/** What a close reason says, if anything. `isId`: whether a word is the id of a record. */
export const reasonIn = (text: string, isId: (word: string) => boolean): string | undefined => {
  const said = text.trim().toLowerCase()
  if (reasons.has(said)) return said
  const begun = beginnings.find(([form]) => form.test(said))
  if (begun !== undefined) return begun[1]
  const duplicate = ofAnother.exec(said)
  if (duplicate === null) return undefined
  const [, word] = duplicate
  return word === undefined || isId(word.replace(/[.,;:)]+$/, "")) ? "duplicate" : undefined
}

export type LinkKind = "parent" | "blocked_by" | "related"

export interface Meaning {
  readonly link: LinkKind
  /** A word of Beads, not one of people and agents. */
  readonly known: boolean
}

const meanings = new Map<string, Meaning>([
  ...["parent-child"].map((word) => [word, { link: "parent", known: true }] as const),
  ...["parent", "subtask-of", "child", "child-of"].map((word) => [word, { link: "parent", known: false }] as const),
  ...["blocks", "conditional-blocks", "waits-for"].map((word) => [word, { link: "blocked_by", known: true }] as const),
  ...["depends-on", "depends_on", "blocked_by", "blocked-by"].map((word) =>
    [word, { link: "blocked_by", known: false }] as const
  ),
  ...[
    "related",
    "relates-to",
    "discovered-from",
    "duplicates",
    "supersedes",
    "replies-to",
    "caused-by",
    "tracks",
    "validates",
    "until",
    "delegated-from",
    "authored-by",
    "assigned-to",
    "approved-by",
    "attests"
  ].map((word) => [word, { link: "related", known: true }] as const)
])

/** What a dependency means; of a word that nobody knows only that the two have to do with each other. */
export const meaningOf = (word: string): Meaning => meanings.get(word) ?? { link: "related", known: false }

/** Records of the machinery of agents, which are no issues of a person. */
export const infra: ReadonlySet<string> = new Set(["agent", "role", "rig", "event", "message", "slot", "convoy"])
export const infraLabels: ReadonlySet<string> = new Set(["gt:rig", "gt:role", "gt:agent"])
