/** What a daemon has done beside it: the words in which it is passed to the process that does it. */
import * as Schema from "effect/Schema"
import { maybe } from "../api/optional.ts"

const Preferred = Schema.Literal("target", "source")

/** The paths are absolute. */
const common = {
  /** Of the daemon. */
  database: Schema.String,
  /** What came: a snapshot, or the lines of an import. */
  file: Schema.String,
  /** What reports and errors call it. */
  name: Schema.String
}

export const MergeTask = Schema.Struct({
  ...common,
  operation: Schema.Literal("merge"),
  actor: Schema.String,
  prefer: maybe(Preferred),
  decisions: Schema.Array(Schema.Struct({ issue: Schema.String, side: Preferred })),
  projects: Schema.Array(Schema.String),
  issues: Schema.Array(Schema.String),
  apply_purges: Schema.Boolean,
  restore_purged: Schema.Boolean,
  dry_run: Schema.Boolean
})
export type MergeTask = typeof MergeTask.Type

export const DiffTask = Schema.Struct({
  ...common,
  operation: Schema.Literal("diff"),
  project: maybe(Schema.String),
  issue: maybe(Schema.String),
  limit: maybe(Schema.Int)
})
export type DiffTask = typeof DiffTask.Type

export const ImportTask = Schema.Struct({
  ...common,
  operation: Schema.Literal("import"),
  /** The number of the project, in digits. */
  project: Schema.String
})
export type ImportTask = typeof ImportTask.Type

export const Task = Schema.Union(MergeTask, DiffTask, ImportTask)
export type Task = typeof Task.Type

/** The variable in which the process finds its task: what stands in an argument everybody on the machine can read. */
export const taskVariable = "KATA_DAEMON_TASK"
