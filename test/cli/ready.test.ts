/** What to do first. */
import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { inside } from "../server/replay/serve.ts"
import { execute } from "../server/sql.ts"
import { place, run } from "./replay/scenario.ts"

it.scopedLive("found W8: ready begins with the most urgent issue that waits longest and can be closed, in all modes", () =>
  Effect.gen(function*() {
    const root = yield* place
    const daemon = yield* inside({})
    const cwd = join(root, "ws")
    mkdirSync(join(cwd, ".git"))
    const kata = (...argv: ReadonlyArray<string>) => run({ argv, cwd, daemon, variables: { KATA_AUTHOR: "ana" } })
    yield* kata("init")
    const ids = new Map<string, string>()
    const make = Effect.fnUntraced(function*(title: string, ...more: ReadonlyArray<string>) {
      ids.set(title, (yield* kata("-q", "create", title, ...more)).stdout.trim())
    })
    yield* make("P1 parent", "--priority", "1")
    yield* make("none old")
    yield* make("P1 old", "--priority", "1")
    yield* make("P2 only", "--priority", "2")
    yield* make("P3 only", "--priority", "3")
    yield* make("P4 new", "--priority", "4", "--parent", ids.get("P1 parent") ?? "")
    yield* make("P0 blocked", "--priority", "0", "--blocked-by", ids.get("P4 new") ?? "")
    yield* make("P1 new", "--priority", "1")
    yield* make("none new")
    // an import: younger by number, and older
    yield* make("none oldest")
    execute(
      daemon.databasePath,
      "UPDATE issues SET created_at = '2020-01-01T00:00:00.000Z' WHERE title = 'none oldest'"
    )
    yield* kata("edit", ids.get("none old") ?? "", "--title", "none old")
    const wanted = [
      "P1 old",
      "P1 new",
      "P2 only",
      "none oldest",
      "none old",
      "none new",
      "P3 only",
      "P4 new",
      "P1 parent"
    ]
    // each title has a blank: a ULID of the JSON may contain the letters P2, and never a blank
    const titles = (text: string) => wanted.toSorted((a, b) => text.indexOf(a) - text.indexOf(b))
    for (const mode of [[], ["--agent"], ["--json"]]) {
      const { stdout } = yield* kata(...mode, "ready")
      expect(titles(stdout)).toEqual(wanted)
      expect(stdout).not.toContain("P0 blocked")
      const first = yield* kata(...mode, "ready", "--limit", "1")
      expect(first.stdout).toContain("P1 old")
      expect(first.stdout).not.toContain("P1 new")
    }
  }))
