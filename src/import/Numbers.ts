/** Where in a stage a record can go that could not be stored under its own number or name. */
import { toParam } from "../database/around.ts"
import { highestId } from "../database/sequences.ts"
import type { Statements } from "../database/Session.ts"
import type { Format } from "../records/Format.ts"
import type { AnyRecord, Kind } from "../records/Kind.ts"
import { bind, insertOf } from "../snapshot/insert.ts"

/** Within attempts of a stage: its methods throw what SQLite throws. */
export class Numbers {
  private readonly db: Statements
  private readonly format: Format
  private readonly given = new Map<string, bigint>()

  constructor(db: Statements, format: Format) {
    this.db = db
    this.format = format
    db.execute("CREATE TEMP TABLE counted AS SELECT rowid AS id, name, seq FROM sqlite_sequence")
  }

  /** While rows came in, SQLite counted along; what the file says is what counts. */
  restoreSequences(): void {
    this.db.execute(
      "DELETE FROM sqlite_sequence; INSERT INTO sqlite_sequence(rowid, name, seq) SELECT id, name, seq FROM temp.counted"
    )
  }

  /** The constraint that does not let the record in; nothing when it is. */
  tried(kind: Kind, record: AnyRecord): string | undefined {
    const values: Parameters<typeof bind>[2] = []
    bind(kind, record, values)
    try {
      this.db.prepare(insertOf(kind).one).run(...values)
      return undefined
    } catch (cause) {
      if (!(cause instanceof Error) || !cause.message.startsWith("UNIQUE constraint failed")) throw cause
      return cause.message.slice(cause.message.indexOf(":") + 2).replaceAll(`${kind.table}.`, "")
    }
  }

  /** A number that was never given, as far as the file knows; the lowest that is free where there is no higher one. */
  next({ table }: Kind): bigint {
    const reserved = this.format.kinds.flatMap(({ reserves, table: other }) =>
      reserves?.table === table ? [`SELECT max(${reserves.field}) FROM ${other}`] : []
    )
    const sql = [
      `SELECT max(id) AS id FROM ${table}`,
      "SELECT max(seq) FROM sqlite_sequence WHERE name = ?",
      ...reserved
    ]
    const highest = this.given.get(table) ??
      this.db.prepare(`SELECT max(id) AS id FROM (${sql.join(" UNION ALL ")})`).get(table)?.["id"]
    const id = typeof highest === "bigint" && highest > 0n ? highest + 1n : 1n
    if (id <= highestId) {
      this.given.set(table, id)
      return id
    }
    const gap = this.db.prepare(
      `SELECT min(id) + 1 AS id FROM (SELECT 0 AS id UNION ALL SELECT id FROM ${table} WHERE id > 0) a` +
        ` WHERE NOT EXISTS (SELECT 1 FROM ${table} b WHERE b.id = a.id + 1)`
    ).get()?.["id"]
    return typeof gap === "bigint" ? gap : 1n
  }

  /** Remembers for followers that the record is under another number now. */
  moved(kind: Kind, record: AnyRecord, id: bigint): void {
    this.db.prepare("INSERT INTO temp.moved(tbl, uid, old, new) VALUES (?, ?, ?, ?)").run(
      kind.table,
      toParam(record["uid"] ?? null),
      toParam(record["id"]),
      id
    )
  }
}
