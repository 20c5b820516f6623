/** Looking at events once: what there is, whatever was purged, the latest of it first of all. */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { sinceOf } from "../../src/cli/since.ts"
import { execute } from "../server/sql.ts"
import { workspace } from "./kata.ts"

const numbers = (stdout: string) => stdout.split("\n").filter((line) => line !== "").map((line) => parseInt(line, 10))

interface Page {
  readonly reset_required: boolean
  readonly purged?: number
  readonly next_after_id: number
  readonly events: ReadonlyArray<{ readonly event_id: number; readonly comment_body?: string; readonly type: string }>
}
const page = (stdout: string) => JSON.parse(stdout) as Page

describe("found W6", () => {
  it.scopedLive("after a purge a look shows what is left, with a note; a cursor is told to begin anew", () =>
    Effect.gen(function*() {
      const { kata, make } = yield* workspace
      for (const title of ["A", "B", "C"]) yield* make(title)
      yield* kata("purge", "{B}", "--force", "--confirm", "PURGE ws#{B}")
      const human = yield* kata("events")
      expect([numbers(human.stdout), human.stderr]).toEqual([
        [1, 3],
        "note: 1 issue was purged; its events are gone\n"
      ])
      expect(numbers((yield* kata("events", "--limit", "1")).stdout)).toEqual([1])
      expect((yield* kata("events", "--agent")).stdout).toMatch(
        /^OK events count=2 next_after_id=4\n- id=1 .*\n- id=3 .*\n$/
      )
      expect(page((yield* kata("events", "--json")).stdout)).toMatchObject({
        reset_required: false,
        purged: 1,
        next_after_id: 4,
        events: [{ event_id: 1 }, { event_id: 3 }]
      })
      const cursor = yield* kata("events", "--after", "0")
      expect(cursor.stdout).toMatch(/^reset_required: refetch state and resume from \d+\n$/)
      expect(page((yield* kata("events", "--after", "0", "--json")).stdout)).toMatchObject({
        reset_required: true,
        events: []
      })
      expect((yield* kata("events", "--after", "4", "--agent")).stdout).toBe("OK events count=0 next_after_id=4\n")
      yield* make("D")
      expect(numbers((yield* kata("events")).stdout)).toEqual([1, 3, 5])
      yield* kata("purge", "{A}", "--force", "--confirm", "PURGE ws#{A}")
      expect((yield* kata("events", "--all-projects")).stderr).toBe(
        "note: 2 issues were purged; their events are gone\n"
      )
    }))

  it.scopedLive("the last 20 are shown, the oldest of them on top; programs get the first 100 as before", () =>
    Effect.gen(function*() {
      const { database, kata, make } = yield* workspace
      yield* make("A")
      execute(
        database,
        `WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
         INSERT INTO events(uid, origin_instance_uid, project_id, project_name, issue_id, type, actor, payload, created_at)
           SELECT printf('01ARZ3NDEKTSV4RRFF%08d', i), value, 1, 'ws', 1, 'issue.updated', 'ana', '{}',
             strftime('%Y-%m-%dT%H:%M:%fZ', 'now', (i - 500) || ' minutes') FROM n, meta WHERE key = 'instance_uid'`
      )
      const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)
      expect(numbers((yield* kata("events")).stdout)).toEqual(range(481, 500))
      expect(numbers((yield* kata("events", "--last", "3")).stdout)).toEqual(range(498, 500))
      expect(numbers((yield* kata("events", "--limit", "3")).stdout)).toEqual(range(1, 3))
      const json = yield* kata("events", "--json")
      expect(page(json.stdout).events.map(({ event_id }) => event_id)).toEqual(range(1, 100))
      expect(json.stdout).toBe((yield* kata("events", "--json", "--after", "0")).stdout)
      expect(page((yield* kata("events", "--json", "--last", "2")).stdout).events).toMatchObject([
        { event_id: 499 },
        { event_id: 500 }
      ])
      // the first one is of now
      expect(numbers((yield* kata("events", "--since", "90m")).stdout)).toEqual([1, ...range(411, 500)])
      expect(numbers((yield* kata("events", "--since", "90m", "--last", "2")).stdout)).toEqual(range(499, 500))
      expect(numbers((yield* kata("events", "--issue", "{A}", "--since", "10m")).stdout)).toHaveLength(11)
    }))

  it.scopedLive("of one issue: its events, the links to it, the texts of its comments; also when it is deleted", () =>
    Effect.gen(function*() {
      const { kata, make } = yield* workspace
      for (const title of ["A", "B"]) yield* make(title)
      yield* kata("comment", "{A}", "--body", "two\nlines")
      yield* kata("edit", "{B}", "--blocks", "{A}")
      yield* kata("delete", "{A}", "--force", "--confirm", "DELETE ws#{A}")
      const types = ["issue.created", "issue.commented", "issue.links_changed", "issue.soft_deleted"]
      const json = page((yield* kata("events", "--issue", "{A}", "--json")).stdout)
      expect(json.events.map(({ type }) => type)).toEqual(types)
      expect(json.events[1]?.comment_body).toBe("two\nlines")
      expect(numbers((yield* kata("events", "--issue", "{A}")).stdout)).toEqual([1, 3, 4, 5])
      expect((yield* kata("events", "--issue", "{A}", "--agent")).stdout).toMatch(
        /^OK events count=4 next_after_id=5\n/
      )
      expect((yield* kata("events", "--issue", "zzzz")).exit).toBe(4)
    }))

  it.scopedLive("flags that do not go together are refused, and a time that is none", () =>
    Effect.gen(function*() {
      const { kata } = yield* workspace
      for (
        const line of [
          ["--after", "1", "--last", "1"],
          ["--after", "1", "--since", "1d"],
          ["--last", "1", "--limit", "1"],
          ["--tail", "--since", "1d"],
          ["--issue", "abcd", "--all-projects"]
        ]
      ) expect((yield* kata("events", ...line)).exit, line.join(" ")).toBe(2)
      expect((yield* kata("events", "--last", "0")).exit).toBe(3)
      const wrong = yield* kata("events", "--since", "last week")
      expect([wrong.exit, wrong.stderr]).toEqual([
        3,
        "kata: --since \"last week\" is no time\n" +
        "hint: it takes 90m, 24h, 7d, 2w, today, yesterday, monday, 2026-11-20 or a time as RFC 3339 has it\n"
      ])
    }))

  it("reads times of the past as people write them", () => {
    // a Wednesday
    const now = new Date(2026, 10, 25, 15, 30)
    const of = (text: string) => Option.getOrUndefined(sinceOf(text, now))
    const local = (month: number, day: number) => new Date(2026, month - 1, day).toISOString()
    expect(of("90m")).toBe(new Date(2026, 10, 25, 14, 0).toISOString())
    expect(of("2w")).toBe(new Date(now.getTime() - 14 * 86_400_000).toISOString())
    expect([of("today"), of("yesterday"), of("Wednesday"), of("thursday"), of("monday")]).toEqual([
      local(11, 25),
      local(11, 24),
      local(11, 25),
      local(11, 19),
      local(11, 23)
    ])
    expect(of("2026-03-01")).toBe(local(3, 1))
    expect(of("2026-11-20T10:00:00+02:00")).toBe("2026-11-20T08:00:00.000Z")
    for (const text of ["", "90", "-1d", "2026-02-30", "tomorrow", "1y"]) expect(of(text), text).toBeUndefined()
  })
})

describe("found L15", () => {
  it.scopedLive("history says what a title and a text were before they were edited", () =>
    Effect.gen(function*() {
      const { database, kata, make } = yield* workspace
      yield* make("A", "--priority", "2", "--label", "bug", "--body", "old\n\u001btext")
      execute(
        database,
        `INSERT INTO events(uid, origin_instance_uid, project_id, project_name, issue_id, type, actor, payload)
           SELECT '01ARZ3NDEKTSV4RRFFQ69G5FAV', value, 1, 'ws', 1, 'issue.updated', 'go', '{}' FROM meta WHERE key = 'instance_uid'`
      )
      yield* kata("edit", "{A}", "--title", "New", "--body", "new", "--owner", "bob", "--priority", "1")
      yield* kata("comment", "{A}", "--body", "It is the store.")
      yield* kata(
        "close",
        "{A}",
        "--done",
        "--message",
        "The store has an index now, and is quick.",
        "--test",
        "npm test"
      )
      expect((yield* kata("history", "{A}")).stdout).toBe([
        "<T>  ana  created: P2, bug",
        "<T>  go  edited (what stood there is not recorded)",
        "<T>  ana  title was \"A\", owner none -> bob, text was",
        "    old",
        "    \\x1btext",
        "<T>  ana  P2 -> P1",
        "<T>  ana  comment",
        "    It is the store.",
        "<T>  ana  closed as done",
        "    The store has an index now, and is quick.",
        "    test: npm test",
        ""
      ].join("\n"))
      const agent = (yield* kata("history", "{A}", "--agent")).stdout.split("\n")
      expect(agent[0]).toBe("OK history A count=6")
      expect(agent[3]).toBe(
        "- id=3 type=issue.updated actor=ana created_at=<T> what=\"title was \\\"A\\\", owner none -> bob, text was\\nold\\n\\u001btext\""
      )
      const { events } = JSON.parse((yield* kata("history", "{A}", "--json")).stdout) as {
        readonly events: ReadonlyArray<{ readonly payload: object }>
      }
      expect(events[2]?.payload).toEqual({
        title: "New",
        old_title: "A",
        body: "new",
        old_body: "old\n\u001btext",
        owner: "bob"
      })
    }))
})
