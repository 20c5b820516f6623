/** The file of a lock comes and goes: what holds while it does. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import { identity } from "../files/fileIdentity.ts"
import { exists } from "../files/paths.ts"

/** "kata" in the header: SQLite keeps it there, and no other file has it. */
export const applicationId = 0x6b617461

/** Whether a file that begins with these bytes, a hundred of them, is a lock of ours. */
export const isLock = (head: Buffer): boolean =>
  head.length === 100 && head.toString("latin1", 0, 16) === "SQLite format 3\0" &&
  head.readUInt32BE(68) === applicationId

/** The file whose lock was waited for was taken away by its holder, who had made it for nothing. */
export class LockGone extends Data.TaggedError("LockGone") {}

/** Takes the lock in a scope that closes at once when the name is not, or not any more, that of the file that has it. */
export const stillNamed = <A, E, R>(path: string, take: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const before = Option.getOrUndefined(yield* identity(path))
    const own = yield* Scope.fork(yield* Effect.scope, ExecutionStrategy.sequential)
    const held = yield* Scope.extend(take, own)
    const after = Option.getOrUndefined(yield* identity(path))
    if (after !== undefined && after.dev === before?.dev && after.ino === before.ino) return held
    yield* Scope.close(own, Exit.void)
    return yield* new LockGone()
  })

/** At the end, by the holder, before it lets go: a process that waits for the file then finds it without a name. Ignored: it is litter. */
export const removedBesideNothing = (path: string, databasePath: string) =>
  Effect.addFinalizer(() =>
    Effect.ignore(
      Effect.flatMap(FileSystem.FileSystem, (fs) =>
        Effect.flatMap(
          exists(databasePath),
          (there) => there ? Effect.void : fs.remove(path, { force: true })
        ))
    )
  )
