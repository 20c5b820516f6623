/** What paths, queries and bodies are made of. */
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { RawJson } from "../ledger/RawJson.ts"
import { minify } from "../records/json.ts"
import { spellingOf } from "./json.ts"

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
  })

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

/** May be left out, or be null, which is the same; the router takes a null away. */
export const may = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { nullable: true, exact: true })

/** May stand in a query. */
export const maybe = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })

export const ProjectPath = Schema.Struct({ project_id: Integer })
export const IssuePath = Schema.Struct({ project_id: Integer, ref: Schema.String })

/** On DELETE, who does it stands in the query. */
export const ActorQuery = Schema.Struct({ actor: Schema.String })
export const ActorBody = Schema.Struct({ actor: Schema.String })

/** An object in a body, as it is spelled, compact. */
export const JsonObject = Schema.transform(Schema.Object, Schema.instanceOf(RawJson), {
  strict: true,
  decode: (from) => new RawJson(minify(spellingOf(from) ?? JSON.stringify(from))),
  encode: (raw) => raw
}).annotations({ identifier: "RawJson", jsonSchema: { type: "object" } })
