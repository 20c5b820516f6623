/**
 * Loads SQLite: the only module that imports better-sqlite3, once it is known that this Node can. Its addon brings an older Node down
 * instead of refusing (docs/decisions/0018), so the version is looked at before.
 */
import type Sqlite from "better-sqlite3"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { codeOf } from "../files/FileError.ts"

// SQLite reads this once, when the first database is opened.
process.env["SQLITE_USE_URI"] = "1"

/** The open database of better-sqlite3. */
export type Connection = Sqlite.Database

/** No database can be opened by this Node on this machine. */
export class EngineUnusable extends Schema.TaggedError<EngineUnusable>()("EngineUnusable", {
  /** `node`: it is too old. `addon`: the native part of better-sqlite3 is missing, or does not fit. */
  reason: Schema.Literal("node", "addon"),
  /** Such as `v24.1.0 on linux-x64`. */
  runtime: Schema.String,
  detail: Schema.String
}) {
  readonly kind = "io" as const
  override get message() {
    return this.reason === "node"
      ? `kata needs Node ${oldest.join(".")} or later, this is ${this.runtime}`
      : `better-sqlite3, which holds SQLite, cannot be loaded by Node ${this.runtime}: ${this.detail}`
  }
  get hint() {
    return this.reason === "node"
      ? "install Node 24, and run the command again with it"
      : "install kata again with this Node on this machine (npm install)"
  }
}

/** The oldest Node whose Node-API better-sqlite3 13 can use; as in package.json. */
const oldest = [22, 14] as const

const runtime = `${process.version} on ${process.platform}-${process.arch}`

/** The refusal, for a version of Node such as `20.20.2`. */
export const refusalOf = (node: string): EngineUnusable | undefined => {
  const [major = 0, minor = 0] = node.split(".").map(Number)
  return major > oldest[0] || (major === oldest[0] && minor >= oldest[1])
    ? undefined
    : new EngineUnusable({ reason: "node", runtime, detail: "" })
}

/** An addon that does not load, out of what `new Sqlite` throws; undefined for everything that SQLite itself says. */
export const unusableBy = (cause: unknown): EngineUnusable | undefined =>
  /^(ERR_DLOPEN_FAILED|(ERR_)?MODULE_NOT_FOUND)$/.test(codeOf(cause))
    ? new EngineUnusable({
      reason: "addon",
      runtime,
      // what follows are the modules that asked for it
      detail: String(cause instanceof Error ? cause.message : cause).split("\n", 1)[0] ?? ""
    })
    : undefined

/** better-sqlite3's constructor. Loading it takes longer than a command without a database takes: only who opens one asks. */
export const load: Effect.Effect<typeof Sqlite, EngineUnusable> = Effect.suspend(() => {
  const refusal = refusalOf(process.versions.node)
  return refusal ?? Effect.tryPromise({
    try: () => import("better-sqlite3").then((module) => module.default),
    catch: (cause) => unusableBy(cause) ?? new EngineUnusable({ reason: "addon", runtime, detail: String(cause) })
  })
})
