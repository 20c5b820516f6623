/** From a place to a server that listens there. What a dead daemon left in the way is taken over, nothing else is touched. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { connect, type Server } from "node:net"
import type { FailureKind } from "../Failure.ts"
import { codeOf, fromPlatform, reasonOf } from "../files/FileError.ts"
import * as Address from "../presence/address.ts"

/** Where to listen. */
export type Place = { readonly socketPath: string } | Address.Listen

const reasons = {
  occupied: ["io", "look at it, then move it away or remove it"],
  used: ["locked", "stop what listens there, or choose another place with --listen"],
  refused: ["io", "choose another place with --listen"]
} satisfies Record<string, readonly [FailureKind, string]>

/** Nothing can be served there. */
export class BindFailed extends Schema.TaggedError<BindFailed>()("BindFailed", {
  /** A path or `host:port`. */
  place: Schema.String,
  reason: Schema.Literal("occupied", "used", "refused"),
  /** Such as "path exists and is not a socket". */
  problem: Schema.String
}) {
  get kind(): FailureKind {
    return reasons[this.reason][0]
  }
  override get message() {
    return `cannot listen at ${this.place}: ${this.problem}`
  }
  get hint(): string {
    return reasons[this.reason][1]
  }
}

/** Empty when connections are accepted there, or the code that says why not. */
const probe = (path: string) =>
  Effect.async<string>((resume) => {
    const socket = connect(path)
    const answer = (code: string) => {
      socket.destroy()
      resume(Effect.succeed(code))
    }
    socket.on("connect", () => answer("")).on("error", (error) => answer(codeOf(error)))
    return Effect.sync(() => socket.destroy())
  })

/** Removes the socket of a dead daemon; fails when there is anything else. */
const takeOver = Effect.fnUntraced(function*(path: string) {
  const fs = yield* FileSystem.FileSystem
  const fail = (reason: BindFailed["reason"], problem: string) => new BindFailed({ place: path, reason, problem })
  const type = yield* Effect.mapError(fs.stat(path), fromPlatform("stat", path)).pipe(
    Effect.map((info) => info.type),
    Effect.catchIf(({ code }) => code === "ENOENT", () => Effect.succeed("Nothing" as const))
  )
  if (type === "Nothing") return
  if (type !== "Socket") return yield* fail("occupied", "path exists and is not a socket")
  const code = yield* probe(path)
  if (code === "") return yield* fail("used", "socket already in use")
  if (code === "ENOENT") return
  if (code !== "ECONNREFUSED") return yield* fail("refused", `the socket there does not answer (${code})`)
  yield* Effect.mapError(fs.remove(path, { force: true }), fromPlatform("remove", path))
})

const nameOf = (place: Place) => "socketPath" in place ? place.socketPath : Address.format(place)

const listening = (server: Server, place: Place) =>
  Effect.async<void, BindFailed>((resume) => {
    const failed = (error: Error) => {
      const code = codeOf(error)
      const problem = code === "EADDRINUSE" ? "address already in use" : reasonOf(code) ?? error.message
      resume(new BindFailed({ place: nameOf(place), reason: code === "EADDRINUSE" ? "used" : "refused", problem }))
    }
    server.once("error", failed)
    server.listen("socketPath" in place ? { path: place.socketPath } : { ...place, exclusive: true }, () => {
      server.off("error", failed)
      resume(Effect.void)
    })
  })

/** Makes the server listen, and gives the address that its record says: with the port that was given for port 0. */
export const bind = Effect.fn("daemon.bind")(function*(server: Server, place: Place) {
  if (!("socketPath" in place)) {
    yield* listening(server, place)
    const bound = server.address()
    return Address.format({ ...place, port: typeof bound === "object" && bound !== null ? bound.port : place.port })
  }
  const fs = yield* FileSystem.FileSystem
  const { socketPath } = place
  yield* takeOver(socketPath)
  yield* listening(server, place)
  // its directory keeps others out already
  yield* Effect.mapError(fs.chmod(socketPath, 0o600), fromPlatform("chmod", socketPath))
  return `unix://${socketPath}`
})
