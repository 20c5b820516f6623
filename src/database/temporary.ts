/** Errors of a database that is only there for a while. */
import { FileError } from "../files/FileError.ts"
import { ofTemporary, temporaryFiles, temporaryHint } from "../files/temporary.ts"
import { SqliteFailure } from "./SqliteFailure.ts"

/** An error about something in that temporary directory speaks of temporary files; every other stays as it is. */
export const inTemporary = (directory: string) => <E>(error: E) =>
  error instanceof FileError && error.path.startsWith(directory) ?
    ofTemporary(error)
    : error instanceof SqliteFailure && error.path.startsWith(directory) ?
    new SqliteFailure({
      ...error,
      path: temporaryFiles(),
      ...(/^SQLITE_(?:FULL|READONLY|CANTOPEN)/.test(error.code) ? { next: temporaryHint } : {})
    })
    : error
