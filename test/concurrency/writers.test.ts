import * as FileSystem from "@effect/platform/FileSystem"
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { toFile } from "../../src/export/Export.ts"
import { restore } from "../../src/import/Import.ts"
import { verify } from "../../src/snapshot/verify.ts"
import { build } from "../../src/testing/database.ts"
import { temporaryDirectory } from "../files/temp.ts"
import { complaints } from "../property/dump.ts"
import { services } from "../testing/services.ts"
import { shared, start } from "./writers.ts"

const writers = 4

interface State {
  readonly counter: number
  readonly each: ReadonlyArray<number>
}

/** What the rows of a snapshot add up to; they must agree with its counters. */
const stateOf = (file: string): State => {
  const records = file.trimEnd().split("\n").map((line) => JSON.parse(line) as { kind: string; data: never })
  const of = <A>(kind: string) => records.filter((record) => record.kind === kind).map(({ data }): A => data)
  const meta = new Map(of<{ key: string; value: string }>("meta").map(({ key, value }) => [key, Number(value)]))
  const state = {
    counter: meta.get("counter") ?? -1,
    each: Array.from({ length: writers }, (_, i) => meta.get(`counter-${i}`) ?? -1)
  }
  assert.strictEqual(state.each.reduce((sum, n) => sum + n, 0), state.counter, "the counters agree with each other")
  const issues = of<{ id: number; title: string }>("issue")
  const comments = of<{ issue_id: number; body: string }>("comment")
  const events = of<{ issue_id: number; payload: { n: number; writer: number } }>("event")
  state.each.forEach((count, writer) => {
    const numbers = issues.flatMap(({ title }) =>
      /^issue (\d+) of (\d)$/.exec(title)?.[2] === String(writer) ? [title] : []
    )
    const expected = Array.from({ length: count }, (_, n) => `issue ${n + 1} of ${writer}`)
    assert.deepStrictEqual(numbers, expected, "every transaction up to the counter, and none beyond")
  })
  const ids = issues.map(({ id }) => id)
  assert.deepStrictEqual(comments.map(({ issue_id }) => issue_id), ids)
  assert.deepStrictEqual(events.map(({ issue_id }) => issue_id), ids)
  events.forEach(({ payload }, i) => assert.strictEqual(issues[i]?.title, `issue ${payload.n} of ${payload.writer}`))
  return state
}

layer(services, { excludeTestServices: true })("four writers", (it) => {
  for (const journal of ["wal", "delete"] as const) {
    it.scoped(`every export is a state that existed (${journal})`, () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const directory = yield* temporaryDirectory
        const database = `${directory}/kata.db`
        const output = `${directory}/out.jsonl`
        yield* build(database, shared(writers), { journal })
        const { stop } = yield* start(database, writers)
        const states: Array<State> = []
        let busy = 0
        const changes = () => new Set(states.map(({ counter }) => counter)).size
        // until they have written while it was exported, however slowly
        while (states.length < 3 || changes() < 2 || (states.length < 12 && busy < 12)) {
          const exported = yield* Effect.either(toFile({ database, output }))
          if (exported._tag === "Left") {
            // With a rollback journal a reader waits for the writers, and may give up: it says so, and is asked again.
            assert.strictEqual(exported.left.kind, "locked", exported.left.message)
            assert.strictEqual(journal, "delete")
            busy++
            continue
          }
          assert.isTrue((yield* verify(output)).restorable)
          const state = stateOf(yield* fs.readFileString(output))
          for (const [i, count] of (states.at(-1)?.each ?? []).entries()) assert.isAtLeast(state.each[i] ?? -1, count)
          states.push(state)
          yield* Effect.sleep(60)
        }

        const committed = yield* stop
        yield* toFile({ database, output })
        assert.deepStrictEqual(stateOf(yield* fs.readFileString(output)).each, committed, "nothing is lost")
        yield* restore({
          input: output,
          target: `${directory}/again.db`,
          homes: { kataHome: directory, userHome: directory }
        })
        assert.deepStrictEqual(yield* complaints(`${directory}/again.db`), [])
      }))
  }
})
