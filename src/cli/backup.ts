/** What the commands of `kata backup` share: the directory, and how a backup is shown. */
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import { posix } from "node:path"
import type { Listed, Where } from "../backup/Backup.ts"
import type { Failure } from "../Failure.ts"
import { sizeWords } from "../files/sizeWords.ts"
import type { Homes } from "../import/stopHint.ts"
import { text } from "./Argv.ts"
import { withDatabase } from "./databaseOption.ts"
import { Environment } from "./Environment.ts"
import { plural } from "./report.ts"
import { quote } from "./terminal.ts"
import { UsageError } from "./UsageError.ts"

export const toOption = text("to", "dir").pipe(
  Options.withDescription("the directory of backups; backups in KATA_HOME, else ~/.kata/backups, unless given"),
  Options.withDefault(undefined)
)

/** Runs with the directory that is meant and the database of the environment. */
export const withBackups = <A, E extends Failure, R>(
  to: string | undefined,
  use: (given: {
    readonly where: Where
    /** The directory is the one that is used when none is named. */
    readonly usual: boolean
    readonly database: string
    readonly homes: Homes
  }) => Effect.Effect<A, E, R>
) =>
  withDatabase(({ homes, path }) =>
    Effect.gen(function*() {
      if (to === "") return yield* new UsageError({ reason: "--to is empty: name a directory, or leave it out" })
      const { cwd } = yield* Environment
      const directory = to === undefined ? posix.join(homes.kataHome, "backups") : posix.resolve(cwd, to)
      const where = { directory, kataHome: homes.kataHome }
      return yield* use({ where, usual: to === undefined, database: path, homes })
    })
  )

const states: Readonly<Record<Listed["state"], string>> = {
  good: "whole",
  refused: "whole, breaks a rule",
  damaged: "DAMAGED",
  lies: "NOT WHAT ITS NAME SAYS",
  unread: "not read"
}

export const stateWords = (state: Listed["state"]): string => states[state]

/** A backup on one line, and below it what is wrong with it. */
export const row = (
  { bytes, file, future, new_events: added, position, problem, read_at: at, state, time }: Listed
) => [
  `  ${time}  ${plural(position, "event").padStart(14)}  ${
    (added === null ? "" : added < 0 ? String(added) : `+${added}`).padStart(7)
  }  ${sizeWords(bytes).padStart(8)}  ${stateWords(state)}` +
  `${at === null ? "" : ` (read ${at.slice(0, 10)})`}${future ? ", DATED IN THE FUTURE" : ""}`,
  `    ${file}`,
  ...(problem === "" ? [] : [`    ${problem}`])
]

export const agentRow = (listed: Listed) =>
  `- backup file=${quote(listed.file)} time=${listed.time} position=${listed.position} instance=${
    quote(listed.instance)
  } bytes=${listed.bytes} state=${listed.state}` +
  (listed.future ? " future=true" : "") +
  (listed.read_at === null ? "" : ` read_at=${listed.read_at}`) +
  (listed.problem === "" ? "" : ` problem=${quote(listed.problem)}`)

export const warningLines = (warnings: ReadonlyArray<string>) => warnings.map((warning) => `WARNING: ${warning}`)
export const agentWarnings = (warnings: ReadonlyArray<string>) =>
  warnings.map((warning) => `- warning text=${quote(warning)}`)
