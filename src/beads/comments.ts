/** Comments of a record as comments of an issue. */
import type { Account } from "./account.ts"
import type { BeadsComment } from "./record.ts"
import { digestOf } from "./text.ts"
import { timeIn } from "./time.ts"

export interface CommentRow {
  readonly external_id: string
  readonly author: string
  readonly body: string
  readonly created_at: string
  /** By what Go kata's import knows it. */
  readonly formerly: string | undefined
  /** Of those that say the same it is the first, the second …: so many of them may be here under another name. */
  readonly ordinal: number
}

const isBlank = (text: string) => text.replace(/\0[^]*$/, "").trim() === ""

/** `created`: when the issue was made, for a comment without a time. Names are of the issue: numbers repeat across clones. */
export const commentRows = (
  comments: ReadonlyArray<BeadsComment>,
  name: string,
  created: string,
  account: Account,
  options: { readonly actor: string; readonly mergeIdentical: boolean }
): ReadonlyArray<CommentRow> => {
  const rows: Array<CommentRow> = []
  const taken = new Set<string>()
  const said = new Map<string, number>()
  for (const { author, created_at, id, text } of comments) {
    if (isBlank(text)) {
      account.note("comments without text, left out", name)
      continue
    }
    const same = JSON.stringify([author, created_at, text])
    const ordinal = (said.get(same) ?? 0) + 1
    said.set(same, ordinal)
    if (ordinal > 1) {
      account.note(
        options.mergeIdentical ? "comments that repeat another, left out" : "comments that repeat another",
        name
      )
      if (options.mergeIdentical) continue
    }
    const time = timeIn(created_at)
    if (typeof time === "string") account.note("comments without a time: that of the issue", name)
    if (isBlank(author)) account.note("comments without an author: who imports them", name)
    const known = id ?? digestOf(JSON.stringify([name, same, ordinal])).slice(0, 24)
    // two clones may have counted alike
    const unique = taken.has(known) ? `${known}~${digestOf(same).slice(0, 8)}${ordinal}` : known
    taken.add(known).add(unique)
    rows.push({
      external_id: `c:${name}:${unique}`,
      author: isBlank(author) ? options.actor : author.toWellFormed(),
      body: text.toWellFormed(),
      created_at: typeof time === "string" ? created : time.at,
      formerly: id,
      ordinal
    })
  }
  return rows
}
