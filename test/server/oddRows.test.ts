/** Rows that the rules of the tables let in, and that no kata writes: they are shown as they are, and hide no other. */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { place, run } from "../cli/replay/scenario.ts"
import { client } from "./client.ts"
import { inside, serving } from "./replay/serve.ts"
import { execute, rows } from "./sql.ts"

const odd = "UPDATE issues SET priority = 1.5 WHERE id = 1; UPDATE issues SET revision = 2.5 WHERE id = 2"

describe("found W1: an issue of priority 1.5", () => {
  it.live("is shown as it is, and so are the others", () =>
    serving({}, async (send, { database }) => {
      const { ask, issue, ok, project } = client(send)
      await project()
      const ids = [(await issue("First")).short_id, (await issue("Second")).short_id, (await issue("Third")).short_id]
      // no PRAGMA: the CHECK itself lets it in
      execute(database, `PRAGMA ignore_check_constraints = 0; ${odd}`)
      expect(rows(database, "SELECT typeof(priority) AS type FROM issues WHERE id = 1")).toEqual([{ type: "real" }])
      for (const path of ["/projects/1/issues", "/projects/1/ready", "/issues"]) {
        const { issues } = await ok("GET", path)
        const seen = Object.fromEntries(
          issues.map((one: { short_id: string; priority?: unknown; revision: unknown }) => [
            one.short_id,
            [one.priority, one.revision]
          ])
        )
        expect(seen, path).toEqual({ [ids[0]]: [1.5, 1], [ids[1]]: [undefined, 2.5], [ids[2]]: [undefined, 1] })
      }
      expect((await ok("GET", `/projects/1/issues/${ids[0]}`)).issue).toMatchObject({ priority: 1.5 })
      expect((await ok("GET", "/projects/1/search?q=first")).results[0].issue).toMatchObject({ priority: 1.5 })
      // what has no whole revision cannot be asked to be unchanged; everything else can be done with it
      const patch = { actor: "ann", patch: { a: 1 } }
      const path = `/projects/1/issues/${ids[1]}`
      expect(await ask("POST", `${path}/metadata`, patch, { "if-match": "\"rev-2\"" })).toMatchObject({ status: 412 })
      await ok("POST", `${path}/comments`, { actor: "ann", body: "x" })
      // the way out
      await ok("POST", `/projects/1/issues/${ids[0]}/actions/priority`, { actor: "ann", priority: 2 })
      expect((await ok("GET", `/projects/1/issues/${ids[0]}`)).issue).toMatchObject({ priority: 2 })
    }))

  it.live("comes with a note for people, and as it is for agents", () =>
    Effect.gen(function*() {
      const root = yield* place
      const daemon = yield* inside({})
      const kata = (...argv: ReadonlyArray<string>) =>
        run({ argv: ["--project", "app", ...argv], cwd: root, daemon, variables: { KATA_AUTHOR: "ann" } })
      yield* kata("init")
      const { stdout } = yield* kata("create", "First", "--quiet")
      const id = stdout.trim()
      execute(daemon.databasePath, odd)
      const note = `note: ${id}: priority is 1.5, no whole number from 0 to 4: kata edit ${id} --priority N mends it\n`
      for (const argv of [["list"], ["ready"], ["show", id]]) {
        expect(yield* kata(...argv), argv[0]).toMatchObject({
          exit: 0,
          stderr: note,
          stdout: expect.stringContaining("First")
        })
      }
      expect((yield* kata("list", "--agent")).stdout).toContain(` priority=1.5 title="First"\n`)
      expect((yield* kata("edit", id, "--priority", "1")).exit).toBe(0)
      expect(yield* kata("list")).toMatchObject({ exit: 0, stderr: "" })
    }).pipe(Effect.scoped))

  it.live("is not what any other odd value is: that is a typed error with table, row and field", () =>
    serving({}, async (send, { database }) => {
      const { ask, issue, project } = client(send)
      await project()
      await issue("First")
      execute(database, "PRAGMA foreign_keys = 0; UPDATE issues SET recurrence_id = 'abc' WHERE id = 1")
      const { body, status } = await ask("GET", "/projects/1/issues")
      expect(status).toBe(500)
      expect(body.error).toEqual({
        code: "internal",
        message: expect.stringMatching(/: cannot read row 1 of issues: recurrence_id is "abc" \(ROW_UNREADABLE\)$/),
        hint: "kata doctor tells what else is wrong; kata export --salvage carries the other rows",
        data: { kind: "damaged" }
      })
    }))
})
