/** What a report says of one of the two that are compared or merged. */
import * as Schema from "effect/Schema"
import { Losses } from "../records/Finding.ts"

export class Side extends Schema.Class<Side>("Side")({
  name: Schema.String,
  is: Schema.Literal("snapshot", "database"),
  instance_uid: Schema.NullOr(Schema.String),
  /** The uids of the projects that it is a snapshot of; null: everything. */
  projects: Schema.NullOr(Schema.Array(Schema.String)),
  /** Without what was deleted. */
  live_only: Schema.Boolean,
  /** What it has and version 10 cannot hold, by name: it is not compared. */
  losses: Losses
}) {}
