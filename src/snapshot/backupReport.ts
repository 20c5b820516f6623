/** Whether a database could be had again from the snapshots that lie about, in words. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { exists, nameOf, parentOf, quoted } from "../files/paths.ts"
import { version10 } from "../records/kinds.ts"
import { type Backup, find, newestWhole } from "./backups.ts"
import { anyVersion, identityOf } from "./convert.ts"

export interface BackupReport {
  readonly status: "ok" | "note" | "warning"
  readonly says: string
  readonly details: ReadonlyArray<string>
  readonly next: string | undefined
  /** Somebody has to do something, although the database itself may be well. */
  readonly wrong: boolean
  /** The best there is. */
  readonly backup: {
    readonly path: string
    readonly ofThis: boolean
    readonly behind: number | null
    readonly newest: string
    /** It can be restored as it is. */
    readonly restorable: boolean
  } | undefined
}

export interface BackupQuestion {
  readonly database: string
  readonly directories: ReadonlyArray<string>
  /** Snapshots have to be there: none is wrong. */
  readonly expected: boolean
  /** Somebody works with the database. */
  readonly inUse: boolean
}

const day = 24 * 60 * 60 * 1000

/** An event that is in no snapshot for longer is one too long. */
const patience = 7 * day

/** As in "3 days". */
const ageOf = (milliseconds: number): string => {
  const [n, unit] = milliseconds < day / 24
    ? [Math.max(0, Math.floor(milliseconds / 60_000)), "minute"]
    : milliseconds < day
    ? [Math.floor(milliseconds / (day / 24)), "hour"]
    : [Math.floor(milliseconds / day), "day"]
  return `${n} ${unit}${n === 1 ? "" : "s"}`
}

/** A command that makes a snapshot that will be found, as things are now, and replaces none of before today. */
const command = (directory: string, isThere: boolean, inUse: boolean, now: number) => {
  const output = quoted(`${directory}/kata-${new Date(now).toISOString().slice(0, 10).replaceAll("-", "")}.jsonl`)
  const make = isThere ? "" : `mkdir -p ${quoted(directory)} && `
  return `${make}kata export ${inUse ? "--allow-running-daemon " : ""}--output ${output}`
}

/** What a database has behind a position: how many events, when the oldest of them was, and the last number of one; undefined when it cannot be asked. */
export const stateOf = (path: string, position: number) =>
  Effect.scoped(Effect.gen(function*() {
    const { db } = yield* anyVersion(path, version10)
    const later = yield* db.get(
      "count the events that are in no snapshot",
      "SELECT count(*) AS n, min(created_at) AS oldest FROM events NOT INDEXED WHERE id > ?",
      position
    )
    const last = yield* db.get(
      "read the last number of an event",
      "SELECT max(n) AS n FROM (SELECT max(id) AS n FROM events UNION ALL SELECT seq FROM sqlite_sequence WHERE name = 'events')"
    )
    return {
      behind: Number(later?.["n"] ?? 0),
      oldest: String(later?.["oldest"] ?? ""),
      last: Number(last?.["n"] ?? 0)
    }
  })).pipe(Effect.orElseSucceed(() => undefined))

const events = (n: number) => `${n} ${n === 1 ? "event" : "events"}`

const known = (backup: Backup) => backup.newest === "" ? "" : ` (newest event ${backup.newest})`

const verifying = (backup: Backup) => `cannot be restored as it is (kata verify ${quoted(backup.path)})`

/** What is in the files beside a snapshot. */
const salvaged = ({ path, rejected }: Backup) =>
  rejected.map((file) => `what a salvage left out of ${path} is in ${file}`)

/**
 * Reads the newest snapshot of the database whole, and when that is damaged or cannot be restored as it is others, until one can. It does
 * not fail.
 */
export const backupReport = Effect.fn("Backups.report")(function*(question: BackupQuestion) {
  const { database, expected, inUse } = question
  const now = yield* Clock.currentTimeMillis
  const directories = [...new Set(question.directories)]
  const there = yield* Effect.filter(
    directories,
    (directory) => Effect.orElseSucceed(exists(directory), () => false)
  )
  const instance = yield* Effect.scoped(
    Effect.flatMap(anyVersion(database, version10), (view) => identityOf(view, version10))
  ).pipe(
    Effect.orElseSucceed(() => undefined)
  )
  const all = yield* find(directories)
  const ours = instance === undefined ? all : all.filter((one) => one.instance === instance || one.instance === "")
  const found = yield* newestWhole(ours)
  const best = found.good ?? found.refused
  const good = instance === undefined || best?.instance === instance ? best : undefined
  const { bad, refused } = found
  const damaged = [
    ...bad.map(({ backup, why }) => `${backup.path}: ${why}`),
    ...(refused === undefined || refused === good ? [] : [`${refused.path}: ${verifying(refused)}`])
  ]
  const beside = [refused, good].filter((one) => one !== undefined)
    .flatMap(salvaged).filter((line, i, all) => all.indexOf(line) === i)
  const place = there.find((directory) => nameOf(directory) === "backups") ?? directories[0] ?? "."
  const report = (
    status: BackupReport["status"],
    says: string,
    more: Partial<Pick<BackupReport, "details" | "next" | "wrong">> & { readonly behind?: number } = {}
  ): BackupReport => ({
    status,
    says,
    details: more.details ?? [],
    next: more.next,
    wrong: more.wrong ?? false,
    backup: good === undefined ? undefined : {
      path: good.path,
      ofThis: instance !== undefined,
      behind: more.behind ?? null,
      newest: good.newest,
      restorable: good !== refused
    }
  })
  if (good === undefined) {
    const [other] = all.filter((one) => !ours.includes(one))
    return report("warning", `no ${damaged.length > 0 ? "whole " : ""}snapshot of this database was found`, {
      details: [
        ...damaged,
        ...(other === undefined ? [] : [`the newest of another database: ${other.path}`]),
        ...directories.map((directory) =>
          `looked in ${directory}${there.includes(directory) ? "" : ", which does not exist"}`
        )
      ],
      next: instance === undefined ? undefined : command(place, there.includes(place), inUse, now),
      wrong: expected || damaged.length > 0
    })
  }
  // Whose snapshot it is cannot be known where the database does not say which one it is: it may be the one that is needed now.
  if (instance === undefined) {
    const can = good !== refused
    return report(
      "note",
      `the newest whole snapshot is ${good.path}${known(good)}${can ? "" : ", and breaks a rule"}`,
      {
        details: [...damaged, ...beside],
        next: `kata verify ${quoted(good.path)} tells what is in it, kata import ${
          can ? "" : "--repair "
        }makes a database of it`
      }
    )
  }
  const state = yield* stateOf(database, good.position)
  const behind = state?.behind ?? 0
  const age = state === undefined || behind === 0 ? 0 : now - Date.parse(state.oldest)
  const reach = behind === 0
    ? `no event is newer than ${good.path}`
    : `${events(behind)} behind, the oldest of ${ageOf(age)} ago: ${good.path}`
  const next = command(parentOf(good.path), true, inUse, now)
  if (state !== undefined && state.last < good.position) {
    return report("warning", "the database is older than its newest snapshot", {
      behind,
      details: [`${good.path} has ${events(good.position - state.last)} more${known(good)}`, ...damaged, ...beside],
      next: `kata verify ${quoted(good.path)} --against ${quoted(database)}`,
      wrong: true
    })
  }
  if (refused !== undefined && !bad.some(({ backup }) => backup.modified > refused.modified)) {
    return report("warning", `the newest snapshot ${verifying(refused)}`, {
      behind,
      details: [
        ...(good === refused ? [...damaged, `whole, but breaks a rule: ${reach}`] : [`can be restored: ${reach}`]),
        ...beside
      ],
      next,
      wrong: true
    })
  }
  if (damaged.length > 0) {
    return report("warning", "the newest snapshot is damaged", {
      behind,
      details: [...damaged, `${good === refused ? "whole, but breaks a rule" : "whole"}: ${reach}`, ...beside],
      next,
      wrong: true
    })
  }
  return age > patience
    ? report("warning", reach, { behind, details: beside, next, wrong: true })
    : report(beside.length > 0 ? "note" : "ok", `whole, ${reach}`, { behind, details: beside })
})
