/** The answer to an import of lines. */
import * as Schema from "effect/Schema"

/** What became of it. The lists name what people have to know; what comes as it is is counted only. */
export const Brought = Schema.Struct({
  source: Schema.String,
  dry_run: Schema.Boolean,
  created: Schema.Int,
  updated: Schema.Int,
  unchanged: Schema.Int,
  /** Issues that are deleted in kata, or have gone to another project: they stay as they are. */
  gone: Schema.Int,
  comments: Schema.Int,
  /** Labels that came or went. */
  labels: Schema.Int,
  /** Links that came. */
  links: Schema.Int,
  unlinked: Schema.Int,
  conflicts: Schema.Array(Schema.Struct({
    external_id: Schema.String,
    issue_short_id: Schema.String,
    field: Schema.String,
    kata: Schema.String,
    source: Schema.String,
    kept: Schema.Literal("kata", "source")
  })),
  left_out: Schema.Array(Schema.Struct({ external_id: Schema.String, reason: Schema.String })),
  /** Issues that came before, and that the source has no more. */
  absent: Schema.Array(Schema.Struct({
    external_id: Schema.String,
    issue_short_id: Schema.String,
    done: Schema.Literal("labeled", "closed", "known")
  })),
  /** So many of them were gone that nothing was done about it. */
  suspect: Schema.Boolean,
  /** The entry of the history by which it can be taken back, where it has one. */
  entry: Schema.optionalWith(Schema.String, { exact: true })
})
export type Brought = typeof Brought.Type
