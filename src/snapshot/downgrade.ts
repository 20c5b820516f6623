/** Records of a version after the stage's, one after the other: what the step asks of records before them, the stage answers. */
import type * as Either from "effect/Either"
import type { Statements } from "../database/Session.ts"
import type { Value } from "../records/Field.ts"
import type { AnyRecord, Kind, Problem } from "../records/Kind.ts"
import { type Held, type KnownOfNewer, toVersion10 } from "../records/versions/newerToV10.ts"
import { exactParam } from "./insert.ts"

/** Within attempts of a stage: what SQLite throws is theirs. */
export class Downgrade {
  private readonly db: Statements
  private readonly known: KnownOfNewer
  private reserved: bigint | undefined

  constructor(db: Statements) {
    this.db = db
    db.execute("CREATE TEMP TABLE lost_link (id INTEGER PRIMARY KEY)")
    const { lostLink, projectOf, projectUid } = {
      lostLink: "SELECT id AS value FROM temp.lost_link WHERE id = ?",
      projectOf: "SELECT project_id AS value FROM issues WHERE id = ?",
      projectUid: "SELECT uid AS value FROM projects WHERE id = ?"
    }
    const ask = (sql: string, id: Value) => db.prepare(sql).get(exactParam(id))?.["value"]
    const reserved = () => this.reserved
    this.known = {
      projectUid: (id) => {
        const uid = ask(projectUid, id)
        return typeof uid === "string" ? uid : undefined
      },
      projectOf: (issue) => {
        const id = ask(projectOf, issue)
        return typeof id === "bigint" ? id : undefined
      },
      isLostLink: (link) => ask(lostLink, link) !== undefined,
      get reserved() {
        return reserved()
      }
    }
  }

  record({ name }: Kind, read: AnyRecord): Either.Either<Held, Problem> {
    const held = toVersion10(name, read, this.known)
    if (held._tag === "Left") return held
    if (held.right.losses.some(({ name }) => name === "link.cross_project")) {
      this.db.prepare("INSERT OR IGNORE INTO temp.lost_link VALUES (?)").run(exactParam(read["id"]))
    }
    const cursor = name === "project_purge_log" ? exactParam(read["purge_reset_after_event_id"]) : null
    if (typeof cursor === "bigint" && cursor > (this.reserved ?? 0n)) this.reserved = cursor
    return held
  }
}
