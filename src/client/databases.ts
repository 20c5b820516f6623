/** Operations on the whole database of a daemon, wherever it is: a snapshot is sent, and its answer is followed to the last line. */
import * as Chunk from "effect/Chunk"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { Request } from "../api/calls.ts"
import { FailedLine, isLast, ProgressLine, snapshotTypes } from "../api/lines.ts"
import { DiffReport } from "../merge/DiffReport.ts"
import { MergeConflicts, MergeReport } from "../merge/MergeReport.ts"
import { advance, phase } from "../Progress.ts"
import { late, lineOf, refusal } from "./Client.ts"
import { AnswerUnreadable, ApiFailure, DaemonUnreachable } from "./ClientError.ts"
import type { Connection } from "./DaemonClient.ts"

/** A snapshot that is sent. */
export interface Sent<E, R = never> {
  /** What reports and errors call it. */
  readonly name: string
  readonly bytes: Stream.Stream<Uint8Array, E, R>
  /** Of them, where that is known. */
  readonly size?: number | undefined
}

/** The daemon says something at least every ten seconds. */
const patience = Duration.minutes(1)

/** The daemon took the snapshot, and its answer is that it is not done. */
export class OperationFailed extends Schema.TaggedError<OperationFailed>()("OperationFailed", {
  address: Schema.String,
  kind: FailedLine.fields.error.fields.kind,
  /** The name of the daemon's error, such as `snapshot_damaged`. */
  was: Schema.String,
  reason: Schema.String,
  advice: Schema.optional(Schema.String),
  /** What that error knows. */
  data: Schema.optional(Schema.Unknown)
}) {
  override get message() {
    return this.reason
  }
  get hint() {
    return this.advice
  }
}

const conflictsIn = Schema.decodeUnknownOption(MergeConflicts)

const failure = (address: string, { error: { code, data, hint, kind, message } }: FailedLine) =>
  Option.getOrElse(
    Option.filter(conflictsIn(data), () => code === "merge_conflicts"),
    () => new OperationFailed({ address, kind, was: code, reason: message, advice: hint, data })
  )

/** What a server answers that does not know the operation. */
const unknown = (status: number, text: string): ApiFailure => {
  const refused = refusal(status, text)
  return refused.code === "" && (status === 404 || status === 405)
    ? new ApiFailure({
      ...refused,
      reason: "the server does not know this operation",
      advice: "it is older than this kata, or another program: run the command on its machine"
    })
    : refused
}

const decodeProgress = Schema.decodeUnknownOption(Schema.parseJson(ProgressLine))

/** The lines of an answer up to the last one, which is given back; progress becomes progress here. */
const followed = <E>({ address }: Connection, method: string, bytes: Stream.Stream<Uint8Array, E>) =>
  Effect.scoped(Effect.gen(function*() {
    const pull = yield* bytes.pipe(Stream.decodeText(), Stream.splitLines, Stream.rechunk(1), Stream.toPull)
    let known = { phase: "", rows: 0, bytes: 0 }
    let isLate = false
    for (;;) {
      // Interruptible within, so that the time is kept where nothing else can be interrupted.
      const next = Effect.interruptible(pull).pipe(
        Effect.mapError(
          Option.getOrElse(() =>
            new DaemonUnreachable({ address, what: "its answer has no last line", next: "", mayBeDone: true })
          )
        ),
        Effect.timeoutFail({ duration: patience, onTimeout: () => late(address, method, patience) })
      )
      // What is being committed is waited for, so that what is said of it is true.
      const chunk: Chunk.Chunk<string> = yield* isLate ? next : Effect.interruptible(next)
      const line = Option.getOrElse(Chunk.head(chunk), () => "")
      if (isLast(line)) return line
      const told = Option.getOrUndefined(decodeProgress(line))?.progress
      if (told === undefined) continue
      if (told.phase !== known.phase) {
        known = { phase: told.phase, rows: 0, bytes: 0 }
        isLate = told.phase.startsWith("merging")
        yield* phase(told.phase, {
          ...(told.of_rows === undefined ? {} : { rows: told.of_rows }),
          ...(told.of_bytes === undefined ? {} : { bytes: told.of_bytes })
        })
      }
      yield* advance(told.rows - known.rows, told.bytes - known.bytes)
      known = told
    }
  }))

const operation = <Name extends "databaseMerge" | "databaseDiff", A, I>(name: Name, report: Schema.Schema<A, I>) => {
  const decode = Schema.decode(Schema.parseJson(Schema.Union(Schema.Struct({ report }), FailedLine)))
  return <E, R>(connection: Connection, { bytes, name: called, size }: Sent<E, R>, query: Request<Name>["query"]) =>
    Effect.scoped(Effect.gen(function*() {
      const { address } = connection
      const { method, path } = lineOf(name, { query: { ...query, name: called } } as Request<Name>)
      yield* phase("sending", size === undefined ? undefined : { bytes: size })
      const sent = bytes.pipe(
        Stream.tap(({ length }) => advance(0, length)),
        Stream.provideContext(yield* Effect.context<R>())
      )
      const reply = yield* Effect.interruptible(
        connection.upload({ method, path, type: snapshotTypes[3] }, sent)
      )
      if (reply.status !== 200) return yield* unknown(reply.status, yield* reply.text)
      const line = yield* followed(connection, method, reply.bytes)
      const last = yield* Effect.mapError(
        decode(line),
        ({ message }) =>
          new AnswerUnreadable({
            address,
            request: `${method} ${path}`,
            detail: message.replace(/\s+/g, " ").slice(0, 300)
          })
      )
      return "error" in last ? yield* failure(address, last) : last.report
    }))
}

/** Brings a snapshot into the database of a daemon: all or nothing. Until it commits, who is interrupted leaves everything as it was. */
export const merge = operation("databaseMerge", MergeReport)

/** What the database of a daemon says differently than a snapshot. */
export const diff = operation("databaseDiff", DiffReport)
