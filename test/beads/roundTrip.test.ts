/** Records that go out are what came in, and come in again as what is there. */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { recordIn } from "../../src/beads/record.ts"
import { hashOf } from "../../src/beads/state.ts"
import { edge, fixtures, jsonl, record, type Report, workspace } from "./kit.ts"

type Kit = Effect.Effect.Success<typeof workspace>

const using = (use: (kit: Kit) => Effect.Effect<void, unknown>) => Effect.scoped(Effect.flatMap(workspace, use))

const real = fileURLToPath(new URL("../../../shared/fixtures/beads/real", import.meta.url))
const inputs: ReadonlyArray<string> = [
  join(fixtures, "census.jsonl"),
  ...readdirSync(join(fixtures, "recorded")).map((version) => join(fixtures, "recorded", version, "export.jsonl")),
  ...(existsSync(real)
    ? readdirSync(real).filter((name) => !name.startsWith("x4")).map((name) => join(real, name))
    : [])
]

const hashes = (text: string): ReadonlyMap<string, string> =>
  new Map(
    text.split("\n").filter((line) => line !== "").flatMap((line, i): ReadonlyArray<readonly [string, string]> => {
      const read = recordIn(line, i + 1)
      return read._tag === "Right" && read.right.is === "issue"
        ? [[read.right.record.id, hashOf(read.right.record)]]
        : []
    })
  )

/** What every version of bd refuses. */
const refused = (line: string): ReadonlyArray<string> => {
  const one = JSON.parse(line)
  return [
    ...(["open", "in_progress", "blocked", "closed"].includes(one.status) ? [] : [`status ${one.status}`]),
    ...(["bug", "feature", "task", "epic", "chore"].includes(one.issue_type) ? [] : [`type ${one.issue_type}`]),
    ...(Number.isInteger(one.priority) && one.priority >= 0 && one.priority <= 4 ? [] : [`priority ${one.priority}`]),
    ...(one.title.trim() !== "" && Buffer.byteLength(one.title) <= 500 ? [] : ["title"]),
    ...((one.status === "closed") === ("closed_at" in one) ? [] : ["closed_at"]),
    ...([one.created_at, one.updated_at, one.closed_at ?? one.created_at].every((at) =>
        /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(at)
      )
      ? []
      : ["times"]),
    ...(one.updated_at < one.created_at || one.closed_at < one.created_at ? ["order of times"] : []),
    ...((one.comments ?? []).some((comment: object) => "id" in comment) ? ["comment with an id"] : [])
  ]
}

describe("a round trip", () => {
  it.live.each(inputs.map((path) => [path.split("/").slice(-2).join("/"), path] as const))(
    "of %s changes nothing",
    ([, path]) =>
      using(({ beads, cwd, events, kata }) =>
        Effect.gen(function*() {
          const options = ["--skip-invalid", "--on-duplicate", "keep-both"]
          const first = yield* kata([...beads("--input", path, ...options), "--json"])
          const { created } = JSON.parse(first.stdout) as Report
          const out = join(cwd, "out.jsonl")
          const exported = yield* kata(["export", "--target-format", "beads", "--output", out])
          expect(exported.exit, exported.stderr).toBe(0)
          const text = readFileSync(out, "utf8")
          const lines = text.trimEnd().split("\n")
          expect(lines).toHaveLength(created)
          expect(lines.flatMap((line) => refused(line).map((what) => `${what}: ${line.slice(0, 100)}`))).toEqual([])
          const before = events()
          const again = yield* kata([...beads("--input", out), "--json"])
          expect(again.exit, again.stderr).toBe(0)
          expect(JSON.parse(again.stdout)).toMatchObject({
            read: created,
            created: 0,
            updated: 0,
            unchanged: created,
            comments: 0,
            links: 0,
            labels: 0,
            absent: []
          })
          expect(events()).toBe(before)
          // what went in is what came out, but for what was united
          const [went, came] = [hashes(readFileSync(path, "utf8")), hashes(text)]
          const differ = [...came].filter(([id, hash]) => went.has(id) && went.get(id) !== hash).map(([id]) => id)
          expect(differ.filter((id) => !["zz-d1", "zz-2"].includes(id))).toEqual([])
        })
      ),
    120_000
  )

  it.live("carries the edge of a child that was cut out of a circle", () =>
    using(({ bring, cwd, events, kata, links }) =>
      Effect.gen(function*() {
        const of = (id: string, target: string, day: number, ...more: ReadonlyArray<object>) =>
          record(id, { dependencies: [edge(id, target, "parent-child", `2026-03-0${day}T10:00:00Z`), ...more] })
        const text = jsonl(
          of("zz-1", "zz-2", 1),
          of("zz-2", "zz-3", 2),
          of("zz-3", "zz-1", 3, edge("zz-3", "zz-4", "parent-child", "2026-03-04T10:00:00Z")),
          record("zz-4")
        )
        yield* bring(text)
        expect(links()).toEqual(["zz-1 parent zz-2", "zz-2 parent zz-3", "zz-3 related zz-4"])
        const out = join(cwd, "out.jsonl")
        yield* kata(["export", "--target-format", "beads", "--output", out])
        const third = readFileSync(out, "utf8").split("\n").filter((line) => line !== "").map((line) =>
          JSON.parse(line)
        )[2]
        expect(third.dependencies).toMatchObject([
          { depends_on_id: "zz-1", type: "parent-child" },
          { depends_on_id: "zz-4", type: "parent-child" }
        ])
        const before = events()
        for (const again of [text, readFileSync(out, "utf8")]) {
          expect((yield* bring(again)).report).toMatchObject({
            created: 0,
            updated: 0,
            unchanged: 4,
            links: 0,
            unlinked: 0
          })
        }
        expect(events()).toBe(before)
      })
    ))

  it.live("carries what was changed and made here, and what Beads changes of it comes back", () =>
    using(({ all, bring, cwd, issues, kata, links }) =>
      Effect.gen(function*() {
        yield* bring(jsonl(
          record("zz-1", { labels: ["Old One", "keep"], dependencies: [edge("zz-1", "zz-2", "conditional-blocks")] }),
          record("zz-2", { status: "deferred", design: "so" })
        ))
        const [one, two] = ["zz-1", "zz-2"].map((id) => issues().get(id)!.short_id) as [string, string]
        yield* kata(["edit", one, "--title", "Mine", "--owner", "eve", "--priority", "0", "--comment", "said here"])
        yield* kata(["label", "rm", one, "old-one"])
        yield* kata(["label", "add", one, "new-one"])
        const made = (yield* kata(["-q", "create", "Made here", "--body", "text", "--parent", two])).stdout.trim()
        const out = () =>
          Effect.gen(function*() {
            const { exit, stderr, stdout } = yield* kata([
              "export",
              "--target-format",
              "beads",
              "--output",
              "-",
              "--prefix",
              "kx"
            ])
            expect(exit, stderr).toBe(0)
            return stdout.trimEnd().split("\n").map((line) => JSON.parse(line))
          })
        const [mine, first, second] = yield* out()
        expect(first).toMatchObject({
          id: "zz-1",
          title: "Mine",
          assignee: "eve",
          priority: 0,
          labels: ["keep", "new-one"],
          dependencies: [{ depends_on_id: "zz-2", type: "blocks" }],
          comments: [{ author: "ana", text: "said here" }]
        })
        expect(second).toMatchObject({
          id: "zz-2",
          status: "open",
          design: "so",
          metadata: { kata: { was: { status: ["open", "deferred"] } } }
        })
        expect(mine).toMatchObject({
          id: `kx-${made}`,
          title: "Made here",
          description: "text",
          dependencies: [{ depends_on_id: "zz-2", type: "parent-child" }]
        })
        const count = () => all("SELECT 1 FROM issues").length
        const back = yield* bring(jsonl(mine, first, second))
        expect(back.report).toMatchObject({ created: 0, comments: 0, conflicts: [] })
        expect(count()).toBe(3)
        const changed = yield* bring(jsonl({ ...mine, title: "Changed there" }, first, second))
        expect(changed.report).toMatchObject({ created: 0, updated: 1 })
        expect([count(), issues().get(`kx-${made}`)?.title]).toEqual([3, "Changed there"])
        expect(links()).toEqual([`kx-${made} parent zz-2`, "zz-2 blocks zz-1"])
        expect(cwd).not.toBe("")
      })
    ))
})
