/** What the API answers when it does not do what it is asked: the envelope of every refusal, of the ledger's and of those on the way to it. */
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"
import { classes, type Code, refusals } from "../ledger/Refused.ts"

const statuses = { validation: 400, not_found: 404, conflict: 409, confirm: 412, internal: 429 } as const

/** The HTTP status of a code of the ledger. Of its own accord it only says "internal" to who is too fast. */
export const statusOf = (code: Code): number => statuses[refusals[code].kind]

/** What ends a request before a handler has it, or a stream before it begins; and a failure of ours. */
export const before = {
  OriginForbidden: [403, "origin_forbidden"],
  HostForbidden: [403, "host_forbidden"],
  AuthRequired: [401, "auth_required"],
  AuthInvalid: [403, "auth_invalid"],
  UnsupportedMediaType: [415, "unsupported_media_type"],
  BodyTooSlow: [408, "error"],
  BodyTooLarge: [413, "error"],
  BodyTypeUnknown: [415, "error"],
  NotAcceptable: [406, "not_acceptable"],
  CursorConflict: [400, "cursor_conflict"],
  MethodNotAllowed: [405, "method_not_allowed"],
  InternalError: [500, "internal"],
  NoRoom: [507, "no_room"],
  /** What has not the shape of the definition is refused as the ledger refuses what it cannot use. */
  InvalidRequest: [400, "validation"]
} as const satisfies Record<string, readonly [status: number, code: string]>

export type Before = keyof typeof before

/** Every request meets these. */
export const always = [
  "OriginForbidden",
  "HostForbidden",
  "AuthRequired",
  "AuthInvalid",
  "InternalError"
] as const satisfies ReadonlyArray<Before>

/** Every request with a body meets these too. */
export const withBody = [
  "UnsupportedMediaType",
  "BodyTooSlow",
  "BodyTooLarge",
  "BodyTypeUnknown"
] as const satisfies ReadonlyArray<Before>

/** A refusal as it goes over the wire. */
export interface Envelope<C extends string = string> {
  readonly status: number
  readonly error: { readonly code: C; readonly message: string; readonly hint?: string; readonly data?: unknown }
}

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })

const envelope = (name: string, status: number, code: string, data: Schema.Struct.Fields = {}) =>
  Schema.Struct({
    status: Schema.Literal(status),
    error: Schema.Struct({
      code: Schema.Literal(code),
      message: Schema.String,
      hint: optional(Schema.String),
      ...data
    })
  }).annotations({ ...HttpApiSchema.annotations({ status }), identifier: name }).ast

/** The kind of what is wrong with the database, where it is that. */
const ofDatabase = { data: optional(Schema.Struct({ kind: Schema.String })) }

const ofName = (name: Before) => {
  const [status, code] = before[name]
  return envelope(name, status, code, name === "InternalError" ? ofDatabase : {})
}

const ofCode = (code: Code) => {
  const refusal: { readonly kind: string; readonly data?: Schema.Schema.Any } = refusals[code]
  return envelope(
    classes[code].identifier,
    statusOf(code),
    code,
    refusal.data === undefined ? {} : { data: refusal.data }
  )
}

/** What an endpoint refuses with: codes of the ledger, and what a request meets on its way. */
export const refusalsOf = <C extends Code>(
  codes: ReadonlyArray<C>,
  names: ReadonlyArray<Before>
): Schema.Schema<Envelope<C>> => Schema.make(AST.Union.make([...codes.map(ofCode), ...names.map(ofName)]))
