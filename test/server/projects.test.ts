/** What the recordings do not show of projects: at once, by path, merged, stored oddly. */
import { describe, expect, it } from "@effect/vitest"
import { execFileSync } from "node:child_process"
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { type Body, client } from "./client.ts"
import { serving } from "./replay/serve.ts"
import { execute, rows } from "./sql.ts"

const times = <A>(n: number, make: (i: number) => A): ReadonlyArray<A> => Array.from({ length: n }, (_, i) => make(i))
const alias = (name: string, root_path = `/tmp/${name}`) => ({
  identity: `github.com/acme/${name}`,
  kind: "git",
  root_path
})

describe("at once", () => {
  it.live("one name and one alias make one project, whoever comes first", () =>
    serving({}, async (send) => {
      const { ok } = client(send)
      const answers: ReadonlyArray<Body> = await Promise.all(
        times(10, (i) => ok("POST", "/projects", { name: "app", alias: alias("app", `/tmp/${i}`) }))
      )
      expect(answers.filter(({ created }) => created === true)).toHaveLength(1)
      expect(new Set(answers.map(({ alias, project }) => `${project.uid} ${alias.id}`)).size).toBe(1)
    }))

  it.live("an alias belongs to one project, and who lost it made none", () =>
    serving({}, async (send) => {
      const { ask, ok } = client(send)
      const answers = await Promise.all(
        times(8, (i) => ask("POST", "/projects", { name: `app${i}`, alias: alias("app") }))
      )
      expect(answers.map(({ status }) => status).toSorted()).toEqual([200, ...times(7, () => 409)])
      expect((await ok("GET", "/projects")).projects).toHaveLength(1)
    }))

  it.live("issues made while their project is merged away are in the other one, or refused", () =>
    serving({}, async (send, { database }) => {
      const { ask, issue, ok, project } = client(send)
      await project("target")
      await project("source")
      await issue("first", {}, 2)
      const [, ...answers] = await Promise.all([
        ok("POST", "/projects/1/merge", { source_project_id: 2 }),
        ...times(10, (i) => ask("POST", "/projects/2/issues", { actor: "ann", title: `late ${i}`, force_new: true }))
      ])
      expect(answers.filter(({ status }) => status !== 200 && status !== 404)).toEqual([])
      const made = answers.filter(({ status }) => status === 200)
      expect((await ok("GET", "/projects/1/issues")).issues).toHaveLength(1 + made.length)
      expect(rows(database, "PRAGMA foreign_key_check")).toEqual([])
    }))
})

describe("by path", () => {
  const git = (cwd: string, ...words: ReadonlyArray<string>) =>
    execFileSync("git", [...words], {
      cwd,
      env: { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" },
      stdio: "ignore"
    })
  const bound = (root: string) => readFileSync(join(root, ".kata.toml"), "utf8")
  const repository = (directory: string) => {
    const root = join(directory, "ws")
    mkdirSync(join(root, "deep/er"), { recursive: true })
    git(root, "init", "-q")
    git(root, "remote", "add", "origin", "git@git.example:acme/app.git")
    return root
  }

  it.live("a repository is bound, found again, and learns of a rename", () =>
    serving({}, async (send, { directory }) => {
      const { ask, ok } = client(send)
      const root = repository(directory)
      const start_path = join(root, "deep/er")
      const unknown = await ask("POST", "/projects/resolve", { start_path })
      expect([unknown.status, unknown.body.error.message]).toEqual([
        404,
        "alias git.example/acme/app is not registered"
      ])
      expect(existsSync(join(root, ".kata.toml"))).toBe(false)

      const made = await ok("POST", "/projects", { start_path })
      expect(made).toMatchObject({
        created: true,
        workspace_root: root,
        project: { name: "app" },
        alias: { alias_identity: "git.example/acme/app", alias_kind: "git", root_path: root }
      })
      expect(bound(root)).toContain("name = \"app\"")
      expect((await ok("POST", "/projects", { start_path: root })).created).toBe(false)

      await ok("PATCH", "/projects/1", { name: "the \"app\"" })
      const found = await ok("POST", "/projects/resolve", { start_path })
      expect([found.project.name, found.workspace_root]).toEqual(["the \"app\"", root])
      expect(bound(root)).toContain("name = \"the \\\"app\\\"\"")
      expect((await ok("POST", "/projects", { start_path })).project.id).toBe(1)
    }))

  it.live("another name than that of the .kata.toml needs replace, and the alias reassign", () =>
    serving({}, async (send, { directory }) => {
      const { ask, ok } = client(send)
      const start_path = repository(directory)
      await ok("POST", "/projects", { start_path })
      const conflict = await ask("POST", "/projects", { start_path, name: "other" })
      expect([conflict.status, conflict.body.error.code]).toEqual([409, "project_binding_conflict"])
      const taken = await ask("POST", "/projects", { start_path, name: "other", replace: true })
      expect([taken.status, taken.body.error.code]).toEqual([409, "project_alias_conflict"])
      expect((await ok("GET", "/projects")).projects).toHaveLength(1)
      expect(bound(start_path)).toContain("\"app\"")
      const moved = await ok("POST", "/projects", { start_path, name: "other", replace: true, reassign: true })
      expect([moved.project.name, moved.created]).toEqual(["other", true])
      expect(bound(start_path)).toContain("\"other\"")
    }))

  it.live("a directory outside of all workspaces becomes one when it is given a name", () =>
    serving({}, async (send, { directory }) => {
      const { ask, ok } = client(send)
      const start_path = join(directory, "My Docs")
      mkdirSync(start_path)
      expect((await ask("POST", "/projects", { start_path })).body.error.message)
        .toBe("cannot derive project name outside a workspace")
      const made = await ok("POST", "/projects", { start_path, name: "docs" })
      expect(made.alias).toMatchObject({ alias_identity: `local://${start_path}`, alias_kind: "local" })
      expect((await ok("POST", "/projects/resolve", { start_path })).project.name).toBe("docs")
    }))

  it.live("a .kata.toml that cannot be read is told, and nothing is made", () =>
    serving({}, async (send, { directory }) => {
      const { ask, ok } = client(send)
      writeFileSync(join(directory, ".kata.toml"), "version = 1\n[project\n")
      const { body, status } = await ask("POST", "/projects", { start_path: directory, name: "x", replace: true })
      expect(status).toBe(400)
      expect(body.error.message).toContain(join(directory, ".kata.toml"))
      expect((await ok("GET", "/projects")).projects).toEqual([])
    }))
})

describe("merge", () => {
  /** Two issues of one short id, and a short id that a purged issue of the target had. */
  const collide = (database: string) =>
    execute(
      database,
      `INSERT INTO issues(uid, project_id, short_id, title, author) VALUES
         ('01M82X000000000000000AABCD', 1, 'abcd', 'target', 'ann'),
         ('01M82X000000000000000BABCD', 2, 'abcd', 'source', 'ann'),
         ('01M82X000000000000000BAB12', 2, 'ab12', 'source too', 'ann');
       INSERT INTO links(project_id, from_issue_id, to_issue_id, from_issue_uid, to_issue_uid, type, author)
         VALUES (2, 2, 3, '01M82X000000000000000BABCD', '01M82X000000000000000BAB12', 'blocks', 'ann');
       INSERT INTO purge_log(uid, origin_instance_uid, project_id, purged_issue_id, project_name, issue_title, issue_author,
         comment_count, link_count, label_count, event_count, short_id, actor)
         VALUES ('01M82X0000000000000000PRGD', '01M82X0000000000000000NSTN', 1, 99, 'target', 'gone', 'ann', 0, 0, 0, 0, 'ab12', 'ann');
       INSERT INTO recurrences(uid, project_id, rrule, dtstart, timezone, template_title, author, next_occurrence_key)
         VALUES ('01M82X000000000000000RCCRN', 2, 'FREQ=DAILY', '2026-06-01', 'UTC', 'Daily', 'ann', '2026-06-01');
       UPDATE issues SET recurrence_id = 1, occurrence_key = '2026-05-31' WHERE id = 3`
    )

  it.live("short ids that are taken grow, those of the target stay, and recurrences go on", () =>
    serving({}, async (send, { database }) => {
      const { ask, close, ok, project } = client(send)
      await project("target")
      await project("source")
      await collide(database)
      const merged = await ok("POST", "/projects/1/merge", { source_project_id: 2, target_name: "source" })
      expect(merged.target.name).toBe("source")
      expect(merged.issues_moved).toBe(2)
      expect(merged.short_id_extensions).toEqual([
        { uid: "01M82X000000000000000BAB12", pre_merge_short_id: "ab12", post_merge_short_id: "bab12" },
        { uid: "01M82X000000000000000BABCD", pre_merge_short_id: "abcd", post_merge_short_id: "babcd" }
      ])
      expect((await ok("GET", "/projects/1/issues/abcd")).issue.title).toBe("target")
      expect((await ok("GET", "/projects/1/issues/babcd")).links).toHaveLength(1)
      expect((await ask("GET", "/projects/1/issues/ab12")).status).toBe(404)
      expect((await ok("GET", "/projects/1/recurrences")).recurrences).toHaveLength(1)
      expect((await close("bab12")).status).toBe(200)
      const titles = (await ok("GET", "/projects/1/issues?status=open")).issues.map(({ title }: Body) => title)
      expect(titles).toContain("Daily")
      expect(rows(database, "PRAGMA foreign_key_check")).toEqual([])
      expect(rows(database, "SELECT id FROM projects WHERE id = 2")).toEqual([])
    }))

  it.live("what was imported into the source is met again in the target", () =>
    serving({}, async (send) => {
      const { ok, project } = client(send)
      await project("target")
      await project("source")
      const item = {
        external_id: "x-1",
        title: "imported",
        author: "bob",
        status: "open",
        created_at: "2026-05-01T10:00:00Z",
        updated_at: "2026-05-02T10:00:00Z",
        labels: ["a"]
      }
      const batch = { actor: "ann", source: "beads", items: [item] }
      await ok("POST", "/projects/2/imports", batch)
      await ok("POST", "/projects/1/merge", { source_project_id: 2 })
      expect(await ok("POST", "/projects/1/imports", batch)).toMatchObject({ created: 0, unchanged: 1 })
    }))
})

describe("a workspace that is seen again", () => {
  const seen = (database: string) => rows(database, "SELECT root_path, last_seen_at FROM project_aliases")[0] as Body

  it.live("is written down once a minute, or when it has moved", () =>
    serving({}, async (send, { database }) => {
      const { ok } = client(send)
      await ok("POST", "/projects", { name: "app", alias: alias("app") })
      const first = seen(database)
      await ok("POST", "/projects/resolve", { alias: alias("app") })
      expect(seen(database)).toEqual(first)
      const moved = await ok("POST", "/projects/resolve", { alias: alias("app", "/tmp/moved") })
      expect(moved).toMatchObject({ workspace_root: "/tmp/moved", alias: { root_path: "/tmp/moved" } })
      expect((seen(database)).root_path).toBe("/tmp/moved")
      for (const time of ["2026-01-01T00:00:00.000Z", "9999-01-01T00:00:00.000Z", "long ago"]) {
        execute(database, `UPDATE project_aliases SET last_seen_at = '${time}'`)
        const now = new Date().toISOString()
        const { alias: { last_seen_at } } = await ok("POST", "/projects/resolve", { alias: alias("app", "/tmp/moved") })
        expect([last_seen_at >= now, last_seen_at < "9999"]).toEqual([true, true])
      }
    }))

  it.live("is found also while nothing can be written", () =>
    serving({}, async (send, { database }) => {
      const { ask, ok } = client(send)
      await ok("POST", "/projects", { name: "app", alias: alias("app") })
      execute(
        database,
        `CREATE TRIGGER full BEFORE UPDATE ON project_aliases BEGIN SELECT RAISE(ABORT, 'the disk is full'); END;
         CREATE TRIGGER full_too BEFORE INSERT ON project_aliases BEGIN SELECT RAISE(ABORT, 'the disk is full'); END`
      )
      const found = await ok("POST", "/projects/resolve", { alias: alias("app", "/tmp/moved"), name: "app" })
      expect(found).toMatchObject({ project: { name: "app" }, alias: { root_path: "/tmp/app" } })
      const unknown = await ask("POST", "/projects/resolve", { alias: alias("other"), name: "app" })
      expect(unknown.status).toBe(500)
    }))
})

describe("what a database may hold", () => {
  it.live("odd rows do not hide the others", () =>
    serving({}, async (send, { database }) => {
      const { ask, ok, project } = client(send)
      await project("sound")
      await project("odd")
      execute(
        database,
        `UPDATE projects SET metadata = 'no JSON', created_at = 'yesterday' WHERE id = 2;
         INSERT INTO project_aliases(project_id, alias_identity, alias_kind, root_path, last_seen_at)
           VALUES (2, 'github.com/acme/odd', 'git', '/tmp/odd', 17)`
      )
      const { projects } = await ok("GET", "/projects?include=stats")
      expect(projects.map(({ name }: Body) => name)).toEqual(["sound", "odd"])
      expect((await ok("GET", "/projects/2")).aliases[0].last_seen_at).toBe("17")
      const patch = await ask("POST", "/projects/2/metadata", { actor: "ann", patch: { a: 1 } }, {
        "if-match": "\"rev-1\""
      })
      expect(patch.status).toBe(400)
    }))

  it.live("an alias of an archived project finds nothing", () =>
    serving({}, async (send, { database }) => {
      const { ask, project } = client(send)
      await project("old")
      execute(
        database,
        `UPDATE projects SET deleted_at = '2026-01-01T00:00:00.000Z';
         INSERT INTO project_aliases(project_id, alias_identity, alias_kind, root_path)
           VALUES (1, 'github.com/acme/old', 'git', '/tmp/old')`
      )
      const { body, status } = await ask("POST", "/projects/resolve", { alias: alias("old"), name: "old" })
      expect([status, body.error.code]).toEqual([404, "project_not_found"])
      const init = await ask("POST", "/projects", { name: "new", alias: alias("old") })
      expect([init.status, init.body.error.code]).toEqual([409, "project_alias_conflict"])
      expect((await ask("POST", "/projects", { name: "new", alias: alias("old"), reassign: true })).status).toBe(200)
    }))
})
