/**
 * What operations on the whole database take and answer: a snapshot as it is, and lines that tell how far it is and what came of it, one JSON
 * object each.
 */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { exitCodes, type Failure, type FailureKind } from "../Failure.ts"
import { write } from "../records/json.ts"
import { maybe } from "./optional.ts"

/** The content type of such an answer. */
export const lineType = "application/x-ndjson"

/** What a snapshot as a body says that it is: types that a form of a browser cannot send without being asked first. */
export const snapshotTypes = [lineType, "application/jsonl", "application/gzip", "application/octet-stream"] as const

export const ProgressLine = Schema.Struct({
  progress: Schema.Struct({
    /** What is being done, as words. */
    phase: Schema.String,
    /** So much of it is done: records, and bytes of the snapshot. */
    rows: Schema.Int,
    bytes: Schema.Int,
    /** Of so many, where that is known. */
    of_rows: maybe(Schema.Int),
    of_bytes: maybe(Schema.Int)
  })
}).annotations({ identifier: "ProgressLine", description: "how far it is; also sent when nothing new is known" })
export type ProgressLine = typeof ProgressLine.Type

const kinds = Object.keys(exitCodes) as [FailureKind, ...Array<FailureKind>]

export const FailedLine = Schema.Struct({
  error: Schema.Struct({
    kind: Schema.Literal(...kinds),
    /** The name of the error, such as `merge_conflicts`. */
    code: Schema.String,
    message: Schema.String,
    hint: maybe(Schema.String),
    /** Of the command that does the same. */
    exit_code: Schema.Int,
    /** What the error knows, such as the conflicts. */
    data: maybe(Schema.Object.annotations({ jsonSchema: { type: "object", additionalProperties: true } }))
  })
}).annotations({ identifier: "FailedLine", description: "the last line: it is not done, and why" })
export type FailedLine = typeof FailedLine.Type

const codeOf = (tag: string) => tag.replace(/(?<=[a-z0-9])[A-Z]/g, "_$&").toLowerCase()

const isEncodable = (of: unknown): of is Schema.Schema<unknown> => Schema.isSchema(of)

/** What a class of errors says of itself as data. */
const dataOf = (failure: object): object | undefined =>
  isEncodable(failure.constructor)
    ? Option.getOrUndefined(
      Option.filter(
        Schema.encodeUnknownOption(failure.constructor)(failure),
        (data): data is object => typeof data === "object" && data !== null
      )
    )
    : undefined

/** A failure as the last line. */
export const failedLine = (failure: Failure): FailedLine => {
  const { _tag, hint, kind, message } = failure
  const data = dataOf(failure)
  return {
    error: {
      kind,
      code: codeOf(_tag),
      message,
      ...(hint === undefined || hint === "" ? {} : { hint }),
      exit_code: exitCodes[kind],
      ...(data === undefined ? {} : { data })
    }
  }
}

/** A line, without its end. What the last line says comes first in it. */
export const lineOf = (line: ProgressLine | FailedLine | { readonly report: unknown }): string => write(line)

/** Whether nothing comes after this line. */
export const isLast = (line: string): boolean => /^\{"(?:report|error)":/.test(line)
