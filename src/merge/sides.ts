/** The two sides of a comparison, opened: a database as it is, everything else as a private one. */
import * as Effect from "effect/Effect"
import { type Attachable, Database, type View } from "../database/Database.ts"
import { instanceIn } from "../database/meta.ts"
import { wholeDatabase } from "../database/Selection.ts"
import type { Session } from "../database/Session.ts"
import { SqliteFailure } from "../database/SqliteFailure.ts"
import { inTemporary } from "../database/temporary.ts"
import { resolve } from "../export/scope.ts"
import { parentOf } from "../files/paths.ts"
import { privateDirectory } from "../files/staleFiles.ts"
import { type Losses, lossesOf } from "../records/Finding.ts"
import type { Format } from "../records/Format.ts"
import { anyVersion, convert } from "../snapshot/convert.ts"
import type { Input } from "../snapshot/input.ts"
import { opened, type VerifyReport } from "../snapshot/verify.ts"
import { narrow } from "./narrow.ts"
import { Side } from "./Side.ts"

/** One side of a comparison. */
export type Source<E = never> = { readonly database: string } | { readonly snapshot: Input<E> }

export interface Opened {
  readonly attach: Attachable
  readonly side: Side
  /** The database itself, when it was not copied. */
  readonly view: View | undefined
  /** The file of the private database, when there is one. */
  readonly file: string | undefined
  /** Of a sealed snapshot the size of its file, and what its seal says. */
  readonly sealed: { readonly bytes: number; readonly seal: string } | undefined
}

/** A snapshot as a private database; of some of its projects, by name or uid, when they are named. */
export const openSnapshot = <E>(input: Input<E>, format: Format, only: ReadonlyArray<string> = []) =>
  Effect.gen(function*() {
    const { header, report, seal, stage } = yield* opened(input, format)
    const instance_uid = (yield* instanceIn(stage.db)) ?? null
    const picked = only.length === 0 ? undefined : yield* narrow(stage.db, report.file, only, format)
    yield* Effect.mapError(stage.seal, inTemporary(parentOf(stage.path)))
    const { losses } = report
    const live_only = header?.live_only === true
    const projects = picked ?? (header === undefined || header.scope === "database" ? null : header.scope.projects)
    return {
      attach: stage,
      view: undefined,
      file: stage.path,
      sealed: seal === undefined ? undefined : { bytes: report.bytes, seal },
      side: new Side({ name: report.file, is: "snapshot", instance_uid, projects, live_only, losses }),
      report
    } satisfies Opened & { readonly report: VerifyReport }
  })

/** A view of a database; what it becomes in this version, or some of its projects, as a private one. */
export const openDatabase = Effect.fnUntraced(
  function*(path: string, format: Format, only: ReadonlyArray<string> = []) {
    const view = yield* anyVersion(path, format)
    const instance_uid = (yield* instanceIn(view.db)) ?? null
    const side = (projects: ReadonlyArray<string> | null, losses: Losses) =>
      new Side({ name: path, is: "database", instance_uid, projects, live_only: false, losses })
    if (view.format.version === format.version && only.length === 0) {
      return { attach: view, side: side(null, {}), view, file: undefined, sealed: undefined } satisfies Opened
    }
    const directory = yield* privateDirectory("compare")
    return yield* Effect.gen(function*() {
      const stage = yield* (yield* Database).stage(`${directory}/converted.db`, format)
      const { findings } = yield* convert(view, stage, format)
      const projects = only.length === 0 ? null : yield* narrow(stage.db, path, only, format)
      yield* stage.seal
      yield* view.confirm
      return {
        attach: stage,
        side: side(projects, lossesOf(findings)),
        view: undefined,
        file: stage.path,
        sealed: undefined
      } satisfies Opened
    }).pipe(Effect.mapError(inTemporary(directory)))
  }
)

export const openSide = Effect.fnUntraced(
  function*<E>(source: Source<E>, format: Format, only: ReadonlyArray<string> = []) {
    const opened: Opened = yield* "database" in source
      ? openDatabase(source.database, format, only)
      : openSnapshot(source.snapshot, format, only)
    return opened
  }
)

/** Whether it is a snapshot of some projects, or without what was deleted. */
export const isPartial = ({ side }: Opened): boolean => side.projects !== null || side.live_only

/** What of the side `b` of a session is compared, when `a` is a partial snapshot and `b` is not. */
export const scopeOf = (db: Session, a: Opened, b: Opened, format: Format) =>
  !isPartial(a) || isPartial(b) ? Effect.succeed(wholeDatabase) : Effect.map(
    resolve({ db, path: b.side.name }, format, {
      projects: (a.side.projects ?? []).map((uid) => ({ uid })),
      includeDeleted: !a.side.live_only
    }),
    ({ scope }) => scope
  )

/** The user does not know of the session: what is damaged is one of the sides, and what lacks room is its own file. */
export const ofBoth = (path: string, sides: ReadonlyArray<Opened>) => <E>(error: E) =>
  error instanceof SqliteFailure && error.path === path && error.kind === "damaged"
    ? new SqliteFailure({ ...error, path: sides.map(({ side }) => side.name).join(" or ") })
    : inTemporary(parentOf(path))(error)
