import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { perform } from "../../../server/perform.ts"
import { Task, taskVariable } from "../../../server/task.ts"
import { withDatabase } from "../../databaseOption.ts"
import { Environment } from "../../Environment.ts"
import * as Output from "../../Output.ts"
import { Stdio } from "../../Stdio.ts"
import { UsageError } from "../../UsageError.ts"

/** The daemon holds stdin open for as long as it wants the work: without it this fiber is interrupted, as by a signal. */
const unlessAlone = Effect.gen(function*() {
  const { stdin } = yield* Environment
  const scope = yield* Effect.scope
  yield* Effect.withFiberRuntime<Fiber.RuntimeFiber<void>>((self) =>
    Stream.runDrain(stdin).pipe(
      Effect.ignore,
      Effect.zipRight(Fiber.interruptFork(self)),
      Effect.interruptible,
      Effect.forkIn(scope)
    )
  )
})

export const work = Output.action(
  "work",
  {},
  () =>
    Effect.gen(function*() {
      const { variables: { [taskVariable]: text = "" } } = yield* Environment
      const task = yield* Effect.mapError(
        Schema.decode(Schema.parseJson(Task))(text),
        () =>
          new UsageError({ reason: `daemon work is what a daemon runs: it says in ${taskVariable} what is to be done` })
      )
      const { stdout } = yield* Stdio
      yield* unlessAlone
      yield* withDatabase(({ homes }) => perform(task, homes, (line) => stdout.write(`${line}\n`)))
    }).pipe(Effect.scoped),
  {
    commits: true,
    description:
      "Do one operation on the database beside its daemon, and tell how far it is and what came of it in lines of JSON: what a daemon runs for " +
      "POST /api/v1/merge, /api/v1/diff and /api/v1/projects/{project_id}/imports/rows, so that it goes on answering. It ends without a change when " +
      "the daemon does."
  }
)
