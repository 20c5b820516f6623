/** Another process that has a database open: it runs what it is told, holds its locks, and can be killed in the middle of anything. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { spawn } from "node:child_process"
import { createRequire } from "node:module"
import { createInterface } from "node:readline"

export interface Neighbour {
  /** Runs SQL; gives what the last statement gave, or the code of what SQLite answered, such as SQLITE_BUSY. */
  readonly run: (sql: string) => Effect.Effect<unknown>
  /** SIGKILL. When this returns the process is gone, and what it had open is closed by the operating system alone. */
  readonly kill: Effect.Effect<void>
}

/** Plain JavaScript, for a process that has nothing but Node. */
const program = `
const Sqlite = require(process.argv[1])
const db = new Sqlite(process.argv[2], { timeout: 0 })
const reply = (value) => process.stdout.write(JSON.stringify(value === undefined ? null : value) + "\\n")
require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
  try {
    let last
    for (const sql of JSON.parse(line)) {
      const statement = db.prepare(sql)
      if (statement.reader) last = statement.all()
      else last = statement.run().changes
    }
    reply(last)
  } catch (error) {
    reply(error.code || String(error))
  }
}).on("close", () => process.exit())
reply("ready")
`

/** Statements of a script; none of them holds a semicolon of its own. */
const statements = (sql: string) => sql.split(";").map((one) => one.trim()).filter((one) => one !== "")

export const neighbour = (path: string): Effect.Effect<Neighbour, never, Scope.Scope> =>
  Effect.gen(function*() {
    const sqlite = createRequire(import.meta.url).resolve("better-sqlite3")
    const { child, ended, lines } = yield* Effect.acquireRelease(
      Effect.sync(() => {
        const child = spawn("node", ["-e", program, sqlite, path], { stdio: ["pipe", "pipe", "inherit"] })
        return {
          child,
          ended: new Promise<void>((resolve) => child.once("exit", () => resolve())),
          lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]()
        }
      }),
      ({ child, ended }) =>
        Effect.promise(() => {
          child.kill("SIGKILL")
          return ended
        })
    )
    const answer = Effect.promise(async () => {
      const { done, value } = await lines.next()
      return done === true ? "gone" : JSON.parse(value) as unknown
    })
    yield* answer
    return {
      run: (sql) =>
        Effect.zipRight(Effect.sync(() => child.stdin.write(`${JSON.stringify(statements(sql))}\n`)), answer),
      kill: Effect.promise(() => {
        child.kill("SIGKILL")
        return ended
      })
    }
  })
