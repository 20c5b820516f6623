/** What doctor tells of a database of another version: what becomes of it, and what an upgrade needs. Nothing is changed. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { Failure } from "../Failure.ts"
import { type Finding, lossesOf } from "../records/Finding.ts"
import { version10 } from "../records/kinds.ts"
import type { Homes } from "./stopHint.ts"
import { upgrade } from "./Upgrade.ts"
import type { UpgradeReport } from "./UpgradeReport.ts"

/** What an upgrade would say; none of a newer version, which has losses of its own. */
export type Outlook = Either.Either<UpgradeReport, Failure> | undefined

/** Asks the upgrade itself: it does everything but its last step. */
export const outlookOf = Effect.fn("Upgrade.outlook")(function*(database: string, version: number, homes: Homes) {
  if (version >= version10.version) return undefined
  const asked: Outlook = yield* Effect.either(upgrade({ database, dryRun: true, homes }))
  return asked
})

const sum = (counts: ReadonlyArray<number>) => counts.reduce((all, n) => all + n, 0)

/** What it reads that an export stops at: blobs that are texts. */
export const readByUpgrade = (outlook: Outlook, stopped: Failure) =>
  outlook === undefined || Either.isLeft(outlook) || outlook.right.findings.every(({ rule }) => rule !== "blob") ?
    undefined :
    {
      findings: outlook.right.findings,
      says: `${sum(Object.values(outlook.right.records))} records can be exported once it is upgraded`,
      details: [`kata export stops at ${stopped.message}`],
      next: "kata upgrade reads what is a blob as the text that it is"
    }

const keeps = "and keeps it as .bak; kata export makes a snapshot of version 10, and it stays as it is"

const olderReport = (asked: Either.Either<UpgradeReport, Failure>) => {
  if (Either.isLeft(asked)) {
    const [first = ""] = asked.left.message.split("\n")
    return {
      details: [`kata upgrade is refused: ${first}`],
      next: "kata upgrade --dry-run says what to do about that; kata export --as-stored carries the database as it is"
    }
  }
  const { losses, refused_losses: refused } = asked.right
  return refused.length === 0
    ? { details: [], next: `kata upgrade makes it one of version 10 ${keeps}` }
    : {
      details: [
        `kata upgrade is refused: it would lose what points at issues that are gone (${
          Object.entries(losses).map(([name, n]) => `${name} ${n}`).join(", ")
        })`
      ],
      next: `kata upgrade --accept-loss orphans makes it one of version 10 without these rows, ${keeps}`
    }
}

/** Of a database of another version: what becomes of its records, what was not asked of it, and what to do. */
export const versionReport = (findings: ReadonlyArray<Finding>, outlook: Outlook) => {
  const changed = sum(findings.filter(({ outcome }) => outcome === "upgraded").map(({ count }) => count))
  const lost = outlook === undefined ? sum(Object.values(lossesOf(findings))) : 0
  const older = outlook === undefined ? undefined : olderReport(outlook)
  return {
    details: [
      ...(changed === 0 ? [] : [
        changed === 1
          ? "version 10 says 1 thing otherwise, which is listed below"
          : `version 10 says ${changed} things otherwise, which are listed below`
      ]),
      ...(lost === 0 ? [] : [
        lost === 1
          ? "version 10 cannot hold 1 thing, which is listed below and would be lost"
          : `version 10 cannot hold ${lost} things, which are listed below and would be lost`
      ]),
      "not judged: its indexes and triggers, whether blocking issues wait for each other, what the newest Go kata would stop at",
      ...older?.details ?? []
    ],
    next: older?.next ?? (lost === 0
      ? `kata upgrade --from-newer makes it one of version 10 ${keeps}`
      : "kata upgrade --from-newer --dry-run says what would be lost; kata export --accept-loss all makes a snapshot of the rest, and it stays as it is")
  }
}
