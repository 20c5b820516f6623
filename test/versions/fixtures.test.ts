/**
 * What Go kata's older versions exported is restored to what Go kata made of it. Where the two differ, Go kata loses something, and the
 * difference is said here and in docs/format.md.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as kit from "../snapshot/kit.ts"
import * as old from "./kit.ts"

const name = /"project_name":"(?:[^"\\]|\\.)*"/
const key = (line: string) => /^\{"kind":"(?:event|purge_log)","data":\{"id":\d+/.exec(line)?.[0]

/** Go kata's result, with the names that the file has in events and purges: Go kata replaces them by present ones (W27). */
const withNamesOf = (file: string, expected: ReadonlyArray<string>): ReadonlyArray<string> => {
  const names = new Map(kit.lines(file).map((line) => [key(line), name.exec(line)?.[0]]))
  return expected.map((line) => {
    const kept = key(line) === undefined ? undefined : names.get(key(line))
    return kept === undefined ? line : line.replace(name, () => kept)
  })
}

const sameAs = (n: number, file: string, goKata: string, differ: number) =>
  Effect.gen(function*() {
    const go = kit.lines(goKata)
    const expected = n < 7 ? go : withNamesOf(file, go)
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

/** Databases of which there is no export, and what the upgrade of Go kata made of them. */
const databases: ReadonlyArray<readonly [database: string, names: number]> = [
  ...old.versions.map((n) => [`v${n}/minimal`, 0] as const),
  ...old.versions.map((n) => [`v${n}/rich`, n < 7 ? 0 : 19] as const),
  ["v1/odd-times", 0],
  ["v3/no-instance-uid", 0],
  ["v6/duplicate-names", 0],
  ["v7/numbers", 0],
  ["v8/go-time", 0],
  ["v8/bad-time", 0],
  ["v9/moved-issue", 0],
  ["v9/no-instance-uid", 0]
]

/** What Go kata drops of `v7/numbers`, and ours has. */
const kept: ReadonlyArray<string> = [
  `"blocks_added":["7mdt",90,"n6mv"],` +
  `"blocks_added_uids":["01M82VXKC512YRRMFJJZTD7MDT",null,"01M82VXKDW7Y74JHJZP1EZN6MV"]`,
  `"blocked_by_removed":[null,"7mdt"],"blocked_by_removed_uids":[null,"01M82VXKC512YRRMFJJZTD7MDT"]`,
  `"blocks_added":[0,-1,"7mdt"],"blocks_added_uids":[null,null,"01M82VXKC512YRRMFJJZTD7MDT"]`
]

describe("an export of the database", () => {
  for (const [database, names] of databases) {
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
        assert.deepStrictEqual(more, database === "v7/numbers" ? kept : [])
      }).pipe(Effect.provide(kit.services)))
  }
})
