/** The snapshots that are about to be committed, as they are in git's index. */
import * as Command from "@effect/platform/Command"
import * as CommandExecutor from "@effect/platform/CommandExecutor"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { FailureKind } from "../Failure.ts"
import { FileError } from "../files/FileError.ts"
import { verify } from "../snapshot/verify.ts"
import { command, GitUnusable } from "./git.ts"
import { repositoryOf } from "./gitSetup.ts"

/** A snapshot that could not be restored is about to be committed. */
export class StagedRefused extends Schema.TaggedError<StagedRefused>()("StagedRefused", {
  files: Schema.Array(Schema.Struct({ file: Schema.String, reason: Schema.String }))
}) {
  readonly kind = "validation" satisfies FailureKind
  readonly isText = true
  override get message() {
    return this.files.map(({ file, reason }) => reason.startsWith(file) ? reason : `${file}: ${reason}`).join("\n")
  }
  get hint() {
    return "export it again, or stage another one; git commit --no-verify commits it all the same"
  }
}

export class GitCheckReport extends Schema.Class<GitCheckReport>("GitCheckReport")({
  /** What was looked at, by its path in the repository. */
  checked: Schema.Array(Schema.String)
}) {}

const inHook = { inHook: true }

/** The paths that are staged and that kata merges. */
const staged = (root: string) =>
  Command.pipeTo(
    command(root, inHook, "diff", "--cached", "--name-only", "-z", "--no-renames", "--no-ext-diff", "--diff-filter=d"),
    command(root, inHook, "check-attr", "-z", "--stdin", "merge")
  ).pipe(
    Command.stream,
    Stream.decodeText(),
    Stream.mapAccum("", (rest, text) => {
      const parts = (rest + text).split("\0")
      return [parts.pop() ?? "", parts]
    }),
    Stream.flattenIterables,
    Stream.grouped(3),
    Stream.map((three) => [...three]),
    Stream.filter(([, , value]) => value === "kata"),
    Stream.map(([path = ""]) => path),
    Stream.mapError((error) => new GitUnusable({ root, reason: error.message }))
  )

/** What is staged under a path. */
const contentOf = (root: string, path: string) =>
  Command.stream(command(root, inHook, "cat-file", "blob", `:0:${path}`)).pipe(
    Stream.mapError((error) => new FileError({ path, operation: "read", code: "EIO", detail: error.message }))
  )

const judged = (root: string, path: string) =>
  Effect.flatMap(CommandExecutor.CommandExecutor, (executor) =>
    verify({
      name: path,
      bytes: Stream.provideService(contentOf(root, path), CommandExecutor.CommandExecutor, executor)
    })).pipe(
      Effect.map(({ findings, restorable }) =>
        restorable || findings.every(({ blocking }) => !blocking) ? undefined : "it cannot be restored as it is"
      ),
      // A pointer stands for a file that is kept elsewhere.
      Effect.catchIf((error) => error._tag === "NotASnapshot" && error.form === "lfs", () => Effect.succeed(undefined)),
      Effect.catchIf(
        (error) => error.kind === "damaged" || error.kind === "validation",
        (error) => Effect.succeed(error.message)
      ),
      Effect.map((reason) => ({ file: path, reason }))
    )

/** Fails when one of the staged snapshots could not be restored. */
export const gitCheck = Effect.fn("gitCheck.run")(function*(directory: string) {
  const root = yield* repositoryOf(directory)
  const found = yield* Stream.runFold(
    Stream.mapEffect(staged(root), (path) => judged(root, path)),
    { checked: [] as ReadonlyArray<string>, refused: [] as ReadonlyArray<{ file: string; reason: string }> },
    ({ checked, refused }, { file, reason }) => ({
      checked: [...checked, file],
      refused: reason === undefined ? refused : [...refused, { file, reason }]
    })
  )
  if (found.refused.length > 0) return yield* new StagedRefused({ files: found.refused })
  return new GitCheckReport({ checked: found.checked })
})
