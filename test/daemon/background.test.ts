/** What is said of a daemon that ends before it serves. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { launch } from "../../src/daemon/background.ts"

const cases = [
  { does: "kill -9 $$", kind: "daemon_unavailable", message: "the daemon ended before it served (SIGKILL)" },
  { does: "exit 3", kind: "internal", message: "the daemon ended before it served (exit 3)" }
]

for (const { does, kind, message } of cases) {
  it.live(`${does}: ${message}`, () =>
    Effect.gen(function*() {
      const directory = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "kata-background-"))),
        (path) => Effect.sync(() => rmSync(path, { recursive: true }))
      )
      const log = join(directory, "daemon.log")
      const failure = yield* Effect.flip(launch({ program: ["/bin/sh", "-c", does], argv: [], variables: {}, log }))
      assert.deepStrictEqual([failure.kind, failure.message], [kind, message])
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)))
}
