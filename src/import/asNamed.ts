import { CommitNotConfirmed } from "../database/CommitNotConfirmed.ts"
import * as Lock from "../database/Lock.ts"
import { OpenError } from "../database/OpenError.ts"
import { SqliteFailure } from "../database/SqliteFailure.ts"
import { stagePrefix } from "../database/stage.ts"
import { FileError } from "../files/FileError.ts"
import { nameOf } from "../files/paths.ts"

/** An error about the target, or about what is staged beside it, speaks of the target as it was named. */
export const named = (target: string, asked: string) => {
  const nameFor = (path: string) =>
    path.startsWith(target)
      ? asked + path.slice(target.length)
      : nameOf(path).startsWith(stagePrefix(target))
      ? asked
      : path
  return <E>(error: E) =>
    error instanceof OpenError ?
      new OpenError({ ...error, path: nameFor(error.path) })
      : error instanceof SqliteFailure ?
      new SqliteFailure({ ...error, path: nameFor(error.path) })
      : error instanceof CommitNotConfirmed ?
      new CommitNotConfirmed({ ...error, path: nameFor(error.path) })
      : error instanceof FileError ?
      new FileError({ ...error, path: nameFor(error.path) })
      : error instanceof Lock.DatabaseLocked ?
      new Lock.DatabaseLocked({ ...error, path: nameFor(error.path) })
      : error
}
