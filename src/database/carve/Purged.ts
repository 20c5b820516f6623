/** What the purge log names: it was removed for good, and is neither carried nor written anywhere when a page still has it. */
import type { Kind } from "../../records/Kind.ts"
import type { SalvageAccount } from "../SalvageAccount.ts"
import type { Cell, Row } from "../Session.ts"
import { decode, held, leafCell, nodeOf, type Pages, tableLeaf } from "./Image.ts"
import { fits } from "./shapes.ts"

const most = 1024 * 1024

const textOf = (value: Cell | undefined): string | null =>
  value instanceof Uint8Array ? Buffer.from(value).toString("utf8") : null

/** Columns that name an issue, by its uid and by its id. */
const names: {
  readonly [table: string]: { readonly uids: ReadonlyArray<string>; readonly ids: ReadonlyArray<string> }
} = {
  issues: { uids: ["uid"], ids: ["id"] },
  comments: { uids: [], ids: ["issue_id"] },
  issue_labels: { uids: [], ids: ["issue_id"] },
  links: { uids: ["from_issue_uid", "to_issue_uid"], ids: ["from_issue_id", "to_issue_id"] },
  import_mappings: { uids: [], ids: ["issue_id"] },
  events: { uids: ["issue_uid", "related_issue_uid"], ids: ["issue_id", "related_issue_id"] }
}

export class Purged {
  private readonly account: SalvageAccount
  private count = 0

  constructor(account: SalvageAccount) {
    this.account = account
  }

  /** Reads the purge log where these pages have it; gives way after each. `newer`: they were written after all that is in tables. */
  *read(
    pages: Pages,
    kind: Kind,
    some: Iterable<{ readonly page: number; readonly bytes: Buffer }>,
    newer: boolean
  ): Generator<undefined> {
    const at = (key: string) => kind.columns.findIndex((field) => field.key === key)
    const [issue, uid] = [at("purged_issue_id"), at("issue_uid")]
    for (const { bytes, page } of some) {
      const node = nodeOf(page, bytes, pages.usable)
      if (node?.type !== tableLeaf) continue
      for (const cell of node.cells.map((at) => leafCell(pages, node, at))) {
        const decoded = cell === undefined ? undefined : decode(pages, cell, most)
        if (decoded === undefined || !fits(kind, decoded.slots)) continue
        const id = held(decoded, issue).value
        this.name(typeof id === "bigint" ? id : null, textOf(held(decoded, uid).value), newer)
      }
      yield undefined
    }
  }

  private name(issue: bigint | null, uid: string | null, newer: boolean): void {
    this.account.to.prepare("INSERT INTO purged VALUES (?, ?, ?)").run(issue, uid, newer ? 1n : 0n)
    if (this.count === 0) this.account.to.execute("CREATE INDEX temp.purged_issue ON purged (issue)")
    if (this.count === 0) this.account.to.execute("CREATE INDEX temp.purged_uid ON purged (uid)")
    this.count++
  }

  private uidIs(uid: string, newer: boolean): boolean {
    const sql = "SELECT 1 AS one FROM purged WHERE uid = ? AND newer >= ?"
    return this.account.to.prepare(sql).get(uid, newer ? 1n : 0n) !== undefined
  }

  /** An id is that of a purged issue unless another issue has it, as after a restore that began to count anew. */
  private idIs(id: bigint, newer: boolean): boolean {
    const { to } = this.account
    const sql = "SELECT 1 AS one FROM purged WHERE issue = ? AND newer >= ?"
    return to.prepare(sql).get(id, newer ? 1n : 0n) !== undefined &&
      to.prepare("SELECT 1 AS one FROM issues WHERE id = ?").get(id) === undefined
  }

  /**
   * Whether a row is of what was purged; of columns that are not known nothing is said. `newer`: whether a purge names it that is newer
   * than the tables, so that their having it says nothing.
   */
  has(kind: Kind, row: Row, rowid: bigint, newer = false): boolean {
    const columns = names[kind.table]
    if (this.count === 0 || columns === undefined) return false
    const uids = columns.uids.flatMap((column) => textOf(row[`value ${column}`]) ?? [])
    if (uids.some((uid) => this.uidIs(uid, newer))) return true
    // a uid that was not purged is stronger evidence than an id
    if (kind.table === "issues" && uids.length > 0) return false
    return columns.ids.some((column) => {
      const id = kind.table === "issues" ? rowid : row[`value ${column}`]
      return typeof id === "bigint" && this.idIs(id, newer)
    })
  }
}
