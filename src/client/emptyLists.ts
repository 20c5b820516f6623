/** Go kata's daemon says null for a list that is empty, or leaves it out. */
import * as Predicate from "effect/Predicate"
import * as AST from "effect/SchemaAST"

/** The value with an empty list wherever the Schema wants a list and there is none; it is changed in place. */
export const withEmptyLists = (ast: AST.AST, value: unknown): unknown => {
  if (AST.isTransformation(ast) || AST.isRefinement(ast)) return withEmptyLists(ast.from, value)
  if (AST.isTupleType(ast)) {
    if (Predicate.isNullable(value)) return []
    const item = ast.rest[0]?.type
    return Array.isArray(value) && item !== undefined ? value.map((one) => withEmptyLists(item, one)) : value
  }
  if (!AST.isTypeLiteral(ast) || !Predicate.isRecord(value)) return value
  for (const { isOptional, name, type } of ast.propertySignatures) {
    const key = String(name)
    const member = value[key]
    if (isOptional && Predicate.isNullable(member)) continue
    const completed = withEmptyLists(type, member)
    if (completed !== undefined) value[key] = completed
  }
  return value
}
