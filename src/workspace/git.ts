/** git, asked about a repository without a shell, and so that the repository's own settings start nothing. */
import * as Command from "@effect/platform/Command"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { FailureKind } from "../Failure.ts"

/** git cannot be asked. */
export class GitUnusable extends Schema.TaggedError<GitUnusable>()("GitUnusable", {
  root: Schema.String,
  reason: Schema.String
}) {
  readonly kind = "io" satisfies FailureKind
  override get message() {
    return this.reason
  }
  get hint() {
    return "is git installed, and in PATH?"
  }
}

/** In a hook of git these name its repository, and a daemon that was started there would keep them; the last one some commands refuse. */
const unset = ["GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_LITERAL_PATHSPECS"]
  .flatMap((name) => ["-u", name])
/** What git runs itself, a hook, is about the repository and the index that it names. */
const unsetInHook = ["-u", "GIT_LITERAL_PATHSPECS"]

/** Nothing is fetched, asked or written. */
const variables = ["GIT_ALLOW_PROTOCOL=none", "GIT_NO_LAZY_FETCH=1", "GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0"]

/** What a repository could name a program with, and the bare repository that a clone can carry among its files. */
const withHooks = ["core.fsmonitor=false", "safe.bareRepository=explicit"].flatMap((setting) => ["-c", setting])
const overrides = [...withHooks, "-c", "core.hooksPath=/dev/null"]

/** What runs in a repository. */
interface Manner {
  /** It is asked where hooks are, and runs none. */
  readonly hooks?: boolean
  /** It runs in a hook, and is about what that is about. */
  readonly inHook?: boolean
}

/** A command of git, for the repository at `root`. */
export const command = (root: string, { hooks = false, inHook = false }: Manner, ...words: ReadonlyArray<string>) =>
  Command.make(
    "env",
    ...(inHook ? unsetInHook : unset),
    ...variables,
    "git",
    ...(hooks ? withHooks : overrides),
    "-C",
    root,
    ...words
  )

/** Of an answer; what is longer is cut off, and is no name and no URL. */
const answerLength = 64 * 1024

/** What git printed of the repository at `root`, trimmed, and its exit code. */
export const ask = (root: string, ...words: ReadonlyArray<string>) => askIn(root, {}, ...words)

export const askIn = (root: string, manner: Manner, ...words: ReadonlyArray<string>) => {
  const unusable = (reason: string) => new GitUnusable({ root, reason })
  return Effect.scoped(Effect.gen(function*() {
    const child = yield* Command.start(Command.stderr(command(root, manner, ...words), "pipe"))
    const [text, , exit] = yield* Effect.all([
      Stream.runFold(Stream.decodeText(child.stdout), "", (all, part) => all.length < answerLength ? all + part : all),
      Stream.runDrain(child.stderr),
      child.exitCode
    ], { concurrency: 3 })
    return { text: text.trim(), exit: Number(exit) }
  })).pipe(
    Effect.mapError((error) => unusable(error.message)),
    // what env says of a program that it cannot run, or that is not there
    Effect.filterOrFail(({ exit }) => exit !== 126 && exit !== 127, () => unusable("git cannot be run"))
  )
}

/** The same; none when git failed. */
export const said = (root: string, ...words: ReadonlyArray<string>) =>
  Effect.map(ask(root, ...words), ({ exit, text }) => exit === 0 ? Option.some(text) : Option.none())
