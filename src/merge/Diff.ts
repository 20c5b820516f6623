/**
 * What two snapshots or databases say differently, whatever numbers their rows have (docs/diff.md):
 *
 *     a ──┐                 pairs of rows        the table            changes, the
 *         ├─ one session ──▶ that are the ──────▶ `difference` ──────▶ newest first
 *     b ──┘                 same
 *
 * A snapshot, and a database of another version, is a private database first.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Counts } from "../changes/Counts.ts"
import { Database } from "../database/Database.ts"
import type { Scope } from "../database/Selection.ts"
import type { Session } from "../database/Session.ts"
import { sweepPrivate } from "../files/staleFiles.ts"
import { turn } from "../host/turn.ts"
import { phase } from "../Progress.ts"
import type { Format } from "../records/Format.ts"
import { version10 } from "../records/kinds.ts"
import type { Input } from "../snapshot/input.ts"
import { VerifyReport } from "../snapshot/verify.ts"
import { Change, changeOf, FieldChange } from "./Change.ts"
import { compare } from "./differences.ts"
import { DiffReport, fewChanges, NothingToCompare } from "./DiffReport.ts"
import { isPartial, ofBoth, openDatabase, type Opened, openSide, openSnapshot, scopeOf, type Source } from "./sides.ts"

export { Counts } from "../changes/Counts.ts"
export * from "./DiffReport.ts"
export { Side } from "./Side.ts"
export type { Source } from "./sides.ts"

export interface DiffOptions<E = never> {
  readonly a: Source<E>
  readonly b: Source<E>
  /** Only what belongs to the project of that name, on either side. */
  readonly project?: string | undefined
  /** Only what is about that issue: `project#short-id`, or its uid. */
  readonly issue?: string | undefined
  /** How many changes are told; all are counted. */
  readonly limit?: number | undefined
}

/** The uid of what was asked for, on the side that has it. */
const uidOf = Effect.fnUntraced(function*(db: Session, is: "project" | "issue", asked: string | undefined) {
  if (asked === undefined) return undefined
  const hash = asked.lastIndexOf("#")
  const where = is === "project"
    ? "SELECT uid FROM @.projects WHERE name = @name OR uid = upper(@name)"
    : hash < 0
    ? "SELECT uid FROM @.issues WHERE uid = upper(@name)"
    : "SELECT i.uid FROM @.issues i JOIN @.projects p ON p.id = i.project_id WHERE p.name = @name AND i.short_id = lower(@short)"
  const params = is === "project" || hash < 0
    ? { name: asked }
    : { name: asked.slice(0, hash), short: asked.slice(hash + 1) }
  for (const schema of ["b", "a"]) {
    const found = yield* db.get(`find the ${is}`, where.replaceAll("@.", `${schema}.`), params)
    if (found !== undefined) return String(found["uid"])
  }
  return yield* new NothingToCompare({ asked, is })
})

const issueChanges: { readonly [what: string]: string } = {
  closed: "x.status <> 'closed' AND y.status = 'closed'",
  reopened: "x.status = 'closed' AND y.status <> 'closed'",
  renamed: "x.title IS NOT y.title",
  rewritten: "x.body IS NOT y.body",
  reassigned: "x.owner IS NOT y.owner",
  reprioritised: "x.priority IS NOT y.priority",
  deleted: "x.deleted_at IS NULL AND y.deleted_at IS NOT NULL",
  restored: "x.deleted_at IS NOT NULL AND y.deleted_at IS NULL"
}

const sums = Object.entries(issueChanges).map(([what, is]) => `sum(${is}) AS ${what}`).join(", ")

const flipped: { readonly [what: string]: string } = {
  closed: "reopened",
  reopened: "closed",
  deleted: "restored",
  restored: "deleted"
}

/** What was said of `b` against `a`, said of `a` against `b`. */
const flip = (change: Change): Change =>
  new Change({
    ...change,
    what: change.what === "new" ? "gone" : change.what === "gone" ? "new" : "changed",
    fields: change.fields.map(({ field, from, to }) => new FieldChange({ field, from: to, to: from }))
  })

const order = `CREATE TABLE listed AS SELECT * FROM (SELECT d.*, max(at) OVER
  (PARTITION BY coalesce(issue, kind || ' ' || ifnull(a, '') || ' ' || ifnull(b, ''))) AS top FROM difference d WHERE NOT part)
  ORDER BY top DESC, issue, kind, at DESC, b, a`

/** What the two sides of a session say differently, `b` against `a`. */
const told = Effect.fnUntraced(function*(db: Session, format: Format, scope: Scope, limit: number) {
  const rows = yield* db.all(
    "count the differences",
    "SELECT kind, sum(a IS NULL) AS new, sum(b IS NULL) AS gone, sum(a IS NOT NULL AND b IS NOT NULL) AS changed FROM difference GROUP BY kind"
  )
  const kindOf = (rank: unknown) => format.kinds[Number(rank)]!
  const counts = new Map(rows.map((row) => [
    kindOf(row["kind"]).name,
    { new: Number(row["new"]), gone: Number(row["gone"]), changed: Number(row["changed"]) }
  ]))
  const issue = format.kinds.findIndex(({ name }) => name === "issue")
  const changed = yield* db.get(
    "count the differences",
    `SELECT ${sums} FROM difference d JOIN a.issues x ON x.id = d.a JOIN b.issues y ON y.id = d.b WHERE d.kind = ?`,
    issue
  )
  yield* db.exec("sort the differences", order)
  const all = yield* db.get("count the differences", "SELECT count(*) AS n FROM listed")
  const listed = yield* db.all("read the differences", "SELECT * FROM listed ORDER BY rowid LIMIT ?", limit)
  const changes = yield* Effect.forEach(
    listed,
    (row) => Effect.zipRight(turn, changeOf(db, format, scope, { kind: kindOf(row["kind"]), row }))
  )
  return {
    counts,
    issues: Object.entries(changed ?? {}).flatMap(([what, n]) =>
      n === null || n === 0n ? [] : [[what, Number(n)] as const]
    ),
    changes,
    more: Number(all?.["n"] ?? 0) - changes.length
  }
})

/** What `b` says that `a` does not, and the reverse, in one session each of whose states existed. */
const between = Effect.fnUntraced(
  function*<E>(a: Opened, b: Opened, options: Omit<DiffOptions<E>, "a" | "b">, format: Format) {
    // Of a database, what a partial snapshot can have is read; that side is `b` of the session.
    const turned = isPartial(b) && !isPartial(a)
    const [x, y] = turned ? [b, a] : [a, b]
    const db = yield* (yield* Database).together(x.attach, y.attach)
    const scope = yield* scopeOf(db, x, y, format)
    yield* phase("comparing")
    const { changes, counts, issues, more } = yield* Effect.gen(function*() {
      yield* compare(db, format, scope, {
        project: yield* uidOf(db, "project", options.project),
        issue: yield* uidOf(db, "issue", options.issue)
      })
      return yield* told(db, format, scope, options.limit ?? fewChanges)
    }).pipe(Effect.mapError(ofBoth(db.path, [a, b])))
    for (const { view } of [a, b]) if (view !== undefined) yield* view.confirm
    return {
      equal: counts.size === 0,
      counts: Object.fromEntries(
        [...counts].map(([kind, { changed, gone, new: fresh }]) => [
          kind,
          new Counts(turned ? { new: gone, gone: fresh, changed } : { new: fresh, gone, changed })
        ])
      ),
      issues: Object.fromEntries(issues.map(([what, n]) => [turned ? flipped[what] ?? what : what, n])),
      changes: turned ? changes.map(flip) : changes,
      more
    }
  }
)

/** Compares two sides. Constant memory, but for the changes that are told. */
export const diff = Effect.fn("Merge.diff")(<E = never>(options: DiffOptions<E>, format: Format = version10) =>
  Effect.scoped(Effect.gen(function*() {
    yield* sweepPrivate()
    const a = yield* openSide(options.a, format)
    const b = yield* openSide(options.b, format)
    return new DiffReport({ a: a.side, b: b.side, ...(yield* between(a, b, options, format)) })
  }))
)

/** A verified snapshot and what a database says differently: `gone` is what only the snapshot has, `new` what only the database has. */
export class AgainstReport extends VerifyReport.extend<AgainstReport>("AgainstReport")({
  database: Schema.String,
  equal: Schema.Boolean,
  counts: Schema.Record({ key: Schema.String, value: Counts }),
  changes: Schema.Array(Change),
  more: Schema.Int
}) {}

/** How many differences a verification names. */
const named = 20

/** Verifies a snapshot and compares what is in it with the same part of a database. */
export const verifyAgainst = Effect.fn("Merge.verifyAgainst")(
  <E = never>(input: Input<E>, database: string, format: Format = version10) =>
    Effect.scoped(Effect.gen(function*() {
      const { report, ...a } = yield* openSnapshot(input, format)
      const b = yield* openDatabase(database, format)
      const { changes, counts, equal, more } = yield* between(a, b, { limit: named }, format)
      return new AgainstReport({ ...report, database: b.view?.path ?? database, equal, counts, changes, more })
    }))
)
