/** A database that has given the highest number has none for what comes in; SQLite says that of a plan as a mismatch of types. */
import * as Effect from "effect/Effect"
import { highestId } from "../../database/sequences.ts"
import type { Session } from "../../database/Session.ts"
import { SqliteFailure } from "../../database/SqliteFailure.ts"

/** No merge brings as many rows. */
const most = 2n ** 32n

const next = "nothing was changed. kata export, and kata import --repair of that snapshot, which sets the counters back"

/** Says of a plan that failed against the database at `path` that this is why, where it is. */
export const saySpent = (db: Session, path: string) => (failure: SqliteFailure) =>
  failure.kind !== "internal" ? Effect.fail(failure) : db.get(
    "plan the merge",
    "SELECT name FROM base WHERE id > ? ORDER BY id DESC, name LIMIT 1",
    highestId - most
  ).pipe(
    Effect.orElseFail(() => failure),
    Effect.flatMap((row) =>
      Effect.fail(
        row === undefined ? failure : new SqliteFailure({
          path,
          operation: "merge",
          code: "SQLITE_FULL",
          detail: `${String(row["name"])} has no numbers left for new rows`,
          next
        })
      )
    )
  )
