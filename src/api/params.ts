/** What paths, queries, headers and bodies are made of. What is said of their ranges is for the document: handlers check them, in their own words. */
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { Int64 } from "../ledger/model.ts"
import { RawJson } from "../ledger/RawJson.ts"
import { wireType } from "../ledger/wireType.ts"
import { minify } from "../records/json.ts"
import { spellingOf } from "./json.ts"
import { maybe } from "./optional.ts"

/** Whether SQLite can hold it. */
export const fits64 = (value: bigint): boolean => BigInt.asIntN(64, value) === value

/** An integer in a path or a query. */
export const Integer = Schema.transformOrFail(Schema.String, Schema.BigIntFromSelf, {
  strict: true,
  decode: (text, _, ast) => {
    const value = /^[+-]?\d{1,19}$/.test(text) ? BigInt(text.replace("+", "")) : undefined
    return value !== undefined && fits64(value)
      ? ParseResult.succeed(value)
      : ParseResult.fail(new ParseResult.Type(ast, text, "invalid integer"))
  },
  encode: (value) => ParseResult.succeed(value.toString())
}).annotations({ jsonSchema: { type: "integer", format: "int64" } })

/** One of these words in a query. */
export const oneOf = <const Words extends readonly [string, ...Array<string>]>(...words: Words) =>
  Schema.transformOrFail(Schema.String, Schema.Literal(...words), {
    strict: true,
    decode: (text, _, ast) => {
      const word = words.find((one): one is Words[number] => one === text)
      return word === undefined
        ? ParseResult.fail(new ParseResult.Type(ast, text, `expected value to be one of "${words.join(", ")}"`))
        : ParseResult.succeed(word)
    },
    encode: (word) => ParseResult.succeed(word)
  }).annotations({ jsonSchema: { type: "string", enum: words } })

/** As Go reads one. */
export const Bool = Schema.transformOrFail(Schema.String, Schema.Boolean, {
  strict: true,
  decode: (text, _, ast) =>
    /^(?:1|t|T|true|TRUE|True)$/.test(text)
      ? ParseResult.succeed(true)
      : /^(?:0|f|F|false|FALSE|False)$/.test(text)
      ? ParseResult.succeed(false)
      : ParseResult.fail(new ParseResult.Type(ast, text, "invalid boolean")),
  encode: (value) => ParseResult.succeed(String(value))
}).annotations({ jsonSchema: { type: "boolean" } })

/** An integer of a path or a query, from `minimum` on. */
const integer = (description: string, minimum: number) =>
  Integer.annotations({ jsonSchema: { type: "integer", format: "int64", minimum, description } })

/** A text, with what is said of it in the document. */
const words = (description: string, more: object = {}) =>
  Schema.String.annotations({ jsonSchema: { type: "string", ...more, description } })

/** What a body says must not be blank; the handler says so. */
export const NotBlank = Schema.String.annotations({ jsonSchema: { type: "string", minLength: 1 } })

export const Actor = words("who does it", { minLength: 1 })

/** In a body: 0 is the highest. */
export const Priority = Int64.annotations({
  identifier: "Priority",
  jsonSchema: { type: "integer", minimum: 0, maximum: 4, description: "0 is the highest" }
})

/** In a query, where the handler has a sentence of its own for what is none. */
export const PriorityText = (description: string) =>
  Schema.String.annotations({ jsonSchema: { type: "integer", minimum: 0, maximum: 4, description } })

export const LabelName = words("lower-case letters, digits and . _ : -", {
  pattern: "^[a-z0-9._:-]{1,64}$"
})

/** In a query. */
export const Since = words("a time as RFC 3339 has it", { format: "date-time" })

export const Limit = integer("at most so many; 0 for all", 0)
export const Page = integer("at most so many", 1)
export const After = integer("events after the one of this id", 0)
export const ProjectId = integer("the number of the project", 1)
export const AllProjects = integer("only this project; 0 for all", 0)
export const IssueRef = words("a short id, project#short-id or a ULID", { minLength: 1 })
export const Uid = words("a ULID", { pattern: "^[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}$" })
export const UidPrefix = words("a ULID, or the first eight characters of one, or more", { minLength: 8, maxLength: 26 })
export const Reason = words("why; only a purge keeps it")

/** Where the handler has sentences of its own for what is no number. */
export const CursorText = Schema.String.annotations({
  jsonSchema: { type: "integer", format: "int64", minimum: 0, description: "the id of the last event that was seen" }
})
export const ProjectIdText = Schema.String.annotations({
  jsonSchema: { type: "integer", format: "int64", minimum: 1, description: "only events of this project" }
})

export const Actors = words("only what they did; commas between several")
export const Include = words("stats, for counts of issues")
/** Go kata had it, and says so to clients. */
export const Removed = words("was removed: it is refused")

export const ProjectPath = Schema.Struct({ project_id: ProjectId })
export const IssuePath = Schema.Struct({ project_id: ProjectId, ref: IssueRef })
export const RowId = (what: string) => integer(`the number of ${what}`, 1)

/** On DELETE, who does it stands in the query. */
export const ActorQuery = Schema.Struct({ actor: Actor })
export const ActorBody = Schema.Struct({ actor: Actor })

/** The revision that a client has seen, as the header ETag said it. */
export const IfMatch = Schema.Struct({
  "If-Match": words("the ETag of what is changed, as it was last seen", { pattern: "^\"rev-[0-9]+\"$" })
})

export const IdempotencyKey = Schema.Struct({
  "Idempotency-Key": maybe(words("the same key and content give the same issue again, for seven days"))
})

/** What cannot be undone is said twice. */
export const Confirm = (action: "DELETE" | "PURGE") =>
  Schema.Struct({
    "X-Kata-Confirm": maybe(words(`${action} project#short-id: without it, the answer says what it must be`))
  })

/** An object in a body, as it is spelled, compact. */
export const JsonObject = Schema.transform(Schema.Object, Schema.instanceOf(RawJson), {
  strict: true,
  decode: (from) => new RawJson(minify(spellingOf(from) ?? JSON.stringify(from))),
  encode: (raw) => raw
}).annotations({
  ...wireType("object"),
  identifier: "JsonObject",
  jsonSchema: { type: "object", additionalProperties: true }
})
