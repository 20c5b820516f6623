/**
 * Values for FastCheck that a database of schema 10 can hold, the odd ones included: what kata must carry, not what it would write.
 * `contents.ts` makes whole databases of them.
 */
import * as FC from "effect/FastCheck"
import * as Option from "effect/Option"
import type { Param } from "../database/Session.ts"
import type { Field, Value } from "../records/Field.ts"
import { minify } from "../records/json.ts"
import type { AnyRecord, Kind } from "../records/Kind.ts"

/** What programs get wrong: quotes, escapes, NUL, line ends that are none, astral, combining, HTML, and imitations of a seal. */
const pieces = [
  "\0",
  "\n",
  "\r\n",
  "\t",
  "\u0001",
  "\u001f",
  "\u007f",
  "\u0085",
  "\u00a0",
  "\u2028",
  "\u2029",
  "\ufeff",
  "\ufffd",
  "\ufffe",
  "\uffff",
  "\u{10ffff}",
  "🙂",
  "👩‍👩‍👧",
  "e\u0301",
  "Größe",
  "日本語",
  "\u202eabc",
  "<b>&amp;</b>",
  "\"",
  "'",
  "\\",
  "\\u0041",
  "\\\"",
  "'); DROP TABLE issues; --",
  ",\"seal\":{\"records\":1,\"sha256\":\"" + "0".repeat(64) + "\"}}\n",
  "{\"kind\":\"issue\",\"data\":{",
  " ",
  "null",
  "0012",
  "1e3"
]

/** Any Unicode text. */
export const text: FC.Arbitrary<string> = FC.oneof(
  { weight: 3, arbitrary: FC.string({ maxLength: 12 }) },
  { weight: 2, arbitrary: FC.string({ unit: "binary", maxLength: 8 }) },
  { weight: 3, arbitrary: FC.array(FC.constantFrom(...pieces), { maxLength: 4 }).map((all) => all.join("")) }
)

/** Text that `length(trim(x)) > 0` holds of: SQLite counts up to the first NUL, and trims U+0020 alone. */
export const nonBlank = text.map((value) => /^ *[^ \0]/.test(value) ? value : `x${value}`)

/** Text without `#` before its first NUL, where GLOB stops. */
export const projectName = nonBlank.map((value) => /^[^\0]*#/.test(value) ? value.replaceAll("#", "♯") : value)

const min = -(2n ** 63n)
const max = 2n ** 63n - 1n

export const int64: FC.Arbitrary<bigint> = FC.oneof(
  { weight: 4, arbitrary: FC.bigInt(0n, 50n) },
  { weight: 1, arbitrary: FC.bigInt(min, max) },
  {
    weight: 1,
    arbitrary: FC.constantFrom(
      0n,
      -1n,
      min,
      max,
      max - 1n,
      2n ** 53n - 1n,
      2n ** 53n,
      2n ** 53n + 1n,
      -(2n ** 53n) - 1n
    )
  }
)

const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
const digits = (count: number) =>
  FC.array(FC.constantFrom(...crockford), { minLength: count, maxLength: count }).map((all) => all.join(""))

/** A ULID as kata writes it. */
export const ulid = FC.tuple(FC.constantFrom(..."01234567"), digits(25)).map(([first, rest]) => first + rest)

/** Mostly a ULID; else any 26 characters, of which the last ones are digits of a ULID, and sometimes more after a NUL. */
export const uid = FC.oneof(
  { weight: 6, arbitrary: ulid },
  { weight: 1, arbitrary: ulid.map((value) => value.toLowerCase()) },
  {
    weight: 1,
    arbitrary: FC.tuple(
      FC.array(FC.string({ unit: "binary", minLength: 1, maxLength: 1 }).filter((unit) => unit !== "\0"), {
        minLength: 20,
        maxLength: 20
      }),
      digits(6),
      FC.constantFrom("", "", "\0tail")
    ).map(([odd, end, tail]) => odd.join("") + end + tail)
  }
)

// ---- times ------------------------------------------------------------------------------------------------------------

const instant = FC.date({ min: new Date("0001-01-01T00:00:00.000Z"), max: new Date("9999-12-31T23:59:59.999Z") })

/** As kata writes it. */
export const canonicalTime = instant.map((date) => date.toISOString())

/** In any notation, or in none; a number is what a DATETIME column makes of a text that looks like one. */
export const time: FC.Arbitrary<string | number | bigint> = FC.oneof(
  { weight: 6, arbitrary: canonicalTime },
  {
    weight: 2,
    arbitrary: FC.tuple(instant, FC.constantFrom("", ".1", ".123456789"), FC.constantFrom("+0000 UTC", "-0730 XST"))
      .map(
        ([date, fraction, zone]) => `${date.toISOString().slice(0, 19).replace("T", " ")}${fraction} ${zone}`
      )
  },
  {
    weight: 1,
    arbitrary: FC.constantFrom(
      "",
      "yesterday",
      "2026-05-04",
      "2026-05-04T00:21",
      "2026-05-04 00:21:07+02:00",
      "2026-02-30T00:00:00.000Z",
      "\u00a012",
      "Inf",
      "2026-05-04T00:21:07.000Z\0"
    )
  },
  { weight: 1, arbitrary: FC.oneof(FC.bigInt(min, max), FC.double({ noNaN: true, noDefaultInfinity: true }), text) }
)

/** `YYYY-MM-DD`, or anything. */
export const day = FC.oneof(
  { weight: 4, arbitrary: instant.map((date) => date.toISOString().slice(0, 10)) },
  { weight: 1, arbitrary: text }
)

// ---- JSON -------------------------------------------------------------------------------------------------------------

const space = FC.constantFrom("", "", "", " ", "\n", "\t\r ")
const number = FC.oneof(
  FC.constantFrom("0", "-0", "1.0", "1e3", "1E+400", "-1.5e-7", "12345678901234567890123", "9007199254740993", "0.10"),
  FC.bigInt(min, max).map(String)
)
const string = FC.oneof(
  text.map((value) => JSON.stringify(value)),
  FC.constantFrom(
    "\"\\u0041\"",
    "\"\\ud800\"",
    "\"\\uDFFF\\ud800\"",
    "\"\\/\"",
    "\"\\u0000\"",
    "\"\\u2028\u2028\"",
    "\"\""
  )
)
const list = (open: string, close: string, members: FC.Arbitrary<string>) =>
  FC.tuple(FC.array(FC.tuple(space, members, space), { maxLength: 3 }), space).map(([all, empty]) =>
    open + (all.length === 0 ? empty : all.map((parts) => parts.join("")).join(",")) + close
  )

const spelled = FC.letrec<{ value: string; object: string; array: string }>((tie) => ({
  value: FC.oneof({ maxDepth: 3, withCrossShrink: true }, number, string, FC.constantFrom("true", "false", "null"), {
    weight: 1,
    arbitrary: tie("array")
  }, { weight: 1, arbitrary: tie("object") }),
  array: list("[", "]", tie("value")),
  object: list(
    "{",
    "}",
    FC.tuple(FC.oneof(FC.constantFrom("\"a\"", "\"idempotency_key\""), string), space, space, tie("value")).map((
      [key, before, after, value]
    ) => `${key}${before}:${after}${value}`)
  )
}))

const deep = FC.integer({ min: 200, max: 999 }).map((levels) => "[".repeat(levels) + "]".repeat(levels))
const around = (json: FC.Arbitrary<string>) => FC.tuple(space, json, space).map((parts) => parts.join(""))

/** JSON as text, in unusual spellings: white space, double keys, huge numbers, lone surrogates as escapes. */
export const jsonObject = around(FC.oneof({ weight: 1, arbitrary: FC.constant("{}") }, {
  weight: 3,
  arbitrary: spelled.object
}))
export const jsonArray = around(FC.oneof({ weight: 9, arbitrary: spelled.array }, { weight: 1, arbitrary: deep }))
export const json = around(FC.oneof({ weight: 3, arbitrary: spelled.value }, {
  weight: 3,
  arbitrary: spelled.object
}, { weight: 1, arbitrary: deep }))

// ---- records ----------------------------------------------------------------------------------------------------------

const exact = (value: bigint): Value =>
  BigInt.asIntN(54, value) === value && Number.isSafeInteger(Number(value))
    ? Number(value)
    : value

const valueOf = (field: Field): FC.Arbitrary<Value> => {
  const present: FC.Arbitrary<Value> = field.storage === "integer"
    ? int64.map(exact)
    : field.storage === "json"
    ? json.map(minify)
    : field.storage === "time"
    ? time.map(String)
    : Option.isSome(field.soft)
    ? FC.oneof(ulid, text)
    : text
  return field.presence === "always"
    ? present
    : FC.oneof(present, FC.constant(field.presence === "nullable" ? null : undefined))
}

/** A record of a kind as its Schema describes it; nothing is said about the rules of the table. */
export const record = (kind: Kind): FC.Arbitrary<AnyRecord> =>
  FC.record(Object.fromEntries(kind.fields.map((field) => [field.key, valueOf(field)])))

/** A value, or NULL. */
export const maybe = <A extends Param>(arbitrary: FC.Arbitrary<A>): FC.Arbitrary<A | null> =>
  FC.oneof({ weight: 2, arbitrary }, { weight: 1, arbitrary: FC.constant(null) })
