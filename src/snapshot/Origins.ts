/**
 * Which line each row of a stage was made of, which lines were refused and why, and which were set aside because a row is in their place.
 * It is kept in temporary tables of the stage, since there may be any number of them.
 */
import type { Statements } from "../database/Session.ts"
import type { Kind } from "../records/Kind.ts"
import { lineOfPlace } from "./parts.ts"

/** A record that could not be stored beside the row that is in its place. */
export interface Aside {
  /** In the order of the lines, from 1. */
  readonly seq: bigint
  readonly line: number
  /** The record as a line. */
  readonly text: string
}

/** How a report names the line of a place (parts.ts): records that were joined with those of a file have numbers below 0, and none in a report. */
export const inReport = (place: number | undefined): { readonly line?: number } =>
  place === undefined || place < 1 ? {} : { line: lineOfPlace(place) }

export class Origins {
  /** Lines that were refused. */
  refused = 0
  /** Tables of records that were set aside. */
  private readonly crowded = new Set<string>()
  private readonly db: Statements

  /** Of a stage, within an attempt of it, as all methods: they throw what SQLite throws. */
  constructor(db: Statements) {
    this.db = db
    db.execute(
      "CREATE TEMP TABLE origin (kind TEXT, row INTEGER, line NUMERIC, PRIMARY KEY (kind, row)) WITHOUT ROWID;" +
        "CREATE TEMP TABLE refused (line NUMERIC PRIMARY KEY, reason TEXT) WITHOUT ROWID;" +
        "CREATE TEMP TABLE aside (seq INTEGER PRIMARY KEY, kind TEXT, line NUMERIC, record TEXT);" +
        "CREATE INDEX temp.aside_kind ON aside(kind, seq)"
    )
  }

  /** The row that was inserted last is made of that line. */
  stored(kind: Kind, line: number): void {
    this.db.prepare("INSERT OR REPLACE INTO temp.origin VALUES (?, last_insert_rowid(), ?)").run(
      kind.name,
      line
    )
  }

  /** The row is made of that line. */
  storedAt(kind: Kind, rowid: bigint, line: number): void {
    this.db.prepare("INSERT OR REPLACE INTO temp.origin VALUES (?, ?, ?)").run(kind.name, rowid, line)
  }

  refuse(line: number, reason: string): void {
    this.refused += this.db.prepare("INSERT OR IGNORE INTO temp.refused VALUES (?, ?)").run(line, reason).changes
  }

  /** What stands in the way of the record is known when all records are there. */
  setAside(kind: Kind, line: number, text: string): void {
    this.crowded.add(kind.table)
    this.db.prepare("INSERT INTO temp.aside(kind, line, record) VALUES (?, ?, ?)").run(kind.name, line, text)
  }

  /** Whether a record of that table was set aside; of any, unless one is named. */
  hasAside(table?: string): boolean {
    return table === undefined ? this.crowded.size > 0 : this.crowded.has(table)
  }

  /** The records of a kind that were set aside, from that one on, at most so many. */
  asideFrom(kind: Kind, seq: bigint, limit: number): ReadonlyArray<Aside> {
    return this.db.prepare("SELECT seq, line, record FROM temp.aside WHERE kind = ? AND seq >= ? ORDER BY seq LIMIT ?")
      .all(kind.name, seq, BigInt(limit)).map((row) => ({
        seq: row["seq"] as bigint,
        line: Number(row["line"]),
        text: String(row["record"])
      }))
  }

  lineOf(kind: Kind, rowid: bigint): number | undefined {
    const line = this.db.prepare("SELECT line FROM temp.origin WHERE kind = ? AND row = ?").get(kind.name, rowid)
      ?.["line"]
    return line === undefined ? undefined : Number(line)
  }

  /** Of the places in the lines from one to another, those that were refused. */
  refusedIn(from: number, to: number): ReadonlyMap<number, string> {
    return new Map(
      this.db.prepare("SELECT line, reason FROM temp.refused WHERE line >= ? AND line < ?").all(from, to + 1)
        .map(({ line, reason }) => [Number(line), String(reason)])
    )
  }
}
