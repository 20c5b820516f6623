/** Every version's export, damaged in every way, through `verify`, and through `import --force` over a database that is there. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { services } from "../cli/kit.ts"
import { assertRefused, kata, stateOf } from "../hostile/kit.ts"
import * as kit from "../snapshot/kit.ts"
import { some } from "../testing/some.ts"
import { damages } from "./damages.ts"
import * as old from "./kit.ts"

const all = [...damages.files, ...damages.records]
const rows = some(
  "damages",
  old.versions.flatMap((n) => all.map((damage) => [n, damage] as const)),
  ([, [what]]) => what
)

describe.each(old.versions)("version %i", (n) => {
  const whole = old.fixture(`v${n}/rich.own-export.jsonl`)
  for (const [, [what, change, exit, says]] of rows.filter(([of]) => of === n)) {
    it.scopedLive(`${what}: ${exit}`, () =>
      Effect.gen(function*() {
        const directory = yield* kit.temporary
        const [file, target] = [`${directory}/input.jsonl`, `${directory}/target.db`]
        yield* kit.writeFile(file, change(whole))
        yield* kit.copyTo(target, "small.db")
        const before = yield* stateOf(directory)
        const verified = yield* kata(directory, ["verify", file])
        assert.deepStrictEqual(yield* stateOf(directory), before)
        const imported = yield* kata(directory, ["import", "--input", file, "--target", target, "--force"])
        assert.deepStrictEqual([verified.exit, imported.exit], [exit, exit], imported.stderr)
        if (exit === 0) {
          assert.deepStrictEqual(yield* kit.complaints(target), [])
          assert.include(verified.stdout, `the file is of version ${n}`)
          return
        }
        assertRefused(imported)
        assert.match(imported.stderr, new RegExp(`^kata: ${file}: `))
        assert.include(imported.stderr, says ?? "")
        assert.deepStrictEqual(yield* stateOf(directory), before)
      }).pipe(Effect.provide(services)), 60_000)
  }
})
