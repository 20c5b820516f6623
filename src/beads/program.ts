/** What is asked of `bd`, and in which words: which one it is, its records, the comments of an issue. */
import * as FileSystem from "@effect/platform/FileSystem"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { posix } from "node:path"
import type { Spooled } from "../files/Spool.ts"
import { elements, members } from "../records/json.ts"
import { Bd, type Call, type Ran, typed } from "./Bd.ts"
import { BdFailed, BdLocked, BdMissing, BdUnsuited } from "./errors.ts"
import { type BeadsComment, commentsOf, decodeComments } from "./record.ts"

/** A `bd` that was found. */
export interface Program {
  readonly path: string
  readonly cwd: string
  readonly env: Call["env"]
  /** Numbers, where it says them. */
  readonly version: readonly [number, number, number] | undefined
}

export interface Limits {
  readonly version: Duration.DurationInput
  readonly export: Duration.DurationInput
  readonly comments: Duration.DurationInput
}

export const limits: Limits = { version: "5 seconds", export: "120 seconds", comments: "30 seconds" }

export const versionWords = ({ version }: Program): string => version?.join(".") ?? "of unknown version"

/** Whether it is at least that; of an unknown one nothing is known. */
export const isFrom = ({ version }: Program, ...least: readonly [number, number, number]): boolean | undefined => {
  if (version === undefined) return undefined
  const at = least.findIndex((part, i) => version[i] !== part)
  return at < 0 || version[at]! > least[at]!
}

const isProgram = (fs: FileSystem.FileSystem, path: string) =>
  Effect.map(
    Effect.option(fs.stat(path)),
    Option.match({
      onNone: () => "none" as const,
      onSome: ({ mode, type }) => type !== "File" ? "none" : (mode & 0o111) === 0 ? "plain" : "runs"
    })
  )

/** As a shell finds it: the first that may be executed, else the first of that name, whose error says why. */
export const locate = Effect.fn("Beads.locate")(function*(named: string | undefined, cwd: string, path: string) {
  const fs = yield* FileSystem.FileSystem
  if (named !== undefined && named.includes("/")) {
    const program = posix.resolve(cwd, named)
    if ((yield* isProgram(fs, program)) === "none") return yield* new BdMissing({ path: named })
    return program
  }
  const name = named ?? "bd"
  let plain: string | undefined
  for (const directory of path.split(":").filter((one) => one !== "")) {
    const program = posix.resolve(cwd, directory, name)
    const found = yield* isProgram(fs, program)
    if (found === "runs") return program
    if (found === "plain") plain ??= program
  }
  if (plain !== undefined) return plain
  return yield* new BdMissing(named === undefined ? {} : { path: named })
})

const textOf = ({ bytes }: Spooled) => Stream.runFold(Stream.decodeText(bytes), "", (all, piece) => all + piece)

const call = (program: Omit<Program, "version">, args: ReadonlyArray<string>, quiet: Duration.DurationInput) =>
  Effect.flatMap(Bd, ({ run }) => run({ program: program.path, cwd: program.cwd, env: program.env, args, quiet }))

/** Which version it is. One that does not say goes on as unknown. */
export const identified = Effect.fn("Beads.identified")(function*(
  program: Omit<Program, "version">,
  patience: Limits = limits
) {
  const said = yield* Effect.scoped(
    Effect.flatMap(call(program, ["version"], patience.version), ({ stdout }) => textOf(stdout))
  )
  const found = /^bd version (\d+)\.(\d+)\.(\d+)/m.exec(said)
  const version = found === null ? undefined : [Number(found[1]), Number(found[2]), Number(found[3])] as const
  return { ...program, version } satisfies Program
})

/** An error of `bd` as it says it itself: JSON on either stream, or text. */
const saying = Effect.fnUntraced(function*({ code, stderr, stdout }: Ran) {
  const text = stdout.size > 65_536 ? "" : yield* textOf(stdout)
  for (const one of [text, stderr]) {
    const raw = new Map(members(one.trim())).get("error") ??
      new Map(members(new Map(members(one.trim())).get("data") ?? "")).get("error")
    if (raw?.startsWith("\"") === true) return `exit ${code}: ${String(JSON.parse(raw))}`
  }
  const line = stderr.split("\n").find((line) => line.trim() !== "")
  return `exit ${code}${line === undefined ? "" : `: ${line.trim()}`}`
})

const isLock = (text: string) => /database is locked|exclusive lock|access lock timeout/i.test(text)

const refused = (program: Program, args: ReadonlyArray<string>) => (ran: Ran) =>
  Effect.flatMap(saying(ran), (what): Effect.Effect<never, BdFailed | BdLocked> => {
    const command = typed({ program: program.path, args })
    if (isLock(what)) return new BdLocked({ command, what })
    const isOld = isFrom(program, 0, 9, 11) === true && isFrom(program, 0, 10, 1) === false
    return new BdFailed({
      command,
      what,
      ...(isOld ? { next: "this bd fails when its daemon answers: stop it (bd daemon --stop), then try again" } : {})
    })
  })

const retried = [200, 1000, 5000]

/** Asked again where another program has the database for a moment. */
const patient = <A, E extends { readonly _tag: string }, R>(ask: Effect.Effect<A, E | BdLocked, R>) =>
  retried.reduce(
    (again, millis) =>
      Effect.catchIf(again, (error) => error._tag === "BdLocked", () => Effect.zipRight(Effect.sleep(millis), ask)),
    ask
  )

/** Where it reads from; nothing where it does not say. */
export const whereIt = Effect.fn("Beads.where")(function*(program: Program, patience: Limits = limits) {
  for (const word of ["where", "info"]) {
    const said = yield* Effect.scoped(Effect.flatMap(
      call(program, [word, "--json"], patience.comments),
      (ran) => ran.code === 0 ? textOf(ran.stdout) : Effect.succeed("")
    ))
    const found = new Map(members(said.trim()))
    const raw = found.get("database_path") ?? found.get("path")
    if (raw?.startsWith("\"") === true) return Option.some(posix.resolve(program.cwd, String(JSON.parse(raw))))
  }
  return Option.none<string>()
})

/** What an import cannot work with, before anything is asked. */
export const suited = (program: Program, needsComments: boolean) => {
  const version = versionWords(program)
  if (program.version?.[0] === 0 && program.version[1] === 56) {
    return new BdUnsuited({
      version,
      what: "has no export",
      next: "use bd 0.55.4 or 0.57 and later, or a file: --input FILE"
    })
  }
  return needsComments && isFrom(program, 0, 9, 11) === false
    ? new BdUnsuited({ version, what: "has no comments", next: "--comments none goes on without" })
    : Effect.void
}

const plain = ["export"]
const withoutMemories = ["export", "--no-memories"]

/** All records: in a private file, whole. */
export const exported = Effect.fn("Beads.exported")(function*(program: Program, patience: Limits = limits) {
  const ask = Effect.gen(function*() {
    const first = yield* call(program, withoutMemories, patience.export)
    if (first.code === 0) return { ...first, args: withoutMemories }
    if (!first.stderr.includes("unknown flag: --no-memories")) return yield* refused(program, withoutMemories)(first)
    const second = yield* call(program, plain, patience.export)
    return second.code === 0 ? { ...second, args: plain } : yield* refused(program, plain)(second)
  })
  return yield* patient(ask)
})

const shapeless = (command: string, what: string) =>
  new BdFailed({ command, what, next: "--comments none goes on without; nothing was written" })

/** The list in what `bd comments` has printed, in any of its forms. */
const listIn = (text: string): Either.Either<string, string> => {
  const said = text.trim()
  if (said === "" || said === "null") return Either.right("[]")
  try {
    JSON.parse(said)
  } catch {
    return Either.left("its answer is no JSON")
  }
  if (elements(said) !== undefined) return Either.right(said)
  const found = new Map(members(said))
  const raw = found.get("data") ?? found.get("comments")
  if (raw === "null") return Either.right("[]")
  if (raw !== undefined && elements(raw) !== undefined) return Either.right(raw)
  return Either.left(found.has("error") ? `it says ${found.get("error")}` : "its answer is no list of comments")
}

export type Fetched =
  | { readonly is: "there"; readonly comments: ReadonlyArray<BeadsComment> }
  /** It does not know the issue that it has just exported. */
  | { readonly is: "unknown" }

/** The comments of one issue. */
export const commentsFor = Effect.fn("Beads.comments")(
  function*(program: Program, id: string, patience: Limits = limits) {
    const args = ["comments", id, "--json"]
    const command = typed({ program: program.path, args })
    const ask = Effect.scoped(Effect.gen(function*() {
      const ran = yield* call(program, args, patience.comments)
      if (ran.code !== 0) {
        const what = yield* saying(ran)
        if (/no issue found|not found/i.test(what)) return { is: "unknown" } satisfies Fetched
        return yield* refused(program, args)(ran)
      }
      if (ran.stdout.size > 16 * 1024 * 1024) return yield* shapeless(command, "its answer is longer than 16 MiB")
      const raw = listIn(yield* textOf(ran.stdout))
      if (Either.isLeft(raw)) return yield* shapeless(command, raw.left)
      const known = decodeComments(JSON.parse(raw.right))
      if (Either.isLeft(known)) return yield* shapeless(command, "its answer has a comment of another form")
      const comments = commentsOf(known.right, raw.right)
      const other = comments.find(({ issue }) => issue !== undefined && issue !== id)
      if (other !== undefined) return yield* shapeless(command, `it answers with comments of ${other.issue}`)
      return { is: "there", comments } satisfies Fetched
    }))
    return yield* patient(ask)
  }
)
