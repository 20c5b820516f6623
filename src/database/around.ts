/** What a repair asks of the other rows, as SQL over the database that they are in. */
import type { AnyRecord } from "../records/Kind.ts"
import type { Around } from "../records/repairs.ts"
import type { Param, Statements } from "./Session.ts"

/** A value of a record as a parameter; integers are bound as integers. */
export const toParam = (value: AnyRecord[string]): Param => typeof value === "number" ? BigInt(value) : value ?? null

/** An integer as a record has it: a bigint only where a number would not be exact. */
export const exact = (value: bigint): number | bigint => Number.isSafeInteger(Number(value)) ? Number(value) : value

/** The rows of `db` as repairs see them. Its functions throw what SQLite throws. */
export const around = (db: Pick<Statements, "prepare">): Around => ({
  look: (table, column, id) => {
    const value = db.prepare(`SELECT ${column} AS value FROM ${table} WHERE id = ?`).get(toParam(id))?.["value"]
    return value === undefined || value === null ? undefined : String(value)
  },
  shortIdTaken: (project, shortId) =>
    db.prepare(
      "SELECT 1 AS one FROM issues WHERE project_id = @project AND short_id = @short" +
        " UNION ALL SELECT 1 FROM purge_log WHERE project_id = @project AND short_id = @short"
    )
      .get({ project: toParam(project), short: shortId }) !== undefined,
  projectNameTaken: (name) => db.prepare("SELECT 1 AS one FROM projects WHERE name = ?").get(name) !== undefined,
  get instanceUid() {
    return String(db.prepare("SELECT value FROM meta WHERE key = 'instance_uid'").get()?.["value"])
  }
})
