/**
 * When a database is not what this process made of it any more, nothing more is done with it: no change is accepted into a file that is
 * damaged, and none of what is in its log is written over a file that another process has put there.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Handle from "../database/Handle.ts"
import { damageIn, isDamage } from "../database/integrity.ts"
import { moveSides, remove } from "../database/previous.ts"
import { stamp } from "../files/fileIdentity.ts"
import { StorageFailure } from "./StorageFailure.ts"

const hint = "kata daemon stop, then look at it: kata doctor; kata export --salvage takes out what can be read"

const stopped = (path: string, detail: string, code: string) =>
  new StorageFailure({
    storage: path,
    kind: "damaged",
    operation: "use the database",
    code,
    detail: `${detail}; the daemon does nothing more with it, and accepts no change`,
    hint
  })

/** Keeps SQLite from folding in the log when the last connection but this one closes: it is one that is not closed. */
const anchored = (path: string, scope: Scope.Scope) =>
  Handle.open(path, "read").pipe(
    Effect.tap((handle) => handle.get("look at the database", "SELECT count(*) FROM sqlite_schema")),
    Scope.extend(scope)
  )

/**
 * Watches the database at a real path, which is open, until the scope closes.
 *
 * `version` is what SQLite counts up for commits of other connections: what changed the file since without one was no database program.
 * `told` hears of the damage, once.
 */
export const failStop = Effect.fn("Store.failStop")(function*(
  path: string,
  version: Effect.Effect<string, StorageFailure>,
  told: (failure: StorageFailure) => Effect.Effect<void>
) {
  let failure: StorageFailure | undefined
  let isOverwritten = false
  let known = { stamp: yield* stamp(path), version: yield* version }
  const context = yield* Effect.context<Effect.Effect.Context<ReturnType<typeof stamp>>>()
  const now = Effect.provide(Effect.orElseSucceed(stamp(path), () => known.stamp), context)
  const scope = yield* Scope.make()
  yield* anchored(path, scope)
  const stop = (found: StorageFailure) =>
    Effect.suspend(() => {
      if (failure !== undefined) return Effect.void
      failure = found
      return told(found)
    })
  const failed = Effect.suspend(() => failure ?? Effect.void)
  /** Inside of a transaction; fails when the file was written to by no database program. */
  const look = Effect.gen(function*() {
    const found = yield* now
    if (found === known.stamp) return
    const seen = yield* version
    if (seen !== known.version) {
      known = { stamp: found, version: seen }
      return
    }
    isOverwritten = true
    yield* stop(stopped(path, "the file was written to by a program that knows nothing of databases", "SQLITE_CORRUPT"))
    return yield* failed
  })
  return {
    /** Fails when there was damage. */
    failed,
    look,
    /** After a commit, in which SQLite may have folded the log in. */
    committed: Effect.map(now, (found) => void (known = { ...known, stamp: found })),
    /** What a statement fails with is the end when it says that the file is damaged. */
    met: <A, E, R>(statement: Effect.Effect<A, E | StorageFailure, R>) =>
      Effect.tapError(statement, (error) =>
        error instanceof StorageFailure && isDamage(error.code)
          ? stop(stopped(path, error.detail, error.code))
          : Effect.void),
    /** Before the connection is closed: where all is well, closing it folds the log in. */
    release: Effect.suspend(() => failure === undefined ? Scope.close(scope, Exit.void) : Effect.void),
    /**
     * After the connection is closed: the log of the file that was there must never meet another one. Where what is there now is damaged with
     * the log, the log is moved to a backup, and the file stands as it was put there.
     */
    setAside: Effect.suspend(() => {
      if (!isOverwritten) return Effect.void
      return damageIn(path).pipe(
        Effect.flatMap((damage) =>
          damage === undefined ? Effect.void : Effect.zipRight(moveSides(path), remove(`${path}-shm`))
        ),
        Effect.catchAll(({ message }) => Effect.logWarning(`the log of ${path} stays where it is: ${message}`)),
        Effect.provide(context)
      )
    })
  }
})
