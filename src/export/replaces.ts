/** Whether an export may take the place of the file that is there. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { fileKind } from "../database/fileKind.ts"
import type { FailureKind } from "../Failure.ts"
import { resolve, sameFile } from "../files/paths.ts"
import { isDescriptor } from "../files/specialFiles.ts"
import { refuseProtected } from "../presence/protectedFiles.ts"
import { glance } from "../snapshot/glance.ts"

/** The output is the database or belongs to it. */
export class OutputIsDatabase extends Schema.TaggedError<OutputIsDatabase>()("OutputIsDatabase", {
  output: Schema.String,
  database: Schema.String
}) {
  readonly kind = "validation" satisfies FailureKind
  override get message() {
    return `the output ${this.output} is the database ${this.database} itself or one of its files`
  }
  get hint() {
    return "name another file; nothing was written"
  }
}

const sideFiles = ["", "-wal", "-shm", "-journal", ".lock"]

/** Fails when the output is the database that is exported, or a file that nothing may replace. */
export const refuseDatabases = Effect.fn("Export.refuseDatabases")(function*(output: string, database: string) {
  const real = yield* resolve(database)
  for (const side of sideFiles) {
    if (yield* sameFile(output, real + side)) return yield* new OutputIsDatabase({ output, database })
  }
  yield* refuseProtected(output, "file")
})

const reasons = {
  instance: "it is a snapshot of another database",
  empty: "it holds issues, and the database has none",
  salvage: "it is a snapshot, and what could be read of the database is not all",
  part: "it is a snapshot of a whole database, and this would be one of some projects"
} as const

type Reason = keyof typeof reasons

/** The output is a snapshot that holds what the new one would not. */
export class SnapshotKept extends Schema.TaggedError<SnapshotKept>()("SnapshotKept", {
  output: Schema.String,
  reason: Schema.Literal(...Object.keys(reasons) as [Reason, ...Array<Reason>]),
  /** What the old file holds. */
  held: Schema.Struct({
    /** Whose it is; empty when it does not say. */
    instance: Schema.String,
    /** At least. */
    issues: Schema.Int,
    /** That is all of them. */
    counted: Schema.Boolean,
    /** The latest time in it that was read, ISO 8601; empty when there is none. */
    changed: Schema.String
  })
}) {
  readonly kind = "conflict" satisfies FailureKind
  override get message() {
    const { changed, counted, instance, issues } = this.held
    const holds = [
      `${counted ? "" : "at least "}${issues} ${issues === 1 ? "issue" : "issues"}`,
      ...(changed === "" ? [] : [`last changed ${changed}`]),
      ...(instance === "" ? [] : [`instance ${instance}`])
    ]
    return `${this.output} was not replaced: ${reasons[this.reason]} (it holds ${holds.join(", ")})`
  }
  get hint() {
    return "is it the right database? If its work was lost, kata import makes it again of that snapshot. Else name another file, or pass --force to replace it"
  }
}

/** What an export is about to write. */
export interface Content {
  /** Whose it is; undefined when the database does not say. */
  readonly instance: string | undefined
  readonly wholeDatabase: boolean
  readonly issues: number
  /** Rows were left out, because they could not be read or carried. */
  readonly incomplete: boolean
}

/** Of the old file, uncompressed: to know whether it may be replaced, and to say what it holds when it may not. */
const lookBytes = 1024 * 1024
const countBytes = 64 * 1024 * 1024

const lossOf = (old: Option.Option.Value<Effect.Effect.Success<ReturnType<typeof glance>>>, content: Content) =>
  old.isFilled && old.instance !== "" && content.instance !== undefined && old.instance !== content.instance
    ? "instance"
    : (old.issues > 0 || !old.whole) && content.issues === 0
    ? "empty"
    : old.issues > 0 && content.incomplete
    ? "salvage"
    : old.wholeDatabase && old.isFilled && !content.wholeDatabase
    ? "part"
    : undefined

/** Fails when the output is a snapshot that holds what the new one would not. Only its beginning is read. */
export const refuseLoss = Effect.fn("Export.refuseLoss")(function*(output: string, content: Content) {
  const real = yield* resolve(output)
  if (isDescriptor(real) || Option.isNone(yield* fileKind(real, output))) return
  const old = yield* glance(real, lookBytes)
  const reason = Option.isNone(old) ? undefined : lossOf(old.value, content)
  if (reason === undefined) return
  const { changed, instance, issues, whole } = Option.getOrElse(
    yield* glance(real, countBytes),
    () => Option.getOrThrow(old)
  )
  return yield* new SnapshotKept({ output, reason, held: { instance, issues, counted: whole, changed } })
})
