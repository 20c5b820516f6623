/** What the recordings do not show of digest and audit. */
import { describe, expect, it } from "@effect/vitest"
import { type Body, client } from "./client.ts"
import { serving } from "./replay/serve.ts"
import { execute } from "./sql.ts"

const always = "since=2000-01-01T00:00:00Z&until=2099-01-01T00:00:00Z"

/** Events that nothing in this process makes any more, or not that fast. */
const events = (rows: ReadonlyArray<{ readonly type: string; readonly payload?: string; readonly at?: string }>) =>
  `INSERT INTO events(uid, origin_instance_uid, project_id, project_name, issue_id, issue_uid, type, actor, payload, created_at)
   VALUES ${
    rows.map(({ at = "2026-05-01T00:00:00.000Z", payload = "{}", type }, i) =>
      `('01M82X${String(i).padStart(20, "0")}', '01M82X0000000000000000NSTN', 1, 'alpha', 1,
        (SELECT uid FROM issues WHERE id = 1), '${type}', 'old', '${payload}', '${at}')`
    ).join(",")
  }`

describe("digest", () => {
  it.live("tells of each issue what was done, in one order", () =>
    serving({}, async (send) => {
      const { close, issue, ok, project } = client(send)
      await project()
      const [a, b, c] = [await issue("A"), await issue("B"), await issue("C")]
      const one = await issue("One", {
        labels: ["x", "y"],
        owner: "bob",
        links: [{ type: "parent", to_ref: a.short_id }, { type: "blocks", to_ref: b.short_id, incoming: true }]
      })
      const path = `/projects/1/issues/${one.short_id}`
      for (const body of ["first", "second"]) await ok("POST", `${path}/comments`, { actor: "ann", body })
      await ok("PATCH", path, {
        actor: "ann",
        title: "Two",
        set_priority: 1,
        links_delta: { remove_parent: a.short_id, add_blocks: [c.short_id], remove_blocked_by: [b.short_id] }
      })
      await ok("PATCH", path, { actor: "ann", clear_priority: true, links_delta: { remove_blocks: [c.short_id] } })
      await ok("POST", `${path}/labels`, { actor: "ann", label: "z" })
      await ok("DELETE", `${path}/labels/x?actor=ann`)
      await ok("POST", `${path}/actions/assign`, { actor: "ann", owner: "carol" })
      await ok("POST", `${path}/actions/unassign`, { actor: "ann" })
      await close(one.short_id)
      await ok("POST", `${path}/actions/reopen`, { actor: "ann" })
      await ok("POST", `${path}/actions/delete`, { actor: "ann" }, {
        "x-kata-confirm": `DELETE alpha#${one.short_id}`
      })
      await ok("POST", `${path}/actions/restore`, { actor: "dave" })
      const digest = await ok("GET", `/projects/1/digest?${always}`)
      const [ann, dave] = digest.actors
      expect(ann.issues.find(({ issue_uid }: Body) => issue_uid === one.uid).actions).toEqual([
        "created",
        "commented:2",
        "edited",
        "assigned:carol",
        "unassigned",
        "priority:1",
        "priority_cleared",
        "labeled:x",
        "labeled:y",
        "labeled:z",
        "unlabeled:x",
        `parent:${a.short_id}`,
        `blocked_by:${b.short_id}`,
        `blocks:${c.short_id}`,
        `unparent:${a.short_id}`,
        `unblocked_by:${b.short_id}`,
        `unblocks:${c.short_id}`,
        "reopened",
        "closed:done",
        "deleted"
      ])
      expect(dave.issues[0].actions).toEqual(["restored"])
      expect(digest.totals).toEqual({
        created: 4,
        closed: 1,
        reopened: 1,
        commented: 2,
        edited: 1,
        assigned: 2,
        unassigned: 1,
        priority_set: 1,
        priority_cleared: 1,
        labeled: 3,
        unlabeled: 1,
        linked: 3,
        unlinked: 3,
        unblocked: 1,
        deleted: 1,
        restored: 1,
        other: 0
      })
      const some = await ok("GET", `/digest?${always}&actor=dave,erin`)
      expect([some.event_count, some.project_id]).toEqual([1, 0])
    }))

  it.live("takes the span from since to before until, however many events are in it, and reads what is stored oddly", () =>
    serving({}, async (send, { database }) => {
      const { ask, issue, ok, project } = client(send)
      await project()
      await issue("One")
      execute(
        database,
        events([
          { type: "issue.reopened", at: "2026-05-01T00:00:00.000Z" },
          { type: "issue.reopened", at: "2026-05-02T00:00:00.000Z" },
          { type: "issue.closed", payload: "no JSON" },
          { type: "issue.links_changed", payload: "{\"blocks_added\":[7],\"parent_set\":3}" },
          { type: "issue.labeled", payload: "[]" },
          { type: "issue.renumbered" },
          ...Array.from({ length: 2500 }, () => ({ type: "issue.commented" }))
        ])
      )
      const day = "/digest?since=2026-05-01T02:00:00%2B02:00&until=2026-05-02T00:00:00Z"
      const { actors, event_count, totals } = await ok("GET", day)
      expect(event_count).toBe(2505)
      expect([totals.reopened, totals.commented, totals.closed, totals.labeled, totals.linked, totals.other])
        .toEqual([1, 2500, 1, 1, 0, 1])
      expect(actors[0].issues[0].actions).toEqual(["commented:2500", "reopened", "closed:done", "other:1"])
      for (const query of ["since=2026-05-01T00:00:00Z&until=2026-05-01T00:00:00Z", "since=yesterday", `${always}x`]) {
        expect((await ask("GET", `/digest?${query}`)).body.error.code).toBe("validation")
      }
      expect((await ask("GET", `/projects/9/digest?${always}`)).body.error.code).toBe("project_not_found")
    }))
})

describe("audit", () => {
  it.live("knows whose child it was, by any name of the parent", () =>
    serving({}, async (send) => {
      const { ask, close, issue, ok, project } = client(send)
      await project()
      const parent = await issue("Parent")
      const links = [{ type: "parent", to_ref: parent.short_id }]
      const [a, b, alone] = [await issue("A", { links }), await issue("B", { links }), await issue("Alone")]
      for (const { short_id } of [a, b, alone]) {
        await close(short_id, { message: `Done with all care, and looked at again: this is ${short_id}.` })
      }
      const closes = async (query = "") => (await ok("GET", `/audit/closes?project_id=1${query}`)).rows
      expect((await closes()).map(({ issue, parent }: Body) => [issue, parent])).toEqual([
        [a.short_id, parent.short_id],
        [b.short_id, parent.short_id],
        [alone.short_id, undefined]
      ])
      for (const ref of [parent.short_id, `alpha#${parent.short_id}`, parent.uid, parent.uid.toLowerCase()]) {
        expect(await closes(`&parent=${encodeURIComponent(ref)}`)).toHaveLength(2)
      }
      for (const ref of [a.short_id, `beta#${parent.short_id}`, alone.uid]) {
        expect(await closes(`&parent=${encodeURIComponent(ref)}`)).toEqual([])
      }
      expect((await ask("GET", "/audit/closes?project_id=1&no_evidence=perhaps")).status).toBe(400)
    }))

  it.live("knows who was refused before; of an older payload the parent is that of today", () =>
    serving({}, async (send, { database }) => {
      const { issue, ok, project } = client(send)
      await project()
      const child = await issue("Child")
      const parent = await issue("Parent")
      const path = `/projects/1/issues/${child.short_id}/links`
      await ok("POST", path, { actor: "ann", type: "parent", to_ref: parent.short_id })
      execute(
        database,
        events([
          { type: "close.throttled" },
          { type: "issue.closed", payload: "{\"reason\":\"wontfix\"}" },
          { type: "issue.closed", payload: "{\"reason\":\"done\",\"parent_uid\":\"\",\"parent_short_id\":\"\"}" },
          { type: "issue.closed", payload: "no JSON" }
        ])
      )
      const row = { actor: "old", issue: child.short_id, time: "2026-05-01T00:00:00Z" }
      expect((await ok("GET", "/audit/closes?project_id=1")).rows).toEqual([
        { ...row, parent: parent.short_id, reason: "wontfix", flags: ["throttled"] },
        { ...row, reason: "done", flags: ["no-evidence"] },
        { ...row, parent: parent.short_id, reason: "", flags: ["no-evidence"] }
      ])
    }))
})
