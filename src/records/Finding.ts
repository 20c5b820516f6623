/**
 * What is odd about records that are carried all the same, and what was done about it (D13). Findings are counted by rule, with the
 * first few rows as examples, so that a report stays small whatever the database holds.
 */
import * as Schema from "effect/Schema"

/** How many rows of one finding are named. */
export const examples = 10

export class FindingRow extends Schema.Class<FindingRow>("FindingRow")({
  /** The key of the row, as in `7` or `7/bug`. */
  row: Schema.String,
  /** The odd value, shortened. */
  value: Schema.optional(Schema.String),
  /** The line in the file, where there is a file. */
  line: Schema.optional(Schema.Int)
}) {}

/**
 * `carried`: written or restored exactly as it is. `detached`: kept without a reference that leads out of what was asked for.
 * `dropped`: left out. `repaired`: changed, because a repair was asked for. `rejected`: could not be carried, and is
 * written raw to a file of its own. `upgraded`: what another version said, as version 10 says it. `lost`: what a newer version said and
 * version 10 cannot hold.
 */
export const Outcome = Schema.Literal("carried", "detached", "dropped", "repaired", "rejected", "upgraded", "lost")
export type Outcome = typeof Outcome.Type

const reported = ({ line, value }: FindingRow, row: string) =>
  (line === undefined ? "" : `line ${line}: `) + shorten(row) + (value === undefined ? "" : ` ${JSON.stringify(value)}`)

export class Finding extends Schema.Class<Finding>("Finding")({
  rule: Schema.String,
  /** The kind of the records; for what belongs to no kind, the name of the table, or `line` of a file. */
  kind: Schema.String,
  field: Schema.optional(Schema.String),
  says: Schema.String,
  outcome: Outcome,
  /** The name under which the loss is accepted. */
  loss: Schema.optional(Schema.String),
  /** A restore refuses it unless it is asked to repair. */
  blocking: Schema.Boolean,
  count: Schema.Int,
  rows: Schema.Array(FindingRow)
}) {
  /** What is odd, without rows: `issue.priority is …`. */
  get title(): string {
    return `${this.field === undefined ? this.kind : `${this.kind}.${this.field}`} ${this.says}`
  }

  /** One line with everything. */
  get line(): string {
    const rows = this.rows.map((row) => reported(row, row.row))
    const more = this.count > rows.length && rows.length > 0 ? `, … ${this.count - rows.length} more` : ""
    return `${this.title} (${this.count}${this.outcome === "carried" ? "" : ` ${this.outcome}`})` +
      (rows.length === 0 ? "" : `: ${rows.join(", ")}${more}`)
  }

  /** For the message of an error, which names one place: `line 8: issue 2: priority must be …: "9"`. */
  get brief(): string {
    const [row] = this.rows
    if (row === undefined) return this.title
    const where = `${row.line === undefined ? "" : `line ${row.line}: `}${this.kind} ${shorten(row.row)}: `
    return `${where}${this.field === undefined ? "" : `${this.field} `}${this.says}` +
      (row.value === undefined ? "" : `: ${JSON.stringify(row.value)}`) +
      (this.count > 1 ? ` (and ${this.count - 1} more)` : "")
  }

  /** The rows, a line for each: all that are known when something happens because of them, else a few. */
  get list(): ReadonlyArray<string> {
    const few = !this.blocking && (this.outcome === "carried" || this.outcome === "upgraded")
    const rows = this.rows.slice(0, few ? 3 : examples)
      .map((row) => reported(row, this.kind === "line" ? row.row : `${this.kind} ${row.row}`))
    return rows.length === 0 || this.count <= rows.length ? rows : [...rows, `… ${this.count - rows.length} more`]
  }
}

/** A value as an example in a report. */
export const shorten = (value: string): string => value.length > 60 ? `${value.slice(0, 59)}…` : value

/** Collects findings one row at a time, by rule. */
export class Findings {
  private readonly found = new Map<
    string,
    {
      finding: Omit<ConstructorParameters<typeof Finding>[0], "count" | "rows">
      count: number
      rows: Array<FindingRow>
    }
  >()

  /** `row` is asked for as long as rows are named; none: the finding is only counted. */
  add(
    finding: Omit<ConstructorParameters<typeof Finding>[0], "count" | "rows">,
    row: FindingRow | (() => FindingRow | undefined)
  ): void {
    const key = JSON.stringify([finding.kind, finding.field, finding.rule, finding.outcome])
    const entry = this.found.get(key) ?? { finding, count: 0, rows: [] }
    this.found.set(key, entry)
    entry.count++
    const named = entry.rows.length >= examples ? undefined : typeof row === "function" ? row() : row
    if (named !== undefined) entry.rows.push(named)
  }

  get list(): ReadonlyArray<Finding> {
    return Array.from(this.found.values(), ({ count, finding, rows }) => new Finding({ ...finding, count, rows }))
  }
}

/** How many rows or lines could not be carried. */
export const rejectedOf = (findings: ReadonlyArray<Finding>): number =>
  findings.reduce((sum, { count, outcome }) => sum + (outcome === "rejected" ? count : 0), 0)

/** What is lost, by the names under which it is accepted. */
export const Losses = Schema.Record({ key: Schema.String, value: Schema.Int })
export type Losses = typeof Losses.Type

/** How often each loss is among the findings. */
export const lossesOf = (findings: ReadonlyArray<Finding>): Losses => {
  const counts: Record<string, number> = {}
  for (const { count, loss } of findings) if (loss !== undefined) counts[loss] = (counts[loss] ?? 0) + count
  return counts
}

export const blocking = (findings: ReadonlyArray<Finding>): ReadonlyArray<Finding> =>
  findings.filter((finding) => finding.blocking)
