/** A `Database` of which somebody changes what was loaded, just before it is read again; to be put in the place of the real one. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Database, type Stage } from "../../src/database/Database.ts"

/** Gives the stage as it is after `change`, which runs once: before the first view of the stage or
 * its comparison, or the first view of any database when it is not sealed. */
const altered = <E>(of: "sealed" | "loaded", change: (stage: Stage) => Effect.Effect<unknown, E>) =>
  Layer.effect(
    Database,
    Effect.map(Database, (real) => {
      const stages: Array<Stage> = []
      const due = (path: string) => {
        const at = stages.findIndex((stage) => of === "loaded" || stage.path === path)
        return at < 0 ? [] : stages.splice(at, 1)
      }
      return {
        ...real,
        stage: (target, format) =>
          Effect.tap(real.stage(target, format), (stage) => Effect.sync(() => stages.push(stage))),
        view: (path, format) =>
          Effect.zipRight(
            Effect.suspend(() => Effect.orDie(Effect.forEach(due(path), change, { discard: true }))),
            real.view(path, format)
          ),
        together: (a, b) =>
          Effect.zipRight(
            Effect.suspend(() => {
              const some = stages.filter(({ uri }) => uri === a.uri || uri === b.uri)
              return Effect.orDie(Effect.forEach(some.flatMap(({ path }) => due(path)), change, { discard: true }))
            }),
            real.together(a, b)
          )
      }
    })
  )

/** Changes the file of a sealed stage before its proof. */
export const layerAlteredFile = <E>(change: (path: string) => Effect.Effect<unknown, E>) =>
  altered("sealed", ({ path }) => change(path))

/** Changes the rows of a stage between its load and the next view. */
export const layerAlteredRows = (sql: string) => altered("loaded", ({ db }) => db.exec("alter what was loaded", sql))
