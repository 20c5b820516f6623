/** What a merge of the model is asked for, and what it says beside its result. */
import type { Db, Event, Facet } from "./database.ts"
import type { Value } from "./facets.ts"
import type { Switches } from "./switches.ts"

export type Side = "source" | "target"

export type Conflict =
  | { readonly is: "facet"; readonly facet: Facet; readonly source: Value; readonly target: Value }
  /** Facets of each side that do not go together, though none of them was changed on both. */
  | {
    readonly is: "circle" | "moved and linked"
    readonly source: ReadonlyArray<Facet>
    readonly target: ReadonlyArray<Facet>
  }
  /** Project merges that nothing tells the direction of. */
  | { readonly is: "projects"; readonly pairs: ReadonlyArray<string> }

/** A facet that the user decided: what it is now, and what the other side had. */
export interface Decision {
  readonly facet: Facet
  readonly value: Value
  readonly other: Value
}

export interface Unexplained {
  readonly facet: Facet
  readonly source: Value
  readonly target: Value
}

export class Report {
  readonly conflicts: Array<Conflict> = []
  readonly notes: Array<string> = []
  readonly decided = new Set<Facet>()
  /** Facets that differ though no event says why. */
  readonly unexplained: Array<Unexplained> = []
  /** Issues of which a side lacks events. */
  readonly murky = new Set<string>()
  /** A conflict about what both sides did alike. */
  needless = false
  projectsMerged = false
  /** How many facets both sides have touched. */
  contested = 0
  /** What only the source has. */
  news: ReadonlyArray<Event> = []
  /** The sides as they were compared. */
  source: Db | undefined
  target: Db | undefined
  hollows: ReadonlySet<Facet> = new Set()
}

export interface MergeOptions {
  /** The number of the operation, and its time: decisions are written with them. */
  readonly k: number
  readonly now: number
  readonly prefer?: Side | undefined
  readonly applyPurges?: boolean
  /** Only these issues of the source. */
  readonly only?: ReadonlySet<string> | undefined
  readonly switches?: Switches
}

/** A rule of the database would be broken: the merge cannot be written. */
export class Broken extends Error {}
