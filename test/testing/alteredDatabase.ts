/** A `Database` of which somebody changes what was loaded, just before it is read again; to be put in the place of the real one. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Database, type Stage } from "../../src/database/Database.ts"

/** Changes the file of a sealed stage, once: before it is viewed or compared. */
export const layerAlteredFile = <E>(change: (path: string) => Effect.Effect<unknown, E>) =>
  Layer.effect(
    Database,
    Effect.map(Database, (real) => {
      const stages: Array<Stage> = []
      /** A change that fails is a mistake of the test. */
      const alter = (isDue: (stage: Stage) => boolean) =>
        Effect.suspend(() => {
          const due = stages.filter(isDue)
          for (const stage of due) stages.splice(stages.indexOf(stage), 1)
          return Effect.orDie(Effect.forEach(due, ({ path }) => change(path), { discard: true }))
        })
      return {
        ...real,
        stage: (target, format) =>
          Effect.tap(real.stage(target, format), (stage) => Effect.sync(() => stages.push(stage))),
        view: (path, format) => Effect.zipRight(alter((stage) => stage.path === path), real.view(path, format)),
        together: (a, b) => Effect.zipRight(alter(({ uri }) => uri === a.uri || uri === b.uri), real.together(a, b))
      }
    })
  )
