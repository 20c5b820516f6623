/**
 * Two snapshots that come from one become one again:
 *
 *     ours ───▶ private database ──┐
 *                                  ├─ a merge of one into the other ──▶ snapshot ──rename──▶ ours
 *     theirs ─▶ private database ──┤
 *     base ───▶ private database ──┘ (says which side has left a value as it was)
 *
 * Nothing of the files is touched before the last arrow, and what came out is the same whichever of them is called ours.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { type Attachable, Database } from "../database/Database.ts"
import type { Session } from "../database/Session.ts"
import * as Export from "../export/Export.ts"
import * as Atomic from "../files/Atomic.ts"
import { gzip } from "../files/gzip.ts"
import { resolve } from "../files/paths.ts"
import * as Source from "../files/source.ts"
import { sweepMerges, sweepPrivate } from "../files/staleFiles.ts"
import type { Format } from "../records/Format.ts"
import { version10 } from "../records/kinds.ts"
import { opened } from "../snapshot/verify.ts"
import { FileConflicts, FileNotMergeable } from "./FileConflicts.ts"
import { type Into, MergeConflict, MergeNote, mergeOne } from "./Merge.ts"
import type { Side } from "./Side.ts"
import { openSnapshot } from "./sides.ts"
import { together } from "./sources.ts"
import { compared, digest, followMissing, look, rename, stampOf } from "./twoFiles.ts"

export { FileConflicts, FileNotMergeable } from "./FileConflicts.ts"

export interface MergeFileOptions {
  /** What both come from; an empty file, or none, when that is not known. */
  readonly base: string | undefined
  /** The file that becomes the result. */
  readonly ours: string
  readonly theirs: string
  /** What the user calls the file. */
  readonly name?: string | undefined
  /** Who is right where both have changed the same. */
  readonly prefer?: "ours" | "theirs" | undefined
  /** Who decides; recorded with each decision. */
  readonly actor?: string | undefined
  readonly format?: Format | undefined
}

export class MergeFileReport extends Schema.Class<MergeFileReport>("MergeFileReport")({
  /** As the user calls it. */
  file: Schema.String,
  /** Whether what both come from was known. */
  base: Schema.Boolean,
  /** Whether the file is another one now. */
  written: Schema.Boolean,
  /** Events that only ours has, and only theirs. */
  ours_events: Schema.Int,
  theirs_events: Schema.Int,
  decided: Schema.Int,
  /** What differs and no event tells of. The first of them, and how many there are; `target` is ours, `source` theirs. */
  unexplained: Schema.Array(MergeConflict),
  unexplained_count: Schema.Int,
  notes: Schema.Array(MergeNote),
  /** Of the result. */
  lines: Schema.Int,
  sha256: Schema.String
}) {}

/** One of the files as a private database, under a name that the user knows. */
const side = Effect.fnUntraced(function*(path: string, name: string, format: Format) {
  const { bytes } = yield* Source.open(path)
  const { report, ...one } = yield* openSnapshot({ name, bytes }, format)
  const reason = Object.keys(report.losses).length > 0
    ? `it is of version ${report.version}, and version ${format.version} cannot hold all of it`
    : report.restorable
    ? undefined
    : "it has records that cannot be restored as they are"
  if (reason !== undefined) return yield* new FileNotMergeable({ file: name, reason })
  return { ...one, digest: yield* digest(path) }
})

/** What both come from; a file that cannot be read is not known. */
const ancestorOf = Effect.fnUntraced(function*(path: string | undefined, name: string, format: Format) {
  if (path === undefined) return { ancestor: undefined, notes: [] }
  const { isEmpty } = yield* look(path)
  if (isEmpty) return { ancestor: undefined, notes: [] }
  const { bytes } = yield* Source.open(path)
  return yield* opened({ name, bytes }, format).pipe(
    Effect.map(({ stage }) => ({ ancestor: stage.db, notes: [] })),
    Effect.catchIf(
      ({ kind }) => kind === "damaged" || kind === "validation",
      ({ message }) =>
        Effect.succeed({
          ancestor: undefined,
          notes: [new MergeNote({ what: "merged without the base", of: name, detail: message })]
        })
    )
  )
})

const turned = (one: MergeConflict) =>
  new MergeConflict({
    ...one,
    target: one.source,
    source: one.target,
    target_by: one.source_by,
    source_by: one.target_by,
    target_at: one.source_at,
    source_at: one.target_at
  })

interface Private {
  readonly attach: Attachable
  readonly file: string
  readonly side: Side
}

/** What no event tells of, by what both come from. */
const withoutEvents = Effect.fnUntraced(function*(target: Private, source: Private, ancestor: Session, now: string) {
  const renamed = yield* rename(target.file, source.attach, ancestor)
  const both = (is: (side: Side) => boolean) => is(target.side) && is(source.side)
  const how = both(({ live_only }) => live_only)
    ? "deleted"
    : both(({ projects }) => projects !== null)
    ? "moved"
    : undefined
  if (how === undefined) return { changed: renamed > 0, notes: [] }
  const here = yield* followMissing(target.file, source.attach, ancestor, how, now)
  const there = yield* followMissing(source.file, target.attach, ancestor, how, now)
  const detail = `${how} on one side, and something has happened to it on the other`
  return {
    changed: renamed + here.followed > 0,
    notes: [...here.kept, ...there.kept].map((of) => new MergeNote({ what: "kept", of, detail }))
  }
})

/** Everything before the rename. */
const prepared = Effect.fnUntraced(function*(options: MergeFileOptions, format: Format) {
  yield* sweepPrivate()
  yield* sweepMerges(yield* resolve(options.ours))
  const name = options.name ?? options.ours
  const { isCompressed } = yield* look(options.ours)
  const ours = yield* side(options.ours, `${name} (ours)`, format)
  const theirs = yield* side(options.theirs, `${name} (theirs)`, format)
  const { ancestor, notes } = yield* ancestorOf(options.base, `${name} (base)`, format)
  const { into, others, own, stamp } = yield* Effect.scoped(Effect.gen(function*() {
    const db = yield* (yield* Database).together(ours.attach, theirs.attach)
    return { ...(yield* compared(db, ours, theirs)), stamp: yield* stampOf(db, ours, theirs) }
  }))
  const [target, source] = into ? [ours, theirs] : [theirs, ours]
  const { projects } = together([ours.side, theirs.side])
  const silent = ancestor === undefined
    ? { changed: false, notes: [] }
    : yield* withoutEvents(target, source, ancestor, stamp.now)
  const database: Into = {
    path: target.file,
    name,
    format,
    open: Effect.succeed({ attach: target.attach, confirm: Effect.void })
  }
  const report = yield* mergeOne(database, source, {
    prefer: options.prefer === undefined ? undefined : (options.prefer === "ours") === into ? "target" : "source",
    actor: options.actor,
    ancestor,
    // which side is the target must not matter
    applyPurges: true,
    ...stamp
  }).pipe(
    Effect.catchTag(
      "MergeConflicts",
      ({ conflicts, count }) =>
        new FileConflicts({ file: name, conflicts: into ? conflicts : conflicts.map(turned), count })
    )
  )
  const { file, report: written } = yield* Export.spooled({
    database: target.file,
    projects: (projects ?? []).map((uid) => ({ uid })),
    includeDeleted: !ours.side.live_only || !theirs.side.live_only,
    plain: ours.sealed === undefined && theirs.sealed === undefined,
    format
  }, name)
  if (!written.restorable) {
    return yield* new FileNotMergeable({ file: name, reason: "what comes of it could not be restored as it is" })
  }
  const isKept = into && report.unchanged && !silent.changed && String(projects) === String(ours.side.projects)
  return {
    result: isKept ? undefined : yield* Atomic.prepare(options.ours, isCompressed ? gzip(file.bytes) : file.bytes),
    report: new MergeFileReport({
      file: name,
      base: ancestor !== undefined,
      written: !isKept,
      ours_events: own,
      theirs_events: others,
      decided: report.decided,
      unexplained: into ? report.unexplained : report.unexplained.map(turned),
      unexplained_count: report.unexplained_count,
      notes: [...notes, ...silent.notes, ...report.notes],
      lines: written.lines,
      sha256: written.sha256
    })
  }
})

/** Merges two files into the first one, which is replaced whole at the end, or left as it is, byte for byte. */
export const mergeFile = Effect.fn("Merge.mergeFile")((options: MergeFileOptions) =>
  Effect.gen(function*() {
    const { report, result } = yield* Effect.interruptible(prepared(options, options.format ?? version10))
    if (result !== undefined) yield* result.commit
    return report
  }).pipe(Effect.scoped, Effect.uninterruptible)
)
