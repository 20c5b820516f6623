/** Parts of the kinds that version 10 has not. Their records are read and never stored, so they have no rules. */
import * as Schema from "effect/Schema"
import { Int64, RawJson, Text } from "../Field.ts"
import { type Kind, make } from "../Kind.ts"

/** A text that may be left out. */
export const text = Schema.optional(Text)
/** An integer that may be. */
export const integer = Schema.optional(Int64)
/** JSON that may be. */
export const json = Schema.optional(RawJson)
/** True or false in the file. */
export const Flag = RawJson
/** One that may be left out. */
export const flag = Schema.optional(Flag)

type Fields = Schema.Struct.Fields

/** A kind whose records are rows of a table, which mostly has its name in the plural. */
export const kind = (name: string, key: ReadonlyArray<string>, fields: Fields, table = `${name}s`): Kind =>
  make(name, { table, key }, Schema.Struct(fields))

/** Only its name is known, and that it is an object. */
export const named = (name: string, table = `${name}s`): Kind =>
  make(name, { table, key: ["id"], isOpen: true }, Schema.Struct({ id: json }))

/** When a row was made, and changed last. */
export const times = { created_at: Text, updated_at: Text }
