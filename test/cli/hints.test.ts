/** What is told to do next after a refusal of the daemon, in words of the command line. */
import { expect, it } from "vitest"
import { advised } from "../../src/cli/hints.ts"
import { refusal } from "../../src/client/Client.ts"

const hintOf = (status: number, error: object) => advised(refusal(status, JSON.stringify({ status, error }))).hint

const alike = (...titles: ReadonlyArray<string>) => ({
  code: "duplicate_candidates",
  message: `${titles.length} open issues match this title`,
  hint: "comment on an existing issue, or pass force_new=true to create anyway",
  data: { candidates: titles.map((title, i) => ({ score: 1, short_id: `abc${i}`, title, uid: "u" })) }
})

it("found W11: what is too large is the caller's to change, and no bug", () => {
  const failure = advised(
    refusal(413, JSON.stringify({ status: 413, error: { code: "error", message: "request body is too large" } }))
  )
  expect([failure.kind, failure.hint]).toEqual(["validation", expect.stringContaining("less than 1 MiB")])
})

it("names the issues that look alike, and the flag", () => {
  expect(hintOf(409, alike("A", "B", "C", "D"))).toBe(
    "comment on abc0 \"A\" or abc1 \"B\" or abc2 \"C\", or pass --force-new to create another one"
  )
  expect(hintOf(409, { ...alike("A"), data: null })).toMatch(/kata search .*--force-new/)
})

it.each(
  [
    [404, "issue_not_found", "issue not found", undefined, /--status all.*--include-deleted/],
    [404, "project_not_initialized", "project x is not registered", "run \"kata init\"", /^kata projects list/],
    [404, "project_not_initialized", "alias x is not registered", "run \"kata init\"", /^run "kata init"$/],
    [
      409,
      "project_has_open_issues",
      "open",
      "close them first, or pass force=true",
      /^close them first, or pass --force$/
    ],
    [412, "confirm_mismatch", "no", "expected DELETE app#abc4", /^pass --confirm "DELETE app#abc4"$/],
    [
      400,
      "validation",
      "validation failed: status: expected value to be one of \"open, closed, \"",
      undefined,
      /, closed or all$/
    ],
    [400, "validation", "outside a workspace", "pass name or run inside a workspace", /^pass --project NAME or run/],
    [400, "validation", "do not close — use `kata edit <ref> --label needs-review`", undefined, /kata label add/],
    [413, "", "request body is too large limit=1048576 bytes", undefined, /less than 1 MiB/],
    [
      401,
      "auth_required",
      "Authorization: Bearer <token> required",
      undefined,
      /KATA_AUTH_TOKEN, or token under \[auth\]/
    ],
    [403, "auth_invalid", "token mismatch", undefined, /KATA_AUTH_TOKEN/],
    [500, "internal", "no", undefined, /^$/]
  ] as const
)("%d %s: %s", (status, code, message, hint, wanted) => {
  expect(hintOf(status, { code, message, hint })).toMatch(wanted)
})

it("keeps everything else, and failures of the command itself", () => {
  const failure = refusal(404, "{\"error\":{\"code\":\"issue_not_found\",\"message\":\"issue not found\"}}")
  const { code, isText, kind, message } = failure
  expect(advised(failure)).toMatchObject({ code, isText, kind, message })
  const own = { _tag: "Own", kind: "usage", message: "no", hint: "pass force=true" } as const
  expect(advised(own)).toBe(own)
})
