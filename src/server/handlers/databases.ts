/** Operations on the whole database: the snapshot is kept beside it, a process does the work, and what it says is passed on. */
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import type * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { databases } from "../../api/databases.ts"
import { failedLine, isLast, lineOf, lineType } from "../../api/lines.ts"
import { actorOf } from "../../ledger/lookup.ts"
import { refuse } from "../../ledger/Refused.ts"
import { type Decision, decisionOf } from "../../merge/decisions.ts"
import { mostChanges } from "../../merge/DiffReport.ts"
import { Store } from "../../store/Store.ts"
import { Daemon } from "../Daemon.ts"
import type { Handlers } from "../Router.ts"
import type { DiffTask, MergeTask, Task } from "../task.ts"
import { received } from "../upload.ts"
import { Worker } from "../Worker.ts"
import { WorkerFailed } from "../WorkerFailed.ts"

/** How often the last progress is said again, so that a client knows that somebody is there. */
const heartbeat = "10 seconds"

const progress = (phase: string, bytes = 0) => lineOf({ progress: { phase, rows: 0, bytes } })

/** The lines of the work, which begins in its turn; the last progress again and again between them, and always a last line. */
const answered = (worker: Worker["Type"], task: Task, turn: Effect.Semaphore, news: Effect.Effect<void>) => {
  const { operation } = task
  let said = progress(
    operation === "merge" ? "waiting for another merge or import" : `waiting for another ${operation}`
  )
  let isDone = false
  const mute = Stream.suspend(() =>
    isDone
      ? Stream.empty
      : Stream.fail(new WorkerFailed({ operation, reason: "ended", detail: "ended without a word" }))
  )
  const begun = Effect.acquireRelease(Effect.interruptible(turn.take(1)), () => turn.release(1))
  const lines = Stream.unwrapScoped(Effect.as(begun, Stream.concat(worker.lines(task), mute))).pipe(
    Stream.catchAll((failed) => isDone ? Stream.empty : Stream.succeed(lineOf(failedLine(failed)))),
    Stream.mapEffect((line) => {
      isDone = isLast(line)
      if (!isDone) return Effect.sync(() => (said = line))
      // those who follow the events hear of them before the client can ask
      return Effect.as(news, line)
    })
  )
  const beats = Stream.drop(Stream.tick(heartbeat), 1).pipe(Stream.takeWhile(() => !isDone), Stream.map(() => said))
  return Stream.merge(lines, beats, { haltStrategy: "left" })
}

/** So many of an operation are done at a time; of those that write one waits for the other, whichever they are. */
export type Turns = { readonly [operation in Task["operation"]]: Effect.Semaphore }

export const turns: Effect.Effect<Turns> = Effect.map(
  Effect.all([Effect.makeSemaphore(1), Effect.makeSemaphore(1)]),
  ([writing, reading]) => ({ merge: writing, import: writing, diff: reading })
)

type Services = Store | Daemon | FileSystem.FileSystem | Path.Path | Scope.Scope

type Asked<T> = T extends MergeTask | DiffTask ? Omit<T, "database" | "file" | "name"> : never

export const databasesHandlers = (turns: Turns): Handlers<typeof databases, Services> => {
  const work = (request: HttpServerRequest.HttpServerRequest, name: string | undefined, asked: Asked<Task>) =>
    Effect.gen(function*() {
      const { databasePath } = yield* Daemon
      const { look } = yield* Store
      const worker = yield* Worker
      const { path, size } = yield* received(request, databasePath)
      const task: Task = { ...asked, database: databasePath, file: path, name: name ?? "the snapshot" }
      const news = asked.operation === "merge" ? look : Effect.void
      const lines = Stream.concat(
        Stream.succeed(progress("received", size)),
        answered(worker, task, turns[asked.operation], news)
      )
      return HttpServerResponse.stream(lines.pipe(Stream.map((line) => `${line}\n`), Stream.encodeText), {
        contentType: lineType,
        headers: { "cache-control": "no-store" }
      })
    }).pipe(Effect.catchTag("Refusal", ({ response }) => Effect.succeed(response)))
  return {
    databaseMerge: ({ request, urlParams }) =>
      Effect.gen(function*() {
        const { actor, apply_purges, decision = [], dry_run, issue = [], name, prefer, project = [], restore_purged } =
          urlParams
        yield* actorOf(actor)
        if (restore_purged === true && issue.length === 0) {
          return yield* refuse("validation", "restore_purged needs issue: which issues are to come back")
        }
        const decisions: Array<Decision> = []
        for (const word of decision) {
          const read = decisionOf(word)
          if (read === undefined) {
            return yield* refuse(
              "validation",
              `decision must be ISSUE=target or ISSUE=source, got ${JSON.stringify(word)}`
            )
          }
          decisions.push(read)
        }
        return yield* work(request, name, {
          operation: "merge",
          actor,
          ...(prefer === undefined ? {} : { prefer }),
          decisions,
          projects: project,
          issues: issue,
          apply_purges: apply_purges ?? false,
          restore_purged: restore_purged ?? false,
          dry_run: dry_run ?? false
        })
      }),
    databaseDiff: ({ request, urlParams: { issue, limit, name, project } }) =>
      Effect.gen(function*() {
        if (limit !== undefined && (limit < 0n || limit > BigInt(mostChanges))) {
          return yield* refuse("validation", `limit must be from 0 to ${mostChanges}`)
        }
        return yield* work(request, name, {
          operation: "diff",
          ...(project === undefined ? {} : { project }),
          ...(issue === undefined ? {} : { issue }),
          ...(limit === undefined ? {} : { limit: Number(limit) })
        })
      })
  }
}
