/** Where a daemon can be reached, and how its record comes and goes. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { platform, tmpdir, userInfo } from "node:os"
import { posix } from "node:path"
import type { FailureKind } from "../Failure.ts"
import * as Atomic from "../files/Atomic.ts"
import * as Directories from "../files/directories.ts"
import { notOnlyOurs } from "../files/ownership.ts"
import { Processes } from "../host/Processes.ts"
import { namespaceOf } from "./databasePath.ts"
import { type DaemonRecord, nameOf, namesIn, pidIn } from "./records.ts"

export interface Places {
  readonly home: string
  /** Where the records of the daemons of this database are. */
  readonly records: string
  /** Each of these is ours alone, from the outermost to the one with the socket. */
  readonly socketDirectories: readonly [outer: string, inner: string]
  readonly socket: string
}

/** The operating system cannot bind a socket with so long a name. */
export class SocketPathTooLong extends Schema.TaggedError<SocketPathTooLong>()("SocketPathTooLong", {
  path: Schema.String,
  limit: Schema.Int
}) {
  readonly kind = "io" satisfies FailureKind
  override get message() {
    return `the path of the socket has ${
      Buffer.byteLength(this.path)
    } bytes, the system takes ${this.limit}: ${this.path}`
  }
  get hint(): string {
    return "set XDG_RUNTIME_DIR (or TMPDIR) to a shorter directory, or listen over TCP: kata daemon start --listen 127.0.0.1:0"
  }
}

/** Another user could put a socket under the name of ours. */
export class SocketUnsafe extends Schema.TaggedError<SocketUnsafe>()("SocketUnsafe", {
  path: Schema.String,
  /** Such as "/srv/tmp may be changed by others". */
  problem: Schema.String
}) {
  readonly kind = "io" satisfies FailureKind
  override get message() {
    return `no socket can be kept from others in ${this.path}: ${this.problem}`
  }
  get hint(): string {
    return "set XDG_RUNTIME_DIR to a directory that only you can change, or take the permission of others away"
  }
}

/** `sun_path` without its last NUL. */
const limit = platform() === "darwin" ? 103 : 107

/**
 * The places of a database, by the spelling of its absolute path. The socket does not depend on the directory of state: it is in
 * XDG_RUNTIME_DIR, else in TMPDIR, else in the system's directory for temporary files.
 */
export const placesOf = (of: {
  readonly databasePath: string
  readonly kataHome: string
  readonly variables: Readonly<Record<string, string | undefined>>
  readonly cwd: string
}): Places => {
  const namespace = namespaceOf(of.databasePath)
  const { TMPDIR: temporary = "", XDG_RUNTIME_DIR: runtime = "" } = of.variables
  const outer = runtime !== ""
    ? posix.resolve(of.cwd, runtime, "kata")
    : posix.resolve(of.cwd, temporary === "" ? tmpdir() : temporary, `kata-${userInfo().uid}`)
  const inner = `${outer}/${namespace}`
  return {
    home: of.kataHome,
    records: `${of.kataHome}/runtime/${namespace}`,
    socketDirectories: [outer, inner],
    socket: `${inner}/daemon.sock`
  }
}

/** The directories of state that a daemon needs, for this user only. */
export const makeState = Effect.fn("runtime.makeState")(function*({ home, records }: Places) {
  yield* Directories.make(home)
  yield* Directories.ensureOwn(`${home}/runtime`)
  yield* Directories.ensureOwn(records)
})

/** The directory of the socket, likewise; fails when the socket could not be bound, or its name could become another user's. */
export const makeSocketDirectory = Effect.fn("runtime.makeSocketDirectory")(function*(places: Places) {
  if (Buffer.byteLength(places.socket) > limit) return yield* new SocketPathTooLong({ path: places.socket, limit })
  yield* Effect.forEach(places.socketDirectories, Directories.ensureOwn, { discard: true })
  const [, path] = places.socketDirectories
  const problem = notOnlyOurs(path)
  if (problem !== undefined) return yield* new SocketUnsafe({ path, problem })
})

/** Writes the record of this process, whole, which goes away with the scope, and gives its path. The directory exists. */
export const publish = Effect.fn("runtime.publish")(function*(directory: string, record: DaemonRecord) {
  const fs = yield* FileSystem.FileSystem
  const path = `${directory}/${nameOf(record.pid)}`
  // Registered before there is a record. Ignored: a record of a dead process is never believed.
  yield* Effect.addFinalizer(() => Effect.ignore(fs.remove(path, { force: true })))
  const text = JSON.stringify(record, null, 2)
  yield* Atomic.write(path, Stream.succeed(new TextEncoder().encode(text)))
  return path
})

/** Removes what dead daemons of this database left; who calls this holds the lock of the database. */
export const sweep = Effect.fn("runtime.sweep")(function*(directory: string) {
  const fs = yield* FileSystem.FileSystem
  const { current, isAlive } = yield* Processes
  for (const name of yield* namesIn(directory)) {
    const pid = pidIn(name) ?? 0
    const stale = pid === current.pid || (pid > 0 && !(yield* isAlive(pid)))
    // Ignored: it is never believed, and the next start tries again.
    if (stale) yield* Effect.ignore(fs.remove(`${directory}/${name}`, { force: true }))
  }
})

/** Now, as a record says it. */
export const now = Effect.map(DateTime.now, DateTime.formatIso)
