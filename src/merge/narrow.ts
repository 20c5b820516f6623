/** A private database in the making with only some of its projects left, as a snapshot of them has them. */
import * as Effect from "effect/Effect"
import type { Session } from "../database/Session.ts"
import { resolve } from "../export/scope.ts"
import type { Format } from "../records/Format.ts"

const operation = "pick the projects"

/** Names or uids; gives the uids. `name`: what the user calls the source. */
export const narrow = Effect.fn("Merge.narrow")(
  function*(db: Session, name: string, projects: ReadonlyArray<string>, format: Format) {
    const { header, scope } = yield* resolve({ db, path: name }, format, {
      projects: projects.map((project) => ({ name: project })),
      includeDeleted: true
    })
    const kinds = format.kinds.map((kind) => ({ kind, selection: scope.of(kind) }))
    // what stays is found before anything goes: whether a row does may hang on another
    for (const { kind, selection } of kinds) {
      const columns = Object.entries(selection.columns).map(([column, sql]) => `${sql} AS "${column}"`)
      yield* db.attempt(operation, ({ prepare }) =>
        prepare(
          `CREATE TEMP TABLE keep_${kind.table} AS SELECT ${["t.rowid AS kept", ...columns].join(", ")}` +
            ` FROM ${kind.table} t WHERE ${selection.where}`
        ).run(...scope.params))
    }
    for (const { kind: { table }, selection } of kinds) {
      yield* db.exec(operation, `CREATE UNIQUE INDEX temp.kept_${table} ON keep_${table}(kept)`)
      yield* db.exec(operation, `DELETE FROM main.${table} WHERE rowid NOT IN (SELECT kept FROM keep_${table})`)
      for (const column of Object.keys(selection.columns)) {
        yield* db.exec(
          operation,
          `UPDATE main.${table} AS t SET "${column}" = (SELECT k."${column}" FROM keep_${table} k WHERE k.kept = t.rowid)`
        )
      }
    }
    return header.scope === "database" ? null : header.scope.projects
  }
)
