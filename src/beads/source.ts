/** Where the records come from: `bd`, or a file of what it writes. Either is kept in a private file first, and can be read again. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { posix } from "node:path"
import type { FileError } from "../files/FileError.ts"
import { fromPlatform } from "../files/FileError.ts"
import { gunzip } from "../files/gzip.ts"
import { resolve } from "../files/paths.ts"
import * as Source from "../files/source.ts"
import { spool, type Spooled } from "../files/Spool.ts"
import type { Input } from "../snapshot/input.ts"
import type { Account } from "./account.ts"
import { typed } from "./Bd.ts"
import { BdMissing, BeadsDamaged, BeadsElsewhere } from "./errors.ts"
import {
  exported,
  identified,
  isFrom,
  type Limits,
  limits,
  locate,
  type Program,
  suited,
  versionWords,
  whereIt
} from "./program.ts"

/** Records that can be read as often as it takes. */
export interface Opened {
  readonly input: string
  readonly bytes: Spooled["bytes"]
  /** The program that can be asked for more. */
  readonly program: Program | undefined
}

/** The file that a workspace commits: the one that its settings name, else by its usual names. */
export const fileOf = Effect.fn("Beads.fileOf")(function*(workspace: string) {
  const fs = yield* FileSystem.FileSystem
  const directory = posix.basename(workspace) === ".beads" ? workspace : posix.join(workspace, ".beads")
  const named = yield* fs.readFileString(posix.join(directory, "metadata.json")).pipe(
    Effect.map((text) => {
      const value: unknown = text.length > 65_536 ? {} : JSON.parse(text)
      const name = typeof value === "object" && value !== null && "jsonl_export" in value
        ? value.jsonl_export
        : undefined
      // a name of a file there, and no way to another place
      return typeof name === "string" && name !== "" && !name.includes("/") ? [name] : []
    }),
    Effect.catchAllCause(() => Effect.succeed<ReadonlyArray<string>>([]))
  )
  const there: Array<string> = []
  for (const name of new Set([...named, "issues.jsonl", "beads.jsonl"])) {
    const path = posix.join(directory, name)
    if (yield* Effect.orElseSucceed(fs.exists(path), () => false)) there.push(path)
  }
  return { file: there[0], others: there.slice(1) }
})

/** Files of a workspace that tell of something else than issues. */
const diaries = ["deletions.jsonl", "interactions.jsonl", "backup/events.jsonl"]

/** How many lines a file has; none where it cannot be read, which nobody asked for. */
const linesOf = (path: string) =>
  Stream.runFold(Source.readFile(path), { lines: 0, last: 0x0a }, ({ last, lines }, bytes) => ({
    lines: bytes.reduce((sum, byte) => byte === 0x0a ? sum + 1 : sum, lines),
    last: bytes.at(-1) ?? last
  })).pipe(
    Effect.map(({ last, lines }) => last === 0x0a ? lines : lines + 1),
    Effect.orElseSucceed(() => 0)
  )

/** Counts what is beside the issues and does not come. Nothing is deleted by it: ids are found there whose issues live on. */
const noteDiaries = Effect.fnUntraced(function*(workspace: string, account: Account) {
  const directory = posix.basename(workspace) === ".beads" ? workspace : posix.join(workspace, ".beads")
  for (const name of diaries) {
    account.note(`lines of ${name}, which does not come`, undefined, yield* linesOf(posix.join(directory, name)))
  }
})

const unzipped = (name: string, bytes: Stream.Stream<Uint8Array, FileError>) =>
  Stream.catchTag(
    gunzip(bytes),
    "GzipDamaged",
    (error) => Stream.fail(new BeadsDamaged({ input: name, line: 0, reason: error.message }))
  )

const fromFile = Effect.fnUntraced(function*(input: Input<FileError>, account: Account) {
  if (typeof input !== "string" && "bytes" in input) {
    const { bytes } = yield* spool(unzipped(input.name, input.bytes))
    return { input: input.name, bytes, program: undefined } satisfies Opened
  }
  const fs = yield* FileSystem.FileSystem
  const path = typeof input === "string" ? input : input.path
  const info = yield* Effect.mapError(fs.stat(path), fromPlatform("open", path))
  const found = info.type === "Directory" ? yield* fileOf(path) : { file: path, others: [] }
  for (const other of found.others) account.note("other files of the workspace, not read", other)
  if (info.type === "Directory") yield* noteDiaries(path, account)
  const source = yield* Source.open(found.file ?? path)
  const { bytes } = yield* spool(unzipped(source.name, source.bytes))
  return { input: source.name, bytes, program: undefined } satisfies Opened
})

export interface BdOptions {
  /** As the user names it. */
  readonly bd: string | undefined
  readonly workspace: string
  /** Where programs are looked for, and what `bd` sees. */
  readonly env: Program["env"]
  /** Also what lies outside of the workspace. */
  readonly yes: boolean
  readonly needsComments: boolean
  readonly limits: Limits
}

/** Which database it is: one of a directory above is found as well, and may be somebody else's. */
const within = Effect.fnUntraced(function*(program: Program, { limits: patience, workspace, yes }: BdOptions) {
  const where = yield* whereIt(program, patience)
  if (Option.isNone(where) || yes) return
  const [real, here] = yield* Effect.all([
    Effect.orElseSucceed(resolve(where.value), () => where.value),
    Effect.orElseSucceed(resolve(workspace), () => workspace)
  ])
  if (real !== here && !real.startsWith(`${here}/`)) return yield* new BeadsElsewhere({ workspace, path: where.value })
})

const fromProgram = Effect.fnUntraced(function*(options: BdOptions, account: Account) {
  const path = yield* locate(options.bd, options.workspace, options.env["PATH"] ?? "").pipe(
    Effect.catchTag(
      "BdMissing",
      (error) =>
        Effect.flatMap(fileOf(options.workspace), ({ file }) =>
          Effect.fail(
            file === undefined ? error : new BdMissing({ ...error, file: posix.relative(options.workspace, file) })
          ))
    )
  )
  const program = yield* identified({ path, cwd: options.workspace, env: options.env }, options.limits)
  yield* suited(program, options.needsComments)
  yield* within(program, options)
  if (isFrom(program, 0, 49, 5) === false) {
    account.note(
      "bd forgets which changes its JSONL file lacks, as each of its exports did before 0.49.5",
      versionWords(program)
    )
  }
  yield* noteDiaries(options.workspace, account)
  const ran = yield* exported(program, options.limits)
  return { input: typed({ program: path, args: ran.args }), bytes: ran.stdout.bytes, program } satisfies Opened
})

/** What is read: the input that was named, else what `bd` says in the workspace. */
export const open = (
  input: Input<FileError> | undefined,
  options: Omit<BdOptions, "limits"> & { readonly limits?: Limits },
  account: Account
) =>
  input === undefined
    ? fromProgram({ ...options, limits: options.limits ?? limits }, account)
    : fromFile(input, account)
