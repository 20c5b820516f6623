/**
 * How a snapshot says what it is, and that it is whole (D2). The first line has a member `snapshot`, the last one a member `seal`:
 * the number of lines, and SHA-256 over every byte before the comma that begins the seal. Go kata ignores both.
 */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { exportVersion, Meta } from "../records/kinds.ts"
import { write } from "../records/line.ts"

/** Of what a snapshot is one: a whole database, or some projects of it, by uid. */
export const Scope = Schema.Union(
  Schema.Literal("database"),
  Schema.Struct({ projects: Schema.Array(Schema.String) })
)
export type Scope = typeof Scope.Type

/** The member of the first line. */
export const Header = Schema.Struct({
  sealed: Schema.Literal(true),
  scope: Scope,
  /** Only what was not deleted. */
  live_only: Schema.optional(Schema.Literal(true))
})
export type Header = typeof Header.Type

const decode = Schema.decodeUnknownEither(Schema.parseJson(Header), { onExcessProperty: "error" })

/** The header in the raw JSON of the member; none when it says something else. */
export const header = (raw: string): Header | undefined => Either.getOrUndefined(decode(raw))

const firstRecord = write(Meta, { key: "export_version", value: String(exportVersion) })

/** The first line of a file, with its line end. `undefined`: without a header, as Go kata writes it. */
export const firstLine = (of: Header | undefined): string =>
  of === undefined ? `${firstRecord}\n` : `${firstRecord.slice(0, -1)},"snapshot":${
    JSON.stringify({ sealed: of.sealed, scope: of.scope, ...(of.live_only === true ? { live_only: true } : {}) })
  }}\n`

/** What follows the last record's data: the comma, the seal, the line end. */
export const sealText = (records: number, sha256: string): string => `,"seal":{"records":${records},"sha256":"${sha256}"}}\n`

/** Longer than any seal. */
export const sealBytes = 160

const pattern = /,"seal":\{"records":(\d{1,15}),"sha256":"([0-9a-f]{64})"\}\}\n$/

/** The seal at the end of the last bytes of a file; in valid JSON no string can look like it. `length` is that of its text. */
export const parseSeal = (tail: string): { readonly records: number; readonly sha256: string; readonly length: number } | undefined => {
  const match = pattern.exec(tail)
  return match === null ? undefined : { records: Number(match[1]), sha256: match[2]!, length: match[0].length }
}
