/** The calls of the client are typed by the API's definition: what is misspelt does not compile. The compiler holds it (`npm run check`). */
import * as Effect from "effect/Effect"
import { expect, it } from "vitest"
import { Listed, Shown } from "../../src/api/answers.ts"
import { type Client, read } from "../../src/client/Client.ts"

const path = { project_id: 1n, ref: "abc4" }

/** Never run: only the types count. */
const calls = ({ call }: Client) => [
  call("issueClose", { path, body: { actor: "ann", reason: "done", dry_run: true } }),
  // @ts-expect-error -- a misspelt key of a body
  call("issueClose", { path, body: { actor: "ann", dry_rum: true } }),
  // @ts-expect-error -- a key that is missing
  call("issueClose", { path, body: { reason: "done" } }),
  // @ts-expect-error -- a misspelt key deep in a body
  call("issueEdit", { path, body: { actor: "ann", links_delta: { add_block: ["d4ex"] } } }),
  // @ts-expect-error -- a text where a number belongs
  call("issuePriority", { path, body: { actor: "ann", priority: "1" } }),
  // @ts-expect-error -- a body where none is taken
  call("issueShow", { path, body: { actor: "ann" } }),
  // @ts-expect-error -- a body that is missing
  call("issueReopen", { path }),
  call("search", { path: { project_id: 1n }, query: { q: "crash", limit: undefined } }),
  // @ts-expect-error -- a misspelt key of a query
  call("search", { path: { project_id: 1n }, query: { q: "crash", limits: 3 } }),
  // @ts-expect-error -- a query whose key is missing
  call("labelRemove", { path: { ...path, label: "bug" }, query: {} }),
  // @ts-expect-error -- a part of the path is missing
  call("issueShow", { path: { project_id: 1n } }),
  call("issueDelete", { path, headers: { "X-Kata-Confirm": "DELETE kata#abc4" }, body: { actor: "ann" } }),
  // @ts-expect-error -- a misspelt header
  call("issueDelete", { path, headers: { "X-Kata-Confirmed": "DELETE kata#abc4" }, body: { actor: "ann" } }),
  // @ts-expect-error -- the revision that has been seen is missing
  call("issueMove", { path, body: { actor: "ann", to_project_uid: "01ARZ3NDEKTSV4RRFFQ69G5FAV" } }),
  // @ts-expect-error -- no such route
  call("issueShown", { path }),
  Effect.flatMap(call("issueShow", { path }), read(Shown)),
  // @ts-expect-error -- an answer is read as what it is
  Effect.flatMap(call("issueShow", { path }), read(Listed))
]

it("a misspelt call does not compile", () => {
  expect(calls).toBeTypeOf("function")
})
