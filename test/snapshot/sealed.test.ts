/** A sealed snapshot that was damaged in any way is never taken for a whole one. */
import { assert, describe, it } from "@effect/vitest"
import * as Channel from "effect/Channel"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Stream from "effect/Stream"
import { gzipSync } from "node:zlib"
import type { Page } from "../../src/database/pages.ts"
import type { AnyRecord, Kind } from "../../src/records/Kind.ts"
import { kinds, version10 } from "../../src/records/kinds.ts"
import { write as writeLine } from "../../src/records/line.ts"
import * as Input from "../../src/snapshot/input.ts"
import type { Header } from "../../src/snapshot/seal.ts"
import { verify } from "../../src/snapshot/verify.ts"
import { write } from "../../src/snapshot/write.ts"
import { kindAndRecord } from "../records/arbitrary.ts"
import * as kit from "./kit.ts"

const whole: Header = { sealed: true, scope: "database" }

/** Lines of records as pages, in the order of their kinds. */
const pagesOf = (records: ReadonlyArray<ReturnType<typeof one>>): Stream.Stream<Page> =>
  Stream.fromIterable(kinds).pipe(
    Stream.map((kind) => ({ kind, lines: records.filter((record) => record.kind === kind).map(({ line }) => line) })),
    Stream.filter(({ lines }) => lines.length > 0),
    Stream.map(({ kind, lines }) => ({
      kind,
      bytes: Buffer.from(lines.map((line) => `${line}\n`).join("")),
      rows: lines.length,
      sound: lines.length,
      long: []
    }))
  )

const one = ({ kind, record }: { readonly kind: Kind; readonly record: AnyRecord }) => ({
  kind,
  line: writeLine(kind, record)
})

const writtenOf = (pages: Stream.Stream<Page>, header: Header | undefined, sum = false) =>
  Effect.map(Channel.runCollect(write(version10, Stream.toChannel(pages), header, { sum })), ([chunks, [written]]) => ({
    bytes: Buffer.concat([...Chunk.flatten(chunks)]),
    written
  }))

const bytesOf = (pages: Stream.Stream<Page>, header: Header | undefined) =>
  Effect.map(writtenOf(pages, header), ({ bytes }) => bytes)

/** What a reader makes of bytes: how they end, and what is known by then. */
const readBack = (pieces: Iterable<Uint8Array>) =>
  Effect.either(
    Channel.runCollect(
      Input.records(
        { name: "the snapshot", size: 0, bytes: Stream.fromIterable(pieces) },
        { format: version10, sum: "always" }
      )
    )
  )

const cutInto = (bytes: Uint8Array, at: ReadonlyArray<number>) => {
  const places = [0, ...at.map((n) => n % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  return places.slice(1).map((to, i) => bytes.subarray(places[i], to))
}

describe("what was written", () => {
  it.effect.prop(
    "is read again: header, records, lines, digest and sum, in whatever pieces it comes",
    [
      FastCheck.array(kindAndRecord, { maxLength: 12 }),
      FastCheck.array(FastCheck.nat(), { maxLength: 5 }),
      FastCheck.constantFrom<Header | undefined>(
        whole,
        { sealed: true, scope: { projects: ["a", "b\""] } },
        { sealed: true, scope: "database", live_only: true },
        undefined
      )
    ],
    ([records, cuts, header]) =>
      Effect.gen(function*() {
        const lines = records.map(one)
        const { bytes, written } = yield* writtenOf(pagesOf(lines), header, true)
        const [batches, reading] = Either.getOrThrow(yield* readBack(cutInto(bytes, cuts)))
        const found = [...Chunk.flatten(batches)].flatMap(({ kind, records }) =>
          records.map(({ line, record }) => `${line}: ${writeLine(kind, record)}`)
        )
        const sorted = kinds.flatMap((kind) => lines.filter((line) => line.kind === kind))
        assert.deepStrictEqual(found, sorted.map(({ line }, i) => `${i + 2}: ${line}`))
        assert.deepStrictEqual(
          [reading.header, reading.sealed, reading.lines, reading.bytes, reading.sum?.hex],
          [header, header !== undefined, lines.length + 1, bytes.length, written.sum?.hex]
        )
        assert.deepStrictEqual([written.lines, written.bytes], [reading.lines, reading.bytes])
        if (header !== undefined) assert.strictEqual(written.sha256, reading.sha256)
      }),
    { fastCheck: { numRuns: 60 } }
  )

  it.effect("ends with the number of lines and the digest of what stands before", () =>
    Effect.gen(function*() {
      const text = (yield* bytesOf(Stream.empty, whole)).toString()
      assert.strictEqual(
        text,
        `{"kind":"meta","data":{"key":"export_version","value":"10"},"snapshot":{"sealed":true,"scope":"database"}` +
          `,"seal":{"records":1,"sha256":"f59a564fed9960a18bbf26e932289d9ec8f2f91e626c6a5a84fe112514e92aa9"}}\n`
      )
    }))
})

const sealed = (lines: ReadonlyArray<string>) =>
  Effect.map(
    bytesOf(
      pagesOf(lines.map((line) => ({ kind: kinds.find(({ name }) => line.startsWith(`{"kind":"${name}"`))!, line }))),
      whole
    ),
    (bytes) => new Uint8Array(bytes)
  )

/** As small as a file can be with characters of two, three and four bytes in it. */
const tiny = sealed([`{"kind":"meta","data":{"key":"é","value":"漢😀"}}`])

const small = sealed([
  `{"kind":"meta","data":{"key":"instance_uid","value":"01KDVDNA00BBBBBBBBBBBBBBBB"}}`,
  `{"kind":"meta","data":{"key":"schema_version","value":"10"}}`,
  `{"kind":"project","data":{"id":1,"uid":"01KDVDNA00AAAAAAAAAAAAA101","name":"é 漢 😀","created_at":"2026-01-01T00:00:00.001Z","metadata":{},"revision":1}}`,
  `{"kind":"sqlite_sequence","data":{"name":"projects","seq":1}}`
])

describe("a sealed file", () => {
  it.effect("cut after any byte is damaged", () =>
    Effect.gen(function*() {
      const bytes = yield* tiny
      for (let length = 0; length < bytes.length; length++) {
        const error = Either.getOrThrow(Either.flip(yield* readBack([bytes.subarray(0, length)])))
        assert.strictEqual(error._tag, "SnapshotDamaged", `cut after ${length} bytes: ${error.message}`)
      }
      assert.isTrue(Either.isRight(yield* readBack([bytes])))
    }))

  it.effect("with any one bit changed is never taken", () =>
    Effect.gen(function*() {
      const bytes = yield* tiny
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        bytes[bit >> 3]! ^= 1 << (bit & 7)
        const end = yield* readBack([bytes])
        bytes[bit >> 3]! ^= 1 << (bit & 7)
        const error = Either.getOrThrowWith(Either.flip(end), () => new Error(`bit ${bit} was not missed`))
        assert.include(["SnapshotDamaged", "RecordRefused", "VersionRefused"], error._tag)
      }
    }))

  it.effect("compressed, and cut after any byte, is damaged", () =>
    Effect.scoped(Effect.gen(function*() {
      const bytes = gzipSync(yield* tiny)
      for (let length = 0; length < bytes.length; length++) {
        const opened = yield* Input.open(kit.text(bytes.subarray(0, length)))
        const error = yield* Effect.flip(Channel.runDrain(Input.records(opened, { format: version10 })))
        assert.strictEqual(error._tag, "SnapshotDamaged", `cut after ${length} bytes: ${error.message}`)
      }
    })).pipe(Effect.provide(kit.services)))
})

describe("verify", () => {
  type Change = (text: string) => string
  const seal = /,"seal":\{"records":\d+,"sha256":"\w{64}"\}/
  const changes: { readonly [what: string]: readonly [change: Change, says: string] } = {
    "another digit in a record": [
      (text) => text.replace("\"revision\":1}", "\"revision\":2}"),
      "does not have the content that its seal says: it was changed after it was written"
    ],
    "a record less": [(text) => text.replace(/.*schema_version.*\n/, ""), "has 4 lines, its seal says 5"],
    "a record twice": [(text) => text.replace(/(.*schema_version.*\n)/, "$1$1"), "has 6 lines, its seal says 5"],
    "two records exchanged": [
      (text) => text.replace(/(.*instance_uid.*\n)(.*schema_version.*\n)/, "$2$1"),
      "does not have the content that its seal says: it was changed after it was written"
    ],
    "an empty line": [(text) => text.replace(/(.*schema_version.*\n)/, "$1\n"), "has 6 lines, its seal says 5"],
    "a blank at the end of a line": [
      (text) => text.replace("}\n", "} \n"),
      "does not have the content that its seal says: it was changed after it was written"
    ],
    "a record that no database takes": [
      (text) => text.replace("\"id\":1,", "\"id\":1.0,"),
      "line 4 cannot be trusted: the seal of the file does not hold"
    ],
    "an unknown kind": [(text) => text.replace("\"project\"", "\"Project\""), "line 4 cannot be trusted"],
    "records out of order": [
      (text) => text.replace(/(.*schema_version.*\n)(.*\n)/, "$2$1"),
      "line 4 cannot be trusted"
    ],
    "another number of lines in the seal": [
      (text) => text.replace("\"records\":5", "\"records\":6"),
      "has 5 lines, its seal says 6"
    ],
    "a seal that is spelled otherwise": [
      (text) => text.replace("\"records\":5", "\"records\": 5"),
      "was sealed when it was written, and has no seal at its end: it was cut after line 5, or changed"
    ],
    "no seal": [
      (text) => text.replace(seal, ""),
      "was sealed when it was written, and has no seal at its end: it was cut after line 5, or changed"
    ],
    "no header": [
      (text) => text.replace(/,"snapshot".*/, "}"),
      "line 1 does not say that the file is sealed, but the last line does: the beginning was changed"
    ],
    "a line after the seal": [
      (text) => `${text}{"kind":"sqlite_sequence","data":{"name":"x","seq":1}}\n`,
      "line 6 comes after the seal in line 5"
    ],
    "garbage after the seal": [(text) => `${text}garbage\n`, "line 6 comes after the seal in line 5"],
    "a second snapshot after the seal": [(text) => text + text, "line 6 comes after the seal in line 5"],
    "a seal in the middle too": [
      (text) => text.replace(/(.*schema_version.*)\}\n/, `$1${seal.exec(text)![0]}}\n`),
      "line 4 comes after the seal in line 3"
    ],
    "two seals in the last line": [
      (text) => text.replace(/\}\n$/, `${seal.exec(text)![0]}}\n`),
      "line 5 cannot be trusted"
    ]
  }
  for (const [what, [change, says]] of Object.entries(changes)) {
    it.scopedLive(`${what}: damaged`, () =>
      Effect.gen(function*() {
        const before = Buffer.from(yield* small).toString()
        const after = change(before)
        assert.notStrictEqual(after, before)
        const { message, outcome } = yield* kit.outcomeOf(verify(kit.text(after)))
        assert.strictEqual(outcome, "damaged", message)
        assert.isTrue(message.startsWith(`the snapshot: ${says}`), message)
      }).pipe(Effect.provide(kit.services)))
  }

  // It may come from a newer kata, whose seal might be of another kind.
  for (const header of ["\"sealed\":false", "\"sealed\":true,\"x\":1", "\"sealed\":true,\"live_only\":false"]) {
    it.scopedLive(`a header that says ${header}: refused`, () =>
      Effect.gen(function*() {
        const text = Buffer.from(yield* small).toString().replace("\"sealed\":true", header)
        const { message, outcome } = yield* kit.outcomeOf(verify(kit.text(text)))
        assert.strictEqual(outcome, "validation", message)
        assert.include(message, "line 1: snapshot says what kata of this version does not know")
      }).pipe(Effect.provide(kit.services)))
  }

  it.scopedLive("takes the whole file, also with CRLF and with a file name that ends in anything but .gz", () =>
    Effect.gen(function*() {
      const text = Buffer.from(yield* small).toString()
      const sealed = yield* verify(kit.text(text))
      assert.deepInclude(sealed, { sealed: true, lines: 5, restorable: true, notes: [] })
      const crlf = yield* verify(kit.text(text.replaceAll("\n", "\r\n")))
      assert.deepInclude(crlf, { sealed: true, lines: 5, restorable: true })
      assert.deepStrictEqual(crlf.notes, ["line ends are CRLF; they were read as LF"])
      const mixed = yield* verify(kit.text(text.replace("\n", "\r\n")))
      assert.deepInclude(mixed, { sealed: true, notes: crlf.notes })
      const gz = yield* kit.writeFile(`${yield* kit.temporary}/backup.jsonl`, gzipSync(text))
      assert.deepInclude(yield* verify(gz), { sealed: true, lines: 5, file: gz, bytes: gzipSync(text).length })
    }).pipe(Effect.provide(kit.services)))
})
