/** What may be lost of a newer version, as the user has said it, and why nothing is done when that is not enough. */
import * as Schema from "effect/Schema"
import type { FailureKind } from "../Failure.ts"
import { Finding, lossesOf } from "../records/Finding.ts"
import { acceptable, acceptedBy, grouped, lossGroups } from "../records/losses.ts"

/** A newer version says what version 10 cannot hold, and its loss was not accepted. */
export class LossesRefused extends Schema.TaggedError<LossesRefused>()("LossesRefused", {
  file: Schema.String,
  version: Schema.Int,
  /** The losses that were not accepted. */
  findings: Schema.Array(Finding),
  /** The command that lists what would be lost; `kata verify` unless said otherwise. */
  next: Schema.optional(Schema.String)
}) {
  readonly kind = "validation" satisfies FailureKind
  override get message() {
    const counts = lossesOf(this.findings)
    const said = grouped(Object.keys(counts)).map((name) =>
      `${name} (${(lossGroups[name] ?? [name]).reduce((sum, name) => sum + (counts[name] ?? 0), 0)})`
    )
    const [first] = this.findings
    return `${this.file}: is of version ${this.version}, and version 10 cannot hold all of it: ${said.join(", ")}` +
      (first === undefined ? "" : `; the first is ${first.brief}`)
  }
  get hint() {
    const names = grouped(Object.keys(lossesOf(this.findings))).join(",")
    return `nothing was changed; ${this.next ?? "kata verify"} lists what would be lost, and where it is. ` +
      `To go on without it: --accept-loss ${names}, or --accept-loss all`
  }
}

/** A name that no loss has. */
export class LossUnknown extends Schema.TaggedError<LossUnknown>()("LossUnknown", {
  name: Schema.String,
  known: Schema.Array(Schema.String)
}) {
  readonly kind = "usage" satisfies FailureKind
  override get message() {
    return `no loss is called ${JSON.stringify(this.name)}`
  }
  get hint() {
    return `the names are: ${this.known.join(", ")}`
  }
}

/** The first of the names that no loss and no group has, nor what may be lost beside them. */
export const unknownLoss = (
  names: ReadonlyArray<string>,
  beside: ReadonlyArray<string> = []
): LossUnknown | undefined => {
  const known = [...new Set(["all", ...beside, ...acceptable])]
  const name = names.find((name) => !known.includes(name))
  return name === undefined ? undefined : new LossUnknown({ name, known })
}

/** The losses among the findings that these names do not accept. */
export const unaccepted = (findings: ReadonlyArray<Finding>, names: ReadonlyArray<string>): ReadonlyArray<Finding> => {
  const accepted = acceptedBy(names)
  return findings.filter(({ loss }) => loss !== undefined && !accepted(loss))
}
