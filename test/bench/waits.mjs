/** How long those who write wait for a merge that a daemon does, and those who read: over its API, while it works. */
import Sqlite from "better-sqlite3"
import { execFileSync, spawnSync } from "node:child_process"
import { copyFileSync, createReadStream, rmSync } from "node:fs"
import { Agent, request } from "node:http"
import { measure } from "./measure.mjs"
import { sqliteVersion } from "./subjects.mjs"

const writers = 4

const ask = (socketPath, agent, method, path, body) =>
  new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { "content-type": "application/json" }
    const asked = request({ socketPath, agent, method, path: `/api/v1${path}`, headers }, (answer) => {
      let text = ""
      answer.setEncoding("utf8").on("data", (part) => (text += part)).on("end", () =>
        answer.statusCode === 200
          ? resolve(text)
          : reject(new Error(`${method} ${path}: ${answer.statusCode} ${text}`)))
    })
    asked.on("error", reject)
    asked.end(body === undefined ? undefined : JSON.stringify(body))
  })

/** Sends a snapshot to be merged; gives the last line of the answer. */
const merge = (socketPath, file) =>
  new Promise((resolve, reject) => {
    const headers = { "content-type": "application/x-ndjson" }
    const asked = request(
      { socketPath, agent: false, method: "POST", path: "/api/v1/merge?actor=bench", headers },
      (answer) => {
        let text = ""
        answer.setEncoding("utf8").on("data", (part) => (text += part)).on("end", () => {
          const last = text.trim().split("\n").at(-1)
          if (last.startsWith("{\"report\"")) resolve(JSON.parse(last).report)
          else reject(new Error(`merge: ${answer.statusCode} ${last}`))
        })
      }
    )
    asked.on("error", reject)
    createReadStream(file).pipe(asked)
  })

/** Asks again and again; tells the longest time in seconds, once `from` is called. */
const asking = (socketPath, method, path, body) => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const state = { stopped: false }
  let longest = 0
  const done = (async () => {
    while (!state.stopped) {
      const began = performance.now()
      await ask(socketPath, agent, method, path, body)
      longest = Math.max(longest, performance.now() - began)
    }
    agent.destroy()
  })()
  return {
    from: () => (longest = 0),
    longest: async () => {
      state.stopped = true
      await done
      return longest / 1000
    }
  }
}

/** Of one merge into a copy of a database: seconds that the merge took, and the longest that a writer and a reader waited meanwhile. */
const waits = async ({ database, environment, launcher, node, snapshot, target }) => {
  copyFileSync(database, target)
  const db = new Sqlite(target)
  const [issue] = db.prepare(
    "SELECT i.project_id AS project, i.short_id AS ref FROM issues i JOIN projects p ON p.id = i.project_id" +
      " WHERE i.deleted_at IS NULL AND p.deleted_at IS NULL ORDER BY i.id DESC LIMIT 1"
  ).all()
  db.close()
  const env = environment(target)
  const kata = (...args) => execFileSync(node, [launcher, ...args], { env, encoding: "utf8" })
  kata("daemon", "start")
  try {
    const { daemons: [{ address }] } = JSON.parse(kata("daemon", "status", "--json"))
    const socketPath = address.replace("unix://", "")
    const at = `/projects/${issue.project}/issues/${issue.ref}`
    const all = Array.from(
      { length: writers },
      (_, n) => asking(socketPath, "POST", `${at}/comments`, { actor: `writer ${n}`, body: "meanwhile" })
    )
    const reader = asking(socketPath, "GET", at)
    // a daemon that has just started answers more slowly
    await new Promise((resolve) => setTimeout(resolve, 500))
    for (const { from } of [...all, reader]) from()
    const began = performance.now()
    await merge(socketPath, snapshot)
    const took = (performance.now() - began) / 1000
    return {
      took,
      write: Math.max(...await Promise.all(all.map(({ longest }) => longest()))),
      read: await reader.longest()
    }
  } finally {
    kata("daemon", "stop")
    for (const end of ["", "-wal", "-shm", ".lock"]) rmSync(target + end, { force: true })
  }
}

/** The rows of a plan and one fill of the search index, in one transaction. */
const script = (database, plan) => {
  const db = new Sqlite(database, { readonly: true })
  const triggers = db.prepare("SELECT name, sql FROM sqlite_schema WHERE name IN ('issues_ai_fts', 'comments_ai_fts')")
    .all()
  db.close()
  const other = new Sqlite(plan, { readonly: true })
  const tables = other.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY rowid").pluck().all()
  other.close()
  return [
    `ATTACH '${plan.replaceAll("'", "''")}' AS plan;`,
    "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -16384;",
    "BEGIN IMMEDIATE; PRAGMA defer_foreign_keys = ON;",
    ...triggers.map(({ name }) => `DROP TRIGGER ${name};`),
    ...tables.map((table) => `INSERT INTO main.${table} SELECT * FROM plan.${table};`),
    "INSERT INTO issues_fts(rowid, title, body, comments) SELECT i.id, i.title, i.body, coalesce((SELECT group_concat(body, ' ') FROM",
    "  (SELECT id, body FROM main.comments WHERE issue_id = i.id ORDER BY id)), '') FROM main.issues i",
    "  WHERE i.id >= (SELECT min(id) FROM plan.issues) ORDER BY i.id;",
    ...triggers.map(({ sql }) => `${sql};`),
    "COMMIT;"
  ].join("\n")
}

const yardstick = async ({ database, environment, plan, target, writeScript }) => {
  copyFileSync(database, target)
  spawnSync("sync")
  const { wall } = await measure({
    command: "sqlite3",
    args: ["-bail", target],
    input: writeScript(script(database, plan)),
    env: environment(target)
  })
  for (const end of ["", "-wal", "-shm"]) rmSync(target + end, { force: true })
  return wall
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]

/** Medians over some runs, all in turns: the merge of changed issues, of other ones, and the same rows in one transaction of sqlite3. */
export const merges = async (options, runs) => {
  const { files } = options
  const found = { changed: [], fresh: [], sqlite: [] }
  for (let n = 0; n < runs; n++) {
    found.changed.push(await waits({ ...options, database: files.database, snapshot: files.changedSnapshot }))
    found.fresh.push(await waits({ ...options, database: files.database, snapshot: files.otherSnapshot }))
    if (sqliteVersion !== undefined) {
      found.sqlite.push(await yardstick({ ...options, database: files.database, plan: files.plan }))
    }
  }
  const of = (runs) =>
    Object.fromEntries(["took", "write", "read"].map((what) => [what, median(runs.map((run) => run[what]))]))
  return { changed: of(found.changed), fresh: of(found.fresh), sqlite: median(found.sqlite) }
}
