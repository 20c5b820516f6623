/** What an issue was closed with. */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execute } from "../server/sql.ts"
import { workspace } from "./kata.ts"

const message = "The session store has an index now:\n80 ms instead of 3 s.\u001b[31m"

describe("found W7", () => {
  it.scopedLive("message and evidence of a close are shown in all three modes", () =>
    Effect.gen(function*() {
      const { kata, make } = yield* workspace
      yield* make("A")
      yield* kata(
        "close",
        "{A}",
        "--done",
        "--message",
        message,
        "--test",
        "npm test",
        "--reviewed",
        "a",
        "--reviewed",
        "b"
      )
      expect((yield* kata("show", "{A}")).stdout).toBe(
        "A  A  [closed]  by ana\n\nClosed as done by ana, <T>\n  The session store has an index now:\n" +
          "  80 ms instead of 3 s.\\x1b[31m\n  test: npm test\n  reviewed-paths: a,b\n"
      )
      expect((yield* kata("show", "{A}", "--agent")).stdout).toBe(
        "OK show A\nIssue: A \"A\"\nStatus: closed\nReason: done\nClosed-At: <T>\nClosed-By: ana\n" +
          "Message: \"The session store has an index now:\\n80 ms instead of 3 s.\\u001b[31m\"\n" +
          "Evidence: test:npm test,reviewed-paths:a,b\n"
      )
      const { close } = JSON.parse((yield* kata("show", "{A}", "--json")).stdout) as { readonly close: unknown }
      expect(close).toEqual({
        event_id: 2,
        actor: "ana",
        created_at: "<T>",
        reason: "done",
        message,
        evidence: [{ type: "test", command: "npm test" }, { type: "reviewed-paths", paths: ["a", "b"] }]
      })
    }))

  it.scopedLive("a duplicate names its original as that is now", () =>
    Effect.gen(function*() {
      const { kata, make } = yield* workspace
      for (const title of ["A", "B", "C"]) yield* make(title)
      yield* kata("close", "{A}", "--duplicate-of", "{B}", "--message", "The same crash as in the other.")
      yield* kata("close", "{B}", "--superseded-by", "ws#{C}", "--message", "The other one says more of it.")
      const lines = (text: string) => text.split("\n").slice(-3, -1)
      const shown = Effect.fnUntraced(function*(ref: string) {
        return lines((yield* kata("show", ref)).stdout)
      })
      expect(yield* shown("{A}")).toEqual(["  The same crash as in the other.", "  Duplicate of: B  closed  B"])
      expect(yield* shown("{B}")).toEqual(["  The other one says more of it.", "  Superseded by: C  open  C"])
      yield* kata("delete", "{C}", "--force", "--confirm", "DELETE ws#{C}")
      expect(yield* shown("{B}")).toContain("  Superseded by: C  deleted  C")
      expect((yield* kata("show", "{A}", "--agent")).stdout).toContain("Evidence: duplicate-of:B\n")
      const { close } = JSON.parse((yield* kata("show", "{A}", "--json")).stdout) as { readonly close: object }
      expect(close).toMatchObject({ target: { short_id: "B", qualified_id: "ws#B", title: "B", status: "closed" } })
      yield* kata("purge", "{C}", "--force", "--confirm", "PURGE ws#{C}")
      expect(yield* shown("{B}")).toContain("  Superseded by: ws#C")
    }))

  it.scopedLive("what is open again, or was closed by no event, or by an odd one, shows what there is", () =>
    Effect.gen(function*() {
      const { database, kata, make } = yield* workspace
      yield* make("A")
      const close = kata("close", "{A}", "--done", "--message", message, "--test", "npm test")
      yield* close
      yield* kata("reopen", "{A}")
      expect((yield* kata("show", "{A}")).stdout).not.toContain("Closed as")
      execute(database, "UPDATE issues SET status = 'closed', closed_reason = 'done', closed_at = created_at")
      expect((yield* kata("show", "{A}")).stdout).not.toContain("Closed as")
      execute(database, "UPDATE issues SET status = 'open', closed_reason = NULL, closed_at = NULL")
      yield* close
      for (
        const payload of [
          "[1]",
          "no JSON",
          "{\"message\":3,\"evidence\":[1,{\"type\":2},{\"type\":\"x\",\"sha\":\"y\"}]}"
        ]
      ) {
        execute(database, `UPDATE events SET payload = '${payload}' WHERE type = 'issue.closed'`)
        expect((yield* kata("show", "{A}")).stdout).toContain("Closed as done by ana, <T>\n")
      }
      expect((yield* kata("show", "{A}", "--agent")).stdout).toContain("Closed-By: ana\nEvidence: x:\n")
    }))
})
