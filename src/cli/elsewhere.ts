/** The server elsewhere that a command works with, and what is sent to it of this machine. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { configured } from "../client/connect.ts"
import { DaemonClient } from "../client/DaemonClient.ts"
import { stream } from "../export/Export.ts"
import type { FileError } from "../files/FileError.ts"
import * as Files from "../files/source.ts"
import type { Source } from "../merge/sides.ts"
import { announced, from } from "./daemon.ts"

/** The daemon on another machine that the environment or the workspace names; none where everything is on this one. */
export const elsewhere = Effect.gen(function*() {
  const wanted = yield* from
  const { elsewhere } = yield* configured(wanted)
  if (Option.isNone(elsewhere)) return Option.none()
  const { connect } = yield* DaemonClient
  const connection = yield* Effect.interruptible(connect(wanted))
  yield* announced(connection)
  return Option.some(connection)
})

/** A snapshot as it is, or one that is made of a database while it is sent. */
export const sentOf = Effect.fnUntraced(function*(source: Source<FileError>) {
  if ("database" in source) {
    const { database } = source
    return { name: database, bytes: stream({ database }) }
  }
  const { snapshot } = source
  if (typeof snapshot !== "string" && "bytes" in snapshot) return snapshot
  const { bytes, name, size } = yield* typeof snapshot === "string"
    ? Files.open(snapshot)
    : Files.open(snapshot.path, snapshot.name)
  return { name, bytes, size: Option.getOrUndefined(size) }
})
