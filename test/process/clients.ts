/** Clients that work on one ledger at once and write down what they were told; and what must be in a database then. */
import Sqlite from "better-sqlite3"
import { Agent, request } from "node:http"
import { expect } from "vitest"
import { Random } from "../../src/testing/random.ts"
import { sleep, until, type World } from "./world.ts"

// oxlint-disable-next-line typescript/no-explicit-any -- what a test reads of an answer, it expects to be there
export type Body = any

interface Told {
  readonly id: number
  readonly uid: string
  readonly type: string
  readonly issue_uid: string
}

/** One change, and what is known of it. */
export interface Change {
  readonly kind: "create" | "edit" | "comment" | "label" | "close" | "reopen" | "count"
  /** Of the issue; of one that is to be made, nothing. */
  readonly issue: string | undefined
  /** What it puts in, which nothing else does. */
  readonly mark: string
  /** `unknown`: it was sent, and no answer came. */
  outcome: "done" | "unchanged" | "unknown"
  events: ReadonlyArray<Told>
}

/** Nobody listened, so that nothing was sent. */
const deaf = new Set(["ECONNREFUSED", "ENOENT"])

class Unanswered extends Error {
  readonly sent: boolean
  constructor(code: string) {
    super(code)
    this.sent = !deaf.has(code)
  }
}

/** Asks over a connection that is kept. */
const connection = (socketPath: string) => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const ask = (method: string, path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}) =>
    new Promise<{ readonly status: number; readonly body: Body }>((resolve, reject) => {
      const broken = (error: NodeJS.ErrnoException) => reject(new Unanswered(error.code ?? error.message))
      const json = body === undefined ? {} : { "content-type": "application/json" }
      const asked = request({ socketPath, agent, method, path: `/api/v1${path}`, headers: { ...json, ...headers } })
      asked.on("error", broken).on("response", (answer) => {
        let text = ""
        answer.setEncoding("utf8").on("error", broken).on("data", (part: string) => (text += part))
        // a body that is cut off is no answer
        answer.on("end", () => answer.complete && resolve({ status: answer.statusCode ?? 0, body: JSON.parse(text) }))
      })
      asked.end(body === undefined ? undefined : JSON.stringify(body))
    })
  return { ask, close: () => agent.destroy() }
}

const closing = {
  reason: "done",
  message: "Implemented, and seen to work by the tests that came with it.",
  evidence: [{ type: "test", command: "npm test" }]
}

const eventsOf = (body: Body): ReadonlyArray<Told> => body.events ?? (body.event === null ? [] : [body.event])

/** What all clients share: the issues that each of them changes, and everything that they tried. */
export class Team {
  readonly changes: Array<Change> = []
  readonly socketPath: string
  readonly shared: ReadonlyArray<{ readonly uid: string; readonly short_id: string }>
  private stopped = false
  private working: Promise<unknown> = Promise.resolve()
  private failure: unknown

  private constructor(socketPath: string, shared: Team["shared"]) {
    this.socketPath = socketPath
    this.shared = shared
  }

  /** A project with some issues to work on. */
  static async make(world: World, issues = 4): Promise<Team> {
    const socketPath = world.daemon().address.slice("unix://".length)
    const { ask, close } = connection(socketPath)
    await ask("POST", "/projects", { name: "alpha" })
    const shared: Array<Team["shared"][number]> = []
    for (let n = 0; n < issues; n++) {
      const { body } = await ask("POST", "/projects/1/issues", { actor: "team", title: `shared ${n}` })
      shared.push(body.issue)
    }
    close()
    return new Team(socketPath, shared)
  }

  get done() {
    return this.changes.filter(({ outcome }) => outcome === "done")
  }

  /** Lets them work until `rest`. */
  work(start: () => ReadonlyArray<Promise<void>>): void {
    this.stopped = false
    this.working = Promise.all(start()).catch((failure: unknown) => {
      this.failure = failure
    })
  }

  /** Waits until so many more changes are done. */
  async progress(changes: number): Promise<void> {
    const wanted = this.done.length + changes
    await until(`${changes} changes are done`, () => this.failure !== undefined || this.done.length >= wanted)
    if (this.failure !== undefined) throw this.failure
  }

  /** Each ends the change that it is at. */
  async rest(): Promise<void> {
    this.stopped = true
    await this.working
    if (this.failure !== undefined) throw this.failure
  }

  /** Works over the socket, `most` changes or until it is stopped. */
  async client(name: string, random: Random, most = Infinity): Promise<void> {
    const { ask, close } = connection(this.socketPath)
    for (let n = 0; n < most && !this.stopped; n++) {
      const { short_id, uid } = random.pick(this.shared)
      const at = `/projects/1/issues/${short_id}`
      const mark = `${name}-${n}`
      const send = async (
        kind: Change["kind"],
        method: string,
        path: string,
        body: object,
        headers: Readonly<Record<string, string>> = {}
      ) => {
        const change: Change = {
          kind,
          issue: kind === "create" ? undefined : uid,
          mark,
          outcome: "unknown",
          events: []
        }
        this.changes.push(change)
        try {
          const answer = await ask(method, path, { actor: name, ...body }, headers)
          // somebody else was first: nothing was changed
          if (kind === "count" && answer.status === 412) change.outcome = "unchanged"
          else {
            expect([kind, answer.status], JSON.stringify(answer.body)).toEqual([kind, 200])
            change.outcome = answer.body.changed === true ? "done" : "unchanged"
            change.events = eventsOf(answer.body)
          }
        } catch (error) {
          if (!(error instanceof Unanswered)) throw error
          if (!error.sent) this.changes.splice(this.changes.indexOf(change), 1)
          await sleep(10)
        }
      }
      switch (random.below(7)) {
        case 0:
          await send("create", "POST", "/projects/1/issues", {
            title: mark,
            body: `body of ${mark}`,
            labels: [mark],
            force_new: true
          })
          break
        case 1:
          await send("edit", "PATCH", at, { title: mark })
          break
        case 2:
          await send("comment", "POST", `${at}/comments`, { body: mark })
          break
        case 3:
          await send("label", "POST", `${at}/labels`, { label: mark })
          break
        case 4:
          await send("close", "POST", `${at}/actions/close`, closing)
          break
        case 5:
          await send("reopen", "POST", `${at}/actions/reopen`, {})
          break
        default: {
          const seen = await ask("GET", at).catch((error: unknown) => {
            if (!(error instanceof Unanswered)) throw error
            return undefined
          })
          if (seen === undefined) break
          const { metadata, revision } = seen.body.issue
          const patch = { count: (metadata.count ?? 0) + 1 }
          await send("count", "POST", `${at}/metadata`, { patch }, { "if-match": `"rev-${revision}"` })
        }
      }
    }
    close()
  }

  /** Works with commands, which start a daemon where there is none. */
  async person(world: World, name: string, random: Random, most = Infinity): Promise<void> {
    for (let n = 0; n < most && !this.stopped; n++) {
      const { short_id, uid } = random.pick(this.shared)
      const mark = `${name}-${n}`
      const [kind, ...words] = random.pick([
        ["create", "create", mark, "--body", `body of ${mark}`, "--label", mark, "--force-new"],
        ["edit", "edit", short_id, "--title", mark],
        ["comment", "comment", short_id, "--body", mark],
        ["label", "label", "add", short_id, mark]
      ]) as [Change["kind"], ...ReadonlyArray<string>]
      const change: Change = { kind, issue: kind === "create" ? undefined : uid, mark, outcome: "unknown", events: [] }
      this.changes.push(change)
      const { exit, stderr, stdout } = await world.run([...words, "--json", "--project", "alpha"])
      // no answer came
      if (exit === 7) continue
      expect({ exit, stderr }, words.join(" ")).toEqual({ exit: 0, stderr: "" })
      change.outcome = "done"
      change.events = eventsOf(JSON.parse(stdout))
    }
  }

  /** Reads the stream until `stop`, coming back with what it has seen when it breaks. */
  follow(): { readonly seen: ReadonlyArray<number>; readonly stop: () => Promise<void> } {
    const seen: Array<number> = []
    const stopped = new AbortController()
    const once = () =>
      new Promise<void>((resolve) => {
        const headers = { accept: "text/event-stream", "last-event-id": String(seen.at(-1) ?? 0) }
        const path = "/api/v1/events/stream"
        const { signal } = stopped
        const asked = request({ socketPath: this.socketPath, path, headers, agent: false, signal }, (answer) => {
          let rest = ""
          answer.setEncoding("utf8").on("error", () => {}).on("close", resolve).on("data", (part: string) => {
            const frames = (rest + part).split("\n\n")
            rest = frames.pop() ?? ""
            for (const frame of frames) {
              const id = /^id: (\d+)$/m.exec(frame)?.[1]
              if (id !== undefined) seen.push(Number(id))
            }
          })
        })
        asked.on("error", () => resolve()).end()
      })
    const following = (async () => {
      for (; !stopped.signal.aborted; await sleep(20)) await once()
    })()
    return {
      seen,
      stop: () => {
        stopped.abort()
        return following
      }
    }
  }

  /** All events, page by page. */
  async poll(): Promise<ReadonlyArray<number>> {
    const { ask, close } = connection(this.socketPath)
    const ids: Array<number> = []
    for (let after = 0;;) {
      const { body } = await ask("GET", `/events?after_id=${after}&limit=17`)
      if (body.events.length === 0) break
      ids.push(...body.events.map(({ event_id }: Body) => event_id))
      after = body.next_after_id
    }
    close()
    return ids
  }
}

/** The events of a database from the first to the last, of which none is missing. */
export const eventsIn = (path: string): ReadonlyArray<Body> => {
  const db = new Sqlite(path)
  try {
    return db.prepare("SELECT id, uid, type, issue_uid, actor, payload FROM events ORDER BY id").all()
  } finally {
    db.close()
  }
}

/**
 * What is in a database that nobody has open: sound, each change in it whole and once, the state what the events say, and all that a client
 * was told is done. Of an older state, all that was done up to its last event, and nothing of what came later.
 */
export const holds = (path: string, team: Team, of: "everything" | "an older state" = "everything") => {
  const db = new Sqlite(path)
  const rows = (sql: string, ...params: ReadonlyArray<unknown>): ReadonlyArray<Body> => db.prepare(sql).all(...params)
  try {
    expect(rows("PRAGMA integrity_check")).toEqual([{ integrity_check: "ok" }])
    expect(rows("PRAGMA foreign_key_check")).toEqual([])
    const events = rows("SELECT id, uid, type, issue_uid, payload FROM events ORDER BY id")
    expect(events.map(({ id }) => id)).toEqual(events.map((_, n) => n + 1))
    const byUid = new Map(events.map((event) => [event.uid, event]))
    const last = events.length

    // each change is there, whole, or not at all
    const applied = new Map<Change, boolean>()
    for (const change of team.changes) {
      const { events: told, issue, kind, mark, outcome } = change
      const there = told.filter(({ id }) => id <= last)
      expect([0, told.length], mark).toContain(there.length)
      if (of === "everything") expect(there.length, mark).toBe(told.length)
      for (const { id, issue_uid, type, uid } of there) {
        expect(byUid.get(uid), mark).toMatchObject({ id, type, issue_uid })
        if (issue !== undefined) expect(issue_uid).toBe(issue)
      }
      const found = kind === "create"
        ? rows("SELECT uid, body FROM issues WHERE title = ?", mark)
        : kind === "comment"
        ? rows(
          "SELECT c.id FROM comments c JOIN issues i ON i.id = c.issue_id WHERE c.body = ? AND i.uid = ?",
          mark,
          issue
        )
        : kind === "label"
        ? rows("SELECT label FROM issue_labels WHERE label = ?", mark)
        : undefined
      if (found === undefined) continue
      expect(found.length, mark).toBeLessThanOrEqual(1)
      if (outcome === "done") expect([mark, found.length]).toEqual([mark, there.length])
      applied.set(change, found.length === 1)
      if (kind === "create" && found.length === 1) {
        expect(found[0].body).toBe(`body of ${mark}`)
        const labels = rows(
          "SELECT l.label FROM issue_labels l JOIN issues i ON i.id = l.issue_id WHERE i.uid = ?",
          found[0].uid
        )
        expect(labels).toEqual([{ label: mark }])
        const created = events.filter(({ issue_uid }) => issue_uid === found[0].uid)
        expect(created.map(({ type }) => type)).toEqual(["issue.created"])
        expect(JSON.parse(created[0].payload).labels).toEqual([mark])
      }
    }

    // the state is what the events say
    const count = (sql: string) => rows(sql)[0].n
    const told = (type: string) => events.filter((event) => event.type === type)
    expect(told("issue.created").length).toBe(count("SELECT count(*) AS n FROM issues"))
    const commented = told("issue.commented").map(({ payload }) => JSON.parse(payload).comment_id)
    expect(commented).toEqual(rows("SELECT id FROM comments ORDER BY id").map(({ id }) => id))
    for (const { uid } of team.shared) {
      const its = events.filter(({ issue_uid }) => issue_uid === uid)
      const [issue] = rows("SELECT id, title, status, metadata, revision FROM issues WHERE uid = ?", uid)
      const labels = rows("SELECT label FROM issue_labels WHERE issue_id = ?", issue.id).map(({ label }) => label)
      expect(labels.toSorted()).toEqual(
        its.filter(({ type }) => type === "issue.labeled").map(({ payload }) => JSON.parse(payload).label).toSorted()
      )
      const lastly = its.findLast(({ type }) => type === "issue.closed" || type === "issue.reopened")
      expect(issue.status).toBe(lastly?.type === "issue.closed" ? "closed" : "open")
      // each saw what the one before had written: no update is lost
      const counted = its.filter(({ type }) => type === "issue.metadata_updated").map(({ payload }) =>
        JSON.parse(payload)
      )
      expect(counted.map(({ diff }) => [diff.count.from, diff.count.to])).toEqual(
        counted.map((_, n) => [n === 0 ? null : n, n + 1])
      )
      expect(JSON.parse(issue.metadata).count ?? 0).toBe(counted.length)
      const edited = its.findLast(({ type }) => type === "issue.updated")
      const edits = team.changes.filter((change) => change.kind === "edit" && change.issue === uid)
      const writer = edits.filter(({ events }) => events.some((event) => event.uid === edited?.uid))
      const possible = edited === undefined
        ? [expect.stringMatching(/^shared /)]
        : writer.length > 0
        ? writer.map(({ mark }) => mark)
        : edits.filter(({ outcome }) => outcome === "unknown").map(({ mark }) => mark)
      expect(possible).toContainEqual(issue.title)
    }
    return { events: last, unanswered: team.changes.filter(({ outcome }) => outcome === "unknown"), applied }
  } finally {
    db.close()
  }
}
