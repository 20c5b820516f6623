import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { createHash } from "node:crypto"
import type { Database } from "../../src/database/Database.ts"
import * as Sqlite from "../../src/database/sqlite.ts"
import * as Processes from "../../src/host/Processes.ts"
import { type Fault, type FileCall, layerFaultyFileSystem } from "../../src/testing/faults.ts"
import { type DatabaseCall, type DatabaseFault, layerFaultyDatabase } from "../../src/testing/faultyDatabase.ts"
import { temporaryDirectory } from "../files/temp.ts"

/** Faults of one run: in the filesystem, in the database, or both. */
export interface Plan {
  readonly files?: ReadonlyArray<Fault>
  readonly database?: ReadonlyArray<DatabaseFault>
}

export interface Calls {
  readonly files: Array<FileCall>
  readonly database: Array<DatabaseCall>
}

const services = (plan: Plan, calls?: Calls) => {
  const files = layerFaultyFileSystem(plan.files ?? [], (call) => calls?.files.push(call)).pipe(
    Layer.provideMerge(NodeContext.layer)
  )
  const database = Layer.provide(
    layerFaultyDatabase(plan.database ?? [], (call) => calls?.database.push(call)),
    Sqlite.layer
  )
  return Layer.provideMerge(Layer.merge(database, Processes.layer), files)
}

export interface Subject<A, E> {
  /** Makes everything that the work needs in an empty directory. */
  readonly prepare: (directory: string) => Effect.Effect<unknown, unknown, FileSystem.FileSystem>
  readonly work: (
    directory: string
  ) => Effect.Effect<A, E, Database | Processes.Processes | NodeContext.NodeContext>
  /** What the work replaces. */
  readonly target: string
  /** A reason why the target is not what the work makes; none when it is. */
  readonly complete: (directory: string) => Effect.Effect<string | undefined, unknown, FileSystem.FileSystem>
  /** Faults that are there besides the one that is tried. */
  readonly always?: Plan
}

const digests = (directory: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const found: { [name: string]: string } = {}
    for (const name of (yield* fs.readDirectory(directory, { recursive: true })).toSorted()) {
      // the lock stays; a -shm has nothing in it that SQLite cannot make again
      if (name.endsWith(".lock") || name.endsWith("-shm")) continue
      if ((yield* fs.stat(`${directory}/${name}`)).type === "Directory") {
        found[name] = "a directory"
        continue
      }
      found[name] = createHash("sha256").update(yield* fs.readFile(`${directory}/${name}`)).digest("hex")
    }
    return found
  })

const first = (cause: Cause.Cause<unknown>) => Cause.pretty(cause).split("\n")[0] ?? ""

const kinds: ReadonlyArray<unknown> = ["io", "locked", "damaged"]

/** What one plan of faults did that it should not have done. */
const judge = <A, E>(subject: Subject<A, E>, plan: Plan, anew: boolean) =>
  Effect.scoped(Effect.gen(function*() {
    const directory = yield* temporaryDirectory
    yield* subject.prepare(directory)
    const before = yield* digests(directory)
    const all = {
      files: [...(plan.files ?? []), ...(subject.always?.files ?? [])],
      database: [...(plan.database ?? []), ...(subject.always?.database ?? [])]
    }
    const exit = yield* Effect.exit(Effect.provide(subject.work(directory), services(all)))
    const problems: Array<string> = []
    const done = Effect.map(subject.complete(directory), (reason) => {
      if (reason !== undefined) problems.push(reason)
    })
    if (Exit.isSuccess(exit)) yield* done
    else {
      const error: unknown = Option.getOrUndefined(Cause.failureOption(exit.cause))
      const of = (key: string): unknown => typeof error === "object" && error !== null ? Reflect.get(error, key) : error
      if (Cause.isDie(exit.cause) || !kinds.includes(of("kind"))) problems.push(first(exit.cause))
      if (of("_tag") === "DurabilityNotConfirmed") yield* done
      else {
        const after = yield* digests(directory)
        for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
          if (before[name] === after[name]) continue
          problems.push(`${name} is ${before[name] === undefined ? "left behind" : "changed"} after ${of("message")}`)
        }
      }
    }
    // From the same state the same follows: whether this process is still able to is asked now and then.
    if (!anew && problems.length === 0 && Exit.isFailure(exit)) return []
    const again = yield* Effect.exit(Effect.provide(subject.work(directory), services(subject.always ?? {})))
    if (Exit.isFailure(again)) problems.push(`the second run fails: ${first(again.cause)}`)
    else yield* done
    return problems.map((problem) => `${JSON.stringify(plan)}: ${problem}`)
  }))

/** The calls of a run without faults of its own. */
export const recorded = <A, E>(subject: Subject<A, E>) =>
  Effect.scoped(Effect.gen(function*() {
    const directory = yield* temporaryDirectory
    const calls: Calls = { files: [], database: [] }
    yield* subject.prepare(directory)
    yield* Effect.provide(subject.work(directory), services(subject.always ?? {}, calls))
    return calls
  }))

/** Each call by its operation and its number among those. */
export const numbered = <A extends { readonly operation: string }>(calls: ReadonlyArray<A>) => {
  const counts = new Map<A["operation"], number>()
  return calls.map(({ operation }: A) => {
    const call = (counts.get(operation) ?? 0) + 1
    counts.set(operation, call)
    return { operation: operation as A["operation"], call }
  })
}

/** All that went wrong when each of the plans was tried. */
export const tried = <A, E>(subject: Subject<A, E>, plans: ReadonlyArray<Plan>) =>
  Effect.map(
    Effect.provide(Effect.forEach(plans, (plan, i) => judge(subject, plan, i % 5 === 0)), NodeContext.layer),
    (problems) => problems.flat()
  )
