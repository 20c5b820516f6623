/**
 * A database becomes a snapshot:
 *
 *     SQLite ──pages──▶ snapshot lines ──seal──▶ (gzip) ──▶ temporary file ──rename──▶ output
 *
 * One read transaction for everything, one stream from SQLite to the file: what is pulled by the file is what is read.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Channel from "effect/Channel"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Scopes from "effect/Scope"
import * as Stream from "effect/Stream"
import { goLineLimit } from "../database/pages.ts"
import * as Atomic from "../files/Atomic.ts"
import { DurabilityNotConfirmed, FileError } from "../files/FileError.ts"
import { gzip } from "../files/gzip.ts"
import { resolve as resolvePath } from "../files/paths.ts"
import * as Rejected from "../files/rejected.ts"
import { spool } from "../files/Spool.ts"
import { sweepPrivate } from "../files/staleFiles.ts"
import { DaemonRunning, running } from "../presence/daemons.ts"
import { phase } from "../Progress.ts"
import { blocking, examples, Finding, FindingRow, Losses, lossesOf, rejectedOf } from "../records/Finding.ts"
import type { Format } from "../records/Format.ts"
import { version10 } from "../records/kinds.ts"
import type { Soundness } from "../records/Soundness.ts"
import * as Snapshot from "../snapshot/seal.ts"
import { type Bytes, write, type Written } from "../snapshot/write.ts"
import { type Content, refuseDatabases, refuseLoss } from "./replaces.ts"
import type { ProjectRef } from "./scope.ts"
import * as Source from "./source.ts"
import { through } from "./through.ts"

export { OutputIsDatabase, SnapshotKept } from "./replaces.ts"
export { NotAsStored } from "./source.ts"

export interface ExportOptions {
  /** The path of the database. */
  readonly database: string
  /** Only these; several are one file. None named: the whole database. */
  readonly projects?: ReadonlyArray<ProjectRef>
  /** Also what is soft-deleted; true unless said otherwise: a backup that leaves something out has to be asked for. */
  readonly includeDeleted?: boolean
  /** Refuse while a daemon works with the database; its runtime records are looked for in these directories. */
  readonly offline?: { readonly kataHome: string; readonly userHome: string } | undefined
  /** Without header and seal, byte for byte what Go kata writes but for its HTML escapes. */
  readonly plain?: boolean
  /** Take out what can be read of a damaged database; what cannot goes raw to a file beside the output. */
  readonly salvage?: boolean
  /** A database of an older version in the shape of its version, whole. */
  readonly asStored?: boolean
  /** What of a newer version may be lost, because version 10 cannot hold it: names, or `all`. Without, such a database is refused. */
  readonly acceptLoss?: ReadonlyArray<string>
  /** What the file is to be a file of; version 10 unless said otherwise. */
  readonly format?: Format
}

export const Counts = Schema.Record({ key: Schema.String, value: Schema.Int })

export class ExportReport extends Schema.Class<ExportReport>("ExportReport")({
  database: Schema.String,
  /** The version of the database. */
  schema_version: Schema.Int,
  /** The file; `-` for a stream. */
  output: Schema.String,
  /** The export version of the file. */
  version: Schema.Int,
  /** Of a database of an older version, in the shape of that. */
  as_stored: Schema.Boolean,
  scope: Snapshot.Scope,
  live_only: Schema.Boolean,
  sealed: Schema.Boolean,
  /** Hex SHA-256 of what the seal covers. */
  sha256: Schema.String,
  lines: Schema.Int,
  /** Of the snapshot, before any compression. */
  bytes: Schema.Int,
  records: Counts,
  findings: Schema.Array(Finding),
  /** What of a newer version was lost, by name. */
  losses: Losses,
  /** Whether `kata import` takes it as it is. */
  restorable: Schema.Boolean,
  /** Rows that are not in it, because they could not be read or carried: only with `salvage`, else that is an error. */
  rejected: Schema.Int,
  /** Where they are, raw, as far as they could be read; null when there are none. */
  rejected_file: Schema.NullOr(Schema.String)
}) {}

const longLines = ({ long }: Written): ReadonlyArray<Finding> =>
  long.length === 0 ? [] : [
    new Finding({
      rule: "long line",
      kind: "snapshot",
      says: `line is longer than ${goLineLimit} bytes: kata reads it, Go kata of May 2026 does not`,
      outcome: "carried",
      blocking: false,
      count: long.length,
      rows: long.slice(0, examples).map(([kind, row]) => new FindingRow({ row: `${kind} ${row}` }))
    })
  ]

const refuseDaemons = (path: string, homes: { readonly kataHome: string; readonly userHome: string }) =>
  Effect.flatMap(
    running({ databasePath: path, ...homes }),
    ({ running: daemons }) =>
      daemons.length === 0 ? Effect.void : new DaemonRunning({
        path,
        daemons,
        hint: "stop it, or pass --allow-running-daemon for a consistent export while it works"
      })
  )

/** What is known of an export at its end. */
interface Ended {
  readonly findings: ReadonlyArray<Finding>
  readonly written: Written
}

/** An export that is open: its bytes, once, and at their end what can be said of it. */
const begin = Effect.fnUntraced(function*(options: ExportOptions) {
  yield* sweepPrivate()
  if (options.offline !== undefined) yield* refuseDaemons(options.database, options.offline)
  const source = yield* Source.open({
    database: options.database,
    format: options.format ?? version10,
    projects: options.projects ?? [],
    includeDeleted: options.includeDeleted ?? true,
    salvage: options.salvage === true,
    asStored: options.asStored === true,
    acceptLoss: options.acceptLoss ?? []
  })
  const { content, header, rejected, stored } = source
  yield* phase("exporting", { rows: source.rows })
  const inspect = (written: Written, soundness: Soundness | undefined) =>
    Effect.gen(function*() {
      const findings = [...stored.findings, ...(yield* source.findings(soundness)), ...longLines(written)]
      yield* stored.confirm
      return { findings, written } satisfies Ended
    })
  // What is wrong is known before the bytes end: a sink that renames at the end renames nothing that was not confirmed.
  const bytes = write(source.format, source.pages, options.plain === true ? undefined : header).pipe(
    Channel.flatMap(([written, soundness]) => Channel.fromEffect(inspect(written, soundness)))
  )
  const report = (
    { findings, written }: Ended,
    output: string,
    rejectedFile: string | undefined
  ) =>
    new ExportReport({
      database: stored.path,
      schema_version: stored.format.version,
      output,
      version: source.format.version,
      as_stored: source.isAsStored,
      rejected: rejectedOf(findings),
      rejected_file: rejectedFile ?? null,
      scope: header.scope,
      live_only: header.live_only ?? false,
      sealed: options.plain !== true,
      sha256: written.sha256,
      lines: written.lines,
      bytes: written.bytes,
      records: Object.fromEntries(written.records),
      findings,
      losses: lossesOf(findings),
      restorable: blocking(findings).length === 0
    })
  return { bytes, content, report, rejected }
})

type Begun = Effect.Effect.Success<ReturnType<typeof begin>>["bytes"]
type SnapshotBytes = Begun extends Bytes<Ended, infer E, infer R> ? Stream.Stream<Uint8Array, E, R> : never

/** The bytes of a snapshot, and nothing of what was rejected. They fail, before they end, when anything cannot be carried. */
export const stream = (options: ExportOptions) =>
  Stream.unwrapScoped(Effect.map(begin(options), ({ bytes }) => Stream.fromChannel(bytes)))

/** What the file for the rejected is named after: a file; a stream has no name, and a device no place beside it. */
const namedAfter = (output: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const type = yield* Effect.orElseSucceed(Effect.map(fs.stat(output), (info) => info.type), () => "File")
    return output === "-" || type !== "File" ? yield* defaultName : output
  })

/** Runs the bytes into the sink; what was rejected is on disk then too, and gets its name by `beside`, which the caller owes. */
const run = <A, E, R>(
  options: ExportOptions,
  output: string,
  sink: (bytes: SnapshotBytes, content: Content) => Effect.Effect<A, E, R>
) =>
  Effect.gen(function*() {
    const outer = yield* Effect.scope
    return yield* Effect.scoped(Effect.gen(function*() {
      const { bytes, content, rejected, report } = yield* begin(options)
      const [result, ended] = yield* through(bytes, (bytes) => sink(bytes, content))
      const file = rejected === undefined || rejected.size === 0
        ? undefined
        : yield* Scopes.extend(Rejected.prepare(yield* namedAfter(output), rejected.bytes), outer)
      return { result, report: report(ended, output, file?.name), rejected: file }
    }))
  })

/** A snapshot into whatever `sink` runs it into; the report is complete when it has, and what was rejected has its file. */
export const into = <A, E, R>(
  options: ExportOptions,
  output: string,
  sink: (bytes: SnapshotBytes) => Effect.Effect<A, E, R>
) => Effect.map(throughSink(options, output, sink), ({ report }) => report)

/** The same, with what the sink made of it. */
export const throughSink = <A, E, R>(
  options: ExportOptions,
  output: string,
  sink: (bytes: SnapshotBytes) => Effect.Effect<A, E, R>
) =>
  Effect.scoped(
    Effect.flatMap(
      run(options, output, sink),
      ({ rejected, report, result }) => Rejected.beside(rejected, Effect.succeed({ report, result }))
    )
  )

/**
 * A snapshot in a private file, for as long as the scope lives. The database is closed when this returns: whoever reads the file may take
 * all the time in the world.
 */
export const spooled = Effect.fn("Export.spooled")(function*(options: ExportOptions, output = "-") {
  const scope = yield* Effect.scope
  const { rejected, report, result } = yield* run(options, output, (bytes) => Scopes.extend(spool(bytes), scope))
  return yield* Rejected.beside(rejected, Effect.succeed({ report, file: result }))
})

/** `kata-export-20261123T101500Z.jsonl`. */
export const defaultName = Effect.map(
  DateTime.now,
  (now) => `kata-export-${DateTime.formatIso(now).replace(/[-:]/g, "").replace(/\.\d+/, "")}.jsonl`
)

/** Files are written under the name that is left when links are followed; the user knows another one. */
const renamed = (error: FileError | DurabilityNotConfirmed, path: string) =>
  error instanceof FileError ? new FileError({ ...error, path }) : new DurabilityNotConfirmed({ ...error, path })

export interface FileOptions extends ExportOptions {
  /** The file; one that is named after the time unless given. */
  readonly output?: string | undefined
  /** Also in the place of a snapshot that holds what the new one does not: of another instance, or with issues where there are none. */
  readonly force?: boolean
}

/**
 * A snapshot in a file, which is replaced whole or not at all. Compressed when the name ends in `.gz`. What is interrupted before the
 * rename leaves the file that was there; from there on it is done, and says so.
 */
export const toFile = Effect.fn("Export.toFile")((options: FileOptions) =>
  Effect.gen(function*() {
    const scope = yield* Effect.scope
    const output = options.output ?? (yield* defaultName)
    const prepared = run(options, output, (bytes, content) => {
      const mayBe = Effect.zipRight(
        refuseDatabases(output, options.database),
        options.force === true ? Effect.void : refuseLoss(output, content)
      )
      // What may have come while the bytes were written is asked again.
      const written = Atomic.prepare(output, output.endsWith(".gz") ? gzip(bytes) : bytes, { verify: () => mayBe })
      return Effect.zipRight(mayBe, Scopes.extend(written, scope))
    })
    const real = yield* resolvePath(output)
    return yield* Effect.gen(function*() {
      const { rejected, report, result } = yield* Effect.interruptible(prepared)
      return yield* Effect.as(Rejected.beside(rejected, result.commit), report)
    }).pipe(
      Effect.mapError((error) =>
        (error instanceof FileError || error instanceof DurabilityNotConfirmed) && error.path === real
          ? renamed(error, output)
          : error
      )
    )
  }).pipe(Effect.scoped, Effect.uninterruptible)
)
