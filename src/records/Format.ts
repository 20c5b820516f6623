/**
 * A format: which kinds of records a file of one version has, and in which order. Whoever reads, writes, loads or checks records takes it as
 * a parameter; nothing below the operations knows which version it works on.
 */
import * as Option from "effect/Option"
import type { Kind } from "./Kind.ts"

export interface Format {
  /** The export version, which is the schema version of its databases. */
  readonly version: number
  /** Every kind, by rank: the records of a file never go back in this order. */
  readonly kinds: ReadonlyArray<Kind>
  /** Tables of its databases whose rows are no records: other records tell them. */
  readonly beside: ReadonlyArray<string>
  /** The kinds whose tables count in sqlite_sequence. */
  readonly counting: ReadonlyArray<Kind>
  /** The place of a kind in the order. */
  readonly rank: (kind: Kind) => number
  readonly kindOf: (name: string) => Option.Option<Kind>
  /** The kind whose records are the rows of a table. */
  readonly kindIn: (table: string) => Option.Option<Kind>
}

/** Kinds that refer to a table that none of them is in are a mistake of ours, and fail when the module loads. */
export const make = (
  { beside = [], kinds, version }: Pick<Format, "kinds" | "version"> & { readonly beside?: ReadonlyArray<string> }
): Format => {
  const byName = new Map(kinds.map((kind) => [kind.name, kind]))
  const byTable = new Map(kinds.map((kind) => [kind.table, kind]))
  const ranks = new Map(kinds.map((kind, i) => [kind, i]))
  for (const { fields, name } of kinds) {
    for (const { key, reference } of fields) {
      const missing = Option.filter(reference, ({ table }) => !byTable.has(table))
      if (Option.isSome(missing)) {
        throw new Error(`${name}.${key} refers to ${missing.value.table}, which no kind is in`)
      }
    }
  }
  return {
    version,
    kinds,
    beside,
    counting: kinds.filter(({ autoincrement }) => autoincrement),
    rank: (kind) => ranks.get(kind) ?? 0,
    kindOf: (name) => Option.fromNullable(byName.get(name)),
    kindIn: (table) => Option.fromNullable(byTable.get(table))
  }
}
