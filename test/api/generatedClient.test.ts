/** A client that a well-kept generator makes of our document can do what needs headers, queries and revisions; the compiler checks its calls. */
import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readFileSync, writeFileSync } from "node:fs"
import createClient from "openapi-fetch"
import type { Send } from "../server/replay/scenario.ts"
import { serving } from "../server/replay/serve.ts"
import { generate, kept } from "./generate.ts"
import type { paths } from "./generated.d.ts"

/** The transport of the generated client: over the daemon's socket. */
const over = (send: Send) => async (request: Request): Promise<Response> => {
  const { pathname, search } = new URL(request.url)
  const text = await request.text()
  const reply = await send({
    method: request.method,
    path: pathname + search,
    headers: Object.fromEntries(request.headers),
    body: text === "" ? undefined : Buffer.from(text)
  })
  const headers = Object.entries(reply.headers).flatMap(([name, value]) => value === undefined ? [] : [[name, value]])
  return new Response(reply.text === "" ? null : reply.text, {
    status: reply.status,
    headers: Object.fromEntries(headers)
  })
}

const client = (send: Send) => createClient<paths>({ baseUrl: "http://kata.invalid", fetch: over(send) })

/** What must have been answered. */
const answered = <A>({ data, error }: { readonly data?: A; readonly error?: unknown }): A => {
  if (data === undefined) throw new Error(JSON.stringify(error))
  return data
}

const actor = "ann"
const issue = "/api/v1/projects/{project_id}/issues/{ref}"

it.live("the kept types are those of the document", () =>
  Effect.gen(function*() {
    const { text } = yield* serving(
      {},
      (send) => send({ method: "GET", path: "/openapi.json", headers: {}, body: undefined })
    )
    const generated = yield* Effect.promise(() => generate(text))
    if (process.env["UPDATE_GENERATED"] === "1") writeFileSync(kept, generated)
    expect(readFileSync(kept, "utf8"), "UPDATE_GENERATED=1 writes them anew").toBe(generated)
  }))

it.live("deletes, purges, moves and patches", () =>
  serving({}, async (send) => {
    const { DELETE, GET, PATCH, POST } = client(send)
    const alpha = answered(await POST("/api/v1/projects", { body: { name: "alpha" } })).project
    const beta = answered(await POST("/api/v1/projects", { body: { name: "beta" } })).project
    const create = async (title: string, key?: string) =>
      answered(
        await POST("/api/v1/projects/{project_id}/issues", {
          params: {
            path: { project_id: alpha.id },
            ...(key === undefined ? {} : { header: { "Idempotency-Key": key } })
          },
          body: { actor, title, priority: 1, labels: ["bug"] }
        })
      )
    const at = (ref: string) => ({ project_id: alpha.id, ref })

    // the same key twice makes one issue
    const first = await create("Broken pipe", "k-1")
    expect(await create("Broken pipe", "k-1")).toMatchObject({ reused: true, issue: { uid: first.issue.uid } })
    const path = at(first.issue.short_id)

    // fields and links
    const edited = await PATCH(issue, {
      params: { path },
      body: { actor, title: "Broken pipe in export", set_priority: 0 }
    })
    expect(answered(edited).issue).toMatchObject({ title: "Broken pipe in export", priority: 0 })

    // metadata, with the revision that the last answer told
    const patch = (revision: string) =>
      POST(`${issue}/metadata`, {
        params: { path, header: { "If-Match": revision } },
        body: { actor, patch: { area: "export" } }
      })
    const stale = await patch("\"rev-77\"")
    expect(stale.error).toMatchObject({ status: 412, error: { code: "revision_conflict" } })
    const patched = await patch(`"rev-${first.issue.revision}"`)
    expect(answered(patched).issue.metadata).toEqual({ area: "export" })
    const etag = patched.response.headers.get("etag") ?? ""
    expect(etag).toBe(`"rev-${first.issue.revision + 1}"`)
    const ofProject = await POST("/api/v1/projects/{project_id}/metadata", {
      params: { path: { project_id: beta.id }, header: { "If-Match": `"rev-${beta.revision}"` } },
      body: { actor, patch: { team: "core" } }
    })
    expect(answered(ofProject).changed).toBe(true)

    // a move
    const moved = answered(
      await POST(`${issue}/actions/move`, {
        params: { path, header: { "If-Match": etag } },
        body: { actor, to_project_uid: beta.uid }
      })
    )
    expect(moved.issue.project_id).toBe(beta.id)
    const there = { project_id: beta.id, ref: moved.new_short_id }

    // a deletion without its confirmation says what that must be
    const unsaid = await POST(`${issue}/actions/delete`, { params: { path: there }, body: { actor } })
    expect(unsaid.error).toMatchObject({ status: 412, error: { code: "confirm_required" } })
    const said = `DELETE beta#${moved.new_short_id}`
    const deleted = await POST(`${issue}/actions/delete`, {
      params: { path: there, header: { "X-Kata-Confirm": said } },
      body: { actor }
    })
    expect(answered(deleted).changed).toBe(true)
    const hidden = await GET(issue, { params: { path: there } })
    expect(hidden.error).toMatchObject({ status: 404, error: { code: "issue_not_found" } })
    const shown = await GET(issue, { params: { path: there, query: { include_deleted: true } } })
    expect(answered(shown).labels.map(({ label }) => label)).toEqual(["bug"])

    // a purge
    const purged = await POST(`${issue}/actions/purge`, {
      params: { path: there, header: { "X-Kata-Confirm": said.replace("DELETE", "PURGE") } },
      body: { actor, reason: "held a password" }
    })
    expect(answered(purged).purge_log).toMatchObject({ issue_uid: first.issue.uid, reason: "held a password" })

    // DELETE says in its query who does it
    const second = await create("Crash at start")
    const unlabelled = await DELETE(`${issue}/labels/{label}`, {
      params: { path: { ...at(second.issue.short_id), label: "bug" }, query: { actor } }
    })
    expect(answered(unlabelled).changed).toBe(true)
    const archived = await DELETE("/api/v1/projects/{project_id}", {
      params: { path: { project_id: alpha.id }, query: { actor, force: true } }
    })
    expect(answered(archived).project.deleted_at).toBeTypeOf("string")

    // a page of events by a cursor
    const events = await GET("/api/v1/events", { params: { query: { after_id: 0, limit: 1 } } })
    expect(answered(events).reset_required).toBe(true)
  }))

it.live("a recurrence is made, changed and deleted, and says its labels as a list", () =>
  serving({}, async (send) => {
    const { DELETE, GET, PATCH, POST } = client(send)
    const { project } = answered(await POST("/api/v1/projects", { body: { name: "alpha" } }))
    const path = { project_id: project.id }
    const { recurrence } = answered(
      await POST("/api/v1/projects/{project_id}/recurrences", {
        params: { path },
        body: {
          actor,
          rrule: "FREQ=WEEKLY",
          dtstart: "2026-06-01",
          timezone: "UTC",
          template: { title: "Water the plants", labels: ["home"], metadata: { room: 3 } }
        }
      })
    )
    const labels: ReadonlyArray<string> = recurrence.template_labels
    expect([labels, recurrence.template_metadata]).toEqual([["home"], { room: 3 }])
    const one = "/api/v1/projects/{project_id}/recurrences/{uid}"
    const changed = await PATCH(one, {
      params: { path: { ...path, uid: recurrence.uid }, header: { "If-Match": `"rev-${recurrence.revision}"` } },
      body: { actor, rrule: "FREQ=DAILY" }
    })
    expect(answered(changed).recurrence.rrule).toBe("FREQ=DAILY")
    const removed = await DELETE(one, { params: { path: { ...path, uid: recurrence.uid }, query: { actor } } })
    expect(removed.response.status).toBe(204)
    const gone = await GET(one, { params: { path: { ...path, uid: recurrence.uid } } })
    expect(gone.error).toMatchObject({ status: 404, error: { code: "not_found" } })
  }))

it("a call that the document does not know does not compile", () => {
  const { POST } = client(() => Promise.reject(new Error("nothing is sent")))
  const path = { project_id: 1, ref: "abc4" }
  const calls = [
    // @ts-expect-error -- the revision is missing
    () => POST(`${issue}/actions/move`, { params: { path }, body: { actor, to_project_uid: "" } }),
    // @ts-expect-error -- a misspelt key
    () => POST(`${issue}/actions/delete`, { params: { path }, body: { actr: actor } }),
    // @ts-expect-error -- no such route
    () => POST("/api/v1/projects/{project_id}/issue", { params: { path }, body: { actor } })
  ]
  expect(calls).toHaveLength(3)
})
