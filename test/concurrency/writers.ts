import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import { createRequire } from "node:module"
import type { Content } from "../../src/testing/database.ts"

/** The project that the writers write to, and a counter for all and for each of them. */
export const shared = (writers: number): Content => ({
  meta: [
    { key: "schema_version", value: "10" },
    { key: "instance_uid", value: "01HZNQ7VFPK1XGD8R5MABC0000" },
    { key: "counter", value: "0" },
    ...Array.from({ length: writers }, (_, i) => ({ key: `counter-${i}`, value: "0" }))
  ],
  projects: [{ id: 1n, uid: "01HZNQ7VFPK1XGD8R5MABC0001", name: "shared", created_at: "2026-05-04T00:21:07.000Z" }]
})

/**
 * Until its input ends: an issue, its comment and its event, both counters, in one transaction. Then it says how many it committed.
 */
const program = `
const Sqlite = require(process.argv[1])
const db = new Sqlite(process.argv[2], { timeout: 5000 })
const writer = Number(process.argv[3])
const uid = (kind, n) => "01HZNQ7VF" + kind + writer + String(n).padStart(15, "0")
const issue = db.prepare("INSERT INTO issues(uid, project_id, short_id, title, author) VALUES (?, 1, ?, ?, 'w')")
const comment = db.prepare("INSERT INTO comments(issue_id, author, body) VALUES (?, 'w', ?)")
const event = db.prepare("INSERT INTO events(uid, origin_instance_uid, project_id, project_name, issue_id, issue_uid, type, actor, payload) VALUES (?, '01HZNQ7VFPK1XGD8R5MABC0000', 1, 'shared', ?, ?, 'issue.created', 'w', ?)")
const count = db.prepare("UPDATE meta SET value = CAST(value + 1 AS TEXT) WHERE key IN ('counter', 'counter-' || ?)")
const one = db.transaction((n) => {
  const id = issue.run(uid("A", n), uid("A", n).toLowerCase(), "issue " + n + " of " + writer).lastInsertRowid
  comment.run(id, "x".repeat(n % 900) + "comment " + n)
  event.run(uid("B", n), id, uid("A", n), JSON.stringify({ n, writer }))
  count.run(String(writer))
})
let n = 0
let ended = false
const step = () => {
  try {
    one.immediate(n + 1)
    n++
  } catch (error) {
    if (!/^SQLITE_BUSY/.test(error.code)) throw error
  }
  if (ended) process.stdout.write(String(n), () => process.exit())
  else setTimeout(step, 1 + Math.random() * 4)
}
process.stdin.resume().on("end", () => { ended = true })
step()
`

/** Processes that write until `stop`, which says how many transactions each of them committed. */
export const start = (path: string, writers: number) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => {
        const sqlite = createRequire(import.meta.url).resolve("better-sqlite3")
        return Array.from({ length: writers }, (_, i) => {
          const child = spawn(process.execPath, ["-e", program, sqlite, path, String(i)], {
            stdio: ["pipe", "pipe", "inherit"]
          })
          let printed = ""
          child.stdout.on("data", (chunk: Buffer) => {
            printed += chunk.toString()
          })
          return { child, done: new Promise<string>((resolve) => child.once("close", () => resolve(printed))) }
        })
      }),
      (children) =>
        Effect.promise(() =>
          Promise.all(children.map(({ child, done }) => {
            child.kill("SIGKILL")
            return done
          }))
        )
    ),
    (children) => ({
      stop: Effect.promise(() =>
        Promise.all(children.map(({ child, done }) => {
          child.stdin.end()
          return done
        }))
      ).pipe(Effect.map((all) => all.map(Number)))
    })
  )
