/** Real databases of a history: one a replica, their snapshots, and what they were before they merged for good. */
import * as FileSystem from "@effect/platform/FileSystem"
import Sqlite from "better-sqlite3"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Ulids } from "../../../src/ledger/ulids.ts"
import * as SqliteStore from "../../../src/store/sqlite.ts"
import { build } from "../../../src/testing/database.ts"
import type { Db } from "../model/database.ts"
import type { Deed } from "../model/deeds.ts"
import { perform, ulidsOf } from "./ledger.ts"
import { type Names, ownTime, timeOf } from "./names.ts"
import { contextOf } from "./onIssue.ts"

/** Columns that a clock writes. */
const clocked: Readonly<Record<string, ReadonlyArray<string>>> = {
  projects: ["created_at", "deleted_at"],
  project_aliases: ["created_at", "last_seen_at"],
  issues: ["created_at", "updated_at", "closed_at", "deleted_at"],
  comments: ["created_at"],
  links: ["created_at"],
  issue_labels: ["created_at"],
  events: ["created_at"],
  recurrences: ["created_at", "updated_at", "deleted_at"],
  import_mappings: ["imported_at"],
  purge_log: ["purged_at"]
}

/** Changes a database that nobody else has open. */
const change = (path: string, work: (db: Sqlite.Database) => void) =>
  Effect.sync(() => {
    const db = new Sqlite(path, { fileMustExist: true })
    try {
      db.transaction(() => work(db))()
    } finally {
      db.close()
    }
  })

/** Whatever this machine's clock has written becomes the time of the history; of an issue that a merge has changed, the model's. */
export const stamp = (path: string, names: Names, now: number, model?: Db) =>
  change(path, (db) => {
    for (const [issue, { updated }] of model?.issues ?? []) {
      db.prepare("UPDATE issues SET updated_at = ? WHERE uid = ? AND updated_at > ?")
        .run(timeOf(updated), names.real(issue), ownTime)
    }
    for (const [table, columns] of Object.entries(clocked)) {
      for (const column of columns) {
        db.prepare(`UPDATE ${table} SET ${column} = ? WHERE ${column} > ?`).run(timeOf(now), ownTime)
      }
    }
  })

/** As a kata of before wrote it: it changed something. */
const forget = (path: string, event: string) =>
  change(path, (db) => {
    db.prepare(`UPDATE events SET payload = iif(payload ->> '$.source' IS NULL, '{}',
      json_object('external_id', payload ->> '$.external_id', 'source', payload ->> '$.source'))
      WHERE uid = ? AND type = 'issue.updated'`).run(event)
  })

export class Replicas {
  private readonly directory: string
  readonly names: Names

  constructor(directory: string, names: Names) {
    this.directory = directory
    this.names = names
  }

  path(replica: number): string {
    return `${this.directory}/${replica}.db`
  }

  snapshotPath(number: number): string {
    return `${this.directory}/snapshot-${number}.db`
  }

  /** The first one, without anything. */
  make() {
    return build(this.path(0), {
      meta: [{ key: "schema_version", value: "10" }, { key: "instance_uid", value: this.names.real("I0") }]
    }, { journal: "delete" })
  }

  /** A copy is another instance. */
  copyTo(replica: number) {
    const uid = this.names.real(`I${replica}`)
    return Effect.zipRight(
      this.copy(this.path(0), this.path(replica)),
      change(this.path(replica), (db) => {
        db.prepare("UPDATE meta SET value = ? WHERE key = 'instance_uid'").run(uid)
      })
    )
  }

  copy(from: string, to: string) {
    return Effect.flatMap(FileSystem.FileSystem, (fs) => fs.copyFile(from, to))
  }

  /** One operation of the ledger, with the uids that the model gave, at the model's time. */
  perform(replica: number, deed: Deed, events: ReadonlyArray<string>, at: {
    readonly k: number
    readonly now: number
    readonly modern: boolean
  }) {
    const { names } = this
    const path = this.path(replica)
    const ulids = ulidsOf(deed, events).map((uid) => names.real(uid))
    const event = names.real(events[0] ?? "e0")
    const next = Effect.suspend(() => {
      const ulid = ulids.shift()
      return ulid === undefined ? Effect.dieMessage(`${deed.do} takes one more ULID`) : Effect.succeed(ulid)
    })
    return Effect.gen(function*() {
      yield* perform(deed, contextOf(names, at.k, at.now), event).pipe(
        Effect.provideService(Ulids, next),
        Effect.provide(Layer.fresh(SqliteStore.layer(path)))
      )
      yield* stamp(path, names, at.now)
      if (!at.modern) yield* forget(path, event)
    })
  }
}
