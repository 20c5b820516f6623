/**
 * The same snapshots again, as they were merged before: what the history knows of is not read a second time. Whatever happened since, the target
 * knows all of their events, so that there is nothing to do.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { createHash } from "node:crypto"
import { Database } from "../database/Database.ts"
import type { Session } from "../database/Session.ts"
import { fromPlatform } from "../files/FileError.ts"
import type { Entry, Merged } from "../history/Entry.ts"
import { read } from "../history/history.ts"
import { phase } from "../Progress.ts"
import type { Format } from "../records/Format.ts"
import { type Input, open } from "../snapshot/input.ts"
import { sealOf } from "../snapshot/seal.ts"
import { MergedProject, MergeNote, type MergeOptions, MergeReport } from "./MergeReport.ts"
import { Side } from "./Side.ts"
import type { Opened } from "./sides.ts"

type Asked = Pick<MergeOptions, "projects" | "issues" | "prefer" | "decisions" | "applyPurges" | "restorePurged">

const askedOf = (asked: Asked): string => {
  const { applyPurges = false, decisions = [], issues = [], prefer, projects = [], restorePurged = false } = asked
  const sides = decisions.map(({ issue, side }) => [issue, side])
  return createHash("sha256")
    .update(JSON.stringify([applyPurges, sides, issues, prefer ?? "", projects, restorePurged]))
    .digest("hex")
}

/** The last event that a plan brings, with the number that it gives it. */
const lastEvent = (plan: Session) =>
  plan.get("plan the merge", "SELECT id, uid FROM put_events WHERE fresh ORDER BY id DESC LIMIT 1")

/** What is kept of a merge that is planned; nothing when it could not be known again by it. */
export const kept = Effect.fnUntraced(
  function*(
    plan: Session,
    options: Asked,
    sources: ReadonlyArray<Opened>,
    report: Pick<MergeReport, "projects" | "purged_there">
  ) {
    const sealed = sources.flatMap(({ sealed, side }) =>
      sealed === undefined ? [] : [{ ...sealed, side: Schema.encodeSync(Side)(side) }]
    )
    const event = yield* lastEvent(plan)
    if (sealed.length < sources.length || sealed.length > 100 || report.projects.length > 1000 || event === undefined) {
      return undefined
    }
    return {
      asked: askedOf(options),
      sources: sealed,
      projects: report.projects.map(({ uid }) => uid),
      purged_there: report.purged_there,
      event: { id: Number(event["id"]), uid: String(event["uid"]) }
    } satisfies Merged
  }
)

/**
 * The merges since which nothing else was done to the database as a whole. Purges are no events that both know: what was purged by a merge may
 * have come back by a later one, and what is alive here and purged there may be purged here since.
 */
const candidates = (
  entries: ReadonlyArray<Entry>,
  options: Asked
): ReadonlyArray<{ readonly id: string; readonly merged: Merged }> => {
  // what is named may have been purged or deleted here since, and is asked for anew
  if (options.issues !== undefined && options.issues.length > 0) return []
  const asked = askedOf(options)
  const since = options.applyPurges === true
    ? entries.slice(-1)
    : entries.slice(entries.findLastIndex(({ what }) => what !== "merge") + 1)
  return since.toReversed().flatMap(({ id, merged }) =>
    merged?.asked === asked && merged.purged_there === 0 ? [{ id, merged }] : []
  )
}

const sizesOf = (paths: ReadonlyArray<string>) =>
  Effect.forEach(paths, (path) =>
    Effect.flatMap(FileSystem.FileSystem, (fs) => fs.stat(path)).pipe(
      Effect.mapError(fromPlatform("read", path)),
      Effect.map(({ size, type }) => type === "File" ? Number(size) : -1)
    ))

const projectsIn = Effect.fnUntraced(function*(db: Session, { event, projects }: Merged) {
  const rows = yield* db.all(
    "tell of the projects",
    `SELECT p.uid, p.name, (SELECT count(*) FROM events e NOT INDEXED WHERE e.id > ? AND e.project_id = p.id) AS later FROM projects p
     WHERE p.uid IN (SELECT value FROM json_each(?)) ORDER BY p.name`,
    BigInt(event.id),
    JSON.stringify(projects)
  )
  return rows.map(({ later, name, uid }) => {
    const events = Number(later)
    return new MergedProject({
      uid: String(uid),
      name: String(name),
      case: events === 0 ? "same" : "ahead",
      source_events: 0,
      target_events: events
    })
  })
})

/** A snapshot that can be read again. */
const fileOf = <E>(snapshot: Input<E>) =>
  typeof snapshot === "string" ? [{ path: snapshot, name: snapshot }] : "path" in snapshot ? [snapshot] : []

/** The report of a merge that was done before; none when that is not known. */
export const again = <E>(options: MergeOptions<E>, real: string, format: Format) =>
  Effect.gen(function*() {
    const files = options.sources.flatMap((source) => "snapshot" in source ? fileOf(source.snapshot) : [])
    const paths = files.map(({ path }) => path)
    const names = files.map(({ name }) => name)
    if (paths.length === 0 || paths.length < options.sources.length) return Option.none()
    const found = candidates((yield* read(real)).entries, options)
    if (found.length === 0) return Option.none()
    const sizes = yield* sizesOf(paths)
    const same = found.filter(({ merged: { sources } }) =>
      sources.length === sizes.length && sources.every(({ bytes }, i) => bytes === sizes[i])
    )
    if (same.length === 0) return Option.none()
    const seals = yield* Effect.forEach(paths, (path, i) =>
      Effect.gen(function*() {
        yield* phase("reading", { bytes: sizes[i] ?? 0 })
        const { bytes } = yield* open(path)
        return (yield* sealOf(format, bytes)).sha256
      }))
    const known = same.find(({ merged: { sources } }) => sources.every(({ seal }, i) => seal === seals[i]))
    if (known === undefined) return Option.none()
    const sides = Option.all(known.merged.sources.map(({ side }) => Schema.decodeUnknownOption(Side)(side)))
    if (Option.isNone(sides)) return Option.none()
    const { db } = yield* (yield* Database).view(real, format)
    const { event } = known.merged
    const there = yield* db.get("look for the last event", "SELECT uid FROM events WHERE id = ?", BigInt(event.id))
    if (there?.["uid"] !== event.uid) return Option.none()
    return Option.some(
      new MergeReport({
        target: options.target,
        sources: sides.value.map((side, i) => new Side({ ...side, name: names[i] ?? side.name })),
        dry_run: options.dryRun === true,
        unchanged: true,
        projects: yield* projectsIn(db, known.merged),
        counts: {},
        unexplained: [],
        unexplained_count: 0,
        decided: 0,
        purged_there: known.merged.purged_there,
        entry: null,
        notes: [
          new MergeNote({
            what: "merged before",
            of: names.join(", "),
            detail: `the same content, as entry ${known.id} of the history says: it was not compared again`
          })
        ]
      })
    )
  }).pipe(
    Effect.scoped,
    // What is not as expected is met again, and told, by the merge.
    Effect.orElseSucceed(() => Option.none<MergeReport>())
  )
