/** Imports that come again: what was changed there, here, or on both sides since. */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execute } from "../server/sql.ts"
import { goImport } from "./goImport.ts"
import { counted, edge, jsonl, record, workspace } from "./kit.ts"

type Kit = Effect.Effect.Success<typeof workspace>

const using = (use: (kit: Kit) => Effect.Effect<void, unknown>) => Effect.scoped(Effect.flatMap(workspace, use))

const later = { updated_at: "2026-03-05T10:00:00Z" }

describe("the next import", () => {
  it.live("writes nothing where nothing has changed, and a dry run never does", () =>
    using(({ all, bring, events }) =>
      Effect.gen(function*() {
        const text = jsonl(
          record("zz-1", {
            labels: ["Q3 2026", "b"],
            dependencies: [edge("zz-1", "zz-2", "blocks"), edge("zz-1", "zz-3", "relates-to")],
            comments: [{ id: 1, author: "ann", text: "hello", created_at: "2026-03-01T11:00:00Z" }]
          }),
          record("zz-2"),
          record("zz-3", { dependencies: [edge("zz-3", "zz-1", "relates-to")] })
        )
        const dry = yield* bring(text, "--dry-run")
        expect([dry.report.created, events(), all("SELECT 1 FROM issues")]).toEqual([3, 0, []])
        const first = yield* bring(text)
        expect(first.report).toMatchObject({ ...dry.report, dry_run: false, entry: expect.any(String) as string })
        const tables = () =>
          ["issues", "issue_labels", "comments", "links", "import_mappings", "events", "sqlite_sequence"].map((table) =>
            all(`SELECT * FROM ${table}`)
          )
        const before = tables()
        const second = yield* bring(text)
        expect(second.report).toMatchObject({ created: 0, updated: 0, unchanged: 3, comments: 0, labels: 0, links: 0 })
        expect(tables()).toEqual(before)
      })
    ))

  it.live("brings what has changed there, also without a new time; what was changed here stays", () =>
    using(({ bring, issues, kata, labels, links }) =>
      Effect.gen(function*() {
        yield* bring(jsonl(record("zz-1", { labels: ["old"] }), record("zz-2"), record("zz-3")))
        const id = issues().get("zz-1")!.short_id
        yield* kata(["edit", id, "--owner", "eve", "--comment", "mine"])
        yield* kata(["label", "add", id, "own"])
        const { report } = yield* bring(jsonl(
          record("zz-1", { labels: ["new"], description: "more", dependencies: [edge("zz-1", "zz-2", "blocks")] }),
          record("zz-2"),
          record("zz-3", { ...later, title: "Other" })
        ))
        expect(report).toMatchObject({ updated: 2, unchanged: 1, links: 1, conflicts: [] })
        expect(issues().get("zz-1")).toMatchObject({ owner: "eve", body: "more" })
        expect(labels("zz-1")).toEqual(["beads-id:zz-1", "new", "own", "source:beads", "type:task"])
        expect(links()).toEqual(["zz-2 blocks zz-1"])
        const gone = yield* bring(jsonl(record("zz-1"), record("zz-2"), record("zz-3")))
        expect([gone.report.unlinked, links()]).toEqual([1, []])
      })
    ))

  it.live("keeps kata's where both sides have changed the same, unless told otherwise", () =>
    using(({ bring, events, issues, kata }) =>
      Effect.gen(function*() {
        yield* bring(jsonl(record("zz-1"), record("zz-2")))
        for (const [id, title] of [["zz-1", "Mine"], ["zz-2", "Mine too"]] as const) {
          yield* kata(["edit", issues().get(id)!.short_id, "--title", title])
        }
        const changed = jsonl(
          record("zz-1", { ...later, title: "Theirs", priority: 0 }),
          record("zz-2", { title: "Theirs too" })
        )
        const before = events()
        const refused = yield* bring(changed, "--on-conflict", "fail")
        expect([refused.exit, events()]).toEqual([5, before])
        expect(refused.stderr).toContain("both sides have changed 2 fields: title of zz-1")
        const dry = yield* bring(changed, "--dry-run")
        const { report } = yield* bring(changed)
        expect(dry.report.conflicts).toEqual(report.conflicts)
        expect(report.conflicts.map(({ external_id, field, kept }) => [external_id, field, kept])).toEqual([
          ["zz-1", "title", "kata"],
          ["zz-2", "title", "kata"]
        ])
        expect(issues().get("zz-1")).toMatchObject({ title: "Mine", priority: 0n })
        expect((yield* bring(changed)).report).toMatchObject({ unchanged: 2, conflicts: [] })
        const more = jsonl(
          record("zz-1", { updated_at: "2099-01-01T00:00:00Z", title: "Theirs again", priority: 0 }),
          record("zz-2", { title: "Theirs again" })
        )
        yield* bring(more, "--on-conflict", "newer")
        expect([...issues().values()].map(({ title }) => title)).toEqual(["Theirs again", "Mine too"])
        yield* bring(
          jsonl(record("zz-1", { title: "Last" }), record("zz-2", { title: "Last" })),
          "--on-conflict",
          "beads"
        )
        expect([...issues().values()].map(({ title }) => title)).toEqual(["Last", "Last"])
      })
    ))

  it.live("closes and opens again what was closed and opened there; a close here stays", () =>
    using(({ bring, issues, kata }) =>
      Effect.gen(function*() {
        const closed = { status: "closed", closed_at: "2026-03-02T10:00:00Z", close_reason: "Obsolete", ...later }
        yield* bring(jsonl(record("zz-1"), record("zz-2", closed), record("zz-3")))
        const id = issues().get("zz-3")!.short_id
        expect(
          yield* kata([
            "close",
            id,
            "--reason",
            "wontfix",
            "--message",
            "nobody has asked for it since the redesign of the parser, which made it superfluous"
          ])
        )
          .toMatchObject({ exit: 0 })
        yield* bring(jsonl(record("zz-1", closed), record("zz-2", later), record("zz-3", { description: "x" })))
        expect([...issues().values()].map(({ closed_reason, status }) => [status, closed_reason])).toEqual([
          ["closed", "wontfix"],
          ["open", null],
          ["closed", "wontfix"]
        ])
      })
    ))

  it.live("never deletes: what is gone there gets a label, or is closed when asked; most of them gone is suspect", () =>
    using(({ bring, events, issues, labels }) =>
      Effect.gen(function*() {
        const all = ["zz-1", "zz-2", "zz-3", "zz-4", "zz-5"]
        yield* bring(jsonl(...all.map((id) => record(id))))
        const some = jsonl(...all.slice(0, 3).map((id) => record(id)), record("zz-4", { status: "tombstone" }))
        const { report } = yield* bring(some)
        expect(report.absent.map(({ done, external_id }) => [external_id, done])).toEqual([
          ["zz-4", "labeled"],
          ["zz-5", "labeled"]
        ])
        expect(labels("zz-5")).toContain("beads-deleted")
        const before = events()
        expect((yield* bring(some)).report.absent.map(({ done }) => done)).toEqual(["known", "known"])
        expect(events()).toBe(before)
        yield* bring(some, "--prune", "close")
        expect(issues().get("zz-5")).toMatchObject({ status: "closed", closed_reason: "audit-no-change" })
        const few = yield* bring(jsonl(record("zz-1")))
        expect([few.report.suspect, few.report.absent, labels("zz-2").includes("beads-deleted")]).toEqual([
          true,
          [],
          false
        ])
        const none = yield* bring("")
        expect([none.exit, none.report.suspect]).toEqual([0, true])
        yield* bring(jsonl(...all.map((id) => record(id))))
        expect(labels("zz-5")).not.toContain("beads-deleted")
      })
    ))

  it.live("leaves what was deleted here, and what somebody else has put into the metadata", () =>
    using(({ bring, database, events, issues, kata, links }) =>
      Effect.gen(function*() {
        yield* bring(jsonl(record("zz-1"), record("zz-2"), record("zz-3")))
        const id = issues().get("zz-2")!.short_id
        yield* kata(["delete", id, "--force", "--confirm", `DELETE ws#${id}`])
        const { report } = yield* bring(jsonl(
          record("zz-1", { dependencies: [edge("zz-1", "zz-2", "blocks")] }),
          record("zz-2", { title: "again" }),
          record("zz-3")
        ))
        expect(report).toMatchObject({ updated: 1, unchanged: 1, skipped: 1 })
        expect(report.skipped_why[0]?.what).toBe("deleted in kata, and stays so")
        expect(report.left_out[0]?.reason).toContain("that issue is deleted in kata")
        expect([issues().get("zz-2")?.title, links()]).toEqual(["Title zz-2", []])
        execute(database, `UPDATE issues SET metadata = '{"beads":{"v":9}}' WHERE title = 'Title zz-3'`)
        const before = events()
        const refused = yield* bring(jsonl(record("zz-1"), record("zz-3", { title: "again" })))
        expect([refused.exit, events()]).toEqual([3, before])
        expect(refused.stderr).toContain("(zz-3) has metadata \\\"beads\\\"")
      })
    ))

  it.live("from another workspace is kept apart by its name, also where ids are the same, and each goes back to its own", () =>
    using(({ all, bring, kata }) =>
      Effect.gen(function*() {
        const of = (where: string) =>
          jsonl(
            record("zz-1", { title: `one of ${where}` }),
            record("zz-2", { title: `two of ${where}`, dependencies: [edge("zz-2", "zz-1", "blocks")] })
          )
        const titles = () =>
          all<{ readonly title: string }>("SELECT title FROM issues ORDER BY id").map(({ title }) => title)
        for (const where of ["app", "web"]) {
          const { report } = yield* bring(of(where), "--source", where)
          expect(report).toMatchObject({ created: 2, links: 1, absent: [] })
        }
        expect(titles()).toEqual(["one of app", "two of app", "one of web", "two of web"])
        for (const where of ["app", "web"]) {
          expect((yield* bring(of(where), "--source", where)).report).toMatchObject({ unchanged: 2, absent: [] })
        }
        yield* bring(
          jsonl(
            record("zz-1", { title: "changed in web" }),
            record("zz-2", { title: "two of web", dependencies: [edge("zz-2", "zz-1", "blocks")] })
          ),
          "--source",
          "web"
        )
        expect(titles()).toEqual(["one of app", "two of app", "changed in web", "two of web"])
        yield* kata(["create", "made here"])
        for (const [where, title] of [["app", "one of app"], ["web", "changed in web"]] as const) {
          const out = ["export", "--target-format", "beads", "--output", "-", "--prefix", "kx", "--source", where]
          const { exit, stderr, stdout } = yield* kata(out)
          expect([exit, stderr], stderr).toEqual([0, expect.stringContaining("2 issues of other workspaces left here")])
          const records = stdout.trimEnd().split("\n").map((line) => JSON.parse(line))
          expect(records.map(({ id, title }) => [id.replace(/^kx-.*/, "kx"), title])).toEqual([
            ["kx", "made here"],
            ["zz-1", title],
            ["zz-2", `two of ${where}`]
          ])
          expect(records[2].dependencies).toMatchObject([{ depends_on_id: "zz-1" }])
          expect((yield* bring(stdout, "--source", where)).report).toMatchObject({ created: 0, updated: 0 })
        }
        for (const name of ["", "a b", "a:b", "-x", "x".repeat(65)]) {
          expect((yield* bring(of("app"), `--source=${name}`)).exit, name).toBe(2)
        }
      })
    ))

  it.live("stops where the prefix of all ids was changed, and finds them again when it is told", () =>
    using(({ bring, events, issues, links }) =>
      Effect.gen(function*() {
        const all = (prefix: string) =>
          jsonl(...[1, 2, 3].map((n) =>
            record(`${prefix}-${n}`, {
              title: `Number ${n}`,
              dependencies: n === 1 ? [] : [edge(`${prefix}-${n}`, `${prefix}-1`, "blocks")]
            })
          ))
        yield* bring(all("old"))
        const before = events()
        const refused = yield* bring(all("new"))
        expect([refused.exit, events()]).toEqual([3, before])
        expect(refused.stderr).toContain("--rename OLD=NEW")
        const { report } = yield* bring(all("new"), "--rename", "old=new")
        expect(report).toMatchObject({ created: 0, updated: 3, links: 0, unlinked: 0, absent: [] })
        expect([[...issues().keys()], links()]).toEqual([["new-1", "new-2", "new-3"], [
          "new-1 blocks new-2",
          "new-1 blocks new-3"
        ]])
        expect((yield* bring(all("new"))).report.unchanged).toBe(3)
      })
    ))

  it.live("brings what Go kata imported up to date: bodies, links, comments; what was changed here stays", () =>
    using(({ all, bring, database, issues, kata, labels, links }) =>
      Effect.gen(function*() {
        const footer = (id: string) =>
          `\n---\nImported from Beads\nbeads_id: ${id}\nbeads_type: task\nbeads_original_labels: null\n` +
          "beads_created_at: 2026-03-01T10:00:00Z\nbeads_updated_at: 2026-03-01T10:00:00Z\nbeads_closed_at: \n" +
          "beads_close_reason: \nbeads_comment_count: 1\n"
        const item = (id: string, more: object = {}) => ({
          external_id: id,
          title: `Title ${id}`,
          body: `text of ${id}${footer(id)}`,
          author: "ann",
          owner: "ann-mail",
          priority: 2,
          status: "open",
          created_at: "2026-03-01T10:00:00Z",
          updated_at: "2026-03-01T10:00:00Z",
          labels: ["source:beads", `beads-id:${id}`],
          ...more
        })
        const project = all<{ id: bigint }>("SELECT id FROM projects")[0]!.id
        yield* goImport(database, project, [
          item("zz-1", {
            comments: [{ external_id: "7", author: "ann", body: "hello", created_at: "2026-03-01T11:00:00Z" }],
            // as Go kata does it: a child is blocked by its parent, and so is what is only related
            links: [{ type: "blocks", target_external_id: "zz-2" }, { type: "blocks", target_external_id: "zz-3" }]
          }),
          item("zz-2"),
          item("zz-3")
        ])
        yield* kata(["edit", issues().get("zz-2")!.short_id, "--title", "Mine"])
        const text = jsonl(
          record("zz-1", {
            description: "text of zz-1",
            owner: "ann-mail",
            comments: [{ id: 7, author: "ann", text: "hello", created_at: "2026-03-01T11:00:00Z" }]
          }),
          record("zz-2", { description: "text of zz-2", dependencies: [edge("zz-2", "zz-1", "blocks")] }),
          record("zz-3", { description: "text of zz-3", dependencies: [edge("zz-3", "zz-1", "parent-child")] })
        )
        const { exit, report, stderr } = yield* bring(text)
        expect(exit, stderr).toBe(0)
        expect(report).toMatchObject({ created: 0, updated: 3, comments: 0, links: 1, unlinked: 1 })
        expect([...issues().values()].map(({ body, owner, title }) => [title, body, owner])).toEqual([
          ["Title zz-1", "text of zz-1", null],
          ["Mine", "text of zz-2", null],
          ["Title zz-3", "text of zz-3", null]
        ])
        expect(links()).toEqual(["zz-1 blocks zz-2", "zz-3 parent zz-1"])
        expect(labels("zz-1")).toContain("type:task")
        expect(counted(report.changes, "comments")).toBe(0)
        expect(all("SELECT 1 FROM comments")).toHaveLength(1)
        expect((yield* bring(text)).report).toMatchObject({ unchanged: 3, updated: 0 })
      })
    ))
})
