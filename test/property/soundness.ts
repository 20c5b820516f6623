/** What is said of rows while their lines pass is what SQL says of them. */
import * as Effect from "effect/Effect"
import * as FC from "effect/FastCheck"
import * as Stream from "effect/Stream"
import assert from "node:assert/strict"
import { judge } from "../../src/database/checkRules.ts"
import { Database } from "../../src/database/Database.ts"
import { type Handle, open } from "../../src/database/Handle.ts"
import { wholeDatabase } from "../../src/database/Selection.ts"
import { recordPages } from "../../src/export/source.ts"
import type { Finding } from "../../src/records/Finding.ts"
import { kinds, version10 } from "../../src/records/kinds.ts"
import { Soundness } from "../../src/records/Soundness.ts"
import { build, type Content } from "../../src/testing/database.ts"
import { generate } from "../../src/testing/generate.ts"
import { temporaryDirectory } from "../files/temp.ts"
import { property } from "./Property.ts"

/** One value that is not what it was: what stands in another row, nothing, or something that looks almost right. */
const accident = FC.record({
  table: FC.constantFrom(...kinds.map(({ table }) => table)),
  row: FC.nat(200),
  column: FC.nat(30),
  from: FC.nat(200),
  what: FC.oneof(
    { weight: 4, arbitrary: FC.constant("other" as const) },
    { weight: 1, arbitrary: FC.constant("lower" as const) },
    { weight: 1, arbitrary: FC.constant("null" as const) },
    { weight: 1, arbitrary: FC.constant("next" as const) },
    { weight: 1, arbitrary: FC.constant("gone" as const) },
    { weight: 1, arbitrary: FC.constant("twice" as const) },
    {
      weight: 4,
      arbitrary: FC.constantFrom(
        "",
        " ",
        "\0a",
        "a\0",
        "a#b",
        "C1 \u0085",
        "DEL \u007f",
        "Größe",
        "\ud7ff\ue000 🙂",
        "\"q\"",
        "\\",
        "{}",
        "[]",
        "null",
        "{\"a\":[{\"b\":[[1e400]]}]}",
        "2026-02-29",
        "2024-02-29T24:00:00.000Z",
        "2026-12-31T23:59:60.000Z",
        "2026-02-29T00:00:00.000Z",
        "2024-02-29T00:00:00.000Z",
        "2026-05-04 00:21:07 +0000 UTC",
        "closed",
        "parent",
        "related",
        "01HZNQ7VFPK1XGD8R5MABC0001",
        "81HZNQ7VFPK1XGD8R5MABC0001",
        "export_version",
        "9"
      )
    },
    { weight: 1, arbitrary: FC.constantFrom(0n, -1n, 5n, 2n ** 53n, 2n ** 63n - 1n) }
  )
})
type Accident = typeof accident extends FC.Arbitrary<infer A> ? A : never

const happen = (content: Content, { column, from, row, table, what }: Accident): Content => {
  const rows = content[table] ?? []
  const victim = rows[row % Math.max(1, rows.length)]
  if (victim === undefined) return content
  const names = Object.keys(victim).filter((name) => name !== "id")
  const name = names[column % names.length]!
  if (what === "gone") return { ...content, [table]: rows.filter((other) => other !== victim) }
  if (what === "twice") {
    const id = 1n + rows.reduce((most, { id }) => typeof id === "bigint" && id > most ? id : most, 0n)
    return { ...content, [table]: [...rows, "id" in victim ? { ...victim, id } : victim] }
  }
  const old = victim[name] ?? null
  const value = what === "other"
    ? rows[from % rows.length]?.[name] ?? null
    : what === "null"
    ? null
    : what === "lower"
    ? typeof old === "string" ? old.toLowerCase() : old
    : what === "next"
    ? typeof old === "bigint" ? old + 1n : old
    : what
  // Rows of another class of storage are no records; others look at them.
  const same = value === null ? old === null : old === null || typeof value === typeof old
  return same
    ? { ...content, [table]: rows.map((other) => other === victim ? { ...victim, [name]: value } : other) }
    : content
}

const rowsOf = (db: Handle) =>
  Effect.map(
    Effect.forEach(
      kinds,
      ({ table }) => Effect.map(db.all("read", `SELECT * FROM ${table}`), (rows) => [table, rows] as const)
    ),
    (tables): Content => Object.fromEntries(tables)
  )

const reported = (findings: ReadonlyArray<Finding>) => findings.map((finding) => JSON.stringify(finding))

/** The rows of a database in which nothing is odd. */
const clean = Effect.gen(function*() {
  const directory = yield* temporaryDirectory
  yield* generate(`${directory}/clean.db`, { issues: 20, seed: 3 })
  return yield* Effect.flatMap(open(`${directory}/clean.db`, "read"), rowsOf)
})

export const soundness = property(
  "lines",
  "what is said of rows while their lines pass is what SQL says of them",
  30,
  FC.array(accident, { maxLength: 2 }),
  (accidents) =>
    Effect.gen(function*() {
      const path = `${yield* temporaryDirectory}/a.db`
      yield* build(path, accidents.reduce(happen, yield* clean), { rules: "lawless" })
      const view = yield* (yield* Database).view(path, version10)
      const soundness = new Soundness(version10)
      const read = yield* Effect.either(Stream.runDrain(recordPages(view, version10, wholeDatabase, soundness)))
      if (read._tag === "Left") return
      assert.ok(soundness.holds || accidents.length > 0, "what a generator makes is known to be sound")
      assert.deepStrictEqual(
        reported(yield* judge(view.db, version10, wholeDatabase, soundness)),
        reported(yield* judge(view.db, version10, wholeDatabase))
      )
    }).pipe(Effect.catchIf((error) => error._tag === "OpenError", () => Effect.void))
)
