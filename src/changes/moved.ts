/** Whether a target was written to since a changeset was planned: in what the plan was made from, or only beside it. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Session } from "../database/Session.ts"
import type { FailureKind } from "../Failure.ts"
import type { Format } from "../records/Format.ts"
import { changing, isFound, numbersOf, operation, quote, sameKey, sameRow, type Shifts } from "./changeset.ts"

/** The target was written to since the changeset was planned, in what the plan was made from. */
export class Moved extends Data.TaggedError("Moved")<{ readonly what: string }> {}

/** The target is written to all the time, in what the changes are about. */
export class TargetBusy extends Schema.TaggedError<TargetBusy>()("TargetBusy", {
  target: Schema.String,
  what: Schema.String
}) {
  readonly kind = "locked" satisfies FailureKind
  override get message() {
    return `${this.target}: it was written to again and again while the changes were planned (${this.what}); nothing was changed`
  }
  get hint() {
    return "run it again when less is written"
  }
}

/** How often a changeset is planned anew. */
const attempts = 5

/** Plans and applies anew while the target moves in between. */
export const unmoved = <A, E, R>(target: string, once: Effect.Effect<A, E | Moved, R>) => {
  const attempt = (left: number): Effect.Effect<A, E | Moved, R> =>
    Effect.catchIf(
      once,
      (error): error is E & Moved => error instanceof Moved && left > 1,
      () => attempt(left - 1)
    )
  return Effect.catchIf(
    attempt(attempts),
    (error): error is Moved => error instanceof Moved,
    ({ what }) => new TargetBusy({ target, what })
  )
}

const base = (table: string) => `(SELECT id FROM plan.base WHERE name = '${table}')`

/** Questions that find what has moved. */
const moved = (format: Format): ReadonlyArray<readonly [what: string, sql: string]> => [
  ...changing(format).map((kind): readonly [string, string] => [
    kind.table,
    `SELECT 1 FROM plan.was_${kind.table} w WHERE NOT EXISTS (SELECT 1 FROM main.${kind.table} t WHERE ${
      sameKey(kind, "t", "w")
    } AND ${sameRow(kind, "t", "w")})`
  ]),
  [
    "events",
    `SELECT 1 FROM main.events e WHERE e.id > ${base("events")} AND (e.issue_uid IS NULL
       OR e.type IN ('issue.linked', 'issue.unlinked', 'issue.links_changed', 'issue.moved')
       OR e.issue_uid IN (SELECT uid FROM plan.concerned) OR e.issue_uid IN (SELECT uid FROM plan.put_issues))`
  ],
  ["purge_log", `SELECT 1 FROM main.purge_log WHERE id > ${base("purge_log")}`],
  ["projects", `SELECT 1 FROM main.projects t JOIN plan.put_projects p ON p.name = t.name AND p.uid <> t.uid`],
  [
    "issues",
    `SELECT 1 FROM main.issues t JOIN plan.put_issues p ON p.project_id = t.project_id AND p.short_id = t.short_id AND p.uid <> t.uid
       AND t.id NOT IN (SELECT id FROM plan.was_issues) WHERE t.id > ${base("issues")}`
  ],
  [
    "project_aliases",
    `SELECT 1 FROM main.project_aliases t JOIN plan.put_project_aliases p USING (alias_identity) WHERE t.id > ${
      base("project_aliases")
    }`
  ],
  [
    "import_mappings",
    `SELECT 1 FROM main.import_mappings t JOIN plan.put_import_mappings p USING (source, external_id, object_type, project_id)
     WHERE t.id > ${base("import_mappings")}`
  ]
]

/** Fails when what the plan was made from has moved. */
export const refuseMoved = (db: Session, format: Format) =>
  Effect.forEach(
    moved(format),
    ([what, sql]) =>
      Effect.flatMap(isFound(db, sql), (found) => found ? Effect.fail(new Moved({ what })) : Effect.void),
    {
      discard: true
    }
  )

/** Who has written meanwhile has taken numbers: those that come in lie behind them. Old numbers that come back are their own. */
export const shifted = Effect.fnUntraced(function*(db: Session, format: Format) {
  const shifts: { [table: string]: number } = {}
  for (const { name, table } of changing(format)) {
    const row = yield* db.get(
      operation,
      `SELECT max(ifnull((SELECT max(rowid) FROM main.${table}), 0), ifnull((SELECT max(CAST(seq AS INTEGER)) FROM main.sqlite_sequence
         WHERE name = '${table}'), 0)) - id AS by, id FROM plan.base WHERE name = '${table}'`
    )
    const [by, from] = [row?.["by"], row?.["id"]]
    if (typeof by !== "bigint" || typeof from !== "bigint" || by <= 0n) continue
    shifts[table] = Number(by)
    // two steps: a number may be that of the next one before that has got its own
    if (name !== "issue_label") {
      yield* db.exec(
        operation,
        `UPDATE plan.put_${table} SET id = -(id + ${by}) WHERE fresh AND id > ${from}; UPDATE plan.put_${table} SET id = -id WHERE id < 0`
      )
    }
    for (const other of changing(format)) {
      for (const column of numbersOf(other, table)) {
        yield* db.exec(
          operation,
          `UPDATE plan.put_${other.table} SET ${quote(column)} = ${quote(column)} + ${by} WHERE ${
            quote(column)
          } > ${from}`
        )
      }
    }
    const member = name === "comment" ? "comment_id" : name === "link" ? "link_id" : undefined
    if (member === undefined) continue
    yield* db.exec(
      operation,
      `UPDATE plan.put_events SET payload = json_replace(payload, '$.${member}', (payload ->> '$.${member}') + ${by})
       WHERE type IN ('issue.commented', 'issue.linked', 'issue.unlinked') AND json_valid(payload)
         AND json_type(payload, '$.${member}') = 'integer' AND payload ->> '$.${member}' > ${from}`
    )
  }
  return shifts satisfies Shifts
})
