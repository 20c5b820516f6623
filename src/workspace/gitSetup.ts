/**
 * Has git compare, merge and check snapshots by what is in them: lines of `.gitattributes`, which are meant to be committed; settings of this
 * clone; its pre-commit hook. All of it can be taken away again, and nothing else is touched.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { posix } from "node:path"
import type { FailureKind } from "../Failure.ts"
import * as Atomic from "../files/Atomic.ts"
import { fromPlatform } from "../files/FileError.ts"
import { readSettings, refuseLink } from "../files/settingsFile.ts"
import { ask, GitUnusable } from "./git.ts"
import { hasOurs, lineFor, withoutPatterns, withPatterns, wrongPattern } from "./gitAttributes.ts"
import { hookOf, hookText, writeHook } from "./gitHook.ts"

/** There is no repository with files around the directory. */
export class NoRepository extends Schema.TaggedError<NoRepository>()("NoRepository", { directory: Schema.String }) {
  readonly kind = "not_found" satisfies FailureKind
  override get message() {
    return `${this.directory} is in no working tree of git`
  }
  get hint() {
    return "cd to a clone, or make one here with: git init"
  }
}

/** git cannot tell files by such a pattern. */
export class PatternRefused extends Schema.TaggedError<PatternRefused>()("PatternRefused", {
  pattern: Schema.String,
  reason: Schema.String
}) {
  readonly kind = "usage" satisfies FailureKind
  override get message() {
    return `--path ${JSON.stringify(this.pattern)}: ${this.reason}`
  }
  get hint() {
    return "a pattern of .gitattributes, such as snapshot.jsonl or backups/*.jsonl"
  }
}

/** git did not take a setting. */
export class SettingRefused extends Schema.TaggedError<SettingRefused>()("SettingRefused", {
  repository: Schema.String,
  setting: Schema.String
}) {
  readonly kind = "io" satisfies FailureKind
  override get message() {
    return `git did not change its setting ${this.setting} in ${this.repository}`
  }
  get hint() {
    return `is its config locked, or not yours? git -C ${this.repository} config --local ${this.setting} VALUE says why`
  }
}

export const State = Schema.Literal("added", "changed", "present", "removed", "absent", "foreign", "shared")
export type State = typeof State.Type

/** One thing that is set up, where it is, and what was, or would be, done about it. */
export class SetUp extends Schema.Class<SetUp>("SetUp")({
  what: Schema.Literal("attributes", "config", "hook"),
  /** A file, or the name of a setting. */
  where: Schema.String,
  is: State
}) {}

export class GitSetupReport extends Schema.Class<GitSetupReport>("GitSetupReport")({
  /** The directory of the working tree. */
  repository: Schema.String,
  patterns: Schema.Array(Schema.String),
  removed: Schema.Boolean,
  dry_run: Schema.Boolean,
  done: Schema.Array(SetUp),
  /** The command that a hook of somebody else's should run. */
  check: Schema.String
}) {}

/** Command lines of a shell: this program, and the files that it needs. */
export interface Commands {
  readonly program: string
  readonly files: ReadonlyArray<string>
}

export interface GitSetupOptions {
  readonly directory: string
  /** None when all is to be taken away. */
  readonly patterns: ReadonlyArray<string>
  readonly remove: boolean
  readonly dryRun: boolean
  readonly commands: Commands
}

/** The working tree around a directory. */
export const repositoryOf = Effect.fn("gitSetup.repository")(function*(directory: string) {
  const { exit, text } = yield* ask(directory, "rev-parse", "--show-toplevel")
  return exit === 0 && text !== "" ? text : yield* new NoRepository({ directory })
})

/** git replaces what begins with a percent sign by the names of files. */
const literal = (program: string) => program.replaceAll("%", "%%")

interface Setting {
  readonly name: string
  /** The program before it is another one after an update. */
  readonly program: string
  readonly rest: string
}

const settingsOf = ({ program }: Commands): ReadonlyArray<Setting> => [
  { name: "diff.kata.textconv", program, rest: " textconv --" },
  { name: "diff.kata.xfuncname", program: "", rest: "^((project|issue|recurrence|purged) .*)$" },
  { name: "merge.kata.name", program: "", rest: "kata: by the history of each issue" },
  { name: "merge.kata.driver", program: literal(program), rest: " merge-file -- %O %A %B %P" }
]

const attributes = Effect.fnUntraced(function*(repository: string, options: GitSetupOptions) {
  const fs = yield* FileSystem.FileSystem
  const path = posix.join(repository, ".gitattributes")
  const { text: old } = yield* readSettings(path, { follow: false }).pipe(
    Effect.catchIf((error) => error._tag === "FileError" && error.code === "ENOENT", () => Effect.succeed({ text: "" }))
  )
  const text = options.remove ? withoutPatterns(old, options.patterns) : withPatterns(old, options.patterns)
  const is: State = options.remove ? text === old ? "absent" : "removed" : text === old ? "present" : "added"
  if (text !== old && !options.dryRun) {
    yield* refuseLink(path)
    yield* text === ""
      ? Effect.mapError(fs.remove(path), fromPlatform("remove", path))
      : Atomic.write(path, Stream.make(new TextEncoder().encode(text)), { private: false })
  }
  return { isLeft: hasOurs(text), done: new SetUp({ what: "attributes", where: path, is }) }
})

const setting = Effect.fnUntraced(
  function*(repository: string, { name, program, rest }: Setting, { dryRun, remove }: GitSetupOptions) {
    const config = (...words: ReadonlyArray<string>) => ask(repository, "config", "--local", ...words)
    const { exit, text } = yield* config("--get-all", name)
    const value = program + rest
    const isOurs = program === "" ? text === value : text.endsWith(rest)
    const is: State = exit !== 0
      ? remove ? "absent" : "added"
      : !isOurs
      ? "foreign"
      : remove
      ? "removed"
      : text === value
      ? "present"
      : "changed"
    if (!dryRun && (is === "added" || is === "changed" || is === "removed")) {
      const { exit } = yield* remove ? config("--unset-all", name) : config("--replace-all", name, value)
      if (exit !== 0) return yield* new SettingRefused({ repository, setting: name })
    }
    return new SetUp({ what: "config", where: name, is })
  }
)

const hook = Effect.fnUntraced(function*(repository: string, { commands, dryRun, remove }: GitSetupOptions) {
  const fs = yield* FileSystem.FileSystem
  const { is: whose, path, text } = yield* hookOf(repository)
  const wanted = hookText(checkOf(commands), commands.files)
  const is: State = remove
    ? whose === "ours" ? "removed" : "absent"
    : whose === "none"
    ? "added"
    : whose === "ours"
    ? text === wanted ? "present" : "changed"
    : whose
  if (!dryRun && (is === "added" || is === "changed")) yield* writeHook(path, wanted)
  if (!dryRun && is === "removed") yield* Effect.mapError(fs.remove(path), fromPlatform("remove", path))
  return new SetUp({ what: "hook", where: path, is })
})

const checkOf = ({ program }: Commands) => `${program} git-setup --check --quiet`

/** Sets it up, or takes it away: the settings and the hook only with the last line of `.gitattributes`. */
export const gitSetup = Effect.fn("gitSetup.run")(function*(options: GitSetupOptions) {
  for (const pattern of options.patterns) {
    const reason = wrongPattern(pattern)
    if (reason !== undefined) return yield* new PatternRefused({ pattern, reason })
  }
  const repository = yield* repositoryOf(options.directory)
  const { done, isLeft } = yield* attributes(repository, options)
  const rest = options.remove && isLeft ? [] : [
    ...(yield* Effect.forEach(
      settingsOf(options.commands),
      (one) => setting(repository, one, options)
    )),
    yield* hook(repository, options)
  ]
  return new GitSetupReport({
    repository,
    patterns: options.patterns,
    removed: options.remove,
    dry_run: options.dryRun,
    done: [done, ...rest],
    check: checkOf(options.commands)
  })
})

export { GitUnusable, lineFor }
