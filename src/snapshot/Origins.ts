/**
 * Which line each row of a stage was made of, and which lines were refused and why. It is kept in temporary tables of the stage, since
 * there may be any number of them.
 */
import type { Statements } from "../database/Session.ts"
import type { Kind } from "../records/Kind.ts"

export class Origins {
  /** Lines that were refused. */
  refused = 0
  private readonly db: Statements

  /** Of a stage, within an attempt of it, as all methods: they throw what SQLite throws. */
  constructor(db: Statements) {
    this.db = db
    db.execute(
      "CREATE TEMP TABLE origin (kind TEXT, row INTEGER, line INTEGER, PRIMARY KEY (kind, row)) WITHOUT ROWID;" +
        "CREATE TEMP TABLE refused (line INTEGER PRIMARY KEY, reason TEXT)"
    )
  }

  /** The row that was inserted last is made of that line. */
  stored(kind: Kind, line: number): void {
    this.db.prepare("INSERT OR REPLACE INTO temp.origin VALUES (?, last_insert_rowid(), ?)").run(
      kind.name,
      BigInt(line)
    )
  }

  refuse(line: number, reason: string): void {
    this.refused +=
      this.db.prepare("INSERT OR IGNORE INTO temp.refused VALUES (?, ?)").run(BigInt(line), reason).changes
  }

  lineOf(kind: Kind, rowid: bigint): number | undefined {
    const line = this.db.prepare("SELECT line FROM temp.origin WHERE kind = ? AND row = ?").get(kind.name, rowid)
      ?.["line"]
    return line === undefined ? undefined : Number(line)
  }

  /** Of the lines from one to another, those that were refused. */
  refusedIn(from: number, to: number): ReadonlyMap<number, string> {
    return new Map(
      this.db.prepare("SELECT line, reason FROM temp.refused WHERE line BETWEEN ? AND ?").all(BigInt(from), BigInt(to))
        .map(({ line, reason }) => [Number(line), String(reason)])
    )
  }
}
