/** A `Database` on which chosen calls fail, to be put in the place of the real one. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Database, type Stage, type View } from "../database/Database.ts"
import type { Session } from "../database/Session.ts"
import { SqliteFailure } from "../database/SqliteFailure.ts"

/** Work on the session of a view or of a stage, or a method of the port or of what it opened. */
export type DatabaseOperation =
  | "attempt"
  | "view"
  | "salvage"
  | "stage"
  | "swap"
  | "count"
  | "build"
  | "seal"

export interface DatabaseCall {
  readonly operation: DatabaseOperation
  readonly path: string
  /** Of an attempt: what it completes the sentence "cannot …" with. */
  readonly what: string
}

export interface DatabaseFault {
  readonly operation: DatabaseOperation
  /** Which call of the operation, from 1. */
  readonly call: number
  /** What SQLite answers, such as SQLITE_FULL. */
  readonly code: string
  /** Does its work before it fails, as what fails at its end does. */
  readonly late?: boolean
  /** All later calls too, as on a full disk. */
  readonly onwards?: boolean
}

/** The database of the layer below, but for the faults of the plan; `observe` sees each call before it happens. */
export const layerFaultyDatabase = (
  plan: ReadonlyArray<DatabaseFault>,
  observe: (call: DatabaseCall) => void = () => {}
): Layer.Layer<Database, never, Database> =>
  Layer.effect(
    Database,
    Effect.map(Database, (real) => {
      const counts = plan.map(() => 0)

      const decorated = <A, E, R>(
        operation: DatabaseOperation,
        path: string,
        effect: Effect.Effect<A, E, R>,
        what: string = operation
      ): Effect.Effect<A, E | SqliteFailure, R> =>
        Effect.suspend(() => {
          observe({ operation, path, what })
          const fault = plan.filter((fault, index) => {
            if (fault.operation !== operation) return false
            const count = (counts[index] ?? 0) + 1
            counts[index] = count
            return count === fault.call || (fault.onwards === true && count > fault.call)
          })[0]
          if (fault === undefined) return effect
          const failure = new SqliteFailure({ path, operation: what, code: fault.code, detail: "injected" })
          return fault.late === true ? Effect.zipRight(effect, failure) : failure
        })

      const session = (db: Session): Session => ({
        path: db.path,
        attempt: (what, work) => decorated("attempt", db.path, db.attempt(what, work), what),
        exec: (what, sql) => decorated("attempt", db.path, db.exec(what, sql), what),
        all: (what, sql, ...params) => decorated("attempt", db.path, db.all(what, sql, ...params), what),
        get: (what, sql, ...params) => decorated("attempt", db.path, db.get(what, sql, ...params), what)
      })

      const ofView = <V extends View>(view: V): V => ({
        ...view,
        db: session(view.db),
        count: (selection) => decorated("count", view.path, view.count(selection))
      })

      const ofStage = (stage: Stage): Stage => ({
        ...stage,
        db: session(stage.db),
        build: decorated("build", stage.path, stage.build),
        seal: decorated("seal", stage.path, stage.seal)
      })

      return {
        view: (path, format, others) => Effect.map(decorated("view", path, real.view(path, format, others)), ofView),
        salvage: (path, format, others) =>
          Effect.map(decorated("salvage", path, real.salvage(path, format, others)), ofView),
        stage: (target, format) => Effect.map(decorated("stage", target, real.stage(target, format)), ofStage),
        cleanUp: real.cleanUp,
        contentStamp: real.contentStamp,
        change: (path, plan, work) => real.change(path, plan, (db) => work(session(db))),
        together: (a, b) => Effect.map(real.together(a, b), (both) => ({ ...session(both), uri: both.uri })),
        alone: () => Effect.map(real.alone(), (alone) => ({ ...session(alone), uri: alone.uri })),
        swap: (stage, target, force, unchanged, recorded) =>
          decorated("swap", target, real.swap(stage, target, force, unchanged, recorded))
      }
    })
  )
