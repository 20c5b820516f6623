/** What every operation on backups begins with: the directory that is meant, and what is remembered of it. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { resolve } from "../files/paths.ts"
import { list } from "./entries.ts"
import { find, init } from "./place.ts"
import { idOf, load, ofDirectory, remember } from "./state.ts"

export interface Where {
  /** The directory of backups, as the user named it. */
  readonly directory: string
  /** The directory of state. */
  readonly kataHome: string
}

/** The directory, which has to be one of backups already. Nothing is created. */
export const open = Effect.fn("Backup.open")(function*({ directory, kataHome }: Where) {
  const state = yield* load(kataHome)
  // Where there is no such path there is also no link in it.
  const real = yield* Effect.orElseSucceed(resolve(directory), () => directory)
  const place = yield* find(directory, idOf(state, real))
  return { place, remembered: ofDirectory(state, place) }
})

/** The same, with what is in it. */
export const opened = Effect.fn("Backup.opened")(function*(where: Where) {
  const { place, remembered } = yield* open(where)
  return { place, remembered, entries: yield* list(place, remembered) }
})

/** The directory of backups that is used when none is named: the first run makes it, but not where one was before. */
export const openOrMake = Effect.fn("Backup.openOrMake")(function*(where: Where) {
  const state = yield* load(where.kataHome)
  const real = yield* Effect.orElseSucceed(resolve(where.directory), () => where.directory)
  if (idOf(state, real) === undefined) yield* init(where.directory)
  return yield* open(where)
})

export class InitReport extends Schema.Class<InitReport>("BackupInitReport")({
  kind: Schema.Literal("backup_init"),
  directory: Schema.String,
  id: Schema.String,
  /** False when it was a directory of backups already: then kata only knows it again. */
  made: Schema.Boolean
}) {}

/** Makes a directory one of backups, or gets to know one that is: from now on another one at its path is told. */
export const initBackups = Effect.fn("Backup.initBackups")(function*({ directory, kataHome }: Where) {
  const { id, made, real } = yield* init(directory)
  yield* remember(kataHome, { id, real }, (remembered) => remembered)
  return new InitReport({ kind: "backup_init", directory, id, made })
})
