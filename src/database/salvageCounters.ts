/**
 * The counters of a salvage, `sqlite_sequence`, which no index knows. One that a damage has taken is made anew: as high as the highest id that
 * is known, so that none of those is given again.
 */
import type { Format } from "../records/Format.ts"
import { unlessDamaged } from "./damagedTableScan.ts"
import type { Handle } from "./Handle.ts"
import type { SalvageAccount } from "./SalvageAccount.ts"
import { highestGiven } from "./sequences.ts"

/** Whether the pages of the counters are as SQLite writes them: a row that was taken off leaves bytes that are of nothing. */
const areSound = (from: Handle): boolean =>
  unlessDamaged(() => from.prepare("PRAGMA integrity_check(sqlite_sequence)").all())
    ?.every((row) => row["integrity_check"] === "ok") === true

const says =
  "is lost or too low: it was set to the highest id that is known, and those of rows that are gone may be given again"

/**
 * Sets the counters that are missing or too low, once all rows are in the copy; each is a line. `isWhole`: nothing was found to be damaged.
 * Then a counter is as somebody has set it, and is carried as an export carries it.
 */
export function* mendCounters(
  from: Handle,
  account: SalvageAccount,
  format: Format,
  isWhole: boolean
): Generator<Uint8Array> {
  const kind = format.kinds.find(({ table }) => table === "sqlite_sequence")
  if (kind === undefined || (isWhole && areSound(from))) return
  const { to } = account
  for (const counting of format.counting) {
    const { table } = counting
    const needed = to.prepare(highestGiven(format, counting)).get()?.["id"]
    const row = to.prepare("SELECT rowid AS id, seq FROM sqlite_sequence WHERE name = ? ORDER BY seq DESC LIMIT 1").get(
      table
    )
    const [id, seq] = [row?.["id"], row?.["seq"]]
    if (typeof needed !== "bigint" || needed <= (typeof seq === "bigint" ? seq : 0n)) continue
    if (typeof id === "bigint") to.prepare("UPDATE sqlite_sequence SET seq = ? WHERE rowid = ?").run(needed, id)
    else to.prepare("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)").run(table, needed)
    // what could not be carried of it has its line
    if (typeof id === "bigint" && account.replaced(kind, id, "seq") !== undefined) continue
    account.add(kind.name, "counter", says, table, "rejected", "seq")
    const was = typeof seq === "bigint" ? `was ${seq}` : "is lost"
    yield Buffer.from(
      `{"table":"sqlite_sequence","why":${
        JSON.stringify(`the counter of ${table} ${was}: it was set to ${needed}, the highest id that is known`)
      },"cells":{"name":${JSON.stringify(table)},"seq":{"type":"unreadable"}}}\n`
    )
  }
}
