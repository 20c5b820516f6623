/** What changes nothing says so; what is deleted is not shown as open. */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { workspace } from "./kata.ts"

const message = "Rewrote the reader and ran the whole test suite on it."
const other = "Another one found that it was done by somebody else."

describe("found W10", () => {
  it.scopedLive("each change that changes nothing says so in each mode, ends well, and leaves no event", () =>
    Effect.gen(function*() {
      const { kata, make } = yield* workspace
      yield* make("A", "--owner", "ana", "--label", "bug")
      yield* make("B")
      yield* kata("close", "{B}", "--done", "--message", message, "--test", "npm test")
      const close = ["close", "{B}", "--wontfix", "--message", other]
      const said: ReadonlyArray<readonly [argv: ReadonlyArray<string>, human: string, agent: RegExp]> = [
        [
          close,
          "B was closed as done by ana, <T>; nothing changed, your message is not recorded (kata comment B adds it)\n",
          /^OK close B changed=false\n/
        ],
        [
          [...close, "--dry-run"],
          "B was closed as done by ana, <T>; nothing changed, your message is not recorded (kata comment B adds it)\n",
          /^OK close B changed=false\n/
        ],
        [["reopen", "{A}"], "A is open; nothing changed\n", /^OK reopen A changed=false\n/],
        [["restore", "{A}"], "A is not deleted; nothing changed\n", /^OK restore A changed=false\n/],
        [
          ["edit", "{A}", "--title", "A", "--owner", "ana"],
          "A A [open] (no changes applied)\n",
          /^OK edit A changed=false\n/
        ],
        [["assign", "{A}", "ana"], "A already assigned to ana (no-op)\n", /^OK assign A changed=false\n/],
        [["unassign", "{B}"], "B already unassigned (no-op)\n", /^OK unassign B changed=false\n/],
        [["label", "add", "{A}", "bug"], "A already labeled \"bug\" (no-op)\n", /^OK label A changed=false\n/],
        [
          ["projects", "rename", "ws", "ws"],
          "project #1 is called ws; nothing changed\n",
          /^OK project action=rename project=ws id=1 changed=false\n/
        ]
      ]
      const events = kata("events", "--after", "0", "--limit", "1000", "--json")
      const before = yield* events
      for (const [argv, human, agent] of said) {
        const { exit, stdout } = yield* kata(...argv)
        expect({ exit, stdout }, argv.join(" ")).toEqual({ exit: 0, stdout: human })
        expect((yield* kata(...argv, "--agent")).stdout).toMatch(agent)
      }
      expect(yield* events).toEqual(before)
    }))

  it.scopedLive("a key that made an issue before says that it is reused", () =>
    Effect.gen(function*() {
      const { kata } = yield* workspace
      const create = kata("create", "Nightly", "--idempotency-key", "k")
      yield* create
      expect((yield* create).stdout).toMatch(/^\w+ Nightly \[open\] \(reused; nothing changed\)\n$/)
    }))

  it.scopedLive("what is deleted says so in search and show, whatever it was before", () =>
    Effect.gen(function*() {
      const { kata, make } = yield* workspace
      yield* make("A parser")
      yield* make("B parser")
      yield* kata("delete", "{B parser}", "--force", "--confirm", "DELETE ws#{B parser}")
      const found = (yield* kata("search", "parser", "--include-deleted")).stdout
      expect(found).toMatch(/^A parser\topen\t/m)
      expect(found).toMatch(/^B parser\tdeleted\t/m)
      const agent = (yield* kata("search", "parser", "--include-deleted", "--agent")).stdout
      expect(agent).toMatch(/^- issue=A parser score=\S+ status=open matched=title title="A parser"$/m)
      expect(agent).toMatch(/^- issue=B parser score=\S+ status=open matched=title title="B parser" deleted=true$/m)
      expect((yield* kata("show", "{B parser}")).exit).toBe(4)
      expect((yield* kata("show", "{B parser}", "--include-deleted")).stdout).toBe(
        "B parser  B parser  [deleted]  by ana\nDeleted: <T>\n"
      )
      expect((yield* kata("show", "{B parser}", "--include-deleted", "--agent")).stdout).toContain("Deleted-At: <T>\n")
    }))
})
