/** The pre-commit hook of a repository, which looks at the snapshots that are about to be committed. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { posix } from "node:path"
import * as Atomic from "../files/Atomic.ts"
import { make } from "../files/directories.ts"
import { fromPlatform } from "../files/FileError.ts"
import { readSettings } from "../files/settingsFile.ts"
import { askIn, GitUnusable } from "./git.ts"

/** By this line a hook is known as ours. */
const mark = "# made by kata git-setup; kata git-setup --remove takes it away"

/** `check`: the command of a shell that looks at what is staged; `files`: what it needs. */
export const hookText = (check: string, files: ReadonlyArray<string>) =>
  `#!/bin/sh
${mark}
for file in ${files.join(" ")}; do
  if ! [ -e "$file" ]; then
    echo "kata: $file is gone: snapshots were not checked; kata git-setup makes this hook anew" >&2
    exit 0
  fi
done
exec ${check}
`

export interface Hook {
  readonly path: string
  /** `shared`: the hooks of this repository are those of others too; `foreign`: somebody else's hook is there. */
  readonly is: "none" | "ours" | "foreign" | "shared"
  readonly text: string
}

/** Where the hook of the repository at `root` is, or would be, and whose it is. */
export const hookOf = Effect.fn("gitHook.find")(function*(root: string) {
  const { resolve } = yield* Path.Path
  const { exit, text } = yield* askIn(root, { hooks: true }, "rev-parse", "--git-path", "hooks")
  if (exit !== 0) return yield* new GitUnusable({ root, reason: "git does not say where its hooks are" })
  const path = posix.join(resolve(root, text), "pre-commit")
  const scope = yield* askIn(root, { hooks: true }, "config", "--show-scope", "--get", "core.hooksPath")
  if (scope.exit === 0 && !/^(?:local|worktree)\s/.test(scope.text)) {
    return { path, is: "shared", text: "" } satisfies Hook
  }
  return yield* readSettings(path, { follow: false }).pipe(
    Effect.map(({ text }): Hook => ({ path, is: text.split("\n").includes(mark) ? "ours" : "foreign", text })),
    Effect.catchTags({
      SettingsRefused: () => Effect.succeed<Hook>({ path, is: "foreign", text: "" }),
      FileError: (error) =>
        error.code === "ENOENT" ? Effect.succeed<Hook>({ path, is: "none", text: "" }) : Effect.fail(error)
    })
  )
})

/** Puts a hook there, for its owner to run. */
export const writeHook = Effect.fn("gitHook.write")(function*(path: string, text: string) {
  const fs = yield* FileSystem.FileSystem
  yield* make(posix.dirname(path))
  yield* Atomic.write(path, Stream.make(new TextEncoder().encode(text)))
  yield* Effect.mapError(fs.chmod(path, 0o700), fromPlatform("chmod", path))
})
