/** Records of every kind, as tests make them up. */
import * as FastCheck from "effect/FastCheck"
import type { Field } from "../../src/records/Field.ts"
import type { AnyRecord, Kind } from "../../src/records/Kind.ts"
import { kinds } from "../../src/records/kinds.ts"

/** Unicode text, with what JSON or a terminal treats in a special way turning up often. */
export const text = FastCheck.oneof(
  FastCheck.string({ unit: "binary" }),
  FastCheck.string({
    unit: FastCheck.constantFrom(
      "\0",
      "\u0001",
      "\b",
      "\t",
      "\n",
      "\f",
      "\r",
      "\u001b",
      "\"",
      "\\",
      "/",
      "<",
      "&",
      "u0041",
      "\u007f",
      "\u0085",
      "\u00a0",
      "\u2028",
      "\u2029",
      "\ufeff",
      "\uffff",
      "😀",
      "é",
      " ",
      "a",
      "}",
      "]",
      ",",
      ":"
    )
  })
)

/** What one number or bigint is in a record: a bigint only beyond what a number can say. */
export const exact = (value: bigint): number | bigint =>
  Number.isSafeInteger(Number(value)) && BigInt(Number(value)) === value ? Number(value) : value

export const integer = FastCheck.oneof(
  FastCheck.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  FastCheck.bigInt({ min: -5n, max: 5n }),
  FastCheck.constantFrom(2n ** 53n - 1n, 2n ** 53n, -(2n ** 53n), 2n ** 63n - 1n, -(2n ** 63n))
).map(exact)

/** Spellings that `JSON.parse` and `stringify` would change. */
const spelled = FastCheck.constantFrom(
  "{\"a\":1e400,\"a\":-0,\"2\":1.50,\"1\":9007199254740993}",
  "[\"\\ud800\",\"\\u0041\\/\\u00E9\"]",
  "{\"\\u0061\":{},\"b\":[]}",
  "-0.0E+2",
  "null",
  "\"]}\\\\\\\"\""
)

/** JSON as text, without white space between its tokens. */
export const json = FastCheck.oneof(FastCheck.jsonValue().map((value) => JSON.stringify(value)), spelled)

const storages = { text, time: text, integer, json }

const valueOf = (field: Field) => {
  const value: FastCheck.Arbitrary<AnyRecord[string]> = storages[field.storage]
  return field.presence === "always"
    ? value
    : FastCheck.oneof(value, FastCheck.constant(field.presence === "nullable" ? null : undefined))
}

/** Records of a kind that its Schema takes. */
export const recordOf = (kind: Kind): FastCheck.Arbitrary<AnyRecord> =>
  FastCheck.record(Object.fromEntries(kind.fields.map((field) => [field.key, valueOf(field)])))

export const kindAndRecord = FastCheck.constantFrom(...kinds).chain((kind) =>
  recordOf(kind).map((record) => ({ kind, record }))
)
