import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { AnyRecord } from "../../src/records/Kind.ts"
import { kinds } from "../../src/records/kinds.ts"
import { recordOf } from "./arbitrary.ts"

/** What a field may look like and not be. */
const nearMiss: FastCheck.Arbitrary<unknown> = FastCheck.oneof(
  FastCheck.constantFrom(null, undefined, true, 1.5, -0, NaN, Infinity, 2 ** 53, "", "\ud800", "a\udc00b", {}, []),
  FastCheck.constantFrom(5n, 2n ** 53n, 2n ** 63n - 1n, 2n ** 63n, -(2n ** 63n), -(2n ** 63n) - 1n),
  FastCheck.integer(),
  FastCheck.string()
)

describe("the fast predicate of a kind is its Schema", () => {
  for (const kind of kinds) {
    const is = Schema.is(Schema.asSchema(kind.schema as Schema.Schema<unknown>))
    const keys = kind.fields.map((field) => field.key)

    it(`${kind.name}: takes its records`, () => {
      FastCheck.assert(FastCheck.property(recordOf(kind), (record) => assert.isTrue(kind.is(record) && is(record))))
    })

    it(`${kind.name}: and agrees about everything else`, () => {
      const changes = FastCheck.array(
        FastCheck.record({
          key: FastCheck.constantFrom(...keys, "other"),
          to: FastCheck.option(nearMiss, { nil: "absent" as const })
        }),
        { minLength: 1, maxLength: 3 }
      )
      FastCheck.assert(FastCheck.property(recordOf(kind), changes, (record, changes) => {
        const changed: { [key: string]: unknown } = { ...record }
        for (const { key, to } of changes) {
          if (to === "absent") delete changed[key]
          else changed[key] = to
        }
        assert.strictEqual(kind.is(changed as AnyRecord), is(changed))
        assert.strictEqual(Option.isNone(kind.problem(changed)), is(changed))
      }))
    })
  }
})
