/** The files that Go kata was given, each restored: the outcome, what comes out again, and what is left after a failure. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { version10 } from "../../src/records/kinds.ts"
import { read } from "../../src/records/line.ts"
import * as kit from "../snapshot/kit.ts"
import { some } from "../testing/some.ts"
import { cases } from "./goCases.ts"
import { bytesOf } from "./goInputs.ts"

interface Expected {
  readonly file: string
  readonly exit: number
  readonly reexport?: "equal to base" | { readonly lost: ReadonlyArray<string>; readonly new: ReadonlyArray<string> }
}

const expected = kit.fixtureJson("imports/expected.json") as ReadonlyArray<Expected>
const base = kit.lines(kit.fixtureText("imports/base.jsonl"))

/** The records of a file, each as the line that we write of it, in no order; without its first line. */
const contentOf = (text: string): ReadonlyArray<string> =>
  text.split(/\r?\n/).map((line) => line.trim()).filter((line) => line !== "").slice(1)
    .map((line) => kit.goEscapes(Either.getOrThrow(read(version10, line)).canonical ?? line)).toSorted()

/** Go kata's table shortens a line of many megabytes. */
const shortened = (line: string) =>
  line.length > 1_000_000 ? `${line.slice(0, 200)}… (${Buffer.byteLength(line)} bytes)` : line

const asGo = (text: string, { reexport }: Expected) => {
  const found = kit.lines(text)
  if (reexport === "equal to base") return assert.deepStrictEqual(found, base)
  assert.deepStrictEqual({
    lost: base.filter((line) => !found.includes(line)),
    new: found.filter((line) => !base.includes(line)).map(shortened)
  }, { lost: [...reexport!.lost], new: [...reexport!.new] })
}

it("the table has every file that Go kata was given", () => {
  assert.deepStrictEqual(cases.map(({ file }) => file), expected.map(({ file }) => file))
})

describe("a restore of", () => {
  for (const { file, outcome, says, why } of some("files", cases, ({ outcome, why }) => `${outcome}: ${why}`)) {
    it.scopedLive(`${file} is ${outcome}${why === undefined ? "" : `, other than with Go kata: ${why}`}`, () =>
      Effect.gen(function*() {
        const go = expected.find((one) => one.file === file)!
        const bytes = bytesOf(file)
        const directory = yield* kit.temporary
        const target = `${directory}/target.db`
        const found = yield* kit.outcomeOf(kit.restore(kit.text(bytes, file), target))
        assert.strictEqual(found.outcome, outcome, found.message)
        assert.include(found.message, says)
        if (found.value === undefined) {
          assert.isTrue(go.exit !== 0 || why !== undefined, "differs from Go kata, and the table does not say why")
          assert.match(found.message, new RegExp(`^${file.replace(/[.()]/g, "\\$&")}: `))
          assert.deepStrictEqual(yield* kit.listing(directory), [])
          return
        }
        const text = yield* kit.exportedAsGo(target)
        assert.deepStrictEqual(contentOf(text), contentOf(bytes.toString()))
        if (why === undefined) asGo(text, go)
        assert.deepStrictEqual(yield* kit.listing(directory), ["target.db", "target.db.lock"])
        assert.deepStrictEqual(yield* kit.complaints(target), [])
      }).pipe(Effect.provide(kit.services)))
  }
})
