/** Every finding that there is, from where the code says it. */
import * as Option from "effect/Option"
import { parentCycle } from "../../src/database/links.ts"
import { metaRules } from "../../src/database/meta.ts"
import { crossRules, rowRules } from "../../src/database/rules.ts"
import { objectRules } from "../../src/database/schemaObjects.ts"
import { sequenceRules } from "../../src/database/sequences.ts"
import { kinds } from "../../src/records/kinds.ts"
import { drop, repairOf } from "../../src/records/repairs.ts"

/** What `--repair` does; `restores`: it is not in a snapshot, and any restore makes it right. */
export type Repair = "mends" | "drops" | "leaves" | "restores"

export interface Entry {
  /** As in `issue.title`; without a dot for what is no field. */
  readonly what: string
  readonly says: string
  readonly blocking: boolean
  readonly repair: Repair
}

const word = (repair: ReturnType<typeof repairOf>): Repair =>
  Option.match(repair, { onNone: () => "leaves", onSome: (how) => how === drop ? "drops" : "mends" })

const leftBy: { readonly [rule: string]: Repair } = {
  [metaRules.oddInstance.rule]: "leaves",
  [sequenceRules.unknown.rule]: "drops",
  [sequenceRules.twice.rule]: "drops"
}

export const catalogue: ReadonlyArray<Entry> = [
  ...Object.values(metaRules).map((rule) => ({ ...rule, what: "meta.value", repair: leftBy[rule.rule] ?? "mends" })),
  ...kinds.flatMap((kind) =>
    [
      ...rowRules(kind),
      ...crossRules(kind),
      ...(kind.name === "link" ? [parentCycle] : []),
      ...kind.unique.map(({ columns, where }) => ({
        rule: "unique",
        field: columns.join(", "),
        says: `is there more than once${where === undefined ? "" : ` where ${where}`}`,
        blocking: true
      }))
    ].map((rule) => ({ ...rule, what: `${kind.name}.${rule.field}`, repair: word(repairOf(kind, rule)) }))
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
