/** What the event of a change keeps of what was there before. */
import { describe, expect, it } from "@effect/vitest"
import { fieldChanges, mostKept, mostRepeated } from "../../src/ledger/events/fieldChanges.ts"
import { type Body, client } from "./client.ts"
import { serving } from "./replay/serve.ts"
import { execute } from "./sql.ts"

const payloads = (events: ReadonlyArray<Body>, type: string) =>
  events.filter((event) => event.type === type).map(({ payload }) => payload)

describe("found L15", () => {
  it.live("an edit leaves old and new title and text in its event, and only what it changed", () =>
    serving({}, async (send) => {
      const { events, issue, ok, project } = client(send)
      await project()
      const { short_id: ref } = await issue("Login slow", { body: "3 s", owner: "ann" })
      const edit = (fields: object) => ok("PATCH", `/projects/1/issues/${ref}`, { actor: "bob", ...fields })
      const answered = await edit({ title: "The login page is slow" })
      await edit({ title: "The login page is slow", body: "" })
      await edit({ body: "<3 s>", owner: "" })
      await edit({ owner: "bob" })
      expect(JSON.parse(answered.event.payload)).toEqual({ title: "The login page is slow", old_title: "Login slow" })
      expect(payloads(await events(), "issue.updated")).toEqual([
        { title: "The login page is slow", old_title: "Login slow" },
        { body: "", old_body: "3 s" },
        { body: "<3 s>", old_body: "", old_owner: "ann" },
        { owner: "bob" }
      ])
    }))

  it.live("so does an import that overwrites an issue, and who had it before stays known", () =>
    serving({}, async (send) => {
      const { events, ok, project } = client(send)
      await project()
      const bring = (fields: object) =>
        ok("POST", "/projects/1/imports", {
          actor: "ann",
          source: "beads",
          items: [{
            external_id: "bd-1",
            title: "Old",
            body: "old text",
            owner: "ann",
            priority: 3,
            author: "ann",
            status: "open",
            created_at: "2026-05-01T10:00:00Z",
            updated_at: "2026-05-02T10:00:00Z",
            ...fields
          }]
        })
      const [{ issue_short_id: ref }] = (await bring({})).items
      await bring({
        title: "New",
        body: null,
        owner: null,
        priority: null,
        status: "closed",
        closed_reason: "done",
        closed_at: "2099-01-01T00:00:00Z",
        updated_at: "2099-01-01T00:00:00Z"
      })
      await ok("POST", `/projects/1/issues/${ref}/actions/assign`, { actor: "ann", owner: "bob" })
      await ok("POST", `/projects/1/issues/${ref}/actions/assign`, { actor: "ann", owner: "eve" })
      await ok("POST", `/projects/1/issues/${ref}/actions/unassign`, { actor: "ann" })
      const all = await events()
      expect(payloads(all, "issue.updated")).toEqual([{
        external_id: "bd-1",
        source: "beads",
        title: "New",
        old_title: "Old",
        body: "",
        old_body: "old text",
        old_owner: "ann",
        old_priority: 3,
        status: "closed",
        old_status: "open",
        closed_reason: "done"
      }])
      expect(payloads(all, "issue.assigned")).toEqual([{ owner: "bob" }, { owner: "eve", old_owner: "bob" }])
      expect(payloads(all, "issue.unassigned")).toEqual([{ old_owner: "eve" }])
    }))

  it("a huge text is kept as the old one, and not repeated as the new one", () => {
    const [long, longest] = ["ä".repeat(mostRepeated), `a${"ä".repeat(mostKept)}`]
    const bytes = Buffer.byteLength(long)
    expect(fieldChanges({ body: "old" }, { body: long })).toEqual({ body_bytes: bytes, old_body: "old" })
    expect(fieldChanges({ body: long }, { body: "new" })).toEqual({ body: "new", old_body: long })
    const cut = fieldChanges({ body: longest }, { body: "new" })
    expect(cut["old_body_bytes"]).toBe(Buffer.byteLength(longest))
    expect(longest.startsWith(String(cut["old_body"]))).toBe(true)
    expect(Buffer.byteLength(String(cut["old_body"]))).toBe(mostKept - 1)
  })

  it.live("a page of events holds a bounded number of bytes, and a cursor goes on behind it", () =>
    serving({}, async (send, { database }) => {
      const { issue, ok, project } = client(send)
      await project()
      await issue("one")
      execute(
        database,
        `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9)
         INSERT INTO events(uid, origin_instance_uid, project_id, project_name, type, actor, payload)
           SELECT printf('01ARZ3NDEKTSV4RRFF%08d', i), value, 1, 'alpha', 'issue.updated', 'ann',
             json_object('old_body', printf('%.*c', iif(i = 9, 9000000, 3000000), 'x'))
           FROM n, meta WHERE key = 'instance_uid'`
      )
      const seen: Array<ReadonlyArray<number>> = []
      for (let after = 0;;) {
        const page = await ok("GET", `/events?limit=1000&after_id=${after}`)
        if (page.events.length === 0) break
        seen.push(page.events.map(({ event_id }: Body) => event_id))
        after = page.next_after_id
      }
      expect(seen).toEqual([[1, 2, 3], [4, 5], [6, 7], [8, 9], [10]])
    }))
})
