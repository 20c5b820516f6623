/** Workers for a daemon that is served in this process. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { dirname } from "node:path"
import * as Sqlite from "../../src/database/sqlite.ts"
import * as Processes from "../../src/host/Processes.ts"
import { perform } from "../../src/server/perform.ts"
import type { Task } from "../../src/server/task.ts"
import { Worker } from "../../src/server/Worker.ts"
import type { WorkerFailed } from "../../src/server/WorkerFailed.ts"

export const machine = Layer.mergeAll(Sqlite.layer, Processes.layer).pipe(Layer.provideMerge(NodeContext.layer))

/** The real work, in this process and on what is given then; what it says comes at its end. */
export const hereOn = (given: () => typeof machine): Layer.Layer<Worker> =>
  Layer.succeed(Worker, {
    lines: (task) =>
      Stream.unwrap(Effect.suspend(() => {
        const lines: Array<string> = []
        const home = dirname(task.database)
        return perform(task, { kataHome: home, userHome: home }, (line) => Effect.sync(() => void lines.push(line)))
          .pipe(
            Effect.as(Stream.fromIterable(lines)),
            Effect.orDie,
            Effect.provide(given())
          )
      }))
  })

export const here = hereOn(() => machine)

/** Says what the test says. */
export const saying = (lines: (task: Task) => Stream.Stream<string, WorkerFailed>): Layer.Layer<Worker> =>
  Layer.succeed(Worker, { lines })
