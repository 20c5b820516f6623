/** What the recordings do not show of closing, deleting, purging, moving, and metadata. */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Client from "../../src/client/Client.ts"
import { overHttp } from "../../src/client/overHttp.ts"
import { type Body, client } from "./client.ts"
import { served, serving } from "./replay/serve.ts"
import { execute, rows } from "./sql.ts"

const times = <A>(n: number, make: (i: number) => A): ReadonlyArray<A> => Array.from({ length: n }, (_, i) => make(i))

describe("at once", () => {
  it.live("many close an issue: one of them does", () =>
    serving({}, async (send) => {
      const { close, events, issue, project } = client(send)
      await project()
      const { short_id } = await issue("One")
      const answers = await Promise.all(times(10, () => close(short_id)))
      expect(answers.every(({ status }) => status === 200)).toBe(true)
      expect(answers.filter(({ body }) => body.changed === true)).toHaveLength(1)
      expect(await events()).toHaveLength(2)
    }))

  it.live("many change the metadata of the revision that they saw: one of them does, and nothing is lost of who asks again", () =>
    serving({}, async (send) => {
      const { ask, issue, ok, project } = client(send)
      await project()
      const { short_id } = await issue("One")
      const path = `/projects/1/issues/${short_id}`
      const put = async (key: string): Promise<void> => {
        const { revision } = (await ok("GET", path)).issue
        const { status } = await ask("POST", `${path}/metadata`, { actor: "ann", patch: { [key]: key } }, {
          "if-match": `"rev-${revision}"`
        })
        if (status === 412) return put(key)
        expect(status).toBe(200)
      }
      const keys = times(6, (i) => `key${i}`)
      await Promise.all(keys.map(put))
      const after = (await ok("GET", path)).issue
      expect(after.metadata).toEqual(Object.fromEntries(keys.map((key) => [key, key])))
      expect(after.revision).toBe(7)
    }))

  it.live("a parent is not closed while a child is opened", () =>
    serving({}, async (send) => {
      const { close, issue, ok, project } = client(send)
      await project()
      const parent = await issue("Parent")
      const children = await Promise.all(
        times(12, (i) => issue(`Child ${i}`, { links: [{ type: "parent", to_ref: parent.short_id }] }))
      )
      for (const child of children) await close(child.short_id)
      const [closed] = await Promise.all([
        close(parent.short_id),
        ...children.map(({ short_id }) => ok("POST", `/projects/1/issues/${short_id}/actions/reopen`, { actor: "ann" }))
      ])
      expect(closed.status).toBe(200)
      await ok("POST", `/projects/1/issues/${parent.short_id}/actions/reopen`, { actor: "ann" })
      const refused = await close(parent.short_id)
      expect(refused.body.error.code).toBe("parent_has_open_children")
      expect(refused.body.error.message.split("\n")).toHaveLength(13)
      expect(refused.body.error.message).toContain("… and 2 more")
    }))
})

describe("a close", () => {
  it.live("leaves an event when it is throttled, none when it is a dry run, and the window ends", () =>
    serving({ throttle: { enabled: true, window: 90_000 } }, async (send, { database }) => {
      const { close, events, issue, project } = client(send)
      await project()
      const parent = await issue("Parent")
      const links = [{ type: "parent", to_ref: parent.short_id }]
      const children = await Promise.all(times(5, (i) => issue(`Child ${i}`, { links })))
      const message = (i: number) => `What was done in number ${i} of them is something else than elsewhere.`
      for (const [i, { short_id }] of children.slice(0, 3).entries()) {
        expect(await close(short_id, { message: message(i) })).toMatchObject({ status: 200 })
      }
      const before = await events()
      const fourth = () => close(children[3].short_id, { message: message(3) })
      expect(await close(children[3].short_id, { message: message(3), dry_run: true })).toMatchObject({ status: 429 })
      expect(await events()).toEqual(before)
      const refused = await fourth()
      expect(refused.body.error).toMatchObject({ code: "sibling_throttle" })
      expect(refused.body.error.message).toContain("in the last 90 sec")
      expect((await events()).at(-1)).toMatchObject({ type: "close.throttled", payload: { reason: "sibling-burst" } })
      execute(
        database,
        "UPDATE events SET created_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-91 seconds') WHERE type = 'issue.closed'"
      )
      expect(await close(children[3].short_id, { message: message(2).toUpperCase() })).toMatchObject({
        status: 429,
        body: { error: { code: "duplicate_message" } }
      })
      expect(await fourth()).toMatchObject({ status: 200 })
      execute(database, "UPDATE events SET payload = '{\"message\":7}' WHERE type = 'issue.closed'")
      expect(await close(children[4].short_id, { message: message(3) })).toMatchObject({ status: 200 })
    }))

  it.live("keeps evidence in the order of its members, without those that say nothing", () =>
    serving({}, async (send) => {
      const { close, issue, project } = client(send)
      await project()
      const { short_id } = await issue("One")
      const closed = await close(short_id, {
        evidence: [{ url: "", sha: "ABCDEF1", type: "commit" }, {
          paths: ["a<b"],
          type: "reviewed-paths",
          command: null
        }]
      })
      expect(closed.body.event.payload).toContain(
        "\"evidence\":[{\"type\":\"commit\",\"sha\":\"ABCDEF1\"},{\"type\":\"reviewed-paths\",\"paths\":[\"a\\u003cb\"]}]"
      )
    }))
})

describe("a purge", () => {
  const purge = (ref: string) => ["POST", `/projects/1/issues/${ref}/actions/purge`] as const

  it.live("takes what belongs to the issue, and leaves what others did", () =>
    serving({}, async (send, { database }) => {
      const { events, issue, ok, project } = client(send)
      await project()
      const [a, b, c] = [await issue("Apple"), await issue("Banana"), await issue("Cherry")]
      await ok("POST", `/projects/1/issues/${b.short_id}/links`, { actor: "ann", type: "blocks", to_ref: a.short_id })
      await ok("PATCH", `/projects/1/issues/${c.short_id}`, {
        actor: "ann",
        links_delta: { add_related: [a.short_id] }
      })
      await ok("POST", `/projects/1/issues/${a.short_id}/comments`, { actor: "ann", body: "xylophone" })
      await ok("POST", `/projects/1/issues/${a.short_id}/labels`, { actor: "ann", label: "x" })
      execute(
        database,
        `INSERT INTO import_mappings(source, external_id, object_type, project_id, issue_id) VALUES('s', 'e', 'issue', 1, ${a.id});
         INSERT INTO import_mappings(source, external_id, object_type, project_id, issue_id, comment_id) VALUES('s', 'c', 'comment', 1, ${a.id}, 1)`
      )
      const { purge_log: log } = await ok(...purge(a.short_id), { actor: "ann" }, {
        "x-kata-confirm": `PURGE alpha#${a.short_id}`
      })
      expect(log).toMatchObject({ comment_count: 1, label_count: 1, link_count: 2, event_count: 4 })
      const left = rows(
        database,
        "SELECT type, issue_id, related_issue_id, related_issue_uid FROM events ORDER BY id"
      )
      expect(left).toEqual([
        { type: "issue.created", issue_id: 2n, related_issue_id: null, related_issue_uid: null },
        { type: "issue.created", issue_id: 3n, related_issue_id: null, related_issue_uid: null },
        { type: "issue.links_changed", issue_id: 3n, related_issue_id: null, related_issue_uid: null }
      ])
      for (const table of ["comments", "issue_labels", "links", "import_mappings"]) {
        expect(rows(database, `SELECT * FROM ${table}`)).toEqual([])
      }
      expect((await ok("GET", "/projects/1/search?q=xylophone")).results).toEqual([])
      execute(database, "INSERT INTO issues_fts(issues_fts) VALUES('integrity-check')")
      expect(await events()).toEqual([])
      expect((await issue("Damson")).id).toBe(4)
    }))

  it.live.each<readonly [counter: string, damage: string]>([
    ["is missing", "DELETE FROM sqlite_sequence WHERE name = 'events'"],
    ["is behind", "UPDATE sqlite_sequence SET seq = 1 WHERE name = 'events'"],
    ["is a text", "UPDATE sqlite_sequence SET seq = 'x' WHERE name = 'events'"],
    ["is there twice", "INSERT INTO sqlite_sequence(name, seq) VALUES('events', 2)"]
  ])("reserves an id above all when the counter %s", ([, damage]) =>
    serving({}, async (send, { database }) => {
      const { issue, ok, project } = client(send)
      await project()
      const [a] = [await issue("Apple"), await issue("Banana"), await issue("Cherry")]
      execute(database, damage)
      const { purge_log: log } = await ok(...purge(a.short_id), { actor: "ann" }, {
        "x-kata-confirm": `PURGE alpha#${a.short_id}`
      })
      expect(log.purge_reset_after_event_id).toBe(4)
      await issue("Damson")
      expect((await ok("GET", "/events?after_id=4")).events).toMatchObject([{ event_id: 5 }])
    }))

  it.scopedLive("wants the name of the project, in any script", () =>
    Effect.gen(function*() {
      const { address, send } = yield* served({})
      const { ask, issue, ok, project } = client(send)
      const name = "prøjekt ✓"
      yield* Effect.promise(() => project(name))
      const { short_id }: Body = yield* Effect.promise(() => issue("One"))
      const header = (text: string) => ({ "x-kata-confirm": Buffer.from(text, "utf8").toString("latin1") })
      const path = `/projects/1/issues/${short_id}/actions`
      const wrong = header(`DELETE projekt#${short_id}`)
      expect(yield* Effect.promise(() => ask("POST", `${path}/delete`, { actor: "ann" }, wrong))).toMatchObject({
        status: 412,
        body: { error: { code: "confirm_mismatch", hint: `expected DELETE ${name}#${short_id}` } }
      })
      const deleted = yield* Client.make(yield* overHttp(address)).call("issueDelete", {
        path: { project_id: 1, ref: short_id as string },
        headers: { "X-Kata-Confirm": `DELETE ${name}#${short_id}` },
        body: { actor: "ann" }
      })
      expect(deleted.text).toContain("\"changed\":true")
      const right = header(`PURGE ${name}#${short_id}`)
      yield* Effect.promise(() => ok("POST", `${path}/purge`, { actor: "ann" }, right))
    }))
})

describe("a move", () => {
  it.live("gives a new short id where the old one is taken, and takes what an importer knows along", () =>
    serving({}, async (send, { database }) => {
      const { ask, issue, ok, project } = client(send)
      const [from, to] = [await project("alpha"), await project("beta")]
      const a = await issue("Apple")
      const taken = `01HZZZZZZZZZZZZZZZZZZZ${(a.uid as string).slice(-4)}`
      await ok("POST", `/projects/1/issues/${a.short_id}/comments`, { actor: "ann", body: "hi" })
      execute(
        database,
        `INSERT INTO issues(uid, project_id, short_id, title, author) VALUES ('${taken}', 2, '${a.short_id}', 'Banana', 'ann');
         INSERT INTO import_mappings(source, external_id, object_type, project_id, issue_id) VALUES
           ('s', 'both', 'issue', 1, 1), ('s', 'both', 'issue', 2, 2);
         INSERT INTO import_mappings(source, external_id, object_type, project_id, issue_id, comment_id) VALUES
           ('s', 'c1', 'comment', 1, NULL, 1)`
      )
      const moved = await ask(
        "POST",
        `/projects/1/issues/${a.short_id}/actions/move`,
        { actor: "ann", to_project_uid: (to.uid as string).toLowerCase() },
        { "if-match": "\"rev-1\"" }
      )
      const longer = (a.uid as string).slice(-5).toLowerCase()
      expect(moved).toMatchObject({
        status: 200,
        headers: { etag: "\"rev-2\"" },
        body: { issue: { project_id: 2, project_uid: to.uid, revision: 2 }, new_short_id: longer }
      })
      expect((await ok("GET", "/projects/2/events")).events.at(-1)).toMatchObject({
        type: "issue.moved",
        payload: { from_project_uid: from.uid, from_short_id: a.short_id, to_short_id: longer }
      })
      expect(rows(database, "SELECT external_id, project_id, issue_id FROM import_mappings ORDER BY id")).toEqual(
        [
          { external_id: "both", project_id: 2n, issue_id: 2n },
          { external_id: "c1", project_id: 2n, issue_id: null }
        ]
      )
    }))

  it.live("leaves an occurrence with its recurrence", () =>
    serving({}, async (send, { database }) => {
      const { ask, issue, ok, project } = client(send)
      await project("alpha")
      const { uid } = await project("beta")
      const { short_id } = await issue("Apple")
      await ok("POST", "/projects/1/recurrences", {
        actor: "ann",
        rrule: "FREQ=DAILY",
        dtstart: "2026-06-01",
        timezone: "UTC",
        template: { title: "x" }
      })
      execute(database, "UPDATE issues SET recurrence_id = 1, occurrence_key = '2026-06-01'")
      const moved = await ask(
        "POST",
        `/projects/1/issues/${short_id}/actions/move`,
        { actor: "ann", to_project_uid: uid },
        { "if-match": "\"rev-1\"" }
      )
      expect(moved).toMatchObject({ status: 409, body: { error: { code: "recurrence_pinned" } } })
    }))

  it.live("and a rename, a merge and an archiving leave newer Go kata's own project as it is", () =>
    serving({}, async (send, { database }) => {
      const { ask, issue, project } = client(send)
      await project("alpha")
      const { short_id } = await issue("Apple")
      const uid = "0".repeat(26)
      execute(database, `INSERT INTO projects(uid, name) VALUES ('${uid}', '.kata-system')`)
      const before = rows(database, "SELECT * FROM projects")
      const refused = [
        await ask("POST", `/projects/1/issues/${short_id}/actions/move`, { actor: "ann", to_project_uid: uid }, {
          "if-match": "\"rev-1\""
        }),
        await ask("PATCH", "/projects/2", { name: "tokens" }),
        await ask("POST", "/projects/2/merge", { source_project_id: 1 }),
        await ask("POST", "/projects/1/merge", { source_project_id: 2 }),
        await ask("DELETE", "/projects/2?actor=ann")
      ]
      for (const answer of refused) {
        expect(answer).toMatchObject({ status: 400, body: { error: { code: "validation" } } })
        expect(answer.body.error.message).toMatch(/^\.kata-system is newer Go kata's own project/)
      }
      expect((await ask("PATCH", "/projects/1", { name: ".kata-system" })).body.error.message).toContain("is kept for")
      expect(rows(database, "SELECT * FROM projects")).toEqual(before)
    }))
})

describe("metadata", () => {
  const patch = (text: string) => ({
    method: "POST",
    headers: { "content-type": "application/json", "if-match": "\"rev-1\"" },
    body: `{"actor":"ann","patch":${text}}`
  })

  it.live("keeps the spelling of values, the last of a key that stands twice, and keys that JavaScript has names for", () =>
    serving({}, async (send, { database }) => {
      const { issue, project } = client(send)
      await project()
      const { short_id } = await issue("One")
      const answer = await send({
        ...patch(
          "{ \"n\": 1.50e3, \"big\":12345678901234567890,\"10\":[ 1 ], \"9\":{}, \"n\": 2.0, \"__proto__\":{\"z\": 1, \"a\":\"<\"} }"
        ),
        path: `/api/v1/projects/1/issues/${short_id}/metadata`
      })
      expect(answer.status).toBe(200)
      const stored = "{\"10\":[1],\"9\":{},\"__proto__\":{\"z\":1,\"a\":\"<\"},\"big\":12345678901234567890,\"n\":2.0}"
      expect(answer.text).toContain(`"metadata":${stored.replace("<", "\\u003c")}`)
      expect(rows(database, "SELECT metadata FROM issues")).toEqual([{ metadata: stored }])
    }))

  it.live.each<readonly [text: string, what: string]>([
    ["{\"scheduled_on\":\"2026-02-30\"}", "date must match YYYY-MM-DD"],
    ["{\"someday\":1}", "value must be a JSON boolean"],
    ["{\"timezone\":\"utc\"}", "is not a valid IANA name"],
    ["{\"checklist\":[{\"id\":\"01hzzzzzzzzzzzzzzzzzzzzzzz\"}]}", "item[0].id must be a 26-char ULID"],
    ["{\"checklist\":[{\"id\":\"01HZZZZZZZZZZZZZZZZZZZZZZZ\",\"done\":1}]}", "item[0].done must be a JSON boolean"]
  ])("refuses %s", ([text, what]) =>
    serving({}, async (send) => {
      const { issue, project } = client(send)
      await project()
      const { short_id } = await issue("One")
      const answer = await send({ ...patch(text), path: `/api/v1/projects/1/issues/${short_id}/metadata` })
      expect(answer.status).toBe(400)
      expect(answer.text).toContain("invalid_metadata_value")
      expect(answer.text).toContain(what)
    }))

  it.live.each(["{", "[1]", "\"x", "7"])(
    "that is %s in the database is shown, and not written over",
    (odd) =>
      serving({}, async (send, { database }) => {
        const { issue, ok, project } = client(send)
        await project()
        const { short_id } = await issue("One")
        execute(database, `UPDATE issues SET metadata = '${odd}', created_at = '2026-05-04 00:21:07 +0200 CEST'`)
        const list = await ok("GET", "/projects/1/issues")
        expect(list.issues).toMatchObject([{ created_at: "2026-05-03T22:21:07Z" }])
        const answer = await send({ ...patch("{\"a\":1}"), path: `/api/v1/projects/1/issues/${short_id}/metadata` })
        expect(answer.status).toBe(400)
        expect(rows(database, "SELECT metadata FROM issues")).toEqual([{ metadata: odd }])
      })
  )
})
