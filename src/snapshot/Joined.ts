/**
 * Mended lines that are joined with the records of a snapshot while these are loaded: whole records in the order of their kinds, then single
 * cells. They are kept in a temporary table of the stage, since there may be any number of them. Their places are below 0: -n is line n.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { toParam } from "../database/around.ts"
import { recordsAt } from "../database/rowByRow.ts"
import type { Session, Statements } from "../database/Session.ts"
import type { Format } from "../records/Format.ts"
import { type AnyRecord, rowName } from "../records/Kind.ts"
import { write } from "../records/line.ts"
import type { ContentSum } from "./digest.ts"
import type { Opened } from "./input.ts"
import { type Mended, mended, rawOf } from "./mended.ts"
import type { Origins } from "./Origins.ts"
import type { Batch } from "./read.ts"
import { linesIn, linesOf, rawLine } from "./salvage.ts"

/** What became of the lines of the mended file. */
export class JoinedReport extends Schema.Class<JoinedReport>("JoinedReport")({
  input: Schema.String,
  /** Records that were joined with those of the snapshot. */
  records: Schema.Int,
  /** Cells that were put back into rows of it. */
  cells: Schema.Int,
  /** Lines that are still nothing that can be brought back. */
  rejected: Schema.Int
}) {}

/** Records that are joined at a time. */
const window = 200

/** Within attempts of a stage: its methods throw what SQLite throws. */
export class Joined {
  readonly format: Format
  private readonly target: Format
  readonly input: Opened
  /** Joined records by kind. */
  readonly records = new Map<string, number>()
  cells = 0
  rejected = 0
  private readonly db: Statements
  private readonly origins: Origins

  /** Records are those of a file of `format`; cells, of tables, are those of the `target`. */
  constructor(db: Statements, format: Format, target: Format, origins: Origins, input: Opened) {
    this.db = db
    this.format = format
    this.target = target
    this.origins = origins
    this.input = input
    db.execute(
      "CREATE TEMP TABLE joined (rank INTEGER, place INTEGER, line TEXT, PRIMARY KEY (rank, place)) WITHOUT ROWID"
    )
  }

  get report(): JoinedReport {
    const records = [...this.records.values()].reduce((sum, n) => sum + n, 0)
    return new JoinedReport({ input: this.input.name, records, cells: this.cells, rejected: this.rejected })
  }

  private read(text: string): Either.Either<Mended, string> {
    const found = mended(this.format, text)
    if (this.format === this.target || (Either.isRight(found) && found.right.is === "whole")) return found
    const now = mended(this.target, text)
    return Either.isLeft(now) || now.right.is === "cells" ? now : found
  }

  /** Remembers a line of the mended file, or why it is still rejected. */
  remember(place: number, text: string): void {
    const found = this.read(text)
    if (Either.isLeft(found)) return this.refuse(place, found.left)
    const { is, kind } = found.right
    const rank = is === "cells" ? this.format.kinds.length : this.format.rank(kind)
    this.db.prepare("INSERT INTO temp.joined VALUES (?, ?, ?)").run(BigInt(rank), BigInt(place), text)
  }

  private refuse(place: number, reason: string): void {
    this.rejected++
    this.origins.refuse(place, reason)
  }

  /** Takes the next records of kinds up to a rank; those of one kind, which `derive` completes. */
  next(rank: number, derive: (found: Mended & { readonly is: "whole" }) => AnyRecord): Batch | undefined {
    const rows = this.db.prepare(
      "SELECT rank, place, line FROM temp.joined WHERE rank <= ? ORDER BY rank, place DESC LIMIT ?"
    )
      .all(BigInt(Math.min(rank, this.format.kinds.length - 1)), BigInt(window))
    const first = rows[0]?.["rank"]
    const kind = this.format.kinds[Number(first)]
    if (first === undefined || kind === undefined) return undefined
    const records = rows.filter((row) => row["rank"] === first).map(({ line, place }) => {
      this.db.prepare("DELETE FROM temp.joined WHERE rank = ? AND place = ?").run(first, place ?? null)
      const found = Either.getOrThrow(this.read(String(line)))
      return { line: Number(place), record: found.is === "whole" ? derive(found) : {} }
    })
    this.records.set(kind.name, (this.records.get(kind.name) ?? 0) + records.length)
    return { kind, records }
  }

  /** Puts single cells back into their rows; what that changes goes into the sum. */
  putCells(sum: ContentSum): void {
    const next = this.db.prepare(
      "SELECT place, line FROM temp.joined WHERE rank = ? AND place < ? ORDER BY place DESC LIMIT 1"
    )
    const rank = BigInt(this.format.kinds.length)
    for (let row = next.get(rank, 0n); row !== undefined; row = next.get(rank, row["place"] ?? null)) {
      const found = Either.getOrThrow(this.read(String(row["line"])))
      if (found.is === "cells") this.put(Number(row["place"]), found, sum)
    }
  }

  private put(place: number, { cells, key, kind }: Mended & { readonly is: "cells" }, sum: ContentSum): void {
    const where = Object.keys(key).map((column) => `"${column}" = ?`).join(" AND ")
    const row = this.db.prepare(`SELECT rowid AS row FROM ${kind.table} WHERE ${where}`)
      .get(...Object.values(key).map(toParam))?.["row"]
    const before = typeof row === "bigint" ? recordsAt(this.db, kind, [row])[0] : undefined
    if (typeof row !== "bigint" || before === undefined) {
      return this.refuse(place, `the snapshot has no ${kind.name} ${rowName(kind, key)}`)
    }
    this.cells += Object.keys(cells).length
    // ids were given up to the higher one
    const isCounter = kind.table === "sqlite_sequence"
    if (isCounter && BigInt(String(before["seq"])) >= BigInt(String(cells["seq"]))) return
    this.db.prepare(
      `UPDATE ${kind.table} SET ${Object.keys(cells).map((column) => `"${column}" = ?`).join(", ")} WHERE rowid = ?`
    ).run(...Object.values(cells).map(toParam), row)
    sum.remove(write(kind, before))
    for (const after of recordsAt(this.db, kind, [row])) sum.add(write(kind, after))
  }
}

/** Reads the mended lines into a table of the stage. */
export const joined = Effect.fn("Snapshot.joined")(
  function*(db: Session, formats: { readonly from: Format; readonly to: Format }, origins: Origins, input: Opened) {
    const found = yield* db.attempt(
      "prepare the new database",
      (db) => new Joined(db, formats.from, formats.to, origins, input)
    )
    yield* Stream.runForEach(linesOf(input), (block) =>
      db.attempt("remember the mended lines", () => {
        for (const [line, raw] of linesIn(block)) {
          const text = raw.toString("utf8").trim()
          if (text !== "") found.remember(-line, text)
        }
      }))
    return found
  }
)

/** The mended lines that did not come in, in the form in which they can be mended again. */
export const stillRejected = (db: Session, origins: Origins, input: Opened) =>
  Stream.mapConcatEffect(linesOf(input), (block) =>
    Effect.map(
      db.attempt("remember the lines", () => origins.refusedIn(-block.line - block.count + 1, -block.line)),
      (refused) => refused.size === 0 ? [] : again(input.name, linesIn(block), refused)
    ))

function* again(
  file: string,
  lines: Iterable<readonly [line: number, raw: Buffer]>,
  refused: ReadonlyMap<number, string>
): Generator<Uint8Array> {
  for (const [line, raw] of lines) {
    const reason = refused.get(-line)
    if (reason === undefined) continue
    const text = raw.toString("utf8").trim()
    const inner = rawOf(text)
    // A row of a table is in that form already.
    if (inner === text && text.startsWith("{\"table\":")) yield Buffer.from(`${text}\n`)
    else {
      const start = `{"line":${line},"file":${JSON.stringify(file)},"reason":${JSON.stringify(reason)}`
      yield* rawLine(start, Buffer.from(inner))
    }
  }
}
