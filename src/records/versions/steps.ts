/** The steps from every older version to the newest one, in order, and what they make of a record together. */
import * as Either from "effect/Either"
import type { Format } from "../Format.ts"
import type { AnyRecord, Problem } from "../Kind.ts"
import { newerFormat, newestVersion } from "./newer.ts"
import type { Change, Known, Step, Upgraded } from "./Step.ts"
import { v1ToV2 } from "./v1ToV2.ts"
import { v2ToV3 } from "./v2ToV3.ts"
import { v3ToV4 } from "./v3ToV4.ts"
import { v4ToV5 } from "./v4ToV5.ts"
import { v5ToV6 } from "./v5ToV6.ts"
import { v6ToV7 } from "./v6ToV7.ts"
import { v7ToV8 } from "./v7ToV8.ts"
import { v8ToV9 } from "./v8ToV9.ts"
import { v9ToV10 } from "./v9ToV10.ts"

export const steps: ReadonlyArray<Step> = [
  v1ToV2,
  v2ToV3,
  v3ToV4,
  v4ToV5,
  v5ToV6,
  v6ToV7,
  v7ToV8,
  v8ToV9,
  v9ToV10
]

/** The format of a file of that version, of which one of the format can be made; none, when there is no way. */
export const olderThan = (format: Format, version: number): Format | undefined =>
  steps.at(-1)?.to === format.version ? steps.find(({ from }) => from.version === version)?.from : undefined

/** The newer versions that one of the format can be made of are those up to this one. */
export const newestFor = (format: Format): number =>
  steps.at(-1)?.to === format.version ? newestVersion : format.version

/** The format of a file of another version, of which one of the format can be made; none, when there is no way. */
export const otherThan = (format: Format, version: number): Format | undefined =>
  olderThan(format, version) ?? (newestFor(format) > format.version ? newerFormat(version) : undefined)

/** The steps that lead from one format to the next ones, up to the other; none when there are none in between. */
export const stepsFrom = (from: Format, to: Format): ReadonlyArray<Step> =>
  from.version >= to.version ? [] : steps.filter((step) => step.from.version >= from.version)

/** A record of the kind, taken through the steps. */
export const upgrade = (
  steps: ReadonlyArray<Step>,
  kind: string,
  record: AnyRecord,
  known: Known
): Either.Either<Upgraded, Problem> => {
  let now = record
  const changes: Array<Change> = []
  for (const { rules } of steps) {
    const upgraded = rules[kind]?.(now, known)
    if (upgraded === undefined) continue
    if (Either.isLeft(upgraded)) return Either.left(upgraded.left)
    now = upgraded.right.record
    changes.push(...upgraded.right.changes)
  }
  return Either.right({ record: now, changes })
}
