/** Every input of the table through `verify`, and through `import --force` over a database that is there. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { gunzipSync } from "node:zlib"
import { version10 } from "../../src/records/kinds.ts"
import { read } from "../../src/records/line.ts"
import { services } from "../cli/kit.ts"
import * as kit from "../snapshot/kit.ts"
import { some } from "../testing/some.ts"
import { type Bytes, cases } from "./cases.ts"
import { assertRefused, kata, stateOf } from "./kit.ts"

/** The records of a file, each as the line that kata writes of it, in no order; without its first line. */
const recordsOf = (input: Bytes): ReadonlyArray<string> => {
  const bytes = Buffer.from(input)
  return (bytes[0] === 0x1f ? gunzipSync(bytes) : bytes).toString().split(/\r?\n/).filter((line) => line !== "").slice(
    1
  )
    .map((line) => Either.getOrThrow(read(version10, line)).canonical ?? line).toSorted()
}

describe.each(Object.entries(cases))("%s", (group, table) => {
  for (const [what, input, exit, says] of some(group, table, ([, , exit]) => exit)) {
    it.scopedLive(
      `${what}: ${exit}`,
      () =>
        Effect.gen(function*() {
          const directory = yield* kit.temporary
          const [file, target] = [`${directory}/input.jsonl`, `${directory}/target.db`]
          const bytes = input()
          yield* kit.writeFile(file, bytes)
          yield* kit.copyTo(target, "small.db")
          const before = yield* stateOf(directory)
          const verified = yield* kata(directory, ["verify", file])
          assert.deepStrictEqual(yield* stateOf(directory), before)
          const imported = yield* kata(directory, ["import", "--input", file, "--target", target, "--force"])
          assert.deepStrictEqual([verified.exit, imported.exit], [exit, exit], imported.stderr)
          if (exit === 0) {
            assert.deepStrictEqual(recordsOf(yield* kit.exported(target, { plain: true })), recordsOf(bytes))
            assert.deepStrictEqual(yield* kit.complaints(target), [])
            return
          }
          assertRefused(imported)
          assert.match(imported.stderr, new RegExp(`^kata: ${file}: `))
          assert.include(imported.stderr, says ?? "")
          assert.deepStrictEqual(yield* stateOf(directory), before)
        }).pipe(Effect.provide(services)),
      60_000
    )
  }
})
