/** What is no file where a file is needed, and what has no end. */
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { execFileSync } from "node:child_process"
import { createServer } from "node:net"
import { services } from "../cli/kit.ts"
import * as kit from "../snapshot/kit.ts"
import { assertRefused, kata, stateOf } from "./kit.ts"
import { sealed } from "./make.ts"

type Make = (directory: string) => Effect.Effect<string, unknown, FileSystem.FileSystem | Scope.Scope>

const made =
  (make: (fs: FileSystem.FileSystem, path: string) => Effect.Effect<unknown, unknown>): Make => (directory) =>
    Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.as(make(fs, `${directory}/input`), `${directory}/input`))

const socket: Make = (directory) =>
  Effect.as(
    Effect.acquireRelease(
      Effect.async<ReturnType<typeof createServer>>((resume) => {
        const server = createServer()
        server.listen(`${directory}/input`, () => resume(Effect.succeed(server)))
      }),
      (server) => Effect.sync(() => server.close())
    ),
    `${directory}/input`
  )

const fifo = (content: Uint8Array | string): Make => (directory) =>
  Effect.gen(function*() {
    const path = `${directory}/input`
    yield* Effect.sync(() => execFileSync("mkfifo", [path]))
    const fs = yield* FileSystem.FileSystem
    // A reader that goes away early is no matter of the writer.
    yield* Effect.forkScoped(
      Effect.ignore(fs.writeFile(path, typeof content === "string" ? Buffer.from(content) : content, { flag: "a" }))
    )
    return path
  })

const places: ReadonlyArray<readonly [what: string, make: Make, exit: 0 | 3 | 4 | 8 | 11, says: string]> = [
  ["nothing", made(() => Effect.void), 4, "no such file"],
  ["a directory", made((fs, path) => fs.makeDirectory(path)), 3, "is a directory, not a file"],
  ["a link to a directory", made((fs, path) => fs.symlink(".", path)), 3, "is a directory, not a file"],
  ["a link that leads nowhere", made((fs, path) => fs.symlink("nowhere", path)), 4, "no such file"],
  ["a link to itself", made((fs, path) => fs.symlink("input", path)), 11, "its symbolic links go round in a circle"],
  [
    "a file in a file",
    (directory) => Effect.succeed(`${directory}/target.db/input`),
    11,
    "part of the path is no directory"
  ],
  [
    "a name that is too long",
    (directory) => Effect.succeed(`${directory}/${"x".repeat(300)}`),
    11,
    "the name is too long"
  ],
  ["a socket", socket, 3, "is a socket, not a file"],
  ["/dev/null", () => Effect.succeed("/dev/null"), 8, "is empty"],
  ["/dev/zero", () => Effect.succeed("/dev/zero"), 8, "line 1 is not JSON"],
  ["/dev/urandom", () => Effect.succeed("/dev/urandom"), 8, "is not UTF-8"],
  ["the target", (directory) => Effect.succeed(`${directory}/target.db`), 3, "input and target are the same file"],
  ["a named pipe with a snapshot", fifo(sealed), 0, ""],
  ["a named pipe that breaks off", fifo(sealed.slice(0, 500)), 8, "is not JSON"],
  ["a named pipe with a database", fifo(kit.fixtureBytes("small.db")), 8, "is a SQLite database"]
]

describe("as an input", () => {
  for (const [what, make, exit, says] of places) {
    it.scopedLive(`${what}: ${exit}`, () =>
      Effect.gen(function*() {
        const directory = yield* kit.temporary
        const target = yield* kit.copyTo(`${directory}/target.db`, "small.db")
        const input = yield* make(directory)
        const before = what.includes("pipe") ? [] : yield* stateOf(directory)
        const found = yield* kata(directory, ["import", "--input", input, "--target", target, "--force"])
        assert.strictEqual(found.exit, exit, found.stderr)
        assert.include(found.stderr, says)
        if (exit === 0) return
        assertRefused(found)
        assert.include(found.stderr, input)
        if (what.includes("pipe")) return
        assert.deepStrictEqual(yield* stateOf(directory), before)
      }).pipe(Effect.provide(services)))
  }
})
