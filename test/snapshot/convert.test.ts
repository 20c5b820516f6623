/** A database of another version becomes rows of a stage, and others are heard meanwhile. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Database } from "../../src/database/Database.ts"
import { version10 } from "../../src/records/kinds.ts"
import { anyVersion, convert } from "../../src/snapshot/convert.ts"
import * as old from "../versions/kit.ts"
import * as kit from "./kit.ts"

it.scopedLive("gives way after each page: neither reading nor storing waits for anything, and a signal would not be heard", () =>
  Effect.gen(function*() {
    const directory = yield* kit.temporary
    const path = `${directory}/v9.db`
    yield* kit.writeFile(path, old.unpacked("v9/rich.db.gz"))
    const view = yield* anyVersion(path, version10)
    const stage = yield* (yield* Database).stage(`${directory}/v10.db`, version10)
    let turns = 0
    let next = setImmediate(function turn() {
      turns++
      next = setImmediate(turn)
    })
    const { read } = yield* Effect.ensuring(convert(view, stage, version10), Effect.sync(() => clearImmediate(next)))
    const pages = [...read.values()].reduce((sum, rows) => sum + Math.ceil(rows / 128), 0)
    assert.isAtLeast(turns, pages)
  }).pipe(Effect.provide(kit.services)))
