/** How many rows of a kind are new, changed and gone. */
import * as Schema from "effect/Schema"

export class Counts extends Schema.Class<Counts>("Counts")({
  new: Schema.Int,
  gone: Schema.Int,
  changed: Schema.Int
}) {}
