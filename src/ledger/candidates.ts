/** Issues that say the same as one that was to be made; `score` says how much, from 0 to 1. Made when it is needed: most commands fail at nothing. */
import * as Schema from "effect/Schema"

export const Candidates = () =>
  Schema.Struct({
    candidates: Schema.Array(
      Schema.Struct({ score: Schema.Number, short_id: Schema.String, title: Schema.String, uid: Schema.String })
    )
  })
