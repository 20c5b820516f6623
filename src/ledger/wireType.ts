/** What a Schema takes of JSON where its encoded side does not say it: kept as an annotation, so that one with a range is still known. */
import * as Option from "effect/Option"
import * as AST from "effect/SchemaAST"

export type WireType = "int64" | "object" | "date-time"

const key = Symbol.for("kata/WireType")

/** Of that type, whatever else is said about it. */
export const wireType = (type: WireType) => ({ [key]: type })

/** The type that the Schema was given. */
export const wireTypeOf = (ast: AST.AST): WireType | undefined =>
  Option.getOrUndefined(AST.getAnnotation<WireType>(ast, key))
