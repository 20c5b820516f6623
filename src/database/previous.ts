/**
 * What is replaced stays beside the new database as `<name>.bak.<time>`, with its side files as `.bak.<time>-wal` and `-journal`. Under
 * such a name there is never half of anything: it is a second name of the file, or of a copy that is on disk.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import { closed } from "../files/closeErrors.ts"
import { FileError, fromPlatform } from "../files/FileError.ts"
import { exists as isThere, nameOf, parentOf, sameFile } from "../files/paths.ts"
import { stageName, stagePrefix, sync } from "./stage.ts"

/** What a side file may hold that is nowhere else; a `-shm` can always be made again. */
const sides = ["-wal", "-journal"]

/** Nothing has a name that is too long; that of a side file may be, where that of its database is not. */
const exists = (path: string) =>
  Effect.catchIf(isThere(path), ({ code }) => code === "ENAMETOOLONG", () => Effect.succeed(false))

export const remove = (path: string) =>
  Effect.flatMap(
    FileSystem.FileSystem,
    (fs) => Effect.mapError(fs.remove(path, { force: true }), fromPlatform("remove", path))
  )

const rename = (from: string, to: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.mapError(fs.rename(from, to), fromPlatform("rename", from)))

/**
 * When what comes after a step fails, the step is undone: the state after is the state before. Only the rename cannot be taken back, which
 * `DurabilityNotConfirmed` says was done. Ignored: the failure is the one to report, and `undo` stops where going on would lose something.
 */
export const orUndo =
  <E2, R2>(undo: Effect.Effect<unknown, E2, R2>) =>
  <A, E extends { readonly _tag: string }, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.tapError(effect, ({ _tag }) => _tag === "DurabilityNotConfirmed" ? Effect.void : Effect.ignore(undo))

/** `20261123T101500Z`: the same form as Go kata's backups. */
const stampNow = Effect.map(DateTime.now, (now) => DateTime.formatIso(now).replace(/[-:]/g, "").replace(/\.\d+/, ""))

/** Whether a file has the name of a backup, or of a side file of one. */
export const isBackup = (name: string): boolean => /\.bak\.\d{8}T\d{6}Z(?:-\d+)?(?:-wal|-journal)?$/.test(name)

const isTaken = (error: FileError) => error.code === "EEXIST"

/** Tries the names for a backup one after the other. `make` fails with EEXIST, and leaves everything alone, when one is taken. */
const named = <R>(target: string, make: (backup: string) => Effect.Effect<void, FileError, R>) =>
  Effect.flatMap(stampNow, (stamp) => {
    const attempt = (n: number): Effect.Effect<string, FileError, R> => {
      const backup = `${target}.bak.${stamp}${n === 1 ? "" : `-${n}`}`
      return make(backup).pipe(
        Effect.as(backup),
        Effect.catchIf((error) => isTaken(error) && n < 1000, () => attempt(n + 1))
      )
    }
    return attempt(1)
  })

const refuseTaken = Effect.fnUntraced(function*(backup: string) {
  for (const side of ["", ...sides]) {
    if (yield* exists(backup + side)) {
      return yield* new FileError({ path: backup + side, operation: "create", code: "EEXIST", detail: "" })
    }
  }
})

/** Which of these side files there are. */
export const present = <S extends string>(path: string, from: ReadonlyArray<S>) =>
  Effect.filter(from, (side) => exists(path + side))

/** Second names: they cost nothing. Fails where the filesystem has none. */
export const link = Effect.fnUntraced(function*(target: string, from: ReadonlyArray<string> = ["", ...sides]) {
  const fs = yield* FileSystem.FileSystem
  const there = yield* present(target, from)
  return yield* named(target, (backup) =>
    Effect.gen(function*() {
      yield* refuseTaken(backup)
      const done: Array<string> = []
      yield* Effect.forEach(there, (side) =>
        fs.link(target + side, backup + side).pipe(
          Effect.mapError(fromPlatform("link", backup + side)),
          Effect.tap(() => Effect.sync(() => done.unshift(backup + side)))
        ), { discard: true }).pipe(orUndo(Effect.suspend(() => Effect.forEach(done, remove, { discard: true }))))
    }))
})

/** Copies, which have the name only when they are on disk. Not of files that this process has open: Handle.ts says why. */
export const copy = Effect.fnUntraced(function*(target: string, from: ReadonlyArray<string> = ["", ...sides]) {
  const fs = yield* FileSystem.FileSystem
  const staged = stageName(target)
  const there = yield* present(target, from)
  const names = there.map((side) => staged + side)
  return yield* Effect.gen(function*() {
    for (const side of there) {
      const to = staged + side
      yield* Effect.scoped(fs.open(to, { flag: "wx", mode: 0o600 })).pipe(
        Effect.mapError(fromPlatform("create", to)),
        closed(to)
      )
      yield* Effect.mapError(fs.copyFile(target + side, to), fromPlatform("write", to))
      yield* Effect.mapError(fs.chmod(to, 0o600), fromPlatform("chmod", to))
      yield* sync(to)
    }
    return yield* named(target, (backup) => {
      const done = (side: string) => names.push(backup + side)
      return Effect.zipRight(
        refuseTaken(backup),
        Effect.forEach(there, (side) => Effect.tap(rename(staged + side, backup + side), () => done(side)), {
          discard: true
        })
      )
    })
  }).pipe(orUndo(Effect.suspend(() => Effect.forEach(names.toReversed(), remove, { discard: true }))))
})

/** Gives a file that is in the way the name of a backup of itself. */
export const moveAside = Effect.fn("Database.moveAside")((path: string) =>
  named(path, (backup) => Effect.zipRight(refuseTaken(backup), rename(path, backup)))
)

/** Moves the side files of a database that is gone. */
export const moveSides = Effect.fnUntraced(function*(target: string) {
  const there = yield* present(target, sides)
  return yield* named(target, (backup) => {
    const done: Array<string> = []
    return Effect.zipRight(
      refuseTaken(backup),
      Effect.forEach(there, (side) => Effect.tap(rename(target + side, backup + side), () => done.push(side)), {
        discard: true
      }).pipe(orUndo(Effect.suspend(() => Effect.forEach(done, (side) => rename(backup + side, target + side)))))
    )
  })
})

/**
 * Makes a backup undone. When side files may be gone from beside the target (`begun`) they go back first; where something else is there by
 * now, the backup stays.
 */
export const undo = Effect.fnUntraced(function*(target: string, backup: string, begun: boolean) {
  const there = yield* present(backup, sides)
  if (begun) {
    if (!(yield* exists(backup)) && (yield* exists(target))) return
    for (const side of there) {
      if (!(yield* exists(target + side))) yield* rename(backup + side, target + side)
      else if (!(yield* sameFile(backup + side, target + side))) return
    }
  }
  for (const side of [...there, ""]) yield* remove(backup + side)
})

/**
 * Takes the second name away from a target that was filled meanwhile. What the backup has of the old side files stays, alone: the
 * target is another database by now.
 */
export const unname = Effect.fnUntraced(function*(target: string, backup: string) {
  if (yield* sameFile(backup, target)) yield* remove(backup)
})

/** Whether a backup is only a second name of the target and of its side files: a restore was killed before its rename. */
const isSecondName = Effect.fnUntraced(function*(target: string, backup: string) {
  for (const side of ["", ...(yield* present(backup, sides))]) {
    if (!(yield* exists(target + side)) || !(yield* sameFile(backup + side, target + side))) return false
  }
  return true
})

/** Removes what a killed restore of this target left: staged files, and a backup that is still the target itself. */
export const cleanUp = Effect.fn("Database.cleanUp")(function*(target: string) {
  const fs = yield* FileSystem.FileSystem
  const directory = parentOf(target)
  const names = yield* Effect.mapError(fs.readDirectory(directory), fromPlatform("list", directory))
  for (const name of names) {
    const path = `${directory}/${name}`
    if (name.startsWith(stagePrefix(target))) {
      yield* Effect.mapError(fs.remove(path, { recursive: true, force: true }), fromPlatform("remove", path))
    } else if (
      name.startsWith(`${nameOf(target)}.bak.`) && !/-(?:wal|journal)$/.test(name) &&
      (yield* isSecondName(target, path))
    ) {
      for (const side of [...(yield* present(path, sides)), ""]) yield* remove(path + side)
    }
  }
})
