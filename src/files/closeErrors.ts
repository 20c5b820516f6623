/** Files that are closed. */
import { isPlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import { type FileError, fromPlatform } from "./FileError.ts"

/** What the platform throws when closing fails is an error like others: some filesystems report only then that they are full. */
export const closed = (path: string) => <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | FileError, R> =>
  // Every cause but a lone failure to close is passed on as it is.
  Effect.catchAllCause(effect, (cause): Effect.Effect<never, E | FileError> => {
    const defect = Option.filter(Cause.dieOption(cause), isPlatformError)
    return Option.isSome(defect) && !Cause.isFailure(cause) && !Cause.isInterrupted(cause)
      ? Effect.fail(fromPlatform("close", path)(defect.value))
      : Effect.failCause(cause)
  })

/** A file that is only read. That it cannot be closed loses nothing: what was read was read. */
export const openForReading = (path: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const scope = yield* Effect.acquireRelease(
      Scope.make(),
      // Ignored: see above.
      (scope, exit) => Effect.catchAllDefect(Scope.close(scope, exit), () => Effect.void)
    )
    return yield* Scope.extend(fs.open(path, { flag: "r" }), scope)
  })
