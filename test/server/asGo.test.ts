/** What Go kata's own tests want of its daemon and no recording shows. Where ours answers otherwise, `replay/differences` says why. */
import { describe, expect, it } from "@effect/vitest"
import { client } from "./client.ts"
import { serving } from "./replay/serve.ts"
import { execute } from "./sql.ts"

const remove = (ref: string) => ["POST", `/projects/1/issues/${ref}/actions/delete`, { actor: "ann" }] as const

describe("found W18: as Go kata", () => {
  it.live("a parent that is soft-deleted is still shown, and its child still says whose it is", () =>
    serving({}, async (send) => {
      const { issue, ok, project } = client(send)
      await project()
      const parent = await issue("Parent")
      const child = await issue("Child", { links: [{ type: "parent", to_ref: parent.short_id }] })
      const blocked = await issue("Blocked", { links: [{ type: "blocks", to_ref: child.short_id, incoming: true }] })
      const confirm = (ref: string) => ({ "x-kata-confirm": `DELETE alpha#${ref}` })
      await ok(...remove(parent.short_id), confirm(parent.short_id))
      await ok(...remove(blocked.short_id), confirm(blocked.short_id))
      const shown = await ok("GET", `/projects/1/issues/${child.short_id}`)
      expect(shown.parent).toMatchObject({ short_id: parent.short_id, title: "Parent" })
      const { issues } = await ok("GET", "/projects/1/issues")
      expect(issues).toMatchObject([{ short_id: child.short_id, parent_short_id: parent.short_id }])
      // the others that are deleted are not
      expect(issues[0]).not.toHaveProperty("blocks")
    }))

  it.live("a project that is archived is not there, by whatever way", () =>
    serving({}, async (send, { database }) => {
      const { ask, issue, ok, project } = client(send)
      await project("alpha")
      await project("beta")
      const { uid } = await issue("In beta", {}, 2)
      await ok("DELETE", "/projects/2?actor=ann&force=true")
      const alias = { kind: "git", identity: "git.example/team/app", root_path: "/srv/app" }
      // it has none any more, but in a database that others have written
      execute(
        database,
        "INSERT INTO project_aliases(project_id, alias_identity, alias_kind, root_path) VALUES (2, 'git.example/team/app', 'git', '/srv/app')"
      )
      const asked = [
        ["GET", `/issues/${uid}`],
        ["GET", `/issues/${uid.slice(0, 20)}`],
        ["POST", "/projects/resolve", { alias }],
        ["POST", "/projects/resolve", { alias, name: "alpha" }],
        ["DELETE", "/projects/2/aliases/1?actor=ann"],
        ["GET", "/projects/2/events"],
        ["GET", "/issues?project_id=2"]
      ] as const
      for (const [method, path, body] of asked) {
        expect(await ask(method, path, body), path).toMatchObject({
          status: 404,
          body: { error: { code: "project_not_found" } }
        })
      }
    }))

  const item = { external_id: "x", title: "t", author: "ann", status: "closed", created_at: "2026-05-01T10:00:00Z" }
  const times = { updated_at: "2026-05-01T10:00:00Z", closed_at: "2026-05-01T10:00:00Z" }
  const template = { title: "t", metadata: null }
  const refused: ReadonlyArray<readonly [what: string, method: string, path: string, body?: object, headers?: object]> =
    [
      ["a negative project", "GET", "/issues?project_id=-1"],
      ["events of project 0", "GET", "/projects/0/events"],
      ["events of project -1", "GET", "/projects/-1/events"],
      ["an import with an empty reason", "POST", "/projects/1/imports", {
        actor: "ann",
        source: "s",
        items: [{ ...item, ...times, closed_reason: "" }]
      }],
      ["a template whose metadata is null", "POST", "/projects/1/recurrences", {
        actor: "ann",
        rrule: "FREQ=DAILY",
        dtstart: "2026-06-01",
        timezone: "UTC",
        template
      }]
    ]
  it.live.each(refused)("%s is 400", ([, method, path, body]) =>
    serving({}, async (send) => {
      const { ask, project } = client(send)
      await project()
      expect(await ask(method, path, body)).toMatchObject({ status: 400, body: { error: { code: "validation" } } })
    }))

  it.live("a null that is none elsewhere stays one, in a template too", () =>
    serving({}, async (send) => {
      const { ok, project } = client(send)
      await project()
      const { recurrence } = await ok("POST", "/projects/1/recurrences", {
        actor: "ann",
        rrule: "FREQ=DAILY",
        dtstart: "2026-06-01",
        timezone: "UTC",
        template: { title: "t", body: null, owner: null, priority: null, labels: null }
      })
      expect(recurrence).toMatchObject({ template_title: "t", template_body: "" })
    }))

  it.live("a cursor that is said twice is a conflict, also when one of them is empty", () =>
    serving({}, async (send) => {
      const { ask, project } = client(send)
      await project()
      const stream = (query: string, last?: string) =>
        ask("GET", `/events/stream${query}`, undefined, {
          accept: "text/event-stream",
          ...(last === undefined ? {} : { "last-event-id": last })
        })
      for (const query of ["?after_id=", "?after_id=1", "?after_id=&project_id=1"]) {
        expect(await stream(query, "0"), query).toMatchObject({
          status: 400,
          body: { status: 400, error: { code: "cursor_conflict" } }
        })
      }
    }))
})
