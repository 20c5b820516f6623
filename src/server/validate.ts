/** Whether a body has the shape that a Schema describes, and what the API says of it if not. */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"
import { fits64 } from "../api/params.ts"
import { dateTime } from "../ledger/dateTime.ts"
import { wireTypeOf } from "../ledger/wireType.ts"

/** One sentence: where, and what. */
interface Detail {
  readonly path: string
  readonly what: string
}

const mostDetails = 3

const at = (path: string, key: string) => path === "" ? key : `${path}.${key}`

const isNull = (ast: AST.AST): boolean => AST.isLiteral(ast) && ast.literal === null

/** What the encoded side of a Schema wants; its wire type decides where the encoded side says nothing. */
const details = (ast: AST.AST, value: unknown, path: string): ReadonlyArray<Detail> => {
  const says = (what: string) => [{ path: path === "" ? "body" : path, what }]
  const type = wireTypeOf(ast)
  if (type === "int64") return typeof value === "bigint" && fits64(value) ? [] : says("expected integer")
  if (type === "object") {
    return typeof value === "object" && value !== null && !Array.isArray(value) ? [] : says("expected object")
  }
  if (type === "date-time" && typeof value === "string") {
    return Option.isSome(dateTime(value)) ? [] : says("expected string to be RFC 3339 date-time")
  }
  if (AST.isTransformation(ast)) return details(ast.from, value, path)
  if (AST.isRefinement(ast)) return details(ast.from, value, path)
  if (AST.isSuspend(ast)) return details(ast.f(), value, path)
  if (AST.isStringKeyword(ast)) return typeof value === "string" ? [] : says("expected string")
  if (AST.isBooleanKeyword(ast)) return typeof value === "boolean" ? [] : says("expected boolean")
  if (AST.isUnion(ast)) {
    const members = ast.types.filter((type) => !isNull(type) && !AST.isUndefinedKeyword(type))
    if (members.length < ast.types.length && value === null) return []
    const literals = members.flatMap((type) => AST.isLiteral(type) ? [String(type.literal)] : [])
    if (literals.length === members.length && literals.length > 0) {
      if (typeof value !== "string") return says("expected string")
      return literals.includes(value) ? [] : says(`expected value to be one of "${literals.join(", ")}"`)
    }
    return members[0] === undefined ? [] : details(members[0], value, path)
  }
  if (AST.isTupleType(ast)) {
    if (!Array.isArray(value)) return says("expected array")
    const item = ast.rest[0]?.type
    return item === undefined ? [] : value.flatMap((one, i) => details(item, one, `${path}[${i}]`))
  }
  if (AST.isTypeLiteral(ast)) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return says("expected object")
    const members = value as { readonly [key: string]: unknown }
    const keys = ast.propertySignatures.map((property) => String(property.name))
    const missing = ast.propertySignatures
      .filter((property) => !property.isOptional && !(String(property.name) in members))
      .map(({ name }) => String(name)).toSorted()
      .map((name) => ({
        path: path === "" ? "body" : path,
        what: `expected required property ${name} to be present`
      }))
    const [others] = ast.indexSignatures
    const unknown = Object.keys(members).filter((key) => !keys.includes(key)).toSorted().flatMap((key) =>
      others === undefined
        ? [{ path: at(path, key), what: "unexpected property" }]
        : details(others.type, members[key], at(path, key))
    )
    const wrong = ast.propertySignatures.flatMap((property) => {
      const key = String(property.name)
      if (!(key in members)) return []
      // null is no value, but where an object may only be left out
      const isNone = property.isOptional && members[key] === null && wireTypeOf(property.type) !== "object"
      return isNone ? [] : details(property.type, members[key], at(path, key))
    })
    return [...missing, ...wrong, ...unknown]
  }
  return []
}

/** The names of members in the spelling of the Schema: any letter case is taken, the last one counts; null is no value. */
export const normalised = (ast: AST.AST, value: unknown): unknown => {
  if (AST.isTransformation(ast) || AST.isRefinement(ast)) return normalised(ast.from, value)
  if (AST.isUnion(ast)) {
    const member = ast.types.find((type) => !isNull(type) && !AST.isUndefinedKeyword(type))
    return member === undefined ? value : normalised(member, value)
  }
  if (AST.isTupleType(ast)) {
    const item = ast.rest[0]?.type
    return Array.isArray(value) && item !== undefined ? value.map((one) => normalised(item, one)) : value
  }
  if (!AST.isTypeLiteral(ast) || typeof value !== "object" || value === null || Array.isArray(value)) return value
  const properties = new Map(ast.propertySignatures.map((one) => [String(one.name).toLowerCase(), one]))
  const out: Record<string, unknown> = {}
  for (const [key, member] of Object.entries(value)) {
    const property = properties.get(key.toLowerCase())
    if (property === undefined) out[key] = member
    else out[String(property.name)] = normalised(property.type, member)
  }
  return out
}

/** "validation failed: …" for a body that has not the shape of the Schema; at most three details are listed. */
export const complaint = (schema: Schema.Schema.All, value: unknown): string | undefined => {
  const found = details(schema.ast, value, "")
  if (found.length === 0) return undefined
  const reported = found.slice(0, mostDetails).map(({ path, what }) => `${path}: ${what}`)
  const more = found.length - reported.length
  return `validation failed: ${[...reported, ...(more > 0 ? [`(and ${more} more)`] : [])].join("; ")}`
}
