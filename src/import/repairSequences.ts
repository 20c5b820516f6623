/** Mends the two tables that count and identify: sqlite_sequence and meta. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { exact } from "../database/around.ts"
import { metaRules, usableInstance } from "../database/meta.ts"
import { newUlid } from "../database/newUlid.ts"
import { highestGiven, highestId, sequenceRules } from "../database/sequences.ts"
import type { Session } from "../database/Session.ts"
import { FindingRow, type Findings } from "../records/Finding.ts"
import type { Format } from "../records/Format.ts"
import type { AnyRecord, Kind } from "../records/Kind.ts"
import { write } from "../records/line.ts"
import type { ContentSum } from "../snapshot/digest.ts"
import type { Origins } from "../snapshot/Origins.ts"

/** Every format has the tables that count and identify. */
const kindIn = (format: Format, table: string): Kind => Option.getOrThrow(format.kindIn(table))

const change = (
  sum: ContentSum,
  done: Findings,
  kind: Kind,
  says: string,
  before: Option.Option<AnyRecord>,
  after: Option.Option<AnyRecord>
) => {
  if (Option.isSome(before)) sum.remove(write(kind, before.value))
  if (Option.isSome(after)) sum.add(write(kind, after.value))
  const value = (record: AnyRecord) => String(record[kind.table === "meta" ? "value" : "seq"])
  const row = Option.getOrElse(Option.orElse(after, () => before), () => ({}) as AnyRecord)
  done.add(
    {
      rule: "repair",
      kind: kind.name,
      field: kind.table === "meta" ? "value" : "seq",
      says,
      outcome: Option.isNone(after) ? "dropped" : "repaired",
      blocking: false
    },
    new FindingRow({
      row: String(row[kind.key[0] ?? ""]),
      value: `${Option.match(before, { onNone: () => "none", onSome: value })} → ${
        Option.match(after, { onNone: () => "none", onSome: value })
      }`
    })
  )
}

/**
 * The schema version; and, unless only what blocks is to be mended, an instance for new events, and those without, to come from: what
 * opening it would invent.
 */
const meta = (db: Session, format: Format, sum: ContentSum, done: Findings, odd: boolean) =>
  Effect.flatMap(newUlid, (uid) =>
    db.attempt("mend the table meta", (db) => {
      const valueOf = (key: string) => {
        const value = db.prepare("SELECT value FROM meta WHERE key = ?").get(key)?.["value"]
        return value === undefined ? undefined : String(value)
      }
      const put = (key: string, says: string, before: string | undefined, value: string) => {
        db.prepare("INSERT OR REPLACE INTO meta(key, value) VALUES (?, ?)").run(key, value)
        const record = (value: string): AnyRecord => ({ key, value })
        change(
          sum,
          done,
          kindIn(format, "meta"),
          says,
          Option.map(Option.fromNullable(before), record),
          Option.some(record(value))
        )
      }
      const version = valueOf("schema_version")
      if (version !== String(format.version)) {
        put("schema_version", metaRules(format).version.says, version, String(format.version))
      }
      const instance = valueOf("instance_uid")
      if (odd && !usableInstance(instance)) {
        put(
          "instance_uid",
          instance === undefined ? "was missing: a new one was made" : "did not have 26 characters: a new one was made",
          instance,
          uid
        )
      }
    }))

const all = (db: Session, format: Format, sum: ContentSum, done: Findings, origins: Origins, tidy: boolean) =>
  db.attempt("mend the sequences", (db) => {
    const tables = format.counting.map((kind) => kind.table)
    const rows = db.prepare("SELECT rowid AS id, name, seq FROM sqlite_sequence ORDER BY rowid").all()
    const record = (name: string, seq: bigint) => ({ name, seq: exact(seq) })
    const drop = (row: typeof rows[number], says: string) => {
      const kind = kindIn(format, "sqlite_sequence")
      const line = origins.lineOf(kind, BigInt(String(row["id"])))
      if (line !== undefined) origins.refuse(line, `${kind.name} seq ${says}`)
      db.prepare("DELETE FROM sqlite_sequence WHERE rowid = ?").run(row["id"] ?? null)
      change(
        sum,
        done,
        kind,
        says,
        Option.some(record(String(row["name"]), BigInt(String(row["seq"])))),
        Option.none()
      )
    }
    for (const row of rows.filter((row) => tidy && !tables.includes(String(row["name"])))) {
      drop(row, sequenceRules.unknown.says)
    }
    for (const counting of format.counting) {
      const { table } = counting
      const own = rows.filter((row) => row["name"] === table).sort((a, b) =>
        BigInt(String(a["seq"])) < BigInt(String(b["seq"])) ? 1 : -1
      )
      for (const row of tidy ? own.slice(1) : []) drop(row, sequenceRules.twice.says)
      const needed = db.prepare(highestGiven(format, counting)).get()?.["id"]
      const seq = own[0]?.["seq"]
      if (typeof needed !== "bigint") continue
      const low = typeof seq === "bigint" ? seq < needed : needed > 0n
      const spent = seq === highestId && needed < highestId
      if (!low && !spent) continue
      if (own[0] === undefined) db.prepare("INSERT INTO sqlite_sequence(name, seq) VALUES (?, ?)").run(table, needed)
      else db.prepare("UPDATE sqlite_sequence SET seq = ? WHERE rowid = ?").run(needed, own[0]["id"] ?? null)
      change(
        sum,
        done,
        kindIn(format, "sqlite_sequence"),
        spent ? "was the highest number there is" : "was below the highest id that was given",
        typeof seq === "bigint" ? Option.some(record(table, seq)) : Option.none(),
        Option.some(record(table, needed))
      )
    }
  })

export const repairSequences = {
  meta,
  /** Raises sequences and makes missing ones; `tidy`: takes away what should not be there, whose lines are refused. */
  all: (db: Session, format: Format, sum: ContentSum, done: Findings, origins: Origins, tidy: boolean) =>
    Effect.asVoid(all(db, format, sum, done, origins, tidy))
}
