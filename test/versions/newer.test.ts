/** Exports of versions 11 to 32: what comes of them, what is lost, and what has to be said for that. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { verify } from "../../src/snapshot/verify.ts"
import * as kit from "../snapshot/kit.ts"
import * as newer from "./newerKit.ts"

describe.each(newer.versions)("an export of version %i", (version) => {
  const text = newer.file(version)
  const { filled, lost } = newer.counts(version)
  it.scopedLive("is restored to what version 10 can hold of it", () =>
    Effect.gen(function*() {
      const target = `${yield* kit.temporary}/new.db`
      const report = yield* kit.restore(kit.text(text, "newer.jsonl"), target, { acceptLoss: ["all"] })
      assert.deepStrictEqual(kit.lines(yield* kit.exportedAsGo(target)), kit.lines(newer.expected(version)))
      assert.deepStrictEqual(yield* kit.complaints(target), [])
      assert.deepStrictEqual(report.losses, lost)
      assert.deepStrictEqual(newer.told(report.findings), { lost, filled })
      assert.deepInclude(report, { version, proof: "sum", refused_losses: [] })
    }).pipe(Effect.provide(kit.services)))
  it.scopedLive("is verified: whole, with what a restore would lose", () =>
    Effect.gen(function*() {
      const report = yield* verify(kit.text(text, "newer.jsonl"))
      assert.deepStrictEqual(report.losses, lost)
      assert.isFalse(report.restorable)
      assert.strictEqual(report.lines, kit.lines(text).length)
    }).pipe(Effect.provide(kit.services)))
})
