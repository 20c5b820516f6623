/** What the steps of a merge work on. */
import type { Db, Facet } from "./database.ts"
import type { OneSide } from "./extra.ts"
import type { Value } from "./facets.ts"
import type { Decision, Report, Side } from "./report.ts"
import type { Switches } from "./switches.ts"

export interface Work {
  readonly source: OneSide
  readonly target: OneSide
  /** What becomes of the target. */
  readonly result: Db
  readonly both: ReadonlySet<string>
  /** Issues that come in. */
  readonly fresh: ReadonlySet<string>
  readonly only: ReadonlySet<string> | undefined
  readonly values: { readonly source: ReadonlyMap<Facet, Value>; readonly target: ReadonlyMap<Facet, Value> }
  /** Facets that become what the source says, or what was decided. */
  readonly take: Map<Facet, Value>
  decisions: ReadonlyArray<Decision>
  /** Links that a purge took on the source, whose events still tell of them. */
  readonly hollows: Set<Facet>
  readonly report: Report
  readonly prefer: Side | undefined
  readonly k: number
  readonly now: number
  readonly switches: Switches
}

/** Issues on both sides that the merge may change. */
export const shared = ({ both, only }: Work): ReadonlyArray<string> =>
  [...both].filter((issue) => only === undefined || only.has(issue))
