/** What is told of records while they pass by, of each rule broken once: the same as of the whole database, but without a database. */
import { assert, describe, it } from "@effect/vitest"
import * as Channel from "effect/Channel"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { Database } from "../../src/database/Database.ts"
import { wholeDatabase } from "../../src/database/Selection.ts"
import { recordPages } from "../../src/export/source.ts"
import { kinds, version10 } from "../../src/records/kinds.ts"
import { Soundness } from "../../src/records/Soundness.ts"
import { opened, records } from "../../src/snapshot/input.ts"
import { build } from "../../src/testing/database.ts"
import { base } from "../findings/base.ts"
import { cases } from "../findings/cases.ts"
import * as kit from "../snapshot/kit.ts"
import { catalogue } from "./catalogue.ts"

/** What only the database has, and its lines do not. */
const beyondRecords = new Set(
  catalogue.filter(({ repair }) => repair === "restores").map(({ says, what }) => `${what} ${says}`)
)

let made: Uint8Array | undefined
/** A database that no rule holds together, with this done to it. */
const database = (sql: string) =>
  Effect.gen(function*() {
    const path = `${yield* kit.temporary}/made.db`
    if (made === undefined) {
      yield* build(path, base, { rules: "lawless", journal: "delete" })
      made = yield* kit.bytesOf(path)
    } else yield* kit.writeFile(path, made)
    if (sql !== "") yield* kit.change(path, sql)
    return path
  })

/** Of the rows of a database. */
const ofRows = (path: string, options?: { readonly indexed: boolean }) =>
  Effect.gen(function*() {
    const view = yield* (yield* Database).view(path, version10)
    const soundness = new Soundness(version10, options)
    yield* Stream.runDrain(recordPages(view, version10, wholeDatabase, soundness))
    return soundness
  })

/** Of the lines of a file. */
const ofLines = (text: string) =>
  Effect.gen(function*() {
    const bytes = Buffer.from(text)
    const soundness = new Soundness(version10)
    const input = opened("a", { size: bytes.length, bytes: Stream.make(bytes) })
    yield* Channel.runDrain(records(input, { format: version10, watch: soundness }))
    return soundness
  })

describe("records that pass by", () => {
  it.scopedLive("are sound where nothing is odd, and are counted", () =>
    Effect.gen(function*() {
      const path = yield* database("")
      const text = yield* kit.exported(path, { plain: true })
      for (const soundness of [yield* ofRows(path), yield* ofRows(path, { indexed: true }), yield* ofLines(text)]) {
        assert.isTrue(soundness.holds)
        assert.deepStrictEqual([...soundness.suspect], [])
        assert.deepStrictEqual(
          kinds.map((kind) => soundness.rows(kind)),
          kinds.map(({ table }) => base[table]?.length ?? 0)
        )
      }
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("are sound where there are none but those of a new database", () =>
    Effect.gen(function*() {
      const path = yield* kit.copyOf("empty.db")
      assert.isTrue((yield* ofRows(path)).holds)
      assert.isTrue((yield* ofLines(yield* kit.exported(path))).holds)
    }).pipe(Effect.provide(kit.services)))

  for (const [what, { gives, sql = "", text }] of Object.entries(cases)) {
    if (gives.every((title) => beyondRecords.has(title))) continue
    it.scopedLive(`are not: ${what}`, () =>
      Effect.gen(function*() {
        const path = yield* database(sql)
        const { holds } = text === undefined
          ? yield* ofRows(path)
          : yield* ofLines(text(yield* kit.exported(path, { plain: true })))
        assert.isFalse(holds)
      }).pipe(Effect.provide(kit.services)))
  }
})
