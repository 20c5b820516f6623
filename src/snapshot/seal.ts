/**
 * How a snapshot says what it is, and that it is whole (D2). The first line has a member `snapshot`, the last one a member `seal`:
 * the number of lines, and SHA-256 over every byte before the comma that begins the seal. Go kata ignores both.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"
import { blocks, type LineTooLong } from "../files/lines.ts"
import type { Format } from "../records/Format.ts"
import { members } from "../records/json.ts"
import { read } from "../records/line.ts"

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

/** No key stands twice in an object or in one that is a member of it; `JSON.parse` would take the last one in silence. */
const isPlain = (raw: string): boolean => {
  const found = [...members(raw) ?? []]
  return new Set(found.map(([key]) => key)).size === found.length && found.every(([, value]) => isPlain(value))
}

/** The header in the raw JSON of the member; none when it says something else. */
export const header = (raw: string): Header | undefined =>
  Option.getOrUndefined(Option.filter(Either.getRight(decode(raw)), () => isPlain(raw)))

const firstRecord = ({ version }: Format) => `{"kind":"meta","data":{"key":"export_version","value":"${version}"}}`

/** The first line of a file, with its line end. `undefined`: without a header, as Go kata writes it. */
export const firstLine = (format: Format, of: Header | undefined): string =>
  of === undefined ?
    `${firstRecord(format)}\n` :
    `${firstRecord(format).slice(0, -1)},"snapshot":${
      JSON.stringify({ sealed: of.sealed, scope: of.scope, ...(of.live_only === true ? { live_only: true } : {}) })
    }}\n`

/** What follows the last record's data: the comma, the seal, the line end. */
export const sealText = (records: number, sha256: string): string =>
  `,"seal":{"records":${records},"sha256":"${sha256}"}}\n`

/** Longer than any seal. */
const sealBytes = 160

const pattern = /,"seal":\{"records":(\d{1,15}),"sha256":"([0-9a-f]{64})"\}\}\n$/

/** The seal at the end of a file, and what it should say. */
export interface Sealed {
  readonly records: number
  readonly sha256: string
  /** Of the bytes that it covers, as they are. */
  readonly found: string
}

/** Follows the bytes of a file, whole lines at a time, up to the seal. */
export class SealReader {
  private readonly hash = createHash("sha256")
  /** The last line so far, which may turn out to hold the seal. */
  private held: Uint8Array = new Uint8Array()

  push(lines: Uint8Array): void {
    const lastLine = lines.lastIndexOf(0x0a, lines.length - 2) + 1
    this.hash.update(this.held).update(lines.subarray(0, lastLine))
    this.held = lines.slice(lastLine)
  }

  /** At the end of the file. In valid JSON no string can look like a seal. */
  end(): Sealed | undefined {
    const match = pattern.exec(
      Buffer.from(this.held.subarray(Math.max(0, this.held.length - sealBytes))).toString("latin1")
    )
    if (match === null) return undefined
    this.hash.update(this.held.subarray(0, this.held.length - match[0].length))
    return { records: Number(match[1]), sha256: match[2]!, found: this.hash.digest("hex") }
  }
}

/** CRLF as LF; a CR that JSON allows stands nowhere else. */
export const withoutCR = (given: Uint8Array): Buffer => {
  const bytes = Buffer.from(given.buffer, given.byteOffset, given.byteLength)
  if (!bytes.includes(0x0d)) return bytes
  const out = Buffer.allocUnsafe(bytes.length)
  let length = 0
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] !== 0x0d || bytes[i + 1] !== 0x0a) out[length++] = bytes[i]!
  }
  return out.subarray(0, length)
}

/** The header of a file that begins with this text; none when it does not begin as a sealed one does. */
const headerOf = (format: Format, text: string): Header | undefined =>
  Option.getOrUndefined(Option.flatMap(
    Option.filter(Either.getRight(read(format, text.trimStart().split("\n", 1)[0]?.trim() ?? "")), ({ kind, record }) =>
      kind.table === "meta" && record["key"] === "export_version"),
    ({ snapshot }) =>
      Option.fromNullable(snapshot === undefined ? undefined : header(snapshot))
  ))

/** What the seal of a file says of it, whatever its records say; "none": the file does not say that it is sealed. */
export interface SealFound {
  readonly is: "none" | "holds" | "broken"
  /** What a seal that holds says: no other content has it. */
  readonly sha256: string | undefined
}

export const sealOf = <E, R>(
  format: Format,
  bytes: Stream.Stream<Uint8Array, E, R>
): Effect.Effect<SealFound, E | LineTooLong, R> =>
  Effect.suspend(() => {
    const reader = new SealReader()
    let lines = 0
    let found: Header | undefined
    return Effect.map(
      // not `runForEachWhile`, which keeps all that it was given (findings/effect-run-for-each-while-keeps.sh)
      Stream.runDrain(Stream.takeWhile(blocks()(bytes), (block) => {
        const text = withoutCR(block.bytes)
        found ??= headerOf(format, text.toString("utf8"))
        lines += block.count
        reader.push(text)
        return found !== undefined || !/\S/.test(text.toString("latin1"))
      })),
      (): SealFound => {
        const seal = found === undefined ? undefined : reader.end()
        const holds = seal !== undefined && seal.records === lines && seal.sha256 === seal.found
        return found === undefined
          ? { is: "none", sha256: undefined }
          : holds
          ? { is: "holds", sha256: seal.sha256 }
          : { is: "broken", sha256: undefined }
      }
    )
  })
