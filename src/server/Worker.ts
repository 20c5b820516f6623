/**
 * Work on the whole database, done beside the daemon: its thread goes on answering. A port, with a layer that starts a process of this
 * program; what that takes is loaded when there is work. Without the layer a daemon refuses such work, but for imports, which it does itself.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { Program } from "../presence/Program.ts"
import type { Task } from "./task.ts"
import { WorkerFailed } from "./WorkerFailed.ts"

export class Worker extends Context.Reference<Worker>()("kata/server/Worker", {
  defaultValue: () => ({
    /**
     * Does it, and gives the lines of the answer (`api/lines.ts`) as they come; the last one says what came of it. When they are no longer
     * read, the work is ended: what is not committed by then is not done.
     */
    lines: ({ operation }: Task): Stream.Stream<string, WorkerFailed> =>
      Stream.fail(new WorkerFailed({ operation, reason: "missing", detail: "cannot be started by this daemon" }))
  })
}) {}

/** In a process of its own, started with the words of `Program` and `daemon work`, and with these variables. */
export const layer = (variables: Readonly<Record<string, string | undefined>>) =>
  Layer.effect(
    Worker,
    Effect.map(Program, (program) => ({
      lines: (task: Task) =>
        Stream.unwrap(Effect.map(
          Effect.promise(() => import("./workerProcess.ts")),
          ({ lines }) => lines({ program, variables }, task)
        ))
    }))
  )
