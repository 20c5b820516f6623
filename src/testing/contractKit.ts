/** What the cases of the database's contract share. */
import * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { strict as assert } from "node:assert"
import { createHash } from "node:crypto"
import { Database } from "../database/Database.ts"
import { open } from "../database/Handle.ts"
import { version10 } from "../records/kinds.ts"
import { build, type Content } from "./database.ts"
import type { Fault } from "./faults.ts"

export interface Case {
  readonly name: string
  /** What the filesystem below the layer does wrong. */
  readonly faults?: ReadonlyArray<Fault>
  /** Fails, or dies of an assertion, when the contract is broken. */
  readonly run: Effect.Effect<void, unknown, Database | FileSystem.FileSystem | Path.Path | Scope.Scope>
}

/** The name by which a database is recognised. */
export const contentOf = (uid: string): Content => ({
  meta: [{ key: "schema_version", value: "10" }, { key: "instance_uid", value: uid }]
})

export const temporary = Effect.flatMap(
  FileSystem.FileSystem,
  (fs) => Effect.flatMap(fs.makeTempDirectoryScoped({ prefix: "kata-contract-" }), fs.realPath)
)

/** What a database says it is, through the view of the layer. */
export const uidOf = (path: string) =>
  Effect.scoped(Effect.gen(function*() {
    const { db } = yield* (yield* Database).view(path, version10)
    return (yield* db.get("read", "SELECT value FROM meta WHERE key = 'instance_uid'"))?.["value"]
  }))

/** Every file of a directory but locks, by its content. */
export const filesIn = (directory: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const found: { [name: string]: string } = {}
    for (const name of (yield* fs.readDirectory(directory)).toSorted()) {
      const path = `${directory}/${name}`
      // a link that leads nowhere has no content either
      const type = yield* Effect.orElseSucceed(Effect.map(fs.stat(path), (info) => info.type), () => "Unknown")
      if (type !== "File") continue
      found[name] = createHash("sha256").update(yield* fs.readFile(path)).digest("hex")
    }
    return found
  })

/** A stage that holds a database of that name, ready to be put in place. */
export const staged = (target: string, uid: string) =>
  Effect.gen(function*() {
    const stage = yield* (yield* Database).stage(target, version10)
    yield* stage.db.attempt("fill", (db) => {
      const insert = db.prepare("INSERT INTO meta(key, value) VALUES (?, ?)")
      insert.run("schema_version", "10")
      insert.run("instance_uid", uid)
    })
    yield* stage.build
    yield* stage.seal
    return stage
  })

export const swapped = (target: string, uid: string, force = true) =>
  Effect.scoped(Effect.gen(function*() {
    const stage = yield* staged(target, uid)
    return yield* (yield* Database).swap(stage, target, force)
  }))

/** A database at `kata.db` of a new directory, changed by SQL that no kata would run. */
export const tampered = (
  sql: string,
  options: { readonly uid?: string; readonly journal?: "wal" | "delete" } = {}
) =>
  Effect.gen(function*() {
    const path = `${yield* temporary}/kata.db`
    yield* build(path, contentOf(options.uid ?? "old"), { journal: options.journal ?? "delete" })
    yield* Effect.scoped(Effect.flatMap(open(path, "write"), (db) => db.exec("tamper", sql)))
    return path
  })

/** The failure must be an `OpenError` of that reason. */
export const refusedAs = <A, E, R>(effect: Effect.Effect<A, E, R>, reason: string) =>
  Effect.flatMap(Effect.exit(effect), (exit) =>
    Effect.sync(() => {
      const error = exit._tag === "Failure" && exit.cause._tag === "Fail" ? exit.cause.error : undefined
      const found = typeof error === "object" && error !== null && "reason" in error ? error.reason : exit
      assert.equal(found, reason)
    }))
