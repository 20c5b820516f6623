/** What every store on SQLite makes of a database: its instance, and its rows as the ledger reads them. */
import * as Effect from "effect/Effect"
import { usableInstance } from "../database/meta.ts"
import { newUlid } from "../database/newUlid.ts"
import { openError } from "../database/OpenError.ts"
import type { Session } from "../database/Session.ts"

/** The instance of the database at that path; one that has none gets it. */
export const instanceOf = Effect.fnUntraced(function*(db: Session, path: string) {
  const row = yield* db.get("read the instance", "SELECT value FROM meta WHERE key = 'instance_uid'")
  const known = row?.["value"]
  if (typeof known === "string" && usableInstance(known)) return known
  if (row !== undefined) {
    return yield* openError(path, "version", `meta.instance_uid is ${JSON.stringify(String(known))}, no ULID`)
  }
  const made = yield* newUlid
  yield* db.attempt("name the instance", ({ prepare }) => {
    prepare("INSERT INTO meta(key, value) VALUES('instance_uid', ?)").run(made)
  })
  return made
})

/** A blob where a text belongs is read as one: SQLite keeps what it is given, and one such row must not hide the others. */
export const readable = (row: unknown): unknown => {
  if (typeof row !== "object" || row === null || !Object.values(row).some((cell) => cell instanceof Uint8Array)) {
    return row
  }
  return Object.fromEntries(
    Object.entries(row).map(([name, cell]) => [
      name,
      cell instanceof Uint8Array ? Buffer.from(cell).toString("utf8") : cell
    ])
  )
}
