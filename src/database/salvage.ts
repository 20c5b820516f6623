/**
 * A database from which everything is read that can be read. Its file is copied, and that copied, row by row, into a private one without rules, which is
 * what an export works on: one state, in which every row can be carried, whatever the pages of the original are like.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Scopes from "effect/Scope"
import * as Stream from "effect/Stream"
import { closed } from "../files/closeErrors.ts"
import { fromPlatform } from "../files/FileError.ts"
import { resolve } from "../files/paths.ts"
import { spool } from "../files/Spool.ts"
import { privateDirectory } from "../files/staleFiles.ts"
import { temporaryFiles } from "../files/temporary.ts"
import { turn } from "../host/turn.ts"
import { advance, phase } from "../Progress.ts"
import { Finding } from "../records/Finding.ts"
import type { Format } from "../records/Format.ts"
import { privateCopy } from "./carve/privateCopy.ts"
import { count } from "./count.ts"
import type { Salvaged } from "./Database.ts"
import { type Handle, open, uriOf } from "./Handle.ts"
import { inspect, type Others, recognise, version } from "./inspect.ts"
import { openError } from "./OpenError.ts"
import { SalvageCopy } from "./SalvageCopy.ts"
import { ruleless } from "./salvageRow.ts"
import { objectFindings } from "./schemaObjects.ts"
import { SqliteFailure } from "./SqliteFailure.ts"
import { begin, look, unusable } from "./view.ts"

/** Rows that are copied in one go, and bytes of what is left out: then others may run. */
const rowsPerStep = 512
const bytesPerStep = 1024 * 1024

/** An empty database in a private directory, that disappears with the scope. */
const rescueTarget = Effect.fnUntraced(function*(format: Format) {
  const fs = yield* FileSystem.FileSystem
  const place = temporaryFiles()
  const directory = yield* privateDirectory("salvage")
  const path = `${directory}/rescued.db`
  yield* Effect.scoped(fs.open(path, { flag: "wx", mode: 0o600 })).pipe(
    Effect.mapError(fromPlatform("create", place)),
    closed(place)
  )
  const db = yield* open(path, "write")
  yield* db.attempt("prepare the private copy", () => {
    db.execute(
      "PRAGMA journal_mode = OFF; PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536; PRAGMA temp_store = 0; BEGIN"
    )
    for (const sql of ruleless(format)) db.execute(sql)
  })
  return db
})

/** The file itself: what is no database at first sight may be one whose first bytes are damaged, or that is still in its log. */
const lookAt = (path: string, asked: string) =>
  Effect.matchEffect(look(path, asked), {
    onSuccess: () => Effect.succeed(undefined),
    onFailure: (error) =>
      error._tag === "OpenError" && (error.reason === "foreign" || error.reason === "empty")
        ? Effect.succeed(error)
        : Effect.fail(error)
  })

const mendedFinding = (what: string) =>
  new Finding({
    rule: "mended",
    kind: "file",
    says: `was read in a copy that lacks what is damaged: ${what}`,
    outcome: "carried",
    blocking: false,
    count: 1,
    rows: []
  })

/** Copies; gives what is odd and what was left out. The original is closed when this returns. */
const copied = Effect.fnUntraced(function*(path: string, asked: string, wanted: Format, others: Others | undefined) {
  const outer = yield* Effect.scope
  return yield* Effect.scoped(Effect.gen(function*() {
    const refused = yield* lookAt(path, asked)
    const copy = yield* privateCopy(path, asked)
    if (copy === undefined) return yield* refused ?? openError(asked, "foreign")
    const db = yield* begin(copy.path, "write", true)
    // What does not say its version is taken for what was asked for.
    const format = yield* Effect.orElseSucceed(version(db, asked, wanted, others), () => wanted)
    const to = yield* Scopes.extend(rescueTarget(format), outer)
    const { known, problem } = yield* Effect.matchEffect(inspect(db, asked, format), {
      onSuccess: ({ findings: known }) => Effect.succeed({ known, problem: undefined }),
      onFailure: (problem) =>
        Effect.match(recognise(db, asked, format, problem), {
          onSuccess: () => ({ known: [], problem: undefined }),
          onFailure: (problem) => ({ known: [], problem })
        })
    })
    if (problem?._tag === "OpenError" && problem.reason === "encoding") return yield* problem
    // What of the schema cannot be asked is no reason to stop.
    const objects = format === wanted ? yield* Effect.orElseSucceed(objectFindings(db, format), () => []) : []
    yield* phase("salvaging")
    const work = new SalvageCopy(db, copy, to, format)
    const rejected = yield* Scopes.extend(spool(lines(db, work)), outer)
    // nothing says that it is a database of kata, and no page has a row of one
    if (problem !== undefined && !work.any) return yield* refused ?? problem
    return {
      findings: [...known, ...objects, ...copy.mended.map(mendedFinding), ...work.findings],
      format,
      rejected,
      to
    }
  }))
})

/** What the copy leaves out, as it goes. */
const lines = (db: Handle, copy: SalvageCopy) =>
  Stream.unwrapScoped(Effect.map(
    // Closing a generator closes the statement that it is in the middle of.
    Effect.acquireRelease(Effect.sync(() => copy.all()), (work) => Effect.sync(() => void work.return(undefined))),
    (work) =>
      Stream.repeatEffectChunkOption(
        db.attempt("read the database", () => {
          const pieces: Array<Uint8Array> = []
          let [ticks, size] = [0, 0]
          for (; ticks < rowsPerStep && size < bytesPerStep; ticks++) {
            const { done, value } = work.next()
            if (done === true) break
            if (value === undefined) continue
            pieces.push(value)
            size += value.length
          }
          return { pieces, ticks }
        }).pipe(
          Effect.mapError(Option.some),
          Effect.tap(({ ticks }) => Effect.zipRight(advance(ticks, 0), turn)),
          Effect.flatMap(({ pieces, ticks }) =>
            ticks === 0 ? Effect.fail(Option.none()) : Effect.succeed(Chunk.unsafeFromArray(pieces))
          )
        )
      )
  ))

/** `Database.salvage` on the real thing. */
export const salvage = Effect.fn("Database.salvage")(function*(asked: string, wanted: Format, others?: Others) {
  const path = yield* Effect.catchIf(
    resolve(asked),
    (error) => error.code === "ENOENT" || error.code === "ENOTDIR",
    () => openError(asked, "missing")
  )
  return yield* Effect.gen(function*() {
    const { findings, format, rejected, to } = yield* copied(path, asked, wanted, others)
    yield* to.exec("finish the private copy", "COMMIT; PRAGMA query_only = 1; BEGIN")
    return {
      path,
      uri: uriOf(to.path, "read"),
      format,
      db: to,
      findings,
      rejected,
      count: count(to, format),
      confirm: Effect.void
    } satisfies Salvaged
  }).pipe(
    Effect.mapError((error) =>
      // The user does not know of the private copy.
      error._tag === "SqliteFailure" ? unusable(asked)(new SqliteFailure({ ...error, path: asked })) : error
    )
  )
})
