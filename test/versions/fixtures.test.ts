/**
 * What Go kata's older versions exported is restored to what Go kata made of it. Where the two differ, Go kata loses something, and the
 * difference is said here and in docs/format.md.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as kit from "../snapshot/kit.ts"
import * as old from "./kit.ts"

const sameAs = (n: number, file: string, goKata: string, differ: number) =>
  Effect.gen(function*() {
    const go = kit.lines(goKata)
    const expected = n < 7 ? go : old.withNamesOf(file, go)
    assert.strictEqual(expected.filter((line, i) => line !== go[i]).length, differ)
    const { lines, path, report } = yield* old.restored(file, "old.jsonl")
    assert.deepStrictEqual(old.sameInstance(lines, expected).map(old.withoutUnknown), expected)
    assert.deepStrictEqual(yield* kit.complaints(path), [])
    assert.strictEqual(report.version, n)
    assert.strictEqual(report.proof, "sum")
    return { lines, report }
  })

/** Exports that the old binaries wrote: how many events and purges have another name in Go kata's result. */
const exports: ReadonlyArray<readonly [n: number, file: string, imported: string, names: number]> = [
  ...old.versions.map((n) => [n, "rich.own-export.jsonl", "rich.imported.jsonl", n < 7 ? 0 : 19] as const),
  [4, "rich.own-export.project-2.jsonl", "rich.imported.project-2.jsonl", 0],
  [9, "rich.own-export.project-2.jsonl", "rich.imported.project-2.jsonl", 19]
]

describe("an export of Go kata's", () => {
  for (const [n, file, imported, names] of exports) {
    it.scopedLive(`version ${n}, ${file}, becomes what Go kata makes of it`, () =>
      sameAs(n, old.fixture(`v${n}/${file}`), old.fixture(`v${n}/${imported}`), names).pipe(
        Effect.provide(kit.services)
      ))
  }
})

describe("an export of the database", () => {
  for (const [database, names] of old.databases) {
    it.scopedLive(`${database} becomes what Go kata's upgrade makes of it`, () =>
      Effect.gen(function*() {
        const n = Number(database[1])
        const file = yield* old.database(database, (db) => old.exportOf(db, n))
        if (database.endsWith("/rich")) assert.strictEqual(file, old.fixture(`v${n}/rich.own-export.jsonl`))
        const upgraded = old.fixture(`${database}.upgraded.jsonl`)
        const { lines } = yield* sameAs(n, file, upgraded, names)
        const more = lines.flatMap((line) =>
          (line.match(old.mixed) ?? []).filter((part) => old.withoutUnknown(part) !== part)
        )
        assert.deepStrictEqual(more, database === "v7/numbers" ? old.kept : [])
      }).pipe(Effect.provide(kit.services)))
  }
})
