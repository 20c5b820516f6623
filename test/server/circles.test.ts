/** Issues that would wait for each other, or be below themselves: on every way that makes a link. */
import { describe, expect, it } from "@effect/vitest"
import { circles } from "../../src/records/circles.ts"
import { type Body, client } from "./client.ts"
import { serving } from "./replay/serve.ts"
import { execute, rows } from "./sql.ts"

/** `a blocks b blocks c`, and what each way to make `c blocks a` answers. */
const chain = async (send: Parameters<typeof client>[0]) => {
  const asked = client(send)
  await asked.project()
  const [a, b, c] = [await asked.issue("A"), await asked.issue("B"), await asked.issue("C")]
  const link = (from: Body, to: Body, more: object = {}) =>
    asked.ask("POST", `/projects/1/issues/${from.short_id}/links`, {
      actor: "ann",
      type: "blocks",
      to_ref: to.short_id,
      ...more
    })
  const edit = (issue: Body, links_delta: object) =>
    asked.ask("PATCH", `/projects/1/issues/${issue.short_id}`, { actor: "ann", links_delta })
  await link(a, b)
  await link(b, c)
  return { ...asked, a, b, c, link, edit }
}

describe("found W9", () => {
  it.live("a link that closes a circle is refused on every route, with the circle, and nothing is stored", () =>
    serving({}, async (send, { database }) => {
      const { a, ask, b, c, edit, events, link } = await chain(send)
      const before = [rows(database, "SELECT * FROM links ORDER BY id"), await events()]
      const peer = ({ short_id, uid }: Body) => ({ uid, short_id })
      const cycle = [c, a, b, c].map(peer)
      const refused = [
        await link(c, a),
        await edit(c, { add_blocks: [a.short_id] }),
        await edit(a, { add_blocked_by: [c.short_id] })
      ]
      for (const { body, status } of refused) {
        expect({ status, ...body.error }).toEqual({
          status: 409,
          code: "blocks_cycle",
          message: `issues would wait for each other: #${c.short_id} blocks #${a.short_id} blocks #${b.short_id} ` +
            `blocks #${c.short_id}`,
          hint: "remove one of these links first",
          data: { cycle }
        })
      }
      const made = await ask("POST", "/projects/1/issues", {
        actor: "ann",
        title: "Between",
        links: [{ type: "blocks", to_ref: a.short_id }, { type: "blocks", to_ref: c.short_id, incoming: true }]
      })
      expect([made.status, made.body.error.code, made.body.error.data.cycle]).toMatchObject([
        409,
        "blocks_cycle",
        [peer(c), {}, peer(a), peer(b), peer(c)]
      ])
      expect([rows(database, "SELECT * FROM links ORDER BY id"), await events()]).toEqual(before)
    }))

  it.live("a link is turned round in one edit; a closed or deleted issue keeps its place", () =>
    serving({}, async (send) => {
      const { a, ask, b, c, close, edit, link } = await chain(send)
      await close(b.short_id)
      expect((await link(c, a)).status).toBe(409)
      const confirm = { "x-kata-confirm": `DELETE alpha#${b.short_id}` }
      await ask("POST", `/projects/1/issues/${b.short_id}/actions/delete`, { actor: "ann" }, confirm)
      expect((await link(c, a)).status).toBe(409)
      await ask("POST", `/projects/1/issues/${b.short_id}/actions/restore`, { actor: "ann" })
      const turned = await edit(a, { add_blocked_by: [b.short_id], remove_blocks: [b.short_id] })
      expect(turned.body.changes).toMatchObject({ blocked_by_added: [{}], blocks_removed: [{}] })
      // b -> a, b -> c: now c may block a
      expect((await link(c, a)).status).toBe(200)
      expect((await edit(a, { add_related: [c.short_id] })).status).toBe(200)
    }))

  it.live("circles of before are no trap: what stands beside them is linked as ever", () =>
    serving({}, async (send, { database }) => {
      const { a, c, edit, issue, link } = await chain(send)
      execute(
        database,
        `INSERT INTO links(project_id, from_issue_id, to_issue_id, from_issue_uid, to_issue_uid, type, author)
           SELECT 1, c.id, a.id, c.uid, a.uid, 'blocks', 'ann' FROM issues a, issues c WHERE a.id = 1 AND c.id = 3`
      )
      const d = await issue("D")
      expect((await link(c, d)).status).toBe(200)
      expect((await link(d, a)).status).toBe(409)
      expect((await edit(c, { remove_blocks: [a.short_id] })).status).toBe(200)
      // the circle is gone, so that this one would be the only one
      expect((await link(d, a)).status).toBe(409)
    }))

  it.live("an import leaves the link out that closes a circle, says so, and brings all others", () =>
    serving({}, async (send) => {
      const { ok, project } = client(send)
      await project()
      const item = (id: string, links: ReadonlyArray<object>, more: object = {}) => ({
        external_id: id,
        title: id,
        author: "ann",
        status: "open",
        created_at: "2026-05-01T10:00:00Z",
        updated_at: "2026-05-02T10:00:00Z",
        links,
        ...more
      })
      const to = (type: string, target_external_id: string) => ({ type, target_external_id })
      const bring = (...items: ReadonlyArray<object>) =>
        ok("POST", "/projects/1/imports", { actor: "ann", source: "beads", items })
      const first = await bring(
        item("a", [to("blocks", "b"), to("parent", "b")]),
        item("b", [to("blocks", "c"), to("parent", "c")]),
        item("c", [to("blocks", "a"), to("parent", "a")])
      )
      expect(first.links).toBe(4)
      expect(first.items[2].reason).toBe(
        "blocks \"a\" left out: an issue cannot wait for itself; parent \"a\" left out: an issue cannot be below itself"
      )
      // the source has turned its circle: the link that goes is not in the way of the one that comes
      const later = { updated_at: "2099-01-01T00:00:00Z" }
      const second = await bring(item("c", [to("blocks", "a")], later), item("a", [], later))
      expect([second.links, second.items.map(({ reason }: Body) => reason)]).toEqual([1, [undefined, undefined]])
    }))

  it("finds each circle, also where many links meet", () => {
    const edges = (...pairs: ReadonlyArray<readonly [number, number]>) =>
      pairs.map(([from, to]) => ({ from: BigInt(from), to: BigInt(to) }))
    expect(circles(edges([1, 2], [2, 3], [1, 3]))).toEqual([])
    expect(circles(edges([9, 1], [1, 2], [2, 1], [2, 3], [3, 4], [4, 3], [4, 5]))).toEqual([[1n, 2n, 1n], [3n, 4n, 3n]])
    const long = Array.from({ length: 50_000 }, (_, i) => [i, i + 1] as const)
    expect(circles(edges(...long))).toEqual([])
    expect(circles(edges(...long, [50_000, 0]))).toHaveLength(1)
  })
})
