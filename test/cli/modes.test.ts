/** Each command in each mode, on our API. */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { inside } from "../server/replay/serve.ts"
import { place, run } from "./replay/scenario.ts"

type Kata = (...argv: ReadonlyArray<string>) => ReturnType<typeof run>

/** A workspace of the project `app`, in which `kata` runs with the words of a mode before each line. */
const workspace = (mode: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const root = yield* place
    const daemon = yield* inside({})
    mkdirSync(join(root, "ws", ".git"), { recursive: true })
    const plain: Kata = (...argv) => run({ argv, cwd: join(root, "ws"), daemon, variables: { KATA_AUTHOR: "alice" } })
    const kata: Kata = (...argv) => plain(...mode, ...argv)
    return { kata, plain, root }
  })

const message = "Rewrote the reader and ran the whole test suite on it."

/** Names issues by `{{A}}`, `{{B}}`, `{{C}}`, which are made before. In the agent's words a short id stands as its name. */
const lines: ReadonlyArray<readonly [argv: ReadonlyArray<string>, agent: string]> = [
  [["init"], "OK init project=ws workspace=<root>/ws changed=false\n"],
  [
    ["create", "Three \"quoted\" words\u202e", "--label", "bug", "--blocked-by", "{{A}}"],
    "OK create D\nIssue: D \"Three \\\"quoted\\\" words\\u202e\"\nStatus: open\n"
  ],
  [
    ["edit", "{{A}}", "--title", "Reader", "--priority", "2", "--parent", "{{B}}"],
    "OK edit A changed=true\nIssue: A \"Reader\"\nChanges: updated,priority_set,links_changed\nLink: +parent B\n"
  ],
  [["comment", "{{A}}", "--body", "a\n```\nb"], "OK comment A\nIssue: A \"Reader\"\nComment: appended\n"],
  [["label", "add", "{{A}}", "ui"], "OK label A\nIssue: A \"Reader\"\nLabel: ui\nAction: added\n"],
  [
    ["label", "add", "{{A}}", "ui"],
    "OK label A changed=false\nIssue: A \"Reader\"\nLabel: ui\nAction: added\n"
  ],
  [["label", "rm", "{{A}}", "none"], "OK label A changed=false\nIssue: A \"Reader\"\nLabel: none\nAction: removed\n"],
  [["assign", "{{A}}", "Bob B."], "OK assign A\nIssue: A \"Reader\"\nOwner: \"Bob B.\"\n"],
  [["labels"], "OK labels count=2\n- label=bug count=1\n- label=ui count=1\n"],
  [
    ["show", "{{A}}"],
    "OK show A\nIssue: A \"Reader\"\nStatus: open\nOwner: \"Bob B.\"\nLabels: ui\nPriority: 2\nBody:\n```text\nfirst\n```\n" +
    "Links:\n- type=blocks issue=D\n- type=parent issue=B\n" +
    "Comment: author=alice created_at=<T>\n````text\na\n```\nb\n````\n"
  ],
  [
    ["search", "Reader"],
    "OK search count=1 query=\"Reader\"\n- issue=A score=<n> status=open matched=title title=\"Reader\"\n"
  ],
  [
    ["ready"],
    "OK ready count=3\n- issue=A priority=2 owner=\"Bob B.\" title=\"Reader\"\n- issue=C title=\"Third\"\n- issue=B title=\"Second\"\n"
  ],
  [
    ["list", "--max-priority", "2"],
    "OK list count=1\n- issue=A status=open priority=2 owner=\"Bob B.\" labels=ui title=\"Reader\"\n"
  ],
  [["unassign", "{{A}}"], "OK unassign A\nIssue: A \"Reader\"\nOwner-Cleared: true\n"],
  [
    ["close", "{{A}}", "--done", "--message", message, "--commit", "3a401a8", "--test", "make check"],
    "OK close A\nIssue: A \"Reader\"\nStatus: closed\nReason: done\nEvidence: commit:3a401a8,test:make check\n"
  ],
  [["reopen", "{{A}}"], "OK reopen A\nIssue: A \"Reader\"\nStatus: open\n"],
  [
    ["delete", "{{C}}", "--force", "--confirm", "DELETE ws#{{C}}"],
    "OK delete C\nIssue: C \"Third\"\nStatus: deleted\nUndo: kata restore C --agent\n"
  ],
  [["restore", "{{C}}"], "OK restore C\nIssue: C \"Third\"\nDeleted: false\n"],
  [
    ["events", "--limit", "2"],
    "OK events count=2 next_after_id=2\n- id=1 type=issue.created issue=A actor=alice\n- id=2 type=issue.created issue=B actor=alice\n"
  ],
  [["purge", "{{C}}", "--force", "--confirm", "PURGE ws#{{C}}"], "OK purge C\nStatus: purged\n"],
  [["events", "--after", "0"], "OK events reset_required=true reset_after_id=<n>\n"],
  [
    ["history", "{{D}}"],
    "OK history D count=1\n- id=4 type=issue.created actor=alice created_at=<T> what=\"created: bug\"\n"
  ],
  [["projects", "list"], "OK projects count=1\n- project=ws id=1\n"],
  [
    ["projects", "show", "ws"],
    "OK project action=show project=ws id=1\n- alias=local://<root>/ws kind=local root=<root>/ws\n"
  ],
  [["projects", "rename", "ws", "other", "name"], "OK project action=rename project=\"other name\" id=1\n"],
  [
    ["projects", "detach", "local://<root>/ws", "--force"],
    "OK project action=detach alias=local://<root>/ws id=1\n"
  ],
  [
    ["projects", "remove", "1", "--force"],
    "OK project action=remove project=\"other name\" id=1\nUndo: kata projects restore 'other name' --agent\n"
  ],
  [["projects", "list", "--archived"], "OK projects count=1\n- project=\"other name\" id=1 state=archived\n"],
  [["projects", "restore", "1"], "OK project action=restore project=\"other name\" id=1 aliases=0\n"],
  [["projects", "restore", "1"], "OK project action=restore project=\"other name\" id=1 changed=false aliases=0\n"],
  [["whoami", "--as", "x y"], "OK whoami actor=\"x y\" source=flag\n"]
]

/** Runs the lines, and hands on what each printed, with names in the place of short ids. */
const story = (
  mode: ReadonlyArray<string>,
  each: (
    line: readonly [argv: ReadonlyArray<string>, agent: string],
    result: Effect.Effect.Success<ReturnType<Kata>>
  ) => void
) =>
  Effect.gen(function*() {
    const { kata, plain, root } = yield* workspace(mode)
    const ids = new Map<string, string>()
    const make = Effect.fn("make")(function*(name: string, title: string) {
      const { stdout } = yield* plain("-q", "create", title, "--body", name === "A" ? "first" : "")
      ids.set(name, stdout.trim())
    })
    expect((yield* kata("init")).exit).toBe(0)
    yield* make("A", "First")
    yield* make("B", "Second")
    yield* make("C", "Third")
    const named = (text: string) =>
      [...ids].reduce((text, [name, id]) => text.replace(new RegExp(`\\b${id}\\b`, "g"), name), text)
        .replaceAll(root, "<root>")
    for (const line of lines) {
      const argv = line[0].map((word) =>
        word.replace(/\{\{(.)\}\}/g, (_, name: string) => ids.get(name) ?? "").replaceAll("<root>", root)
      )
      const result = yield* kata(...argv)
      const made = /(?:OK create |"short_id":"|^)([0-9a-hjkmnp-tv-z]{4,26})\b/.exec(result.stdout)?.[1]
      if (line[0][0] === "create") ids.set("D", made ?? "")
      each(line, { ...result, stdout: named(result.stdout) })
    }
  })

describe("every command", () => {
  it.scopedLive(
    "prints lines for agents that begin with OK, in this order",
    () =>
      story(["--agent"], ([argv, agent], { exit, stderr, stdout }) => {
        const got = stdout.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "<T>")
          .replace(/score=[\d.e-]+/g, "score=<n>").replace(/reset_after_id=\d+/g, "reset_after_id=<n>")
        expect({ exit, stderr, stdout: got }, argv.join(" ")).toEqual({ exit: 0, stderr: "", stdout: agent })
      })
  )

  it.scopedLive(
    "prints one object of JSON that begins with the version",
    () =>
      story(["--json"], ([argv], { exit, stderr, stdout }) => {
        expect({ exit, stderr }, argv.join(" ")).toEqual({ exit: 0, stderr: "" })
        expect(stdout, argv.join(" ")).toMatch(/^\{"kata_api_version":1,.*\}\n$/)
        expect(stdout.trimEnd().split("\n")).toHaveLength(1)
        expect(() => JSON.parse(stdout) as unknown).not.toThrow()
      })
  )

  it.scopedLive("says nothing that only confirms when it is quiet", () => {
    const printed: Array<string> = []
    return Effect.map(
      story(["-q"], ([argv], { exit, stderr, stdout }) => {
        expect({ exit, stderr }, argv.join(" ")).toEqual({ exit: 0, stderr: "" })
        const [command = "", second = ""] = argv
        if (stdout !== "") {
          printed.push(command === "label" || command === "projects" ? `${command} ${second}` : command)
        }
      }),
      () =>
        // What was asked for, and the short id of what was changed.
        expect([...new Set(printed)]).toEqual([
          "init",
          "create",
          "edit",
          "labels",
          "show",
          "search",
          "ready",
          "list",
          "close",
          "reopen",
          "restore",
          "events",
          "history",
          "projects list",
          "projects show",
          "whoami"
        ])
    )
  })

  it.scopedLive("leaves stdout empty when it fails, and reports once", () =>
    Effect.gen(function*() {
      const { kata } = yield* workspace([])
      yield* kata("init")
      const failing: ReadonlyArray<readonly [exit: number, ...argv: ReadonlyArray<string>]> = [
        [4, "show", "zzzz"],
        [4, "edit", "zzzz", "--title", "x"],
        [4, "comment", "zzzz", "--body", "x"],
        [4, "close", "zzzz", "--wontfix", "--message", message],
        [4, "reopen", "zzzz"],
        [4, "label", "add", "zzzz", "x"],
        [4, "label", "rm", "zzzz", "x"],
        [4, "assign", "zzzz", "bob"],
        [4, "unassign", "zzzz"],
        [4, "restore", "zzzz"],
        [4, "delete", "zzzz", "--force", "--confirm", "x"],
        [4, "purge", "zzzz", "--force", "--confirm", "x"],
        [3, "create", "x", "--label", "NO"],
        [3, "search", " "],
        [3, "ready", "--limit", "-1"],
        [3, "list", "--limit", "-1"],
        [2, "events", "--after", "-1"],
        [4, "labels", "--project", "none"],
        [4, "projects", "show", "none"],
        [4, "projects", "rename", "none", "x"],
        [4, "projects", "merge", "none", "ws"],
        [4, "projects", "remove", "none"],
        [4, "projects", "restore", "none"],
        [4, "projects", "detach", "none"],
        [5, "init", "--project", "other"]
      ]
      for (const [exit, ...argv] of failing) {
        for (const mode of [["--json"], ["--agent"]]) {
          const result = yield* kata(...mode, ...argv)
          expect({ exit: result.exit, stdout: result.stdout }, argv.join(" ")).toEqual({ exit, stdout: "" })
          expect(result.stderr).toMatch(
            mode[0] === "--json"
              ? new RegExp(`^\\{"error":\\{.*"exit_code":${exit}\\}\\}\\n$`)
              : new RegExp(`^ERR ${argv[0]} \\w+: .*\\n(?:Hint: .*\\n)?(?:Code: .*\\n)?Exit-Code: ${exit}\\n$`)
          )
        }
      }
    }))
})
