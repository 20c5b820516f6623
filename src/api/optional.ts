/** What need not be there. */
import * as Schema from "effect/Schema"

/** May be left out, or be null, which is the same; the router takes a null away. */
export const may = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { nullable: true, exact: true })

/** May be left out. */
export const maybe = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })
