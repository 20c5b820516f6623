/** Values in which there is nothing: what a variable of a script gives that is not set. */
import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { rows } from "../server/sql.ts"
import { workspace } from "./kata.ts"

const message = "Rewrote the reader and ran the whole test suite on it."
const close = ["close", "{A}", "--done", "--message", message, "--test", "npm test"]

/** Lines that end with a flag, or with an argument. */
const lines: ReadonlyArray<readonly [says: RegExp, ...argv: ReadonlyArray<string>]> = [
  ...["label", "owner", "idempotency-key", "parent", "blocks", "blocked-by", "related"].map((flag) =>
    [new RegExp(`--${flag} must not be empty`), "create", "x", `--${flag}`] as const
  ),
  [/--label must not be empty/, "create", "x", "--label", "a", "--label"],
  [/title must not be empty/, "create"],
  ...["commit", "pr", "test", "reviewed"].map((flag) =>
    [new RegExp(`--${flag} must not be empty`), ...close, "--evidence", "pr:x", `--${flag}`] as const
  ),
  [/--duplicate-of must not be empty/, "close", "{A}", "--message", message, "--duplicate-of"],
  [/--superseded-by must not be empty/, "close", "{A}", "--message", message, "--superseded-by"],
  [/--comment must not be empty/, ...close, "--comment"],
  [/--title must not be empty/, "edit", "{A}", "--title"],
  [/--parent must not be empty/, "edit", "{A}", "--parent"],
  [/--comment must not be empty/, "reopen", "{A}", "--comment"],
  [/owner must be non-empty/, "assign", "{A}"],
  [/label must not be empty/, "label", "add", "{A}"],
  [/label must not be empty/, "label", "rm", "{A}"],
  [/comment body is required/, "comment", "{A}", "--body"],
  [/--reason must not be empty/, "purge", "{A}", "--force", "--confirm", "PURGE ws#{A}", "--reason"],
  [/--status must not be empty/, "list", "--status"],
  [/query must be non-empty/, "search"],
  [/--rename-target must not be empty/, "projects", "merge", "ws", "ws", "--rename-target"],
  [/project name must be non-empty/, "projects", "rename", "ws"],
  [/"?" is not a valid issue ref/, "events", "--issue"],
  [/is no time/, "events", "--since"]
]

it.scopedLive("found W25: empty and blank are one thing, refused wherever something is to be said", () =>
  Effect.gen(function*() {
    const { database, kata, make } = yield* workspace
    yield* make("A")
    const state = () => rows(database, "SELECT max(id) AS id FROM events")
    const before = state()
    for (const [says, ...argv] of lines) {
      for (const value of ["", " ", "\t\n"]) {
        const { exit, stderr, stdout } = yield* kata(...argv, value)
        expect({ exit, stdout }, `${argv.join(" ")} ${JSON.stringify(value)}`).toEqual({ exit: 3, stdout: "" })
        expect(stderr, argv.join(" ")).toMatch(says)
      }
    }
    expect(state()).toEqual(before)
    // an empty owner is the way to remove one, a blank one is nobody's name
    expect((yield* kata("edit", "{A}", "--owner", "")).exit).toBe(0)
    expect((yield* kata("edit", "{A}", "--owner", " ")).exit).toBe(3)
    for (const author of ["", " "]) {
      expect((yield* kata("whoami", "--as", author)).stdout).toBe((yield* kata("whoami")).stdout)
    }
  }))
