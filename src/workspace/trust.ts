/**
 * Whether a `.kata.local.toml` is the user's own. A clone brings what its author has committed, so a file counts when git ignores it there
 * and does not track it, and it belongs to this user; any other one when the user has confirmed what it says, which is remembered in the
 * directory of state, outside of every repository.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { userInfo } from "node:os"
import { posix } from "node:path"
import * as Atomic from "../files/Atomic.ts"
import * as Directories from "../files/directories.ts"
import { fromPlatform } from "../files/FileError.ts"
import { serversFileName } from "../files/names.ts"
import { readSettings, settingsBytes, type SettingsFile, SettingsRefused } from "../files/settingsFile.ts"
import { ask } from "./git.ts"
import { discover } from "./workspace.ts"

/** What is confirmed: this server, by this file. Another URL in it is another question. */
export const Confirmed = Schema.Struct({
  /** The absolute path of the `.kata.local.toml`, without links. */
  file: Schema.String,
  /** As in `https://host:7474`. */
  url: Schema.String,
  /** Whether http in clear to a public address is allowed. */
  allow_insecure: Schema.Boolean
})
export type Confirmed = typeof Confirmed.Type

const Servers = Schema.parseJson(Schema.Struct({ version: Schema.Literal(1), servers: Schema.Array(Confirmed) }))

/** Where it is remembered; 0600. */
export const serversFile = (kataHome: string): string => posix.join(kataHome, serversFileName)

const isOurs = ({ mode, uid }: Pick<SettingsFile, "mode" | "uid">) => uid === userInfo().uid && (mode & 0o002) === 0

/** What the user has confirmed. A file that cannot be read confirms nothing. */
const confirmed = (kataHome: string) =>
  readSettings(serversFile(kataHome), { follow: false }).pipe(
    Effect.filterOrFail((file) => isOurs(file) && (file.mode & 0o022) === 0),
    Effect.flatMap(({ text }) => Schema.decode(Servers)(text)),
    Effect.map(({ servers }) => servers),
    Effect.orElseSucceed((): ReadonlyArray<Confirmed> => [])
  )

const same = (a: Confirmed, b: Confirmed) =>
  a.file === b.file && a.url === b.url && a.allow_insecure === b.allow_insecure

/** Whether the user has confirmed exactly this. */
export const isConfirmed = (kataHome: string, wanted: Confirmed) =>
  Effect.map(confirmed(kataHome), (all) => all.some((one) => same(one, wanted)))

/** Remembers it instead of what was confirmed of the same file, or forgets it; false when nothing changes. */
export const remember = Effect.fn("trust.remember")(function*(kataHome: string, wanted: Confirmed, keep: boolean) {
  const fs = yield* FileSystem.FileSystem
  const before = yield* confirmed(kataHome)
  if (keep ? before.some((one) => same(one, wanted)) : before.every(({ file }) => file !== wanted.file)) return false
  // Of files that are gone nothing has to be known: the list stays as long as there are such workspaces.
  const others = yield* Effect.filter(
    before.filter(({ file }) => file !== wanted.file),
    ({ file }) => Effect.orElseSucceed(fs.exists(file), () => true)
  )
  const text = `${JSON.stringify({ version: 1, servers: keep ? [...others, wanted] : others }, null, 2)}\n`
  const path = serversFile(kataHome)
  if (Buffer.byteLength(text) > settingsBytes) return yield* new SettingsRefused({ path, found: "full" })
  yield* Directories.make(kataHome)
  yield* Atomic.write(path, Stream.make(new TextEncoder().encode(text)))
  return true
})

/** Why a file may be another user's; undefined when it is the user's own. `path` is absolute. */
export const doubt = Effect.fn("trust.doubt")(function*(path: string, file: Pick<SettingsFile, "mode" | "uid">) {
  if (!isOurs(file)) return "it belongs to another user, or others may write to it"
  const fs = yield* FileSystem.FileSystem
  const directory = posix.dirname(path)
  const names = yield* Effect.mapError(fs.readDirectory(directory), fromPlatform("list", directory))
  // Where letter case does not count git may track it in another spelling than the one that it is asked for.
  if (!names.includes(posix.basename(path))) return "its name is spelled otherwise on disk"
  const { gitRoot } = yield* discover(directory)
  if (gitRoot === undefined) return "it is in no git repository, which would ignore it"
  // With `./` nothing in the name is a pattern.
  return yield* ask(gitRoot, "check-ignore", "--quiet", "--", `./${posix.relative(gitRoot, path)}`).pipe(
    Effect.map(({ exit }) =>
      exit === 0
        ? undefined
        : exit === 1
        ? "git does not ignore it there"
        : "whether git ignores it is not known: git refuses that repository"
    ),
    Effect.catchAll(({ reason }) => Effect.succeed(`whether git ignores it is not known: ${reason}`))
  )
})
