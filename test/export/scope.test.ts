/** Some projects of a database: what is in the file, what is left out, and that it can be restored. */
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Export from "../../src/export/Export.ts"
import type { ProjectRef } from "../../src/export/scope.ts"
import * as kit from "../snapshot/kit.ts"
import { some } from "../testing/some.ts"

const projects = [
  { id: 1n, name: "app", uid: "01KDVDNAZ884G7ZWYRD6Z1RV0W" },
  { id: 4n, name: "docs", uid: "01M82VM9FG937CPBV945C2K6Q5" },
  { id: 5n, name: "old", uid: "01M82VM9FHWN588ZEJK2JWH55G" },
  { id: 6n, name: "ops", uid: "01M82VM9FHWN588ZEJK4YGHSRJ" }
] as const

/** Every one, every two, and all. */
const subsets = [
  ...projects.map((project) => [project]),
  ...projects.flatMap((one, i) => projects.slice(i + 1).map((other) => [one, other])),
  [...projects]
]

const whole = kit.lines(kit.fixtureText("rich.export.jsonl"))

describe("a snapshot of", () => {
  for (const subset of some("selections", subsets, ({ length }) => length)) {
    const names = subset.map(({ name }) => name)
    it.scopedLive(`${names.join(" and ")} holds what is theirs, and is restored as it is`, () =>
      Effect.gen(function*() {
        const directory = yield* kit.temporary
        const database = yield* kit.copyTo(`${directory}/kata.db`, "rich.db")
        const output = `${directory}/some.jsonl`
        const report = yield* Export.toFile({ database, output, projects: subset.map(({ name }) => ({ name })) })
        assert.deepInclude(report, { restorable: true, sealed: true, live_only: false })
        assert.deepStrictEqual(report.scope, { projects: subset.map(({ uid }) => uid) })

        const text = kit.goEscapes(yield* kit.textOf(output)).replace(/,"(?:snapshot|seal)":\{.*\}\}\n/g, "}\n")
        const theirs = new RegExp(`"project_id":(?:${subset.map(({ id }) => id).join("|")}),`)
        const own = whole.filter((line) => theirs.test(line))
        const detached = kit.lines(text).filter((line) => !whole.includes(line))
        // Each line is one of the whole, but for the references that would lead out of it; and none is missing.
        const parts = (line: string) => line.replace(/"(related_)?issue_id":(?:\d+|null),/g, "\"$1issue_id\":?,")
        for (const line of detached) {
          assert.match(line, /^\{"kind":"event".*"(?:related_)?issue_id":null,"(?:related_)?issue_uid":"/)
          assert.isTrue(own.map(parts).includes(parts(line)), line)
        }
        const all = kit.lines(text).map(parts)
        assert.deepStrictEqual(own.map(parts).filter((line) => !all.includes(line)), [])
        const count = report.findings.filter(({ outcome }) => outcome === "detached").reduce(
          (n, { count }) => n + count,
          0
        )
        assert.strictEqual(count, detached.length)
        assert.deepStrictEqual(report.findings.filter(({ outcome }) => outcome === "dropped"), [])

        const restored = yield* kit.restore(output, `${directory}/restored.db`)
        assert.deepInclude(restored, { proof: "seal", scope: report.scope })
        assert.deepStrictEqual(yield* kit.complaints(`${directory}/restored.db`), [])
        assert.strictEqual(yield* kit.exportedAsGo(`${directory}/restored.db`), text)
      }).pipe(Effect.provide(kit.services)))
  }

  it.scopedLive("of app without deleted issues is restored as it is", () =>
    Effect.gen(function*() {
      const directory = yield* kit.temporary
      const database = yield* kit.copyTo(`${directory}/kata.db`, "rich.db")
      const sealed = yield* kit.exported(database, { projects: [{ name: "app" }], includeDeleted: false })
      const report = yield* kit.restore(kit.text(sealed), `${directory}/restored.db`)
      assert.deepInclude(report, { proof: "seal", live_only: true, scope: { projects: [projects[0].uid] } })
      assert.notMatch(sealed, /"kind":"issue".*"deleted_at":"/)
      assert.deepStrictEqual(yield* kit.complaints(`${directory}/restored.db`), [])
    }).pipe(Effect.provide(kit.services)))
})

describe("without what was deleted", () => {
  it.scopedLive("a mapping goes with the comment that it is of, also when its own issue stays", () =>
    Effect.gen(function*() {
      const directory = yield* kit.temporary
      const database = yield* kit.copyTo(`${directory}/kata.db`, "rich.db")
      yield* kit.change(
        database,
        `CREATE TEMP TABLE t AS SELECT i.id AS issue, i.project_id AS project, c.id AS comment FROM issues i, comments c
           JOIN issues o ON o.id = c.issue_id WHERE o.id <> i.id AND o.project_id = i.project_id AND i.deleted_at IS NULL LIMIT 1;
         UPDATE issues SET deleted_at = created_at WHERE id = (SELECT issue_id FROM comments WHERE id = (SELECT comment FROM t));
         INSERT INTO import_mappings(source, external_id, object_type, project_id, issue_id, comment_id)
           SELECT 'x', 'of a deleted comment', 'comment', project, issue, comment FROM t`
      )
      assert.include(yield* kit.exported(database), "of a deleted comment")
      const live = yield* kit.exported(database, { includeDeleted: false })
      assert.notInclude(live, "of a deleted comment")
      assert.deepInclude(yield* kit.restore(kit.text(live), `${directory}/restored.db`), { proof: "seal" })
    }).pipe(Effect.provide(kit.services)))
})

describe("a project is named", () => {
  const [app, , old] = projects
  const same: ReadonlyArray<readonly [what: string, refs: ReadonlyArray<ProjectRef>]> = [
    ["by its id", [{ id: app.id }, { id: old.id }]],
    ["by its uid", [{ uid: app.uid }, { uid: old.uid }]],
    ["in another order", [{ name: "old" }, { name: "app" }]],
    ["twice", [{ name: "old" }, { id: app.id }, { uid: app.uid }, { name: "old" }]]
  ]
  for (const [what, refs] of same) {
    it.scopedLive(`${what}: the same file`, () =>
      Effect.gen(function*() {
        const database = yield* kit.copyOf("rich.db")
        const text = yield* kit.exported(database, { projects: [{ name: "app" }, { name: "old" }] })
        assert.strictEqual(yield* kit.exported(database, { projects: refs }), text)
      }).pipe(Effect.provide(kit.services)))
  }

  const unknown: ReadonlyArray<readonly [ref: ProjectRef, says: string]> = [
    [{ name: "nope" }, "project \"nope\" not found in "],
    [{ name: "App" }, "project \"App\" not found in "],
    [{ name: "manual 1" }, "project \"manual 1\" not found in "],
    [{ name: "" }, "project \"\" not found in "],
    [{ id: 2n }, "project #2 not found in "],
    [{ id: -1n }, "project #-1 not found in "],
    [{ uid: app.uid.toLowerCase() }, `project "${app.uid.toLowerCase()}" not found in `]
  ]
  for (const [ref, says] of unknown) {
    it.scopedLive(`${says.replace(" in ", "")}, and those that there are are named`, () =>
      Effect.gen(function*() {
        const directory = yield* kit.temporary
        const database = yield* kit.copyTo(`${directory}/kata.db`, "rich.db")
        const error = yield* Effect.flip(
          Export.toFile({ database, output: `${directory}/out.jsonl`, projects: [{ name: "app" }, ref] })
        )
        assert.deepInclude(error, {
          _tag: "ProjectNotFound",
          kind: "not_found",
          hint: "its projects are: app, docs, old, ops"
        })
        assert.strictEqual(error.message, says + database)
        assert.deepStrictEqual(yield* kit.listing(directory), ["kata.db"])
      }).pipe(Effect.provide(kit.services)))
  }
})

describe("what leads out of the projects", () => {
  it.scopedLive("is detached where a row can do without, else the row is left out, each with a line", () =>
    Effect.gen(function*() {
      const directory = yield* kit.temporary
      const database = yield* kit.copyTo(`${directory}/kata.db`, "rich.db")
      // Triggers forbid such links: they are made as a program with foreign keys and triggers off would.
      yield* kit.change(
        database,
        `CREATE TEMP TABLE t AS SELECT (SELECT min(id) FROM issues WHERE project_id = 4) AS theirs,
           (SELECT id FROM links WHERE project_id = 4 LIMIT 1) AS link, (SELECT min(id) FROM comments WHERE issue_id IN
             (SELECT id FROM issues WHERE project_id = 4)) AS comment, (SELECT min(id) FROM issues WHERE project_id = 1) AS ours;
         UPDATE import_mappings SET project_id = 1, issue_id = (SELECT theirs FROM t) WHERE id = 1;
         INSERT INTO import_mappings(source, external_id, object_type, project_id, issue_id, comment_id)
           SELECT 'x', '1', 'comment', 1, ours, comment FROM t;
         INSERT INTO import_mappings(source, external_id, object_type, project_id, issue_id, link_id)
           SELECT 'x', '2', 'link', 1, ours, link FROM t;
         UPDATE issues SET recurrence_id = (SELECT id FROM recurrences WHERE project_id <> 1 LIMIT 1), occurrence_key = '2031-01-01'
           WHERE id = (SELECT ours FROM t)`
      )
      const output = `${directory}/out.jsonl`
      const report = yield* Export.toFile({ database, output, projects: [{ name: "app" }] })
      assert.deepStrictEqual(
        report.findings.filter(({ outcome }) => outcome !== "carried").map((finding) => [
          finding.kind,
          finding.field,
          finding.outcome,
          finding.count,
          finding.blocking
        ]),
        [
          ["import_mapping", undefined, "dropped", 3, false],
          ["issue", "recurrence_id", "detached", 1, false],
          ["event", "issue_id", "detached", 6, false]
        ]
      )
      const restored = yield* kit.restore(output, `${directory}/restored.db`)
      assert.deepInclude(restored, { proof: "seal" })
      assert.deepStrictEqual(yield* kit.complaints(`${directory}/restored.db`), [])
      // The whole database says of none of it that it leads anywhere odd.
      const all = yield* Export.toFile({ database, output })
      assert.deepStrictEqual(all.findings.filter(({ outcome }) => outcome !== "carried"), [])
    }).pipe(Effect.provide(kit.services)))
})

describe("an export refuses to write over its database", () => {
  const outputs: {
    readonly [what: string]: (
      directory: string,
      database: string
    ) => Effect.Effect<string, unknown, FileSystem.FileSystem>
  } = {
    "by its name": (_, database) => Effect.succeed(database),
    "by another spelling": (directory) => Effect.succeed(`${directory}/../${directory.split("/").at(-1)}/./kata.db`),
    "through a symbolic link": (directory) =>
      Effect.flatMap(
        FileSystem.FileSystem,
        (fs) => Effect.as(fs.symlink("kata.db", `${directory}/link.jsonl`), `${directory}/link.jsonl`)
      ),
    "through a hard link": (directory, database) =>
      Effect.flatMap(
        FileSystem.FileSystem,
        (fs) => Effect.as(fs.link(database, `${directory}/hard.jsonl`), `${directory}/hard.jsonl`)
      ),
    "as its -wal": (_, database) => Effect.succeed(`${database}-wal`),
    "as its -shm": (_, database) => Effect.succeed(`${database}-shm`),
    "as its -journal": (_, database) => Effect.succeed(`${database}-journal`),
    "as its lock": (_, database) => Effect.succeed(`${database}.lock`),
    "as its -wal, through a link that leads nowhere yet": (directory) =>
      Effect.flatMap(
        FileSystem.FileSystem,
        (fs) => Effect.as(fs.symlink("kata.db-wal", `${directory}/link.jsonl`), `${directory}/link.jsonl`)
      )
  }
  for (const [what, make] of Object.entries(outputs)) {
    it.scopedLive(what, () =>
      Effect.gen(function*() {
        const directory = yield* kit.temporary
        const database = yield* kit.copyTo(`${directory}/kata.db`, "small.db")
        const output = yield* make(directory, database)
        const before = yield* kit.listing(directory)
        const error = yield* Effect.flip(Export.toFile({ database, output }))
        assert.deepInclude(error, { _tag: "OutputIsDatabase", kind: "validation" })
        assert.deepStrictEqual(yield* kit.listing(directory), before)
        assert.isTrue(kit.fixtureBytes("small.db").equals(yield* kit.bytesOf(database)))
      }).pipe(Effect.provide(kit.services)))
  }
})
