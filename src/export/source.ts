/**
 * What an export reads, and of which version its lines are:
 *
 * - a database of this version, as it is;
 * - one of another version by way of a private database, into which its records are converted, so that rules and selections know one version;
 * - or that one as it is stored: its own lines, while the private database says whether they can be converted.
 */
import * as Channel from "effect/Channel"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { judge } from "../database/checkRules.ts"
import { count } from "../database/count.ts"
import { Database, type View } from "../database/Database.ts"
import { instanceIn } from "../database/meta.ts"
import { pages } from "../database/pages.ts"
import { objectFindings } from "../database/schemaObjects.ts"
import { type Scope, wholeDatabase } from "../database/Selection.ts"
import { inTemporary } from "../database/temporary.ts"
import type { FailureKind } from "../Failure.ts"
import type { Spooled } from "../files/Spool.ts"
import { privateDirectory } from "../files/staleFiles.ts"
import { Finding, FindingRow } from "../records/Finding.ts"
import type { Format } from "../records/Format.ts"
import { Soundness, unwatched, type Watch } from "../records/Soundness.ts"
import { convert, convertible, salvageable } from "../snapshot/convert.ts"
import type { RecordRefused } from "../snapshot/errors.ts"
import { LossesRefused, unaccepted, unknownLoss } from "../snapshot/losses.ts"
import type { Header } from "../snapshot/seal.ts"
import type { Content } from "./replaces.ts"
import { departures, resolve as resolveScope, type Wanted } from "./scope.ts"

/** What was asked for cannot be had of a database as it is stored. */
export class NotAsStored extends Schema.TaggedError<NotAsStored>()("NotAsStored", {
  path: Schema.String,
  reason: Schema.String
}) {
  readonly kind = "validation" satisfies FailureKind
  override get message() {
    return `${this.path} cannot be exported as it is stored: ${this.reason}`
  }
  get hint() {
    return "without --as-stored its records are written as those of version 10"
  }
}

export interface Asked extends Wanted {
  readonly database: string
  readonly format: Format
  readonly salvage: boolean
  readonly asStored: boolean
  /** What of a newer version may be lost, by name. */
  readonly acceptLoss: ReadonlyArray<string>
}

/** The records that a selection takes, in the order of the file. */
export const recordPages = (view: View, format: Format, scope: Scope, watch?: Watch) =>
  Stream.flatMap(Stream.fromIterable(format.kinds), (kind) => pages(view.db, format, kind, scope, watch))

/** The same, and at their end what was seen of them as they passed. */
const watchedPages = (view: View, scope: Scope) =>
  Channel.suspend(() => {
    const soundness = new Soundness(view.format, { indexed: true })
    return Channel.as(
      Stream.toChannel(recordPages(view, view.format, scope, soundness)),
      soundness as Soundness | undefined
    )
  })

/** Of lines that keep no rules of this version: what is odd is asked of their private twins. */
const storedPages = (view: View) =>
  Channel.as(
    Stream.toChannel(recordPages(view, view.format, wholeDatabase, unwatched)),
    undefined as Soundness | undefined
  )

/** A view of another version as one of `format`: of a private database, for as long as the scope lives. */
const converted = Effect.fnUntraced(function*(stored: View, format: Format) {
  const directory = yield* privateDirectory("view")
  return yield* Effect.gen(function*() {
    const stage = yield* (yield* Database).stage(`${directory}/converted.db`, format)
    const { findings } = yield* convert(stored, stage, format)
    return { view: { ...stored, format, db: stage.db, count: count(stage.db, format) } satisfies View, findings }
  }).pipe(Effect.mapError(inTemporary(directory)))
})

/** Whether rows were left out. */
const isPart = (rejected: Spooled | undefined) => rejected !== undefined && rejected.size > 0

const content = Effect.fnUntraced(function*(view: View, scope: Scope, header: Header, incomplete: boolean) {
  const counts = yield* view.count(scope)
  return {
    rows: [...counts.values()].reduce((sum, n) => sum + n, 0),
    content: {
      instance: yield* instanceIn(view.db),
      wholeDatabase: header.scope === "database",
      issues: counts.get("issue") ?? 0,
      incomplete
    } satisfies Content
  }
})

/** A record that has no place in this version, as what stands in the way of a restore. */
const stopping = (path: string, { field, reason, record }: RecordRefused) =>
  new Finding({
    rule: "no record of this version",
    kind: record?.split(" ")[0] ?? "record",
    field,
    says: reason,
    outcome: "carried",
    blocking: true,
    count: 1,
    rows: [new FindingRow({ row: record?.split(" ").slice(1).join(" ") ?? path })]
  })

const whole = "that is only done with all that is in it"
const refused = (path: string, reason: string) => new NotAsStored({ path, reason })

const asStored = Effect.fnUntraced(function*(asked: Asked, stored: View, rejected: Spooled | undefined) {
  const { format, includeDeleted, projects } = asked
  const { path, format: { version } } = stored
  if (version > format.version) {
    return yield* refused(path, `it is of version ${version}, and newer than ${format.version}`)
  }
  if (projects.length > 0 || !includeDeleted) return yield* refused(path, whole)
  const header: Header = { sealed: true, scope: "database" }
  const inThisVersion = converted(stored, format).pipe(
    Effect.flatMap(({ findings, view }) =>
      Effect.map(judge(view.db, format, wholeDatabase), (judged) => [...findings, ...judged])
    ),
    Effect.scoped,
    Effect.catchTag("RecordRefused", (error) => Effect.succeed([stopping(stored.path, error)]))
  )
  return {
    stored,
    format: stored.format,
    header,
    ...(yield* content(stored, wholeDatabase, header, isPart(rejected))),
    pages: storedPages(stored),
    // Nothing of what would become of the records was done to them.
    isAsStored: true,
    findings: () => Effect.map(inThisVersion, (found) => found.filter(({ outcome }) => outcome !== "upgraded")),
    rejected
  }
})

const ofVersion = Effect.fnUntraced(function*(asked: Asked, stored: View, rejected: Spooled | undefined) {
  const { acceptLoss, format, includeDeleted } = asked
  const other = stored.format.version === format.version ? undefined : yield* converted(stored, format)
  const missing = unaccepted(other?.findings ?? [], acceptLoss)
  if (missing.length > 0) {
    const { path, format: { version } } = stored
    return yield* new LossesRefused({ file: path, version, findings: missing, next: "kata doctor" })
  }
  const view = other?.view ?? stored
  const { header, scope } = yield* resolveScope(view, format, asked)
  return {
    stored,
    format,
    header,
    ...(yield* content(view, scope, header, isPart(rejected))),
    pages: watchedPages(view, scope),
    isAsStored: false,
    findings: (soundness: Soundness | undefined) =>
      Effect.map(
        Effect.all([
          // Of what was copied into a private database, the rest of the schema is that of this version.
          other === undefined && rejected === undefined ? objectFindings(view.db, format) : Effect.succeed([]),
          judge(view.db, format, scope, soundness),
          departures(view, format, scope, includeDeleted)
        ]),
        (found) => [...other?.findings ?? [], ...found.flat()]
      ),
    rejected
  }
})

/** Opens a database of this version, or of one that can be made one of this, in one read transaction. */
export const open = Effect.fn("Export.open")(function*(asked: Asked) {
  const database = yield* Database
  const unknown = unknownLoss(asked.acceptLoss)
  if (unknown !== undefined) return yield* unknown
  const { asStored: wanted, database: path, format, salvage } = asked
  const salvaged = salvage ? yield* database.salvage(path, format, salvageable(format)) : undefined
  const stored: View = salvaged ?? (yield* database.view(path, format, convertible(format)))
  return yield* wanted && stored.format.version !== format.version
    ? asStored(asked, stored, salvaged?.rejected)
    : ofVersion(asked, stored, salvaged?.rejected)
})
