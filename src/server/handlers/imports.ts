/** Issues out of other trackers. What comes as lines is kept beside the database, and a process brings it in, where this daemon has one. */
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { imports } from "../../api/imports.ts"
import { FailedLine, failedLine, isLast } from "../../api/lines.ts"
import { before } from "../../api/refusals.ts"
import { Brought } from "../../ledger/imports/importBrought.ts"
import { importRows } from "../../ledger/imports/importRows.ts"
import { importBatch } from "../../ledger/imports/imports.ts"
import { classes } from "../../ledger/Refused.ts"
import { StorageFailure } from "../../store/StorageFailure.ts"
import { Store } from "../../store/Store.ts"
import { Daemon } from "../Daemon.ts"
import { linesIn } from "../importLines.ts"
import { envelope, json } from "../responses.ts"
import type { Handlers } from "../Router.ts"
import type { Task } from "../task.ts"
import { received } from "../upload.ts"
import { Worker } from "../Worker.ts"
import { WorkerFailed } from "../WorkerFailed.ts"
import type { Turns } from "./databases.ts"
import type { Machine } from "./projects.ts"

const decodeLast = Schema.decode(Schema.parseJson(Schema.Union(Schema.Struct({ report: Brought }), FailedLine)))

/** What the ledger may have said there, as it says it here. */
const decodeRefused = Schema.decodeUnknownOption(
  Schema.Union(
    classes.validation,
    classes.project_not_found,
    classes.issue_not_found,
    classes.import_conflict,
    StorageFailure
  )
)

/** The answer to everything else that can go wrong beside the daemon. */
const broken = ({ error: { hint, kind, message } }: FailedLine) => {
  const [status, code] = before.InternalError
  return json(status, `${envelope(status, { code, message, hint, data: { kind } })}\n`)
}

/** The last line of the work, which begins in its turn. */
const lastLine = (task: Task, turn: Effect.Semaphore) =>
  Effect.flatMap(Worker, (worker) =>
    worker.lines(task).pipe(
      Stream.filter(isLast),
      Stream.runHead,
      Effect.flatMap(Option.match({
        onNone: () => new WorkerFailed({ operation: task.operation, reason: "ended", detail: "ended without a word" }),
        onSome: Effect.succeed
      }))
    )).pipe(turn.withPermits(1))

/** Beside the daemon; what cannot be started there fails. */
const beside = (task: Task, turn: Effect.Semaphore) =>
  Effect.gen(function*() {
    const { look } = yield* Store
    // What answers a request is not interruptible by itself: a client that goes away ends the work.
    const line = yield* Effect.interruptible(lastLine(task, turn))
    const last = yield* decodeLast(line).pipe(
      Effect.orElseFail(() =>
        new WorkerFailed({ operation: task.operation, reason: "ended", detail: "said something else than an answer" })
      )
    )
    if ("error" in last) {
      const refused = decodeRefused(last.error.data)
      return Option.isSome(refused) ? yield* refused.value : broken(last)
    }
    // those who follow the events hear of them before the client can ask
    yield* look
    return last.report
  })

/** By the connection of the daemon itself. It leaves no entry: a daemon that starts no programs is part of another one. */
const inPlace = (project: bigint, file: string) =>
  Effect.flatMap(linesIn(file), ({ head, lines }) => importRows(project, head, lines))

type Services = Store | Daemon | Machine | FileSystem.FileSystem | Path.Path | Scope.Scope

export const importsHandlers = (turns: Turns): Handlers<typeof imports, Services> => ({
  imports: ({ path, payload: { actor, items, source } }) =>
    importBatch({ projectId: path.project_id, actor, source, items: items ?? [] }),
  importRows: ({ path: { project_id: project }, request }) =>
    Effect.gen(function*() {
      const { databasePath } = yield* Daemon
      const { path: file } = yield* received(request, databasePath)
      const task: Task = {
        operation: "import",
        database: databasePath,
        file,
        name: "the import",
        project: String(project)
      }
      const done = yield* Effect.either(beside(task, turns.import))
      if (Either.isRight(done)) return done.right
      const failed = done.left
      if (failed._tag !== "WorkerFailed") return yield* failed
      return failed.reason === "missing" ? yield* inPlace(project, file) : broken(failedLine(failed))
    }).pipe(Effect.catchTag("Refusal", ({ response }) => Effect.succeed(response)))
})
