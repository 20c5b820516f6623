/** How a command reaches the daemon, and the project it works for. */
import type * as EffectCommand from "@effect/cli/Command"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Types from "effect/Types"
import { posix } from "node:path"
import * as Client from "../client/Client.ts"
import { type Connection, DaemonClient } from "../client/DaemonClient.ts"
import * as project from "../client/project.ts"
import type { Failure } from "../Failure.ts"
import { choose } from "../presence/databasePath.ts"
import type { From } from "../presence/discover.ts"
import { parse } from "../presence/duration.ts"
import { Environment } from "./Environment.ts"
import { Globals } from "./Globals.ts"
import * as Output from "./Output.ts"
import type { Ref } from "./refs.ts"
import { Stdio } from "./Stdio.ts"
import { singleLine } from "./terminal.ts"
import type { About } from "./Tree.ts"

/** The directory of `--workspace`, else the current one. */
export const startPath = Effect.gen(function*() {
  const { cwd } = yield* Environment
  const { workspace = "" } = yield* Globals
  return posix.resolve(cwd, workspace)
})

/** How long a request may take. */
export const timeout = Effect.gen(function*() {
  const { variables: { KATA_HTTP_TIMEOUT: text = "" } } = yield* Environment
  const millis = text === "" ? undefined : parse(text)
  if (millis !== undefined && millis > 0) return Duration.millis(millis)
  if (text !== "") {
    const { stderr } = yield* Stdio
    yield* stderr.write(
      `kata: ignoring invalid KATA_HTTP_TIMEOUT=${JSON.stringify(text)} (expected a Go duration like 30s or 2m); ` +
        `using default ${Duration.format(Client.defaultTimeout)}\n`
    )
  }
  return Client.defaultTimeout
})

/** What determines where the daemon of this command is. */
export const from = Effect.gen(function*() {
  const { cwd, userHome, variables, version } = yield* Environment
  const { home, path } = yield* choose({ env: variables, home: userHome, cwd })
  const start = yield* startPath
  return { databasePath: path, kataHome: home, userHome, version, variables, cwd: start } satisfies From
})

/** Says on stderr, in every mode, that a command's words go to another machine, and that the token does not where it is not for it. */
export const announced = ({ server }: Connection) =>
  Effect.gen(function*() {
    if (server === undefined) return
    const { stderr } = yield* Stdio
    const kept = server.isTokenKept
      ? `, without the token: it goes to servers that you have named (kata trust --confirm ${server.url})`
      : ""
    yield* stderr.write(`kata: ${singleLine(`using the server ${server.url} (${server.source})${kept}`)}\n`)
  })

const connected = (more: Pick<From, "create" | "mayStart">) =>
  Effect.gen(function*() {
    const { connect } = yield* DaemonClient
    const connection = yield* Effect.interruptible(connect({ ...(yield* from), ...more }))
    yield* announced(connection)
    return Client.make(connection, yield* timeout)
  })

/** A client of the daemon, which is started when there is none. Where there is no database nothing is made, and nothing can be asked. */
export const client = connected({ create: false })

/** The same for the command with which a database begins. */
export const firstClient = connected({ create: true })

/**
 * A command that asks the daemon. What only looks can be interrupted, see `Client.call`; once a change is on its way, its answer is waited
 * for and told.
 */
export const command = <const Config extends EffectCommand.Command.Config, A, B, E extends Failure, R>(
  name: string,
  config: Config,
  format: Output.Format<A, B>,
  run: (flags: Types.Simplify<EffectCommand.Command.ParseConfig<Config>>) => Effect.Effect<A, E, R>,
  about: About
) => Output.command(name, config, format, (flags) => Effect.scoped(run(flags)), { ...about, commits: true })

/**
 * The daemon is looked for while the workspace and its repository are read; what is wrong with these is reported first. One is started only
 * when nothing is: a daemon that starts may upgrade the database, and a command that fails is to leave it as it is.
 */
const together = <E, R>(wanted: Effect.Effect<project.Wanted, E, R>) =>
  Effect.gen(function*() {
    const mayStart = yield* Deferred.make<boolean>()
    const place = Effect.exit(Effect.interruptible(wanted)).pipe(
      Effect.tap((exit) => Deferred.succeed(mayStart, Exit.isSuccess(exit) && project.isPlaced(exit.value)))
    )
    const daemon = Effect.exit(connected({ create: false, mayStart: Deferred.await(mayStart) }))
    const [local, remote] = yield* Effect.all([place, daemon], { concurrency: 2 })
    const found = yield* local
    const { start_path: start } = found
    if (start === undefined) return { wanted: found, client: yield* remote }
    return { wanted: found, client: yield* Effect.catchTag(remote, "DaemonMissing", () => project.unplaced(start)) }
  })

/** A client, and the project that the flags or the workspace say. */
export const inProject = Effect.gen(function*() {
  const { project: name } = yield* Globals
  const found = yield* together(project.wanted(name, yield* startPath))
  return { client: found.client, project: yield* project.resolve(found.client, found.wanted) }
})

/** A client, and the project of an issue: the one that its ref names, else as for every command. */
export const atIssue = (ref: Ref) =>
  Effect.gen(function*() {
    const { project: name } = yield* Globals
    const found = yield* together(project.wantedForIssue(ref.project ?? name, yield* startPath))
    const { id, name: called } = yield* project.resolve(found.client, found.wanted)
    return {
      client: found.client,
      project: called,
      path: { project_id: id, ref: ref.ref }
    }
  })
