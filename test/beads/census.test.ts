/** What public workspaces really hold (§8 of the specification), each row of it. */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { counted, edge, fixtures, jsonl, record, type Report, workspace } from "./kit.ts"

type Kit = Effect.Effect.Success<typeof workspace>

const using = (use: (kit: Kit) => Effect.Effect<void, unknown>) => Effect.scoped(Effect.flatMap(workspace, use))

describe("a workspace of Beads", () => {
  it.live("§8.1: is a source without bd: a file, stdin, or the directory whose settings name the file", () =>
    using(({ beads, bring, cwd, issues, kata }) =>
      Effect.gen(function*() {
        mkdirSync(join(cwd, ".beads"))
        writeFileSync(join(cwd, ".beads", "metadata.json"), JSON.stringify({ jsonl_export: "beads.jsonl" }))
        writeFileSync(join(cwd, ".beads", "issues.jsonl"), jsonl(record("zz-other")))
        writeFileSync(join(cwd, ".beads", "beads.jsonl"), jsonl(record("zz-1")))
        const missing = yield* kata(beads())
        expect([missing.exit, missing.stderr]).toEqual([
          3,
          "kata: beads import requires bd on PATH\nhint: without bd: kata import --source-format beads --input .beads/beads.jsonl\n"
        ])
        const named = yield* kata([...beads("--input", cwd), "--json"])
        expect(named.exit, named.stderr).toBe(0)
        expect(counted(JSON.parse(named.stdout).changes, "other files of the workspace")).toBe(1)
        expect([...issues().keys()]).toEqual(["zz-1"])
        const counts = yield* bring(jsonl(record("zz-1", { comment_count: 2 })))
        expect([counts.exit, counts.report.not_carried]).toEqual([9, [{
          what: "comments that the records count and do not carry",
          count: 2,
          examples: ["zz-1"]
        }]])
        const edges = yield* bring(jsonl(record("zz-1", { dependency_count: 3, dependent_count: 7 })))
        expect([edges.exit, edges.report.not_carried]).toEqual([9, [{
          what: "dependencies that the records count and do not carry",
          count: 3,
          examples: ["zz-1"]
        }]])
      })
    ))

  it.live("§8.2: is owned by who works on it; Beads fills owner by itself", () =>
    using(({ bring, issues, state }) =>
      Effect.gen(function*() {
        const text = jsonl(
          record("zz-1", { owner: "ann-mail" }),
          record("zz-2", { owner: "ann-mail", assignee: "bob" })
        )
        yield* bring(text)
        expect([...issues().values()].map(({ owner }) => owner)).toEqual([null, "bob"])
        expect(state("zz-1").owner).toBe("ann-mail")
        yield* bring(text, "--owner-from", "owner")
        expect([...issues().values()].map(({ owner }) => owner)).toEqual(["ann-mail", "ann-mail"])
      })
    ))

  it.live("§8.3: has statuses of its own, done-like ones are closed", () =>
    using(({ bring, issues, labels }) =>
      Effect.gen(function*() {
        const words = [
          "done",
          "completed",
          "complete",
          "resolved",
          "merged",
          "cancelled",
          "canceled",
          "wontfix",
          "duplicate"
        ]
        const open = ["doing", "pending_review", "draft", "future", "on_ice", "deferred", "hooked", "blocked"]
        const { report } = yield* bring(
          jsonl(...[...words, ...open].map((status) => record(`zz-${status}`, { status })))
        )
        expect(
          words.map((word) => issues().get(`zz-${word}`)!).map(({ closed_reason, status }) => [status, closed_reason])
        )
          .toEqual([
            ...words.slice(0, 5).map(() => ["closed", "done"]),
            ...words.slice(5, 8).map(() => ["closed", "wontfix"]),
            ["closed", "duplicate"]
          ])
        expect(new Set(open.map((word) => issues().get(`zz-${word}`)?.status))).toEqual(new Set(["open"]))
        expect(labels("zz-draft")).toContain("beads-status:draft")
        expect(labels("zz-pending_review")).toContain("beads-status:pending_review")
        expect(counted(report.changes, "status \"on_ice\", open here")).toBe(1)
        expect(counted(report.changes, "put off")).toBe(1)
        yield* bring(jsonl(record("zz-on_ice", { status: "on_ice" })), "--closed-status", "on_ice,parked", "--force")
        expect(issues().get("zz-on_ice")?.status).toBe("closed")
      })
    ))

  it.live("§8.4: says in its own words why it was closed", () =>
    using(({ bring, issues }) =>
      Effect.gen(function*() {
        const reasons = [
          ["Superseded by zz-9k1", "superseded"],
          ["superseded: see there", "superseded"],
          ["Won't fix - too old", "wontfix"],
          ["wontfix", "wontfix"],
          ["Not planned.", "wontfix"],
          ["Obsolete", "wontfix"],
          ["duplicate of zz-1", "duplicate"],
          ["Duplicate: the other one", "duplicate"],
          ["duplicate zz-0", "duplicate"],
          ["duplicate breakdown tasks removed", "done"],
          ["audit-no-change", "audit-no-change"],
          ["Closed", "done"],
          ["supersededish", "done"]
        ] as const
        yield* bring(
          jsonl(
            ...reasons.map(([close_reason], i) =>
              record(`zz-${i}`, { status: "closed", closed_at: "2026-03-02T10:00:00Z", close_reason })
            )
          )
        )
        expect(reasons.map((_, i) => issues().get(`zz-${i}`)?.closed_reason)).toEqual(
          reasons.map(([, reason]) => reason)
        )
      })
    ))

  it.live("§8.5: has words of agents for dependencies; two that mean one link are one", () =>
    using(({ bring, links, state }) =>
      Effect.gen(function*() {
        const { report } = yield* bring(jsonl(
          record("zz-e"),
          record("zz-b"),
          record("zz-1", {
            dependencies: [
              edge("zz-1", "zz-e", "subtask-of"),
              edge("zz-1", "zz-e", "child"),
              edge("zz-1", "zz-b", "depends-on"),
              edge("zz-1", "zz-b", "blocked_by"),
              edge("zz-1", "zz-b", "blocks")
            ]
          })
        ))
        expect(links()).toEqual(["zz-1 parent zz-e", "zz-b blocks zz-1"])
        expect(state("zz-1").deps.map(({ type }: { type: string }) => type)).toEqual([
          "subtask-of",
          "child",
          "depends-on",
          "blocked_by",
          "blocks"
        ])
        expect(counted(report.changes, "edges of types that Beads does not know")).toBe(4)
      })
    ))

  it.live("§8.6: has edges to what was deleted, which are kept and never block; the deleted stay away", () =>
    using(({ bring, issues, links }) =>
      Effect.gen(function*() {
        const { exit, report } = yield* bring(jsonl(
          record("zz-t", { status: "tombstone", closed_at: "2026-03-02T10:00:00Z", labels: ["old"] }),
          record("zz-1", { dependencies: [edge("zz-1", "zz-t", "blocks"), edge("zz-1", "zz-none", "blocks")] }),
          record("zz-2", { deleted_at: "2026-03-02T10:00:00Z" })
        ))
        expect([exit, [...issues().keys()], links()]).toEqual([0, ["zz-1", "zz-2"], []])
        expect(report.skipped_why).toEqual([{ what: "tombstone", count: 1, examples: ["zz-t"] }])
        expect(counted(report.changes, "edges to deleted issues")).toBe(1)
        expect(counted(report.changes, "edges to what is not there")).toBe(1)
      })
    ))

  it.live("§8.7: has doubled ids: equal ones are one, others united, two issues under one id an error that names both lines", () =>
    using(({ bring, events, issues, labels, links }) =>
      Effect.gen(function*() {
        const same = record("zz-1")
        const united = yield* bring(jsonl(
          same,
          record("zz-b"),
          same,
          record("zz-u", { updated_at: "2026-03-03T10:00:00Z", title: "newer", labels: ["a"] }),
          record("zz-u", { labels: ["b"], dependencies: [edge("zz-u", "zz-b", "blocks")] })
        ))
        expect(united.exit, united.stderr).toBe(0)
        expect(united.report).toMatchObject({ read: 5, created: 3, skipped: 2 })
        expect(issues().get("zz-u")?.title).toBe("newer")
        expect(labels("zz-u")).toEqual(expect.arrayContaining(["a", "b"]))
        expect(links()).toEqual(["zz-b blocks zz-u"])
        const before = events()
        const twins = jsonl(
          record("zz-2", { title: "one matter" }),
          record("zz-2", { title: "another matter", created_at: "2026-03-02T10:00:00Z" })
        )
        const refused = yield* bring(twins, "--force")
        expect([refused.exit, events()]).toEqual([3, before])
        expect(refused.stderr).toContain("stdin: line 2 (zz-2): is another issue than that of line 1")
        const both = yield* bring(twins, "--on-duplicate", "keep-both")
        expect(both.report).toMatchObject({ read: 2, created: 2 })
        expect(issues().get("zz-2~2")?.title).toBe("another matter")
      })
    ))

  it.live("§8.8: has lines that are none, each named for what it is", () =>
    using(({ bring, events }) =>
      Effect.gen(function*() {
        const before = events()
        const cases: ReadonlyArray<readonly [text: string, exit: number, says: string]> = [
          [`${jsonl(record("zz-1"))}<<<<<<< HEAD\n`, 8, "line 2: is a mark of a merge conflict"],
          ["{\n  \"id\": \"zz-1\"\n}\n", 8, "line 1: begins JSON that goes on over several lines"],
          [`${jsonl(record("zz-1"))}{"id":"zz-2","tit`, 8, "line 2: truncated"],
          ["[1]\n", 3, "is not a bd export record: it is no object"],
          [jsonl({ id: "m", bead_id: "zz-1", action: "create" }), 3, "it is a change of one"],
          [jsonl(record("zz-1", { ephemeral: 0 })), 3, "it is a row of bd's backup folder"],
          [jsonl(record("zz-1", { dependencies: ["zz-2"] })), 3, "its dependencies are ids alone"],
          [jsonl({ id: "zz-1", title: "x", type: "bug" }), 3, "it has type instead of issue_type"],
          [jsonl({ title: "x" }), 3, "it has no id"],
          [jsonl(record("zz-1", { labels: "a" })), 3, "(zz-1): labels is not what it has to be"]
        ]
        for (const [text, exit, says] of cases) {
          const done = yield* bring(text)
          expect([done.exit, done.stdout, events()], says).toEqual([exit, "", before])
          expect(done.stderr).toContain(says)
        }
        const mixed = yield* bring(`${jsonl(record("zz-1"))}{"id":"zz-2",\n${jsonl(record("zz-3"))}`, "--skip-invalid")
        expect(mixed.exit).toBe(9)
        expect(mixed.report).toMatchObject({ read: 3, created: 2, skipped: 1 })
        expect(mixed.report.not_carried[0]?.examples[0]).toMatch(/^line 2: is no JSON/)
      })
    ))

  it.live("§8.9: has times of all kinds", () =>
    using(({ bring, issues, links }) =>
      Effect.gen(function*() {
        const { report } = yield* bring(jsonl(
          record("zz-p1"),
          record("zz-p2"),
          record("zz-1", {
            created_at: "2026-01-06T09:30:00.123456789+10:30",
            updated_at: "2026-01-06T09:30:00.464125"
          }),
          record("zz-2", { created_at: "0001-01-01T00:00:00Z", updated_at: "2025-12-27T17:55:00Z" }),
          record("zz-3", {
            dependencies: [
              edge("zz-3", "zz-p2", "parent-child", "0001-01-01T00:00:00Z"),
              edge("zz-3", "zz-p1", "parent-child", "2026-01-01T00:00:00Z")
            ]
          }),
          record("zz-4", {
            dependencies: [
              edge("zz-4", "zz-p2", "parent-child", "2026-01-02T00:00:00+10:00"),
              edge("zz-4", "zz-p1", "parent-child", "2026-01-01T18:00:00Z")
            ]
          })
        ))
        const [one, two] = ["zz-1", "zz-2"].map((id) => issues().get(id)!)
        expect([one!.created_at, one!.updated_at]).toEqual(["2026-01-05T23:00:00.123Z", "2026-01-06T09:30:00.464Z"])
        expect([two!.created_at, two!.updated_at]).toEqual(["2025-12-27T17:55:00.000Z", "2025-12-27T17:55:00.000Z"])
        expect(counted(report.changes, "times without an offset")).toBe(1)
        expect(links()).toEqual([
          "zz-3 parent zz-p2",
          "zz-4 parent zz-p2",
          "zz-p1 related zz-3",
          "zz-p1 related zz-4"
        ])
      })
    ))

  it.live("§8.10: has keys that nobody expects, which are kept; null and the empty text are nothing", () =>
    using(({ bring, issues, state }) =>
      Effect.gen(function*() {
        const { report } = yield* bring(
          jsonl(record("zz-1", {
            description: null,
            assignee: "",
            events: [{ id: 11 }],
            source_repo_path: "/x",
            depends_on: ["zz-2"],
            tags: ["ui"],
            closed_reason: "merged",
            closed_by: "ann",
            metadata: { big: 1 }
          })).replace("\"big\":1", "\"big\":9007199254740993,\"half\":2.50")
        )
        expect([issues().get("zz-1")?.body, issues().get("zz-1")?.owner]).toEqual(["", null])
        expect(state("zz-1").extra).toMatchObject({ events: [{ id: 11 }], depends_on: ["zz-2"], tags: ["ui"] })
        expect(issues().get("zz-1")?.metadata).toContain("{\"big\":9007199254740993,\"half\":2.50}")
        expect(counted(report.changes, "keys that no Beads reads")).toBe(4)
      })
    ))

  it.live("§8.11: has ids that say nothing: parents come from edges, from ids only when asked", () =>
    using(({ bring, links }) =>
      Effect.gen(function*() {
        const text = jsonl(
          record("haxe.go-3fd"),
          record("haxe.go-3fd.1"),
          record("haxe.go-3fd.1.2"),
          record("x.write-tests")
        )
        const plain = yield* bring(text)
        expect([counted(plain.report.changes, "ids of children without a parent"), links()]).toEqual([2, []])
        const asked = yield* bring(text, "--parents-from-ids")
        expect(asked.report).toMatchObject({ updated: 2, links: 2 })
        expect(links()).toEqual(["haxe.go-3fd.1 parent haxe.go-3fd", "haxe.go-3fd.1.2 parent haxe.go-3fd.1"])
      })
    ))

  it.live("§8.12: has templates and records of agents, which stay away unless asked for", () =>
    using(({ bring, issues, links }) =>
      Effect.gen(function*() {
        const text = jsonl(
          record("tpl-1", { title: "Write {{x}}", is_template: true }),
          record("zz-rig", { labels: ["gt:rig"] }),
          record("zz-a", { issue_type: "agent" }),
          record("zz-w", { ephemeral: true }),
          record("zz-1", { dependencies: [edge("zz-1", "zz-w", "blocks")] })
        )
        const { report } = yield* bring(text)
        expect([...issues().keys()]).toEqual(["zz-1"])
        expect(report.skipped_why.map(({ count, what }) => [what, count])).toEqual([
          ["template", 1],
          ["infra", 2],
          ["ephemeral", 1]
        ])
        expect(counted(report.changes, "edges to what is left out")).toBe(1)
        yield* bring(text, "--include-infra")
        expect([issues().size, links()]).toEqual([5, ["zz-w blocks zz-1"]])
      })
    ))

  it.live("§8.13: has comments twice, which stay so unless asked for", () =>
    using(({ all, bring }) =>
      Effect.gen(function*() {
        const one = { issue_id: "zz-1", author: "ann", text: "same", created_at: "2026-03-01T11:00:00Z" }
        const text = (id: string) =>
          jsonl(record(id, { comments: [{ ...one, id: 7 }, { ...one, id: 8 }, { ...one, id: 9, text: " " }] }))
        const { report } = yield* bring(text("zz-1"))
        expect([report.comments, counted(report.changes, "comments that repeat another")]).toEqual([2, 1])
        expect(counted(report.changes, "comments without text")).toBe(1)
        expect((yield* bring(text("zz-2"), "--merge-identical-comments", "--force")).report.comments).toBe(1)
        expect(
          all<{ external_id: string }>("SELECT external_id FROM import_mappings WHERE object_type = 'comment'")
            .map(({ external_id }) => external_id)
        ).toEqual(["c:zz-1:7", "c:zz-1:8", "c:zz-2:7"])
      })
    ))

  it.live("§8.14: has diaries beside its issues, by which nothing is deleted and of which nothing comes but how much it is", () =>
    using(({ beads, cwd, issues, kata }) =>
      Effect.gen(function*() {
        const directory = join(cwd, ".beads")
        mkdirSync(join(directory, "backup"), { recursive: true })
        writeFileSync(join(directory, "issues.jsonl"), jsonl(record("zz-1"), record("zz-2")))
        writeFileSync(join(directory, "deletions.jsonl"), jsonl({ id: "zz-1" }, { id: "zz-9" }))
        writeFileSync(join(directory, "interactions.jsonl"), `${jsonl({ kind: "a" }, { kind: "b" })}{"kind":"c"}`)
        writeFileSync(join(directory, "backup", "events.jsonl"), jsonl({ id: 1 }))
        for (const input of [cwd, directory]) {
          const { exit, stderr, stdout } = yield* kata([...beads("--input", input), "--json"])
          expect(exit, stderr).toBe(0)
          const report = JSON.parse(stdout) as Report
          expect(report).toMatchObject({ read: 2, absent: [], not_carried: [] })
          expect(
            ["deletions", "interactions", "backup/events"].map((name) => counted(report.changes, `lines of ${name}`))
          )
            .toEqual([2, 3, 1])
        }
        expect([...issues().values()].map(({ external_id, status }) => [external_id, status])).toEqual([
          ["zz-1", "open"],
          ["zz-2", "open"]
        ])
      })
    ))

  it.live("§8.16: has several prefixes in one file, also when one of them goes and another comes", () =>
    using(({ bring, issues, links }) =>
      Effect.gen(function*() {
        const of = (prefix: string) =>
          Array.from({ length: 4 }, (_, n) => record(`${prefix}-${n}`, { title: `${prefix} ${n}` }))
        const across = record("bb-x", { dependencies: [edge("bb-x", "aa-1", "blocks")] })
        const first = yield* bring(jsonl(...of("aa"), ...of("bb"), across))
        expect([first.exit, first.report.created, links()]).toEqual([0, 9, ["aa-1 blocks bb-x"]])
        const second = yield* bring(jsonl(...of("bb"), across, ...of("cc")))
        expect(second.exit, second.stderr).toBe(0)
        expect(second.report).toMatchObject({ created: 4, unchanged: 5 - 1, updated: 1, suspect: false })
        expect(second.report.absent.map(({ external_id }) => external_id)).toEqual(["aa-0", "aa-1", "aa-2", "aa-3"])
        expect([...issues().keys()].filter((id) => id.startsWith("cc-"))).toHaveLength(4)
      })
    ))

  it.live("§8.15, 17, 18: has odd edges, priorities and titles", () =>
    using(({ bring, issues, links, state }) =>
      Effect.gen(function*() {
        const { report } = yield* bring(jsonl(
          record("zz-0", { priority: 0 }),
          record("zz-1", { dependencies: [{ id: "zz-0", type: "blocks" }] }),
          record("zz-2", { priority: 40 }),
          record("zz-3", { priority: "1" }),
          record("zz-4", { priority: undefined }),
          record("zz-5", { title: "   " }),
          record("zz-6", { title: " two\nlines \u001b[31m" }),
          record("zz-7", { title: "\u0000hidden" }),
          record("zz-8", { dependencies: [{ ...edge("zz-8", "zz-0", "blocks"), metadata: "", thread_id: "" }] })
        ))
        expect(links()).toEqual(["zz-0 blocks zz-1", "zz-0 blocks zz-8"])
        expect(counted(report.changes, "edges that name their target as id")).toBe(1)
        expect([...issues().values()].slice(0, 5).map(({ priority }) => priority)).toEqual([0n, 2n, null, 1n, null])
        expect(state("zz-2").priority).toBe(40)
        expect([...issues().values()].slice(5, 8).map(({ title }) => title)).toEqual([
          "(untitled zz-5)",
          " two\nlines \u001b[31m",
          "(untitled zz-7)"
        ])
        expect(state("zz-5").extra.title).toBe("   ")
        expect(state("zz-8").deps[0]).toMatchObject({ metadata: "", thread_id: "" })
      })
    ))

  it.live("of a time when P0 was left out has P0", () =>
    using(({ bring, issues }) =>
      Effect.gen(function*() {
        const { report } = yield* bring(jsonl(record("zz-1", { priority: undefined }), record("zz-2")))
        expect([...issues().values()].map(({ priority }) => priority)).toEqual([0n, 2n])
        expect(counted(report.changes, "no priority in a file that never says 0")).toBe(1)
      })
    ))

  it.live("as the examples of the census show", () =>
    using(({ bring, events, issues, links }) =>
      Effect.gen(function*() {
        const text = readFileSync(join(fixtures, "census.jsonl"), "utf8")
        const options = ["--skip-invalid", "--on-duplicate", "keep-both"]
        const first = yield* bring(text, ...options)
        expect([first.exit, first.report.read, first.report.created, first.report.skipped]).toEqual([9, 14, 8, 6])
        expect(links()).toEqual(["zz-h10 blocks zz-d1"])
        expect(issues().get("zz-x9")).toMatchObject({
          title: "(untitled zz-x9)",
          closed_reason: "wontfix",
          priority: 0n
        })
        const before = events()
        const second = yield* bring(text, ...options)
        expect(second.report).toMatchObject({ read: 14, created: 0, updated: 0, unchanged: 8, skipped: 6, comments: 0 })
        expect(events()).toBe(before)
      })
    ))
})
