/** What two snapshots or databases say differently, as reports and as people read it. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { diff, type Source } from "../../src/merge/Diff.ts"
import { kata } from "../hostile/kit.ts"
import * as kit from "../snapshot/kit.ts"
import * as old from "../versions/kit.ts"

/** Two copies of a database, of which the second one goes on. */
const two = Effect.gen(function*() {
  const directory = yield* kit.temporary
  const before = yield* kit.copyTo(`${directory}/before.db`, "rich.db")
  const after = yield* kit.copyTo(`${directory}/after.db`, "rich.db")
  yield* kit.change(after, happened)
  return { directory, before, after }
})

const uid = "01M82VM9AFRBBN5BW3C89T0BZZ"

/** One of each that people tell each other about. */
const happened = `
  UPDATE issues SET title = replace(title, 'Target', 'Source'), status = 'closed', closed_reason = 'wontfix', owner = 'bob',
    priority = 2, metadata = json_set(metadata, '$.area', 'ui'), updated_at = '2027-01-02T00:00:00.000Z',
    closed_at = '2027-01-02T00:00:00.000Z' WHERE id = 2;
  INSERT INTO issues(uid, project_id, short_id, title, author, updated_at)
    VALUES ('${uid}', 1, 't0bzz', 'A new one', 'eve', '2027-01-03T00:00:00.000Z');
  INSERT INTO issue_labels(issue_id, label, author) SELECT id, 'fresh', 'eve' FROM issues WHERE uid = '${uid}';
  INSERT INTO comments(issue_id, author, body, created_at) VALUES (2, 'ann', 'first line' || char(10) || 'second', '2027-01-01T00:00:00.000Z');
  DELETE FROM issue_labels WHERE label = 'old-name';
`

const told = (a: Source, b: Source, options: { readonly project?: string; readonly issue?: string } = {}) =>
  Effect.map(
    diff({ a, b, ...options }),
    ({ changes }) =>
      changes.map(({ fields, issue, kind, project, what }) =>
        [what, kind, issue ?? project, ...fields.map(({ field }) => field)].join(" ")
      )
  )

const closed = "changed issue app#k3vq title status closed_reason owner priority updated_at closed_at metadata"
const newestFirst = ["new issue app#t0bzz", closed, "new comment app#k3vq", "gone issue_label docs#sg94"]

describe("a difference", () => {
  it.scopedLive("is told the newest first, with what belongs to an issue below it", () =>
    Effect.gen(function*() {
      const { after, before } = yield* two
      const report = yield* diff({ a: { database: before }, b: { database: after } })
      assert.isFalse(report.equal)
      assert.deepStrictEqual({ ...report.counts["issue"] }, { new: 1, gone: 0, changed: 1 })
      // the label of the new issue is a part of it
      assert.deepStrictEqual({ ...report.counts["issue_label"] }, { new: 1, gone: 1, changed: 0 })
      assert.deepStrictEqual(report.issues, { closed: 1, renamed: 1, reassigned: 1, reprioritised: 1 })
      assert.deepStrictEqual(report.changes[0]?.parts, { issue_label: 1 })
      assert.deepStrictEqual(yield* told({ database: before }, { database: after }), newestFirst)
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("is the reverse from the other side, and the same between snapshots of the two", () =>
    Effect.gen(function*() {
      const { after, before } = yield* two
      const [x, y] = [kit.text(yield* kit.exported(before), "x"), kit.text(yield* kit.exported(after), "y")]
      const forwards = yield* told({ database: before }, { database: after })
      const turn = (line: string) => line.replace(/^(?:new|gone)/, (what) => what === "new" ? "gone" : "new")
      assert.deepStrictEqual(yield* told({ snapshot: x }, { snapshot: y }), forwards)
      for (
        const [a, b] of [[{ database: after }, { database: before }], [{ database: after }, { snapshot: x }]] as const
      ) {
        const back = yield* diff({ a, b })
        assert.deepStrictEqual((yield* told(a, b)).toSorted(), forwards.map(turn).toSorted())
        assert.deepStrictEqual(back.issues, { reopened: 1, renamed: 1, reassigned: 1, reprioritised: 1 })
        const title = back.changes.find(({ kind, what }) => kind === "issue" && what === "changed")?.fields[0]
        assert.include(title?.to, "Target")
        assert.include(title?.from, "Source")
      }
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("is looked at in one project, or in one issue", () =>
    Effect.gen(function*() {
      const { after, before } = yield* two
      const [a, b] = [{ database: before }, { database: after }]
      assert.strictEqual((yield* told(a, b, { project: "app" })).length, 3)
      assert.deepStrictEqual(yield* told(a, b, { project: "docs" }), newestFirst.slice(3))
      assert.deepStrictEqual(yield* told(a, b, { project: "ops" }), [])
      assert.deepStrictEqual(yield* told(a, b, { issue: "app#k3vq" }), newestFirst.slice(1, 3))
      assert.deepStrictEqual(yield* told(a, b, { issue: uid.toLowerCase() }), newestFirst.slice(0, 1))
      for (const wrong of [{ project: "none" }, { issue: "app#none" }, { issue: "none#k3vq" }]) {
        assert.strictEqual((yield* kit.outcomeOf(diff({ a, b, ...wrong }))).outcome, "not_found")
      }
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("is not one of row numbers: a restored snapshot of a project is what the database has of it", () =>
    Effect.gen(function*() {
      const { before, directory } = yield* two
      const snapshot = yield* kit.exported(before, { projects: [{ name: "app" }] })
      const input = kit.text(snapshot, "app.jsonl")
      assert.isTrue((yield* diff({ a: { snapshot: input }, b: { database: before } })).equal)
      assert.isTrue((yield* diff({ a: { database: before }, b: { snapshot: input } })).equal)
      yield* kit.restore(input, `${directory}/app.db`)
      yield* kit.change(
        `${directory}/app.db`,
        "PRAGMA foreign_keys = OFF; UPDATE comments SET id = id + 100; UPDATE links SET id = id + 100;" +
          " UPDATE import_mappings SET id = id + 100, comment_id = comment_id + 100, link_id = link_id + 100"
      )
      // its events say which comment and which link they tell of, by number
      const counts = (yield* diff({ a: { snapshot: input }, b: { database: `${directory}/app.db` } })).counts
      assert.deepStrictEqual(Object.keys(counts), ["event"])
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("is not told of a side that is damaged: both are named, since either may be", () =>
    Effect.gen(function*() {
      const { after, before } = yield* two
      const [table] = yield* kit.query(after, "SELECT rootpage FROM sqlite_schema WHERE name = 'comments'")
      const page = Number(table?.["rootpage"])
      const bytes = Buffer.from(yield* kit.bytesOf(after))
      bytes.fill(0xff, (page - 1) * 4096, page * 4096)
      yield* kit.writeFile(after, bytes)
      const error = yield* Effect.flip(diff({ a: { database: before }, b: { database: after } }))
      assert.strictEqual(error.kind, "damaged")
      assert.include(error.message, `${before} or ${after}`)
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("is found between a database of an older version and its upgrade: none", () =>
    Effect.gen(function*() {
      const directory = yield* kit.temporary
      yield* kit.writeFile(`${directory}/v9.db`, old.unpacked("v9/rich.db.gz"))
      const upgraded = yield* kit.exported(`${directory}/v9.db`)
      const report = yield* diff({
        a: { database: `${directory}/v9.db` },
        b: { snapshot: kit.text(upgraded, "v10.jsonl") }
      })
      assert.isTrue(report.equal)
    }).pipe(Effect.provide(kit.services)))
})

it.scopedLive("kata diff reads like a changelog, and ends with 5 when there is something to read", () =>
  Effect.gen(function*() {
    const { after, before, directory } = yield* two
    yield* kit.writeFile(`${directory}/x.jsonl`, yield* kit.exported(before))
    const same = yield* kata(directory, ["diff", `${directory}/x.jsonl`, before])
    assert.deepStrictEqual([same.exit, same.stdout.split("\n")[0]], [0, "equal"])
    const { exit, stdout } = yield* kata(directory, ["diff", `${directory}/x.jsonl`, after])
    assert.strictEqual(exit, 5)
    const [, story = ""] = stdout.split("reprioritised\n")
    assert.include(
      story,
      [
        "",
        "2027-01-03T00:00:00.000Z  app#t0bzz  A new one",
        "    created by eve, with 1 label",
        "",
        "2027-01-02T00:00:00.000Z  app#k3vq  Source keeps its short id",
        "    title: [-Target-]{+Source+} keeps its short id",
        "    closed as wontfix",
        "    owner: none → bob",
        "    priority: none → 2",
        "    metadata area: none → \"ui\"",
        "    + comment by ann: first line…",
        ""
      ].join("\n")
    )
    const stat = yield* kata(directory, ["diff", before, after, "--stat"])
    assert.notInclude(stat.stdout, "created by")
    assert.include(stat.stdout, "issues: 1 new, 1 changed")
    const patch = yield* kata(directory, ["diff", before, after, "--unified", "--issue", "app#k3vq"])
    assert.include(patch.stdout, "    -Target keeps its short id\n    +Source keeps its short id")
    const some = yield* kata(directory, ["diff", before, after, "--limit", "1"])
    assert.include(some.stdout, "… 3 more changes")
    const json = JSON.parse((yield* kata(directory, ["diff", before, after, "--json"])).stdout) as {
      readonly equal: boolean
    }
    assert.isFalse(json.equal)
    assert.strictEqual((yield* kata(directory, ["diff", `${directory}/none.jsonl`, after])).exit, 4)
    assert.strictEqual((yield* kata(directory, ["diff", before, after, "--limit", "-1"])).exit, 2)
    assert.strictEqual(
      (yield* kata(directory, ["diff", before, after, "--quiet"])).stdout,
      `different: ${before} and ${after}\n`
    )
  }).pipe(Effect.provide(kit.services)))
