/**
 * Is everything still there, and could I get it back? Each folder is asked for what it knows of a database: whether it can be read and
 * exported, what is odd in it, what work was interrupted, who works with it, and when it was last saved. Nothing is changed.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { waiting } from "./database/blockCircles.ts"
import { remainsOf } from "./database/absent.ts"
import { Database } from "./database/Database.ts"
import { EngineUnusable } from "./database/engine.ts"
import { OpenError } from "./database/OpenError.ts"
import { stagePrefix } from "./database/stage.ts"
import { into } from "./export/Export.ts"
import type { Failure, FailureKind } from "./Failure.ts"
import { gunzip } from "./files/gzip.ts"
import { exists, nameOf, parentOf, resolve } from "./files/paths.ts"
import { leftBehind } from "./files/staleFiles.ts"
import { daemonReport } from "./presence/daemonReport.ts"
import { blocking, Finding } from "./records/Finding.ts"
import { version10 } from "./records/kinds.ts"

const Status = Schema.Literal("ok", "note", "warning", "error")

/** What one question found. `next` is what to do about it. */
export class Check extends Schema.Class<Check>("Check")({
  name: Schema.Literal("database", "integrity", "content", "findings", "blocking", "leftovers", "daemon", "backup"),
  status: Status,
  says: Schema.String,
  details: Schema.Array(Schema.String),
  next: Schema.NullOr(Schema.String)
}) {}

export class DoctorReport extends Schema.Class<DoctorReport>("DoctorReport")({
  database: Schema.String,
  checks: Schema.Array(Check),
  findings: Schema.Array(Finding),
  /** The newest snapshot of this database that was found, and when it was written (ISO 8601). */
  backup: Schema.NullOr(
    Schema.Struct({ path: Schema.String, written_at: Schema.String, of_this_database: Schema.Boolean })
  ),
  /** What the worst check means for an exit code: null when nothing is wrong. */
  outcome: Schema.NullOr(Schema.Literal("damaged", "validation", "not_found", "io", "locked", "internal"))
}) {}

export interface DoctorOptions {
  readonly database: string
  readonly homes: { readonly kataHome: string; readonly userHome: string }
  /** Directories in which snapshots are looked for. */
  readonly backups: ReadonlyArray<string>
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
  const { view } = yield* Database
  return yield* Effect.scoped(Effect.gen(function*() {
    const { db } = yield* view(path, version10)
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

/** An export to nowhere: whatever would stop a backup stops it. */
const contentOf = (path: string) => into({ database: path }, "-", Stream.runDrain)

const wrong = (found: ReadonlyArray<Finding>) => found.reduce((sum, finding) => sum + finding.count, 0)

const findingsCheck = (all: ReadonlyArray<Finding>) => {
  const blocks = blocking(all)
  if (blocks.length > 0) {
    return check("findings", "error", `${wrong(blocks)} break a rule: a restore will refuse them`, {
      next: "an export still carries them; kata import --repair mends or leaves out each, and says so"
    })
  }
  return all.length === 0
    ? check("findings", "ok", "nothing unusual")
    : check("findings", "note", `${wrong(all)} are odd and carried as they are`, {
      next: "kata import --repair writes such values as kata does"
    })
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

const head = 64 * 1024

/** Whether a file begins as a snapshot does, and whether it is one of this instance. */
const recognised = Effect.fnUntraced(function*(path: string, instance: string | undefined) {
  const fs = yield* FileSystem.FileSystem
  const raw = fs.stream(path, { bytesToRead: head })
  const pieces: Array<Uint8Array> = []
  const bytes: Stream.Stream<Uint8Array, unknown> = path.endsWith(".gz") ? gunzip(raw) : raw
  // Ignored: a compressed file that is cut here ends in an error, after the bytes that are looked at.
  yield* Effect.ignore(Stream.runForEach(bytes, (piece) => Effect.sync(() => void pieces.push(piece))))
  const text = Buffer.concat(pieces).toString("latin1")
  if (!text.startsWith("{\"kind\":\"meta\",\"data\":{\"key\":\"export_version\"")) return undefined
  const named = /"key":"instance_uid","value":"([^"]+)"/.exec(text)?.[1]
  return { ofThis: instance !== undefined && named === instance }
})

interface Backup {
  readonly path: string
  readonly writtenAt: Date
  readonly ofThis: boolean
}

/** The newest snapshot in those directories; one of this database before any other. */
const newestBackup = Effect.fnUntraced(function*(directories: ReadonlyArray<string>, instance: string | undefined) {
  const fs = yield* FileSystem.FileSystem
  let best: Backup | undefined
  for (const directory of new Set(directories)) {
    const names = yield* Effect.orElseSucceed(fs.readDirectory(directory), () => [])
    for (const name of names.filter((name) => /\.jsonl(?:\.gz)?$/.test(name) && !name.includes(".rejected."))) {
      const path = `${directory}/${name}`
      const info = yield* Effect.option(fs.stat(path))
      const writtenAt = Option.flatMap(Option.filter(info, ({ type }) => type === "File"), ({ mtime }) => mtime)
      if (Option.isNone(writtenAt)) continue
      const known = yield* recognised(path, instance)
      if (known === undefined) continue
      const better = best === undefined ||
        (known.ofThis === best.ofThis ? writtenAt.value > best.writtenAt : known.ofThis)
      if (better) best = { path, writtenAt: writtenAt.value, ofThis: known.ofThis }
    }
  }
  return best
})

const day = 24 * 60 * 60 * 1000

/** As in "3 days". */
const ageOf = (milliseconds: number): string => {
  const [n, unit] = milliseconds < day / 24
    ? [Math.floor(milliseconds / 60_000), "minute"]
    : milliseconds < day
    ? [Math.floor(milliseconds / (day / 24)), "hour"]
    : [Math.floor(milliseconds / day), "day"]
  return `${n} ${unit}${n === 1 ? "" : "s"}`
}

const quoted = (path: string) => /^[\w./:@%+,-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`

/** A command that makes a snapshot that will be found, as things are now, and replaces none of before today. */
const backupCommand = (directory: string, isThere: boolean, inUse: boolean) => {
  const output = quoted(`${directory}/kata-${new Date().toISOString().slice(0, 10).replaceAll("-", "")}.jsonl`)
  const make = isThere ? "" : `mkdir -p ${quoted(directory)} && `
  return `${make}kata export ${inUse ? "--allow-running-daemon " : ""}--output ${output}`
}

const backupCheck = Effect.fnUntraced(function*(
  backup: Backup | undefined,
  options: DoctorOptions,
  instance: string | undefined,
  inUse: boolean
) {
  const directories = [...new Set(options.backups)]
  const there = yield* Effect.filter(
    directories,
    (directory) => Effect.orElseSucceed(exists(directory), () => false)
  )
  const age = backup === undefined ? 0 : Date.now() - backup.writtenAt.getTime()
  // whose snapshot it is cannot be told where the database does not say who it is: it may be the one that is needed now
  if (backup !== undefined && instance === undefined) {
    return check("backup", "note", `the newest snapshot is ${ageOf(age)} old: ${backup.path}`, {
      next: `kata verify ${backup.path} tells what is in it, kata import makes a database of it`
    })
  }
  if (backup === undefined || !backup.ofThis) {
    const place = there.find((directory) => nameOf(directory) === "backups") ?? directories[0] ?? "."
    const other = backup === undefined ? [] : [`the newest of another database: ${backup.path}`]
    return check("backup", "warning", "no snapshot of this database was found", {
      details: [
        ...other,
        ...directories.map((directory) =>
          `looked in ${directory}${there.includes(directory) ? "" : ", which does not exist"}`
        )
      ],
      next: backupCommand(place, there.includes(place), inUse)
    })
  }
  const says = `${ageOf(age)} old: ${backup.path}`
  return age > 7 * day
    ? check("backup", "warning", says, { next: backupCommand(parentOf(backup.path), true, inUse) })
    : check("backup", "ok", says)
})

const instanceOf = Effect.fnUntraced(function*(path: string) {
  const { view } = yield* Database
  return yield* Effect.scoped(Effect.gen(function*() {
    const { db } = yield* view(path, version10)
    const row = yield* db.get("read the instance", "SELECT value FROM meta NOT INDEXED WHERE key = 'instance_uid'")
    return typeof row?.["value"] === "string" ? row["value"] : undefined
  }))
})

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
  const instance = yield* Effect.orElseSucceed(instanceOf(options.database), () => undefined)
  const blocks = yield* Effect.option(waiting(options.database, version10))
  const backup = yield* newestBackup(options.backups, instance)
  const unopened = content._tag === "Left" &&
    (content.left instanceof OpenError || content.left instanceof EngineUnusable)
  const findings = content._tag === "Right" ? content.right.findings : []
  const checks = [
    ...(unopened
      ? [refused("database", content.left)]
      : [
        check("database", "ok", `opens, schema version 10${instance === undefined ? "" : `, instance ${instance}`}`),
        integrity._tag === "Right" ? integrity.right : refused("integrity", integrity.left),
        content._tag === "Right"
          ? check("content", "ok", `${content.right.lines} records can be exported`)
          : refused("content", content.left),
        ...(content._tag === "Right" ? [findingsCheck(findings)] : []),
        ...Option.toArray(blocks).map(({ says, status, ...more }) => check("blocking", status, says, more))
      ]),
    leftovers,
    check("daemon", daemon.status, daemon.says, daemon),
    yield* backupCheck(backup, options, instance, inUse)
  ]
  const damage = integrity._tag === "Right" && integrity.right.status === "error"
  return new DoctorReport({
    database: real,
    checks,
    findings,
    backup: backup === undefined ? null : {
      path: backup.path,
      written_at: backup.writtenAt.toISOString(),
      of_this_database: backup.ofThis
    },
    outcome: content._tag === "Left"
      ? outcomeOf(content.left.kind)
      : damage || daemon.damaged
      ? "damaged"
      : blocking(findings).length > 0
      ? "validation"
      : null
  })
})
