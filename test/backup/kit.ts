/** A database that is worked on, and a directory that it is saved to, at times that the test says. */
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import { chmodSync, readdirSync, readFileSync } from "node:fs"
import { gunzipSync } from "node:zlib"
import * as Backup from "../../src/backup/Backup.ts"
import * as kit from "../snapshot/kit.ts"

const day = 24 * 60 * 60 * 1000

/** A while after the files of the test were made: a database that has just been written to is read, whatever its times say. */
export const beginning = Math.ceil(Date.now() / day + 1) * day

/** Sets the clock to so many days, and hours, after the test began. */
export const at = (days: number, hours = 0) => TestClock.setTime(beginning + days * day + hours * 3_600_000)

/** Nothing is in the directory yet. */
export const site = (name = "small.db") =>
  Effect.gen(function*() {
    const root = yield* kit.temporary
    const database = yield* kit.copyTo(`${root}/kata.db`, name)
    chmodSync(database, 0o600)
    const home = `${root}/home`
    const where = { directory: `${home}/backups`, kataHome: home }
    return {
      root,
      database,
      home,
      where,
      directory: where.directory,
      run: (options: Partial<Backup.RunOptions> = {}) => Backup.run({ ...where, database, usual: true, ...options }),
      /** The names of the backups, the newest last. */
      names: () => readdirSync(where.directory).filter((name) => name.startsWith("kata-2")).toSorted(),
      /** Every backup, also one that was put aside, by its name. */
      contents: (): ReadonlyMap<string, Buffer> =>
        new Map(
          readdirSync(where.directory).filter((name) => name.endsWith(".gz")).toSorted()
            .map((name) => [name, readFileSync(`${where.directory}/${name}`)])
        )
    }
  })

export type Site = Effect.Effect.Success<ReturnType<typeof site>>

let made = 0

/** So many events and as many comments more, of a time that is so many days after the test began. */
export const work = (database: string, count = 1, days = 0) =>
  kit.change(
    database,
    Array.from({ length: count }, () => {
      made += 1
      const time = new Date(beginning + days * day).toISOString()
      const uid = `01M82VMAZA474EBE50RB${String(made).padStart(6, "0")}`
      return `INSERT INTO comments(issue_id, author, body, created_at) VALUES (1, 'ana', 'work ${made}', '${time}');
        INSERT INTO events(uid, origin_instance_uid, project_id, project_name, issue_id, issue_uid, type, actor, payload, created_at)
        SELECT '${uid}', origin_instance_uid, project_id, project_name, issue_id, issue_uid, type, actor, payload, '${time}'
        FROM events WHERE type = 'issue.commented' LIMIT 1;`
    }).join("\n")
  )

/** What a compressed file holds. */
export const textIn = (path: string): string => gunzipSync(readFileSync(path)).toString("utf8")
