/** What the recordings do not show of imports: run again after changes on either side, times, limits. */
import { describe, expect, it } from "@effect/vitest"
import { type Body, client } from "./client.ts"
import { serving } from "./replay/serve.ts"
import { execute, rows } from "./sql.ts"

type Json = { readonly [key: string]: unknown }

const item = (id: string, more: Json = {}): Json => ({
  external_id: id,
  title: `Title ${id}`,
  author: "bob",
  status: "open",
  created_at: "2026-05-01T10:00:00Z",
  updated_at: "2026-05-02T10:00:00Z",
  ...more
})
const later = { updated_at: "2099-01-01T00:00:00Z" }

/** A served project, and what imports into it. */
const importing = (
  use: (
    kit: ReturnType<typeof client> & {
      readonly bring: (...items: ReadonlyArray<Json>) => Promise<Body>
      readonly show: (outcome: Body, i?: number) => Promise<Body>
      readonly database: string
    }
  ) => Promise<void>
) =>
  serving({}, async (send, { database }) => {
    const kit = client(send)
    await kit.project()
    const bring = (...items: ReadonlyArray<Json>) =>
      kit.ok("POST", "/projects/1/imports", { actor: "ann", source: "beads", items })
    const show = (outcome: Body, i = 0) => kit.ok("GET", `/projects/1/issues/${outcome.items[i].issue_short_id}`)
    await use({ ...kit, bring, show, database })
  })

const labels = (shown: Body): ReadonlyArray<string> => shown.labels.map(({ label }: Body) => label)
const links = (shown: Body): ReadonlyArray<string> => shown.links.map(({ type }: Body) => type)
const refused = async (answer: Promise<{ readonly status: number; readonly body: Body }>) => {
  const { body, status } = await answer
  return [status, body.error.code, body.error.message]
}

describe("times", () => {
  it.live("of any offset are stored as kata writes them", () =>
    importing(async ({ bring, database, show }) => {
      const done = await bring(
        item("a", {
          created_at: "2026-05-01T10:00:00.123456789-07:00",
          updated_at: "2026-05-02T00:30:00+05:30",
          labels: ["x"],
          comments: [{
            external_id: "c",
            author: "dave",
            body: "hello",
            created_at: "2026-05-01T23:59:59Z"
          }],
          links: [{ type: "blocks", target_external_id: "b" }]
        }),
        item("b", { status: "closed", closed_at: "2026-05-01T12:00:00+02:00" })
      )
      const stored = rows(
        database,
        `SELECT created_at AS t FROM issues UNION ALL SELECT updated_at FROM issues
         UNION ALL SELECT closed_at FROM issues WHERE closed_at IS NOT NULL UNION ALL SELECT created_at FROM comments
         UNION ALL SELECT created_at FROM issue_labels UNION ALL SELECT created_at FROM links
         UNION ALL SELECT source_updated_at FROM import_mappings WHERE source_updated_at IS NOT NULL`
      )
      expect(stored).toHaveLength(12)
      for (const row of stored) expect((row as Body).t).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
      const { issue } = await show(done)
      expect([issue.created_at, issue.updated_at]).toEqual(["2026-05-01T17:00:00.123Z", "2026-05-01T19:00:00Z"])
    }))

  it.live("that Go kata has stored are compared as times, not as texts", () =>
    importing(async ({ bring, database }) => {
      await bring(item("a"))
      execute(database, "UPDATE issues SET updated_at = '2026-05-02 12:00:00 +0200 CEST'")
      expect(await bring(item("a", { title: "same time" }))).toMatchObject({ unchanged: 1 })
      expect(await bring(item("a", { title: "later", updated_at: "2026-05-02T10:00:00.001Z" })))
        .toMatchObject({ updated: 1 })
      execute(database, "UPDATE issues SET updated_at = 'last week'")
      expect(await bring(item("a", { title: "who knows", ...later }))).toMatchObject({ unchanged: 1 })
    }))

  it.live("are times", () =>
    importing(async ({ ask }) => {
      for (
        const created_at of ["2026-02-30T00:00:00Z", "2026-05-01 10:00:00Z", "2026-05-01T10:00:00", "2026-05-01", ""]
      ) {
        const answer = ask("POST", "/projects/1/imports", {
          actor: "ann",
          source: "beads",
          items: [item("a"), item("b", { created_at })]
        })
        expect(await refused(answer)).toEqual([
          400,
          "validation",
          "validation failed: items[1].created_at: expected string to be RFC 3339 date-time"
        ])
      }
    }))
})

describe("again", () => {
  it.live("labels and links that the source has changed arrive without a new time; what it does not name stays", () =>
    importing(async ({ bring, show }) => {
      const parent = { links: [{ type: "parent", target_external_id: "b" }] }
      const done = await bring(item("a", { labels: ["x", "y"], ...parent }), item("b"))
      await bring(item("a"))
      expect(labels(await show(done))).toEqual(["x", "y"])
      const again = await bring(item("a", { labels: ["y", "z"], links: [] }))
      expect(again).toMatchObject({ updated: 0, unchanged: 1, links: 0 })
      const shown = await show(done)
      expect([labels(shown), links(shown)]).toEqual([["y", "z"], []])
      expect(shown.issue.updated_at).toBe("2026-05-02T10:00:00Z")
      expect(await bring(item("a", { labels: ["y", "z"], ...parent }))).toMatchObject({ unchanged: 1, links: 1 })
    }))

  it.live("what is older than what was told before changes nothing", () =>
    importing(async ({ bring, events, show }) => {
      const done = await bring(item("a", { ...later, labels: ["new"] }))
      const told = (await events()).length
      await bring(item("a", { labels: ["old"], links: [] }))
      expect(labels(await show(done))).toEqual(["new"])
      expect(await events()).toHaveLength(told)
    }))

  it.live("what somebody took away stays away until the source changes the issue", () =>
    importing(async ({ bring, ok, show }) => {
      const full = { labels: ["x"], links: [{ type: "blocks", target_external_id: "b" }] }
      const done = await bring(item("a", full), item("b"))
      const path = `/projects/1/issues/${done.items[0].issue_short_id}`
      const [link] = (await show(done)).links
      await ok("DELETE", `${path}/labels/x?actor=ann`)
      await ok("DELETE", `${path}/links/${link.id}?actor=ann`)
      await bring(item("a", full))
      const without = await show(done)
      expect([labels(without), links(without)]).toEqual([[], []])
      expect(await bring(item("a", { ...full, ...later }))).toMatchObject({ updated: 1, links: 1 })
      const back = await show(done)
      expect([labels(back), links(back)]).toEqual([["x"], ["blocks"]])
    }))

  it.live("what a person has put there is theirs", () =>
    importing(async ({ bring, issue, ok, show }) => {
      const done = await bring(item("a"), item("b"))
      const path = `/projects/1/issues/${done.items[0].issue_short_id}`
      const parent = await issue("Parent")
      await ok("POST", `${path}/labels`, { actor: "ann", label: "mine" })
      await ok("POST", `${path}/links`, { actor: "ann", type: "parent", to_ref: parent.short_id })
      const again = await bring(
        item("a", { ...later, labels: ["mine"], links: [{ type: "parent", target_external_id: "b" }] })
      )
      expect(again).toMatchObject({ updated: 1, links: 0 })
      expect(again.items[0].reason).toBe("parent \"b\" left out: the issue has another parent in kata")
      await bring(item("a", { updated_at: "2099-01-02T00:00:00Z", labels: [], links: [] }))
      const shown = await show(done)
      expect([labels(shown), links(shown)]).toEqual([["mine"], ["parent"]])
      expect(shown.parent.short_id).toBe(parent.short_id)
    }))

  it.live("a comment is brought once, and an issue that was moved is another project's", () =>
    importing(async ({ bring, database, ok, project }) => {
      const comment = { external_id: "c", author: "dave", body: "hello", created_at: "2026-05-01T11:00:00Z" }
      const done = await bring(item("a", { comments: [comment] }))
      expect(await bring(item("a", { comments: [{ ...comment, body: "changed" }] }))).toMatchObject({ comments: 0 })
      const beta = await project("beta")
      const path = `/projects/1/issues/${done.items[0].issue_short_id}/actions/move`
      await ok("POST", path, { actor: "ann", to_project_uid: beta.uid }, { "if-match": "\"rev-1\"" })
      const batch = { actor: "ann", source: "beads", items: [item("a", { comments: [comment] })] }
      expect(await ok("POST", "/projects/2/imports", batch)).toMatchObject({ unchanged: 1, comments: 0 })
      expect(rows(database, "SELECT count(*) AS n FROM comments")).toEqual([{ n: 1n }])
    }))

  it.live("two batches at once bring each issue once", () =>
    importing(async ({ bring, ok }) => {
      const batch = Array.from({ length: 20 }, (_, i) => item(`i${i}`, { labels: ["x"] }))
      const outcomes = await Promise.all([bring(...batch), bring(...batch), bring(...batch.slice(5))])
      expect(outcomes.map(({ created }) => created).toSorted((a, b) => a - b)).toEqual([0, 0, 20])
      expect((await ok("GET", "/projects/1/issues")).issues).toHaveLength(20)
    }))
})

describe("all or nothing", () => {
  it.live("what fails last takes back what was first", () =>
    importing(async ({ ask, database, events }) => {
      const items = [
        ...Array.from({ length: 30 }, (_, i) => item(`i${i}`, { labels: ["x"] })),
        item("last", { links: [{ type: "blocks", target_external_id: "nowhere" }] })
      ]
      const answer = ask("POST", "/projects/1/imports", { actor: "ann", source: "beads", items })
      expect(await refused(answer)).toEqual([404, "issue_not_found", "not found: import link target \"nowhere\""])
      expect(await events()).toEqual([])
      const left = "SELECT (SELECT count(*) FROM issues) + (SELECT count(*) FROM import_mappings) AS n"
      expect(rows(database, left)).toEqual([{ n: 0n }])
    }))

  it.live.each<readonly [what: string, more: Json]>([
    ["a title that SQLite takes for blank", { title: "\u0000rest" }],
    ["a blank author", { author: "\t" }],
    ["a label in capitals", { labels: ["Bug"] }],
    ["a priority of many bits", { priority: 2 ** 52 }],
    ["a blank comment", { comments: [{ external_id: "c", author: "x", body: " \n", created_at: later.updated_at }] }]
  ])("%s is refused, with its place", ([, more]) =>
    importing(async ({ ask }) => {
      const { body, status } = await ask("POST", "/projects/1/imports", {
        actor: "ann",
        source: "beads",
        items: [item("good"), item("bad", more)]
      })
      expect([status, body.error.hint]).toEqual([400, "see items[1], external_id \"bad\""])
    }))
})

describe("sizes", () => {
  const sized = (bytes: number, body: string) => body.slice(0, -1) + " ".repeat(bytes - body.length) + body.slice(-1)

  it.live("a body has less than 1 MiB, an import less than 64", () =>
    importing(async ({ ask, bring }) => {
      expect(await bring(item("big", { body: "x".repeat(3 * 1024 * 1024) }))).toMatchObject({ created: 1 })
      const declared = ask("POST", "/projects/1/imports", {}, { "content-length": String(64 * 1024 * 1024) })
      expect(await refused(declared)).toEqual([
        413,
        "error",
        "request body is too large limit=67108864 bytes"
      ])
    }))

  it.live("as recorded: 1 MiB is too much, one byte less is not", () =>
    serving({}, async (send) => {
      const post = (bytes: number) =>
        send({
          method: "POST",
          path: "/api/v1/projects",
          headers: { "content-type": "application/json" },
          body: sized(bytes, "{\"name\":\"a\"}")
        })
      const { status, text } = await post(1024 * 1024)
      expect([status, JSON.parse(text).error.message]).toEqual([413, "request body is too large limit=1048576 bytes"])
      expect((await post(1024 * 1024 - 1)).status).toBe(200)
    }))
})
