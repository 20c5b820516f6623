/** The merge of the product, as the history asks for it. Nothing else here calls it. */
import * as Effect from "effect/Effect"
import { merge } from "../../../src/merge/Merge.ts"
import type { Source } from "../../../src/merge/sides.ts"
import { homes } from "../../snapshot/kit.ts"
import type { MergeOptions } from "../model/report.ts"
import type { Conflict } from "./compare.ts"
import { actorOf, type Names } from "./names.ts"

/** Merges a real database or snapshot into another; gives the conflicts, of which there are none when it was done. */
export const mergeReal = (
  target: string,
  source: Source,
  { applyPurges, k, only, prefer }: MergeOptions,
  names: Names
) =>
  merge({
    target,
    sources: [source],
    homes,
    actor: actorOf(k),
    ...(only === undefined ? {} : { issues: [...only].map((issue) => names.real(issue)) }),
    ...(prefer === undefined ? {} : { prefer }),
    ...(applyPurges === undefined ? {} : { applyPurges })
  }).pipe(
    Effect.as<ReadonlyArray<Conflict>>([]),
    Effect.catchTag("MergeConflicts", ({ conflicts }) => Effect.succeed<ReadonlyArray<Conflict>>(conflicts))
  )
