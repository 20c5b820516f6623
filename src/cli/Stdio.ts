/** The two streams a command line writes to. `bin.ts` makes them from the process, tests capture them. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { FailureKind } from "../Failure.ts"
import { reasonOf } from "../files/FileError.ts"

/** A result or a message could not be written. A reader that went away (`EPIPE`) is no error for the user. */
export class WriteFailed extends Schema.TaggedError<WriteFailed>()("WriteFailed", {
  stream: Schema.Literal("stdout", "stderr"),
  code: Schema.String
}) {
  readonly kind = "io" satisfies FailureKind
  override get message() {
    const reason = reasonOf(this.code)
    return `cannot write to ${this.stream}: ${reason === undefined ? this.code : `${reason} (${this.code})`}`
  }
}

export interface Writer {
  /** Done when the operating system has all of it. */
  readonly write: (data: string | Uint8Array) => Effect.Effect<void, WriteFailed>
  readonly isTTY: boolean
  /** Asked each time, because a terminal may be resized; 0 where it does not say. */
  readonly columns: () => number
}

export class Stdio extends Context.Tag("kata/Stdio")<Stdio, {
  readonly stdout: Writer
  readonly stderr: Writer
}>() {}

/** As much of a Node stream as is needed here. */
export interface NodeWritable {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly write: (data: string | Uint8Array, done: (error?: Error | null) => void) => unknown
  readonly on: (event: "error", listener: (error: Error) => void) => unknown
}

const codeOf = (error: Error) => {
  const code = "code" in error && typeof error.code === "string" ? error.code : error.message
  // What Node says of a stream that it closed after an earlier EPIPE.
  return code === "ERR_STREAM_DESTROYED" ? "EPIPE" : code
}

const fromNode = (stream: "stdout" | "stderr", node: NodeWritable): Writer => {
  // The callback of `write` reports the same error; without a listener Node would end the process first.
  node.on("error", () => {})
  return {
    write: (data) =>
      data.length === 0 ? Effect.void : Effect.async<void, WriteFailed>((resume) => {
        node.write(data, (error) =>
          resume(error == null ? Effect.void : Effect.fail(new WriteFailed({ stream, code: codeOf(error) }))))
      }),
    isTTY: node.isTTY === true,
    columns: () => node.columns ?? 0
  }
}

export const fromStreams = (streams: { readonly stdout: NodeWritable; readonly stderr: NodeWritable }) =>
  Stdio.of({ stdout: fromNode("stdout", streams.stdout), stderr: fromNode("stderr", streams.stderr) })
