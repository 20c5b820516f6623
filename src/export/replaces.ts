/** Whether an export may take the place of the file that is there. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { FailureKind } from "../Failure.ts"
import { resolve, sameFile } from "../files/paths.ts"
import { refuseProtected } from "../presence/protectedFiles.ts"

/** The output is the database or belongs to it. */
export class OutputIsDatabase extends Schema.TaggedError<OutputIsDatabase>()("OutputIsDatabase", {
  output: Schema.String,
  database: Schema.String
}) {
  readonly kind = "validation" satisfies FailureKind
  override get message() {
    return `the output ${this.output} is the database ${this.database} itself or one of its files`
  }
  get hint() {
    return "name another file; nothing was written"
  }
}

const sideFiles = ["", "-wal", "-shm", "-journal", ".lock"]

/** Fails when the output is the database that is exported, or a file that nothing may replace. */
export const refuseDatabases = Effect.fn("Export.refuseDatabases")(function*(output: string, database: string) {
  const real = yield* resolve(database)
  for (const side of sideFiles) {
    if (yield* sameFile(output, real + side)) return yield* new OutputIsDatabase({ output, database })
  }
  yield* refuseProtected(output, "file")
})
