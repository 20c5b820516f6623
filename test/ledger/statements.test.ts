/** How many statements an answer takes: as many for hundreds of issues as for a few. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Tracer from "effect/Tracer"
import * as Lists from "../../src/ledger/issues/lists.ts"
import { search } from "../../src/ledger/issues/search.ts"
import { show } from "../../src/ledger/issues/show.ts"
import * as SqliteStore from "../../src/store/sqlite.ts"
import type { Store } from "../../src/store/Store.ts"
import { temporaryDirectory } from "../files/temp.ts"
import { create } from "../server/replay/serve.ts"
import { execute } from "../server/sql.ts"

const issues = (n: number) => `
  INSERT INTO projects(uid, name) VALUES ('01ARZ3NDEKTSV4RRFFQ69G5FAV', 'alpha');
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${n})
  INSERT INTO issues(uid, project_id, short_id, title, author)
    SELECT printf('01ARZ3NDEKTSV4RRFF%08d', i), 1, printf('%08d', i), 'Issue ' || i, 'ann' FROM n;
  INSERT INTO issue_labels(issue_id, label, author) SELECT id, 'bug', 'ann' FROM issues;
  INSERT INTO links(project_id, from_issue_id, to_issue_id, from_issue_uid, to_issue_uid, type, author)
    SELECT 1, c.id, p.id, c.uid, p.uid, 'parent', 'ann' FROM issues c JOIN issues p ON p.id = 1 WHERE c.id > 1;
  INSERT INTO comments(issue_id, author, body) SELECT 1, 'ann', 'a remark' FROM issues`

/** The statements that each of these operations runs on that many issues, and how many issues it finds. */
const counted = (n: number) =>
  Effect.gen(function*() {
    const path = `${yield* temporaryDirectory}/kata.db`
    let statements = 0
    const tracer = Tracer.make({
      span: (...all) => {
        if (all[0] === "sql.execute") statements++
        return native.span(...all)
      },
      context: (work) => work()
    })
    const native = yield* Effect.tracer
    const all = { status: undefined, priority: undefined, maxPriority: undefined, limit: 0n, detail: false }
    const found: Record<string, readonly [statements: number, issues: number]> = {}
    const count = <A, E>(name: string, work: Effect.Effect<A, E, Store>, of: (result: A) => number) =>
      Effect.gen(function*() {
        statements = 0
        const result = yield* work
        found[name] = [statements, of(result)]
      })
    return yield* Effect.gen(function*() {
      yield* create(path)
      execute(path, issues(n))
      yield* Effect.provide(
        Effect.gen(function*() {
          yield* count("list", Lists.list(1n, all), ({ first }) => first.length)
          yield* count("list of all", Lists.listAll(undefined, all), ({ first }) => first.length)
          yield* count("ready", Lists.ready(1n, { limit: 0n, sort: "changed", detail: false }), ({ first }) =>
            first.length)
          yield* count(
            "show",
            show({ projectId: 1n, ref: "00000001", deleted: false }),
            ({ children }) =>
              children?.length ?? 0
          )
          yield* count(
            "search",
            search({ projectId: 1n, text: "issue", limit: 200n, deleted: false }),
            (results) =>
              results.length
          )
        }),
        SqliteStore.layer(path)
      )
      return found
    }).pipe(Effect.withTracer(tracer))
  }).pipe(Effect.scoped, Effect.provide(NodeContext.layer))

it.live("does not grow with the issues", () =>
  Effect.gen(function*() {
    const [few, many] = [yield* counted(3), yield* counted(180)]
    for (const name of Object.keys(many)) {
      const [[fewStatements, fewIssues], [statements, found]] = [few[name]!, many[name]!]
      expect([name, fewIssues < found, statements]).toEqual([name, true, fewStatements])
      expect(statements).toBeLessThanOrEqual(10)
      expect(statements).toBeGreaterThan(0)
    }
  }))
