/** Rows of a plan that the tables would not take: a source may be edited, and is loaded as it is. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { changing, columnsOf, quote } from "../changes/changeset.ts"
import { breaks } from "../database/rules.ts"
import type { Session } from "../database/Session.ts"
import { SqliteFailure } from "../database/SqliteFailure.ts"
import type { FailureKind } from "../Failure.ts"
import type { Format } from "../records/Format.ts"
import type { Kind } from "../records/Kind.ts"

/** As many rules are told. */
const shown = 5

const Broken = Schema.Struct({
  kind: Schema.String,
  field: Schema.String,
  says: Schema.String,
  /** What a row that breaks the rule has there, as SQL. */
  value: Schema.String,
  /** How many rows do. */
  count: Schema.Int
})
type Broken = typeof Broken.Type

/** What would come in breaks rules of the database. */
export class BreaksRules extends Schema.TaggedError<BreaksRules>()("BreaksRules", {
  target: Schema.String,
  broken: Schema.Array(Broken)
}) {
  readonly kind = "validation" satisfies FailureKind
  get data() {
    return { broken: this.broken }
  }
  override get message() {
    const rules = this.broken.slice(0, shown).map(({ count, field, kind, says, value }) =>
      `${kind}.${field} ${says}: ${value}${count > 1 ? ` (and ${count - 1} more)` : ""}`
    )
    const more = this.broken.length > shown ? `; and ${this.broken.length - shown} more` : ""
    return `${this.target}: what would come in breaks its rules: ${rules.join("; ")}${more}`
  }
  get hint() {
    return "nothing was changed; kata verify lists what is wrong with a snapshot, and kata import --repair makes a database of it without that, " +
      "which can be merged with --from"
  }
}

/** How many rows break each CHECK of a table, and one of them. */
const brokenIn = Effect.fnUntraced(function*(db: Session, kind: Kind) {
  if (kind.checks.length === 0) return []
  const rows = `(SELECT ${columnsOf(kind).map(quote).join(", ")} FROM put_${kind.table}) r`
  const sums = kind.checks.map(({ holds }, i) => `sum(${breaks(holds)}) AS n${i}`).join(", ")
  const counts = yield* db.get("check the plan", `SELECT ${sums} FROM ${rows}`)
  return yield* Effect.forEach(
    kind.checks.flatMap((rule, i) =>
      Number(counts?.[`n${i}`] ?? 0) > 0 ? [{ rule, count: Number(counts?.[`n${i}`]) }] : []
    ),
    ({ count, rule: { field, holds, says } }) =>
      Effect.map(
        db.get(
          "check the plan",
          `SELECT substr(quote(${quote(field)}), 1, 200) AS value FROM ${rows} WHERE ${breaks(holds)} LIMIT 1`
        ),
        (row): Broken => ({ kind: kind.name, field, says, value: String(row?.["value"]), count })
      )
  )
})

/** Fails when a row of the plan in the session breaks a rule of its table. */
export const refuseBroken = Effect.fn("Merge.refuseBroken")(function*(db: Session, format: Format, target: string) {
  const broken = (yield* Effect.forEach(changing(format), (kind) => brokenIn(db, kind))).flat()
  if (broken.length > 0) return yield* new BreaksRules({ target, broken })
})

const isRefusal = <E>(error: E): error is E & SqliteFailure =>
  error instanceof SqliteFailure && error.code.startsWith("SQLITE_CONSTRAINT")

/** Says, where the database did not take the rows of the plan in the session, which it did not take. */
export const sayingBroken = (db: Session, format: Format, target: string) => <A, E, R>(done: Effect.Effect<A, E, R>) =>
  Effect.catchIf(done, isRefusal, (failure) =>
    refuseBroken(db, format, target).pipe(
      // what was found first is told where it cannot be asked any more
      Effect.catchTag("SqliteFailure", () => Effect.void),
      Effect.zipRight(Effect.fail(failure))
    ))
