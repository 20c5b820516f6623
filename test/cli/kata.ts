/** A workspace of a project `ws`, in which command lines of the real program run in this process. */
import * as Effect from "effect/Effect"
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { inside } from "../server/replay/serve.ts"
import { place, run } from "./replay/scenario.ts"

/** What comes back names short ids by the titles of the issues that `make` made. */
export const workspace = Effect.gen(function*() {
  const root = yield* place
  const daemon = yield* inside({})
  const cwd = join(root, "ws")
  mkdirSync(join(cwd, ".git"))
  const ids = new Map<string, string>()
  const named = (text: string) =>
    [...ids].reduce((text, [title, id]) => text.replaceAll(new RegExp(`\\b${id}\\b`, "g"), title), text)
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "<T>")
  /** Titles stand in the words for short ids. */
  const kata = (...argv: ReadonlyArray<string>) =>
    Effect.map(
      Effect.suspend(() =>
        run({
          argv: argv.map((word) => word.replace(/\{(.+?)\}/g, (_, title: string) => ids.get(title) ?? "")),
          cwd,
          daemon,
          variables: { KATA_AUTHOR: "ana" }
        })
      ),
      ({ exit, stderr, stdout }) => ({ exit, stderr: named(stderr), stdout: named(stdout) })
    )
  const make = Effect.fnUntraced(function*(title: string, ...more: ReadonlyArray<string>) {
    const { stdout } = yield* kata("-q", "create", title, "--force-new", ...more)
    ids.set(title, stdout.trim())
  })
  yield* kata("init")
  return { kata, make, root, database: daemon.databasePath }
})
