/** Records that stand under one id: they become one, when the last of them is read. */
import type { Account } from "./account.ts"
import type { BeadsComment, BeadsRecord } from "./record.ts"
import type { Survey } from "./survey.ts"
import { timeIn } from "./time.ts"

/** A record and the name under which it comes. */
export interface Unit {
  readonly record: BeadsRecord
  readonly name: string
}

const timeOf = ({ updated_at }: BeadsRecord): string => {
  const time = timeIn(updated_at)
  return typeof time === "string" ? "" : time.at
}

const keyOf = ({ author, created_at, id, text }: BeadsComment) => JSON.stringify([id, author, created_at, text])

const distinct = <A>(all: ReadonlyArray<A>, key: (one: A) => string): ReadonlyArray<A> => [
  ...new Map(all.map((one) => [key(one), one])).values()
]

const list = (raws: ReadonlyArray<string>): string => `[${raws.join(",")}]`

/** What differs is the newer one's, the later line's where both are of one time; labels, edges and comments are united. */
const united = (a: BeadsRecord, b: BeadsRecord): BeadsRecord => {
  const newer = timeOf(b) >= timeOf(a) ? b : a
  const labels = [...new Set([...a.labels, ...b.labels])]
  const dependencies = distinct(
    [...a.dependencies, ...b.dependencies],
    ({ target, type }) => JSON.stringify([target, type])
  )
  const comments = a.comments === undefined && b.comments === undefined
    ? undefined
    : distinct([...a.comments ?? [], ...b.comments ?? []], keyOf)
  const members = new Map(newer.members)
  if (labels.length > 0) members.set("labels", list(labels.map((label) => JSON.stringify(label))))
  if (dependencies.length > 0) members.set("dependencies", list(dependencies.map(({ spelled }) => spelled)))
  return { ...newer, labels, dependencies, comments, members }
}

/** Holds back what is not complete. */
export class Uniting {
  private readonly open = new Map<string, BeadsRecord>()
  private readonly survey: Survey
  private readonly account: Account

  constructor(survey: Survey, account: Account) {
    this.survey = survey
    this.account = account
  }

  /** What has become complete with this record. */
  take(record: BeadsRecord): ReadonlyArray<Unit> {
    const { id, line } = record
    const entry = this.survey.entries.get(id)
    if (entry === undefined || entry.last === entry.line) return [{ record, name: id }]
    const name = this.survey.isTwin(record) ? `${id}~2` : id
    const before = this.open.get(name)
    if (before !== undefined) {
      this.account.skip("doubled, united with the other of its id", id)
      if (entry.digests.size > 1) this.account.note("records of one id that differ, united", id)
    }
    this.open.set(name, before === undefined ? record : united(before, record))
    if (line < entry.last) return []
    const units = [id, `${id}~2`].flatMap((name) => {
      const record = this.open.get(name)
      this.open.delete(name)
      return record === undefined ? [] : [{ record, name }]
    })
    return units
  }
}
