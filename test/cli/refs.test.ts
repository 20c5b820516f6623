import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fc from "effect/FastCheck"
import { only, refOf, refsOf, within } from "../../src/cli/refs.ts"

const ulid = "01M82WVGYXT36WXSE6J5FHY4XW"

describe("a ref", () => {
  const good: ReadonlyArray<readonly [word: string, ref: string, project: string | undefined]> = [
    ["abc4", "abc4", undefined],
    ["1234", "1234", undefined],
    ["kata#abc4", "abc4", "kata"],
    ["a#b#abc4", "abc4", "a#b"],
    ["my app#abc4", "abc4", "my app"],
    [ulid, ulid, undefined],
    [ulid.toLowerCase(), ulid, undefined],
    [`kata#${ulid}`, ulid, "kata"]
  ]
  it.effect.each(good)(
    "%s",
    ([word, ref, project]) => Effect.map(refOf(word), (got) => expect(got).toEqual({ ref, project, asTyped: word }))
  )

  it.effect.each(["12", "1", "123"])(
    "%s was the number of an issue once",
    (word) =>
      Effect.map(
        Effect.flip(refOf(word)),
        (error) =>
          expect(error).toMatchObject({ kind: "validation", message: expect.stringContaining("legacy issue number") })
      )
  )

  it.effect.each(["", "abc", "ABCD", "abci", "#abc4", "kata#", "kata#12", "a b", "81M82WVGYXT36WXSE6J5FHY4XW"])(
    "%j is none",
    (word) => Effect.map(Effect.flip(refOf(word)), (error) => expect(error.kind).toBe("validation"))
  )

  it.effect.prop(
    "whatever is typed is a ref or refused",
    [fc.string({ unit: "binary", maxLength: 30 })],
    ([word]) =>
      Effect.map(Effect.either(refOf(word)), (got) => {
        if (got._tag === "Left") expect(got.left.kind).toBe("validation")
        else expect(got.right.ref).toMatch(/^[0-9A-Za-z]{4,26}$/)
      })
  )
})

describe("flags with refs", () => {
  it.effect("take lists, and name themselves when they refuse", () =>
    Effect.gen(function*() {
      expect((yield* refsOf("--blocks", ["abc4, d4ex", "app#9xk2"])).map(({ ref }) => ref)).toEqual([
        "abc4",
        "d4ex",
        "9xk2"
      ])
      expect(yield* Effect.flip(refsOf("--blocks", ["abc4,"]))).toMatchObject({ message: "--blocks must not be empty" })
      expect(yield* Effect.flip(refsOf("--blocks", ["12"]))).toMatchObject({
        message: expect.stringMatching(/^--blocks: "12" looks like/)
      })
    }))

  it.effect("stay in the project, and may want only one", () =>
    Effect.gen(function*() {
      const refs = yield* refsOf("--parent", ["abc4", "app#abc4"])
      expect(yield* within("--parent", "app", refs)).toEqual(["abc4", "abc4"])
      expect(yield* Effect.flip(within("--parent", "lib", refs))).toMatchObject({
        message: "--parent: cross-project refs not supported here; pass the issue's ULID instead of \"app#abc4\"",
        hint: "issues of two projects cannot be linked"
      })
      expect(yield* only("--parent", ["abc4", "abc4"])).toBe("abc4")
      expect(yield* only("--parent", [])).toBe(undefined)
      expect(yield* Effect.flip(only("--parent", ["abc4", "d4ex"]))).toMatchObject({ kind: "validation" })
    }))
})
