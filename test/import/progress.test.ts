/** A phase says how much there is to do, and what is done adds up to it: a bar that stops early, or runs over, says nothing. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { verifyAgainst } from "../../src/merge/Diff.ts"
import { Progress } from "../../src/Progress.ts"
import { verify } from "../../src/snapshot/verify.ts"
import { build } from "../../src/testing/database.ts"
import { base } from "../findings/base.ts"
import * as kit from "../snapshot/kit.ts"

/** Notes each phase, and what was done of it. */
const listening = () => {
  const phases: Array<{ readonly name: string; readonly of: object; rows: number; bytes: number }> = []
  const listener: Progress["Type"] = {
    phase: (name, of = {}) => Effect.sync(() => void phases.push({ name, of, rows: 0, bytes: 0 })),
    advance: (rows, bytes) =>
      Effect.sync(() => {
        const now = phases.at(-1)!
        now.rows += rows
        now.bytes += bytes
      })
  }
  return { listener, phases }
}

it.scopedLive("the phases of a restore are done to the last row and byte", () =>
  Effect.gen(function*() {
    const rich = kit.fixtureText("rich.export.jsonl")
    const { listener, phases } = listening()
    yield* kit.restore(kit.text(rich), `${yield* kit.temporary}/kata.db`).pipe(
      Effect.provideService(Progress, listener)
    )
    const count = (kind: string) => kit.lines(rich).filter((line) => line.startsWith(`{"kind":"${kind}`)).length
    const issues = count("issue\"")
    assert.isAbove(issues, 1)
    const byName = Object.fromEntries(phases.map(({ name, ...rest }) => [name, rest]))
    assert.deepStrictEqual(phases.map(({ name }) => name), [
      "reading",
      "checking",
      "making the indexes",
      "indexing the text",
      "proving"
    ])
    assert.deepStrictEqual(byName["reading"], {
      of: { bytes: Buffer.byteLength(rich) },
      rows: count(""),
      bytes: Buffer.byteLength(rich)
    })
    const indexes = byName["making the indexes"]!.rows
    assert.isAbove(indexes, 10)
    assert.deepStrictEqual(byName["making the indexes"], { of: { rows: indexes }, rows: indexes, bytes: 0 })
    assert.deepStrictEqual(byName["indexing the text"], { of: { rows: issues }, rows: issues, bytes: 0 })
    // the line of the export version is no row
    const rows = count("") - 1
    assert.deepInclude(byName["proving"], { of: { rows }, rows })
  }).pipe(Effect.provide(kit.services)))

it.scopedLive("who compares a snapshot with a database hears of both", () =>
  Effect.gen(function*() {
    const { listener, phases } = listening()
    const rich = kit.fixtureText("rich.export.jsonl")
    yield* verifyAgainst(kit.text(rich), yield* kit.copyOf("rich.db")).pipe(
      Effect.provideService(Progress, listener)
    )
    assert.deepStrictEqual(phases.map(({ name, of }) => ({ name, of })), [
      { name: "reading", of: { bytes: Buffer.byteLength(rich) } },
      { name: "checking", of: {} },
      { name: "comparing", of: {} }
    ])
  }).pipe(Effect.provide(kit.services)))

it.scopedLive("a verification reads once, and again when it has to ask a database", () =>
  Effect.gen(function*() {
    const database = `${yield* kit.temporary}/clean.db`
    yield* build(database, base)
    const phasesOf = (text: string) =>
      Effect.gen(function*() {
        const { listener, phases } = listening()
        yield* verify(kit.text(text)).pipe(Effect.provideService(Progress, listener))
        assert.deepStrictEqual(phases[0]?.of, { bytes: Buffer.byteLength(text) })
        return phases.map(({ name }) => name)
      })
    assert.deepStrictEqual(yield* phasesOf(yield* kit.exported(database)), ["reading"])
    const odd = kit.fixtureText("rich.project-app.jsonl")
    assert.deepStrictEqual(yield* phasesOf(odd), ["reading", "reading", "checking"])
  }).pipe(Effect.provide(kit.services)))
