/** Streams that keep what is written, and fail when told to. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Stdio, WriteFailed } from "../cli/Stdio.ts"
import type { Writer } from "../cli/Stdio.ts"

export interface CapturedStream {
  readonly text: () => string
  readonly writes: ReadonlyArray<string>
}

export interface Captured {
  readonly stdout: CapturedStream
  readonly stderr: CapturedStream
  readonly layer: Layer.Layer<Stdio>
}

export interface StreamOptions {
  readonly isTTY?: boolean
  readonly columns?: number
  /** Every write fails with this errno, as with `EPIPE` when the reader went away. */
  readonly fails?: string
}

const capture = (stream: "stdout" | "stderr", options: StreamOptions): CapturedStream & { readonly writer: Writer } => {
  const writes: Array<string> = []
  const decoder = new TextDecoder()
  return {
    writes,
    text: () => writes.join(""),
    writer: {
      write: (data) =>
        Effect.suspend(() => {
          if (options.fails !== undefined) return new WriteFailed({ stream, code: options.fails })
          writes.push(typeof data === "string" ? data : decoder.decode(data, { stream: true }))
          return Effect.void
        }),
      isTTY: options.isTTY ?? false,
      columns: () => options.columns ?? 80
    }
  }
}

export const captured = (
  options: { readonly stdout?: StreamOptions; readonly stderr?: StreamOptions } = {}
): Captured => {
  const stdout = capture("stdout", options.stdout ?? {})
  const stderr = capture("stderr", options.stderr ?? {})
  return { stdout, stderr, layer: Layer.succeed(Stdio, { stdout: stdout.writer, stderr: stderr.writer }) }
}
