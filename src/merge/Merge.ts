/**
 * A source comes into a database that goes on:
 *
 *     source ──▶ private database ──┐              changeset            one transaction
 *                                   ├─ one session ────────▶ (conflicts) ────────────────▶ target
 *     target, as it is at a moment ─┘   plan
 *
 * The plan reads; writers of the target wait only for the transaction, which finds out whether what the plan was made from has moved.
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import { apply } from "../changes/apply.ts"
import { finish } from "../changes/changeset.ts"
import { inverse } from "../changes/inverse.ts"
import { unmoved } from "../changes/moved.ts"
import { type Attachable, Database, type DatabaseError, type View } from "../database/Database.ts"
import * as Lock from "../database/Lock.ts"
import { newUlid } from "../database/newUlid.ts"
import type { Row, Session } from "../database/Session.ts"
import { inTemporary } from "../database/temporary.ts"
import { parentOf, resolve } from "../files/paths.ts"
import { sweepPrivate } from "../files/staleFiles.ts"
import { isUnsettled } from "../history/history.ts"
import { type Said, settle } from "../history/record.ts"
import { recordingRows } from "../history/recordRows.ts"
import { named } from "../import/asNamed.ts"
import { isServed } from "../import/beside.ts"
import { phase } from "../Progress.ts"
import type { Format } from "../records/Format.ts"
import { version10 } from "../records/kinds.ts"
import { again, kept } from "./again.ts"
import { refuseBroken, sayingBroken } from "./broken.ts"
import { MergeConflicts, type MergeOptions, MergeReport, NotInSource } from "./MergeReport.ts"
import { plan } from "./plan/plan.ts"
import type { Room } from "./plan/room.ts"
import { saySpent } from "./plan/spent.ts"
import { type Opened, openSide } from "./sides.ts"
import { empty, together } from "./sources.ts"
import { told } from "./told.ts"

export { BreaksRules } from "./broken.ts"
export * from "./Diff.ts"
export * from "./MergeReport.ts"

/** The uid of an issue that a user names. */
const issueIn = Effect.fnUntraced(function*(db: Session, schema: "a" | "b", asked: string) {
  const hash = asked.lastIndexOf("#")
  const found = yield* hash < 0
    ? db.get("find the issue", `SELECT uid FROM ${schema}.issues WHERE uid = upper(?)`, asked)
    : db.get(
      "find the issue",
      `SELECT i.uid FROM ${schema}.issues i JOIN ${schema}.projects p ON p.id = i.project_id WHERE p.name = ? AND i.short_id = lower(?)`,
      asked.slice(0, hash),
      asked.slice(hash + 1)
    )
  return found === undefined
    ? yield* new NotInSource({ issue: asked, side: schema === "a" ? "source" : "target" })
    : String(found["uid"])
})

/** Of a merge whose result depends on nothing but what is merged, and of one of two that come from the same. */
export interface Known {
  /** What both sides come from. */
  readonly ancestor?: Session | undefined
  /** When it is, and the uid of a decision by what distinguishes it; the clock's and a new one unless given. */
  readonly now?: string | undefined
  readonly uidOf?: ((seed: string) => Effect.Effect<string>) | undefined
}

type Options = Omit<MergeOptions, "sources" | "target" | "homes" | "projects"> & Known

/** A database that is merged into. */
export interface Into {
  readonly path: string
  /** What its history is told, and what tells later that the same is merged again; nothing of a private one. */
  readonly history?: {
    readonly said: Said
    readonly asked: Parameters<typeof kept>[1]
    readonly sources: ReadonlyArray<Opened>
  }
  /** What the user calls it. */
  readonly name: string
  readonly format: Format
  /** As it is now. */
  readonly open: Effect.Effect<
    { readonly attach: Attachable; readonly confirm: View["confirm"] },
    DatabaseError,
    Scope.Scope
  >
}

/**
 * Plans against the target as it is now. The session, in the scope that is given, has the changeset; what is to be said of it comes along. The view
 * of the target goes before anything is written: where there is no WAL, who reads is in the way.
 */
const planned = Effect.fnUntraced(
  function*({ format, name, open }: Into, source: Opened, options: Options, scope: Scope.Scope) {
    const { attach, confirm } = yield* open
    const db = yield* Scope.extend((yield* Database).together(source.attach, attach), scope)
    yield* phase("comparing the histories")
    const only = options.issues === undefined || options.issues.length === 0
      ? undefined
      : yield* Effect.forEach(options.issues, (issue) => issueIn(db, "a", issue))
    const each = yield* Effect.forEach(
      options.decisions ?? [],
      ({ issue, side }) => Effect.map(issueIn(db, "b", issue), (uid) => [uid, side] as const)
    )
    const room: Room = {
      db,
      format,
      scope: source.side.projects,
      only: only !== undefined,
      now: options.now ?? DateTime.formatIso(yield* DateTime.now),
      uidOf: options.uidOf ?? (() => newUlid),
      ancestor: options.ancestor
    }
    return yield* Effect.gen(function*() {
      const made = yield* plan(room, {
        decisions: { prefer: options.prefer, each: new Map(each) },
        applyPurges: options.applyPurges === true && only === undefined,
        only,
        restorePurged: options.restorePurged === true && only !== undefined,
        actor: options.actor ?? "kata"
      }).pipe(Effect.catchTag("SqliteFailure", saySpent(db, name)))
      if (made.conflictCount > 0) {
        return yield* new MergeConflicts({ target: name, conflicts: made.conflicts, count: made.conflictCount })
      }
      const report = yield* told(db, made)
      if (options.dryRun === true) yield* refuseBroken(db, format, name)
      yield* confirm
      yield* finish(db)
      return { db, report }
    }).pipe(Effect.mapError(inTemporary(parentOf(db.path))))
  },
  Effect.scoped
)

/** So many rows are changed before anybody who writes has noticed. */
const few = 10_000

/** Plans, and changes the target, unless that is not wanted. What is interrupted before the commit leaves what was there. */
const once = Effect.fnUntraced(
  function*(into: Into, source: Opened, options: Options) {
    const scope = yield* Effect.scope
    const { db, report } = yield* Effect.interruptible(planned(into, source, options, scope))
    if (report.unchanged || options.dryRun === true) return report
    const rows = Object.values(report.counts).reduce(
      (sum, { changed, gone, new: fresh }) => sum + changed + gone + fresh,
      0
    )
    yield* phase(rows < few ? "merging" : "merging; whoever writes waits", { rows })
    const { change } = yield* Database
    const { format, history, name, path } = into
    if (history === undefined) {
      yield* change(path, db, (target) => apply(target, format, name)).pipe(sayingBroken(db, format, name))
      return report
    }
    const merged = yield* kept(db, history.asked, history.sources, report)
    const { entry } = yield* recordingRows(
      path,
      history.said,
      (recorder) =>
        Effect.flatMap(recorder.keep(inverse(db, format)), (rows) =>
          change(path, db, (target) =>
            recorder.begin.pipe(
              Effect.zipRight(apply(target, format, name)),
              Effect.flatMap((shifts) => recorder.end(target, { rows, shifts, changes: report.counts, merged }))
            )))
    ).pipe(sayingBroken(db, format, name))
    return { ...report, entry: entry ?? null }
  },
  Effect.scoped,
  Effect.uninterruptible
)

/** Merges one source into a database; a target that moved meanwhile is looked at again. */
export const mergeOne = (into: Into, source: Opened, options: Options) =>
  unmoved(into.name, once(into, source, options))

/** Several sources become one, each merged into those before it. */
const gathered = Effect.fnUntraced(
  function*<E>({ projects = [], sources, ...options }: MergeOptions<E>, meta: ReadonlyArray<Row>, format: Format) {
    const opened = yield* Effect.forEach(sources, (source) => openSide(source, format, projects))
    const sides = opened.map(({ side }) => side)
    const [first] = opened
    if (first === undefined || opened.length === 1) return { source: first, opened, sides, before: [] }
    const stage = yield* empty(meta, format)
    const name = sides.map((side) => side.name).join(", ")
    const into: Into = {
      path: stage.path,
      name,
      format,
      open: Effect.succeed({ attach: stage, confirm: Effect.void })
    }
    const before = yield* Effect.forEach(
      opened,
      (source) => mergeOne(into, source, { prefer: options.prefer, actor: options.actor })
    )
    const source: Opened = {
      attach: stage,
      view: undefined,
      file: stage.path,
      sealed: undefined,
      side: together(sides)
    }
    return { source, opened, sides, before }
  }
)

/** Merges sources into a database: all or nothing. */
export const merge = Effect.fn("Merge.merge")(<E = never>(options: MergeOptions<E>) =>
  Effect.scoped(Effect.gen(function*() {
    const format = options.format ?? version10
    const path = yield* resolve(options.target)
    return yield* Effect.gen(function*() {
      yield* sweepPrivate()
      const { view } = yield* Database
      const served = yield* isServed(options.target, path, options.homes)
      const open = Effect.map(view(path, format), (view) => ({ attach: view, confirm: view.confirm }))
      // reads the target, so that what is none is refused first
      const meta = yield* Effect.scoped(
        Effect.flatMap(view(path, format), ({ db }) => db.all("read the target", "SELECT key, value FROM meta"))
      )
      // The lock only for that: what is read now may be large, and a daemon may want to start.
      if (options.dryRun !== true && !served && (yield* isUnsettled(path))) {
        yield* Effect.scoped(Effect.zipRight(Lock.acquire(path, "merge"), settle(path)))
      }
      const done = yield* Effect.interruptible(again(options, path, format))
      if (Option.isSome(done)) return done.value
      const { before, opened, sides, source } = yield* Effect.interruptible(gathered(options, meta, format))
      if (source === undefined) return yield* Effect.dieMessage("a merge without a source")
      if (options.dryRun !== true && !served) yield* Lock.acquire(path, "merge")
      const said = { what: "merge", by: options.actor, input: source.side.name } as const
      const history = { said, asked: options, sources: opened }
      const report = yield* mergeOne({ path, name: options.target, format, open, history }, source, options)
      const all = [...before, report]
      return new MergeReport({
        ...report,
        notes: all.flatMap(({ notes }) => notes),
        decided: all.reduce((sum, { decided }) => sum + decided, 0),
        unexplained: all.flatMap(({ unexplained }) => unexplained),
        unexplained_count: all.reduce((sum, { unexplained_count: count }) => sum + count, 0),
        target: options.target,
        sources: sides,
        dry_run: options.dryRun === true
      })
    }).pipe(Effect.mapError(named(path, options.target)))
  })).pipe(Effect.uninterruptible)
)
