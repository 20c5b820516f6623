/** Times that a client says: RFC 3339, with any offset. */
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { canonicalTime } from "../records/time.ts"
import { wireType } from "./wireType.ts"

const form = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/

/** As kata writes it: in UTC, digits beyond the millisecond cut. */
export const dateTime = (text: string): Option.Option<string> =>
  form.test(text) ? canonicalTime(text.replace(/(\.\d{3})\d+/, "$1")) : Option.none()

export const DateTime = Schema.transformOrFail(Schema.String, Schema.String, {
  strict: true,
  decode: (text, _, ast) =>
    Option.match(dateTime(text), {
      onNone: () => ParseResult.fail(new ParseResult.Type(ast, text, "expected string to be RFC 3339 date-time")),
      onSome: ParseResult.succeed
    }),
  encode: ParseResult.succeed
}).annotations({
  ...wireType("date-time"),
  identifier: "DateTime",
  jsonSchema: { type: "string", format: "date-time" }
})
