/** Every finding that there is, from where the code says it. */
import * as Option from "effect/Option"
import { parentCycle } from "../../src/database/links.ts"
import { metaRules } from "../../src/database/meta.ts"
import { crossRules, rowRules } from "../../src/database/rules.ts"
import { objectRules } from "../../src/database/schemaObjects.ts"
import { sequenceRules } from "../../src/database/sequences.ts"
import { kinds, version10 } from "../../src/records/kinds.ts"
import { drop } from "../../src/records/repairs.ts"
import { type Described, uniqueRule } from "../../src/records/Rule.ts"

/** What `--repair` does; `restores`: it is not in a snapshot, and any restore makes it right. */
export type Repair = "mends" | "drops" | "leaves" | "restores"

export interface Entry {
  /** As in `issue.title`; without a dot for what is no field. */
  readonly what: string
  readonly says: string
  readonly blocking: boolean
  readonly repair: Repair
}

const word = (repair: Described["repair"]): Repair =>
  Option.match(repair, { onNone: () => "leaves", onSome: (how) => how === drop ? "drops" : "mends" })

const leftBy: { readonly [rule: string]: Repair } = {
  [metaRules(version10).oddInstance.rule]: "leaves",
  [sequenceRules.unknown.rule]: "drops",
  [sequenceRules.twice.rule]: "drops"
}

export const catalogue: ReadonlyArray<Entry> = [
  ...Object.values(metaRules(version10)).map((rule) => ({
    ...rule,
    what: "meta.value",
    repair: leftBy[rule.rule] ?? "mends"
  })),
  ...kinds.flatMap((kind) =>
    [
      ...rowRules(kind),
      ...crossRules(kind),
      ...(kind.tree === undefined ? [] : [parentCycle(kind.tree)]),
      ...kind.unique.map(uniqueRule)
    ].map((rule) => ({ ...rule, what: `${kind.name}.${rule.field}`, repair: word(rule.repair) }))
  ),
  ...Object.values(sequenceRules).map((rule) => ({
    ...rule,
    what: "sqlite_sequence.seq",
    blocking: false,
    repair: leftBy[rule.rule] ?? "mends"
  })),
  ...Object.values(objectRules).map((rule) => ({
    ...rule,
    what: "schema",
    blocking: false,
    repair: "restores" as const
  }))
].map(({ blocking, repair, says, what }): Entry => ({ what, says, blocking, repair }))
