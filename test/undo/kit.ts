/** Databases with a history, as the tests of undo make them. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import * as Undo from "../../src/undo/Undo.ts"
import * as kit from "../snapshot/kit.ts"

export const small = kit.fixtureText("small.export.jsonl")
export const rich = kit.fixtureText("rich.export.jsonl")

export const undo = (database: string, options: Partial<Undo.UndoOptions> = {}) =>
  Undo.undo({ database, homes: kit.homes, ...options })

export const list = (database: string) => Undo.list({ database })

export const prune = (database: string, options: Partial<Undo.PruneOptions>) =>
  Undo.prune({ database, homes: kit.homes, ...options })

/** A database that holds what `small` says, over which `rich` was restored; its path and the report of that. */
export const restored = Effect.gen(function*() {
  const path = yield* kit.copyTo(`${yield* kit.temporary}/kata.db`, "small.db")
  const report = yield* kit.restore(kit.text(rich, "rich.jsonl"), path, { force: true, by: "ana" })
  return { path, report }
})

export const historyOf = (path: string) => `${path}.history`

const digest = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex")

/** Everything in the directory of a database and in its history, by its bytes; a lock file may come and stay. */
export const stateOf = (path: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const directory = path.slice(0, path.lastIndexOf("/"))
    const found: { [name: string]: string } = {}
    for (const name of (yield* fs.readDirectory(directory, { recursive: true })).toSorted()) {
      const info = yield* fs.stat(`${directory}/${name}`)
      if (name.endsWith(".lock")) continue
      found[name] = info.type === "File" ? digest(yield* kit.bytesOf(`${directory}/${name}`)) : ""
    }
    return found
  })

/** What the database says it holds, by the snapshot that it was made of. */
export const contentOf = (path: string) =>
  Effect.map(kit.exportedAsGo(path), (text) => text === small ? "small" : text === rich ? "rich" : text)

/** Fails so, and nothing is changed. */
export const refused = (path: string, options: Partial<Undo.UndoOptions> = {}) =>
  Effect.gen(function*() {
    const before = yield* stateOf(path)
    const error = yield* Effect.flip(undo(path, options))
    return { error, unchanged: JSON.stringify(yield* stateOf(path)) === JSON.stringify(before) }
  })

/** Somebody records something in a database. */
export const record = (path: string) =>
  kit.change(
    path,
    `INSERT INTO events(uid, origin_instance_uid, project_id, project_name, type, actor, payload, created_at)
     SELECT substr(uid, 1, 22) || '0000', origin_instance_uid, project_id, project_name, type, actor, payload, created_at
     FROM events ORDER BY id LIMIT 1`
  )
