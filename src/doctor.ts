/**
 * Is everything still there, and could I get it back? Each folder is asked for what it knows of a database: whether it can be read and
 * exported, what is odd in it, what work was interrupted, who works with it, and when it was last saved. Nothing is changed.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { directoriesReport } from "./backup/directoriesReport.ts"
import { remainsOf } from "./database/absent.ts"
import { waiting } from "./database/blockCircles.ts"
import { EngineUnusable } from "./database/engine.ts"
import { contactReport, newestGoKata } from "./database/firstContact.ts"
import { OpenError } from "./database/OpenError.ts"
import { RowUnreadable } from "./database/RowUnreadable.ts"
import { stagePrefix } from "./database/stage.ts"
import { into } from "./export/Export.ts"
import type { Failure, FailureKind } from "./Failure.ts"
import { exists, nameOf, parentOf, resolve } from "./files/paths.ts"
import { leftBehind } from "./files/staleFiles.ts"
import { type Outlook, outlookOf, readByUpgrade, versionReport } from "./import/outlook.ts"
import type { Homes } from "./import/stopHint.ts"
import { daemonReport } from "./presence/daemonReport.ts"
import { blocking, Finding } from "./records/Finding.ts"
import { version10 } from "./records/kinds.ts"
import { backupReport } from "./snapshot/backupReport.ts"
import { anyVersion, identityOf } from "./snapshot/convert.ts"
import { historyReport } from "./undo/historyReport.ts"

const Status = Schema.Literal("ok", "note", "warning", "error")

/** What one question found. `next` is what to do about it. */
export class Check extends Schema.Class<Check>("Check")({
  name: Schema.Literal(
    "database",
    "version",
    "integrity",
    "content",
    "findings",
    "blocking",
    "leftovers",
    "go-kata",
    "daemon",
    "backup",
    "backups",
    "history"
  ),
  status: Status,
  says: Schema.String,
  details: Schema.Array(Schema.String),
  next: Schema.NullOr(Schema.String)
}) {}

export class DoctorReport extends Schema.Class<DoctorReport>("DoctorReport")({
  database: Schema.String,
  checks: Schema.Array(Check),
  findings: Schema.Array(Finding),
  /** What the newest Go kata would stop at; null where the database cannot be read as a whole. */
  newest_go_kata: Schema.NullOr(
    Schema.Struct({
      stops: Schema.Int,
      /** Rows without their issue, which it leaves out. */
      leaves_out: Schema.Int,
      at: Schema.Array(Schema.Struct({ mended_by: Schema.Literal("repair", "hand"), finding: Finding }))
    })
  ),
  /** The snapshot of this database that can be restored as it is and reaches furthest; without one, one that is whole. */
  backup: Schema.NullOr(
    Schema.Struct({
      path: Schema.String,
      /** False where the database does not say who it is. */
      of_this_database: Schema.Boolean,
      /** When its newest event was, ISO 8601. */
      newest_event_at: Schema.NullOr(Schema.String),
      /** Events that only the database has; null when it cannot be asked. */
      events_behind: Schema.NullOr(Schema.Int),
      /** Whether `kata import` takes it as it is. */
      restorable: Schema.Boolean
    })
  ),
  /** What the worst check means for an exit code: null when nothing is wrong. */
  outcome: Schema.NullOr(Schema.Literal("damaged", "validation", "not_found", "io", "locked", "conflict", "internal"))
}) {}

export interface DoctorOptions {
  readonly database: string
  readonly homes: Homes
  /** Directories in which snapshots are looked for. */
  readonly backups: ReadonlyArray<string>
  /** There have to be some: none is wrong. */
  readonly expected?: boolean
}

const check = (
  name: Check["name"],
  status: Check["status"],
  says: string,
  more: { readonly details?: ReadonlyArray<string>; readonly next?: string | undefined } = {}
) => new Check({ name, status, says, details: more.details ?? [], next: more.next ?? null })

/** What a database that cannot be used answers. */
const refused = (name: Check["name"], failure: Failure) => check(name, "error", failure.message, { next: failure.hint })

const integrityOf = Effect.fnUntraced(function*(path: string) {
  return yield* Effect.scoped(Effect.gen(function*() {
    const { db } = yield* anyVersion(path, version10)
    // what breaks a CHECK is no damage: the findings tell it, with its row
    yield* db.exec("check the pages", "PRAGMA ignore_check_constraints = ON")
    const rows = yield* db.all("check the pages", "PRAGMA integrity_check(20)")
    const problems = rows.flatMap((row) => Object.values(row).map(String)).filter((line) => line !== "ok")
    return problems.length === 0
      ? check("integrity", "ok", "every page and index is sound")
      : check("integrity", "error", "SQLite finds damage", {
        details: problems,
        next: "work on a copy: kata export --salvage takes out what can be read; see docs/recovery.md"
      })
  }))
})

/** Which version the database is of, and who it is, as far as it says. */
const aboutOf = (path: string) =>
  Effect.scoped(Effect.gen(function*() {
    const view = yield* anyVersion(path, version10)
    return { version: view.format.version, instance: yield* identityOf(view, version10) }
  })).pipe(Effect.orElseSucceed(() => ({ version: version10.version, instance: undefined })))

/** An export to nowhere: whatever would stop a backup stops it. */
const contentOf = (path: string) => into({ database: path, acceptLoss: ["all"] }, "-", Stream.runDrain)

const wrong = (found: ReadonlyArray<Finding>) => found.reduce((sum, finding) => sum + finding.count, 0)

/** Of what becomes of records of another version: nothing is odd about them. */
const isConverted = ({ outcome }: Finding) => outcome === "upgraded" || outcome === "lost"

const versionCheck = (version: number, findings: ReadonlyArray<Finding>, outlook: Outlook) =>
  check(
    "version",
    "note",
    `of version ${version}: exports read it, other commands want one of version 10`,
    versionReport(findings, outlook)
  )

const findingsCheck = (found: ReadonlyArray<Finding>) => {
  const all = found.filter((finding) => !isConverted(finding))
  const blocks = blocking(all)
  if (blocks.length > 0) {
    return check(
      "findings",
      "error",
      wrong(blocks) === 1
        ? "1 breaks a rule: a restore will refuse it"
        : `${wrong(blocks)} break a rule: a restore will refuse them`,
      {
        next: "an export still carries them; kata import --repair mends or leaves out each, and says so"
      }
    )
  }
  return all.length === 0
    ? check("findings", "ok", "nothing unusual")
    : check(
      "findings",
      "note",
      wrong(all) === 1 ? "1 is odd and carried as it is" : `${wrong(all)} are odd and carried as they are`,
      {
        next: "kata import --repair writes such values as kata does"
      }
    )
}

const leftoversCheck = Effect.fnUntraced(function*(path: string, inUse: boolean) {
  const fs = yield* FileSystem.FileSystem
  const names = yield* Effect.orElseSucceed(fs.readDirectory(parentOf(path)), () => [])
  // who holds the lock may be making one of these
  const staged = inUse ? [] : names.filter((name) => name.startsWith(stagePrefix(path)))
  const cutover = names.filter((name) => /\.import\.tmp\.(?:db|jsonl)$/.test(name) && name.startsWith(nameOf(path)))
  const found = [...staged, ...cutover].map((name) => `${parentOf(path)}/${name}`).concat(yield* leftBehind(path))
  const isThere = yield* Effect.orElseSucceed(exists(path), () => true)
  const remains = isThere ? [] : yield* Effect.orElseSucceed(remainsOf(path), () => [])
  if (remains.length > 0) {
    return check("leftovers", "error", "the database is gone, and what is left may hold its work", {
      details: [...new Set([...remains.map((name) => `${parentOf(path)}/${name}`), ...found])],
      next: "copy these files first; then put the database back beside them, see docs/recovery.md"
    })
  }
  return found.length === 0
    ? check("leftovers", "ok", "no work was interrupted")
    : check("leftovers", "note", "work that was interrupted left files; the next export or import removes its own", {
      details: found,
      next: cutover.length === 0
        ? undefined
        : "an upgrade by Go kata was interrupted: it starts again when its two .import.tmp files are gone"
    })
})

/** What the newest Go kata would stop at, beside what the other checks say; nothing where that cannot be asked. */
const goKataOf = Effect.fnUntraced(
  function*(path: string, content: Either.Either<{ readonly findings: ReadonlyArray<Finding> }, Failure>) {
    if (Either.isLeft(content)) return content.left instanceof RowUnreadable ? { stops: [], leftOut: [] } : undefined
    return Option.getOrUndefined(yield* Effect.option(newestGoKata(path, version10, content.right.findings)))
  }
)

const outcomes: ReadonlyArray<NonNullable<DoctorReport["outcome"]>> = [
  "damaged",
  "validation",
  "not_found",
  "io",
  "locked"
]

const outcomeOf = (kind: FailureKind): NonNullable<DoctorReport["outcome"]> =>
  outcomes.find((outcome) => outcome === kind) ?? "internal"

/** Asks everything. It does not fail: what cannot be answered is an answer. */
export const examine = Effect.fn("Doctor.examine")(function*(options: DoctorOptions) {
  const real = yield* Effect.orElseSucceed(resolve(options.database), () => options.database)
  const daemon = yield* daemonReport({ databasePath: options.database, ...options.homes })
  const { inUse } = daemon
  const leftovers = yield* leftoversCheck(real, inUse)
  const integrity = yield* Effect.either(integrityOf(options.database))
  const content = yield* Effect.either(contentOf(options.database))
  const { instance, version } = yield* aboutOf(options.database)
  // Of another version it is not judged: half of an answer would look like a whole one.
  const contact = version === version10.version ? yield* goKataOf(options.database, content) : undefined
  const goKata = contact && contactReport(contact, {
    path: real,
    inUse,
    beside: [
      ...content._tag === "Left" ? [content.left.message] : [],
      ...integrity._tag === "Right" && integrity.right.status === "error" ? ["its pages: integrity_check fails"] : [],
      ...leftovers.details.filter((name) => /\.import\.tmp\.(?:db|jsonl)$/.test(name))
    ]
  })
  const blocks = yield* Effect.option(waiting(options.database, version10))
  const backup = yield* backupReport({
    database: options.database,
    directories: options.backups,
    expected: options.expected === true,
    inUse
  })
  const saved = yield* directoriesReport(options.database, options.homes.kataHome)
  const history = yield* historyReport(options.database)
  const unopened = content._tag === "Left" &&
    (content.left instanceof OpenError || content.left instanceof EngineUnusable)
  const outlook = unopened ? undefined : yield* outlookOf(options.database, version, options.homes)
  const read = content._tag === "Left" ? readByUpgrade(outlook, content.left) : undefined
  const findings = content._tag === "Right" ? content.right.findings : read?.findings ?? []
  const checks = [
    ...(unopened
      ? [refused("database", content.left)]
      : [
        check(
          "database",
          "ok",
          `opens, schema version ${version}${instance === undefined ? "" : `, instance ${instance}`}`
        ),
        ...(version === version10.version ? [] : [versionCheck(version, findings, outlook)]),
        integrity._tag === "Right" ? integrity.right : refused("integrity", integrity.left),
        content._tag === "Right"
          ? check("content", "ok", `${content.right.lines} records can be exported`)
          : read === undefined
          ? refused("content", content.left)
          : check("content", "note", read.says, read),
        ...(content._tag === "Right" || read !== undefined ? [findingsCheck(findings)] : []),
        ...Option.toArray(blocks).map(({ says, status, ...more }) => check("blocking", status, says, more))
      ]),
    leftovers,
    ...(goKata === undefined ? [] : [check("go-kata", goKata.status, goKata.says, goKata)]),
    check("daemon", daemon.status, daemon.says, daemon),
    check("backup", backup.status, backup.says, backup),
    ...saved.map((one) => check("backups", one.status, one.says, one)),
    check("history", history.status, history.says, history)
  ]
  const damage = integrity._tag === "Right" && integrity.right.status === "error"
  return new DoctorReport({
    database: real,
    checks,
    findings,
    newest_go_kata: goKata === undefined ? null : goKata.account,
    backup: backup.backup === undefined ? null : {
      path: backup.backup.path,
      of_this_database: backup.backup.ofThis,
      newest_event_at: backup.backup.newest || null,
      events_behind: backup.backup.behind,
      restorable: backup.backup.restorable
    },
    outcome: content._tag === "Left" && read === undefined
      ? outcomeOf(content.left.kind)
      : damage || daemon.damaged
      ? "damaged"
      : blocking(findings).length > 0
      ? "validation"
      : backup.wrong || saved.some(({ wrong }) => wrong)
      ? "conflict"
      : null
  })
})
