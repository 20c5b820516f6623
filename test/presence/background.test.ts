/** What is said of a daemon that ends before it serves. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Processes from "../../src/host/Processes.ts"
import { launch } from "../../src/presence/background.ts"
import { ensure } from "../../src/presence/ensure.ts"
import { Program } from "../../src/presence/Program.ts"

const cases = [
  { does: "kill -9 $$", kind: "daemon_unavailable", message: "the daemon ended before it served (SIGKILL)" },
  { does: "exit 0", kind: "daemon_unavailable", message: "the daemon ended before it served (it was told to stop)" },
  { does: "exit 3", kind: "internal", message: "the daemon ended before it served (exit 3)" }
]

const place = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "kata-background-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

for (const { does, kind, message } of cases) {
  it.live(`${does}: ${message}`, () =>
    Effect.gen(function*() {
      const directory = yield* place
      const log = join(directory, "daemon.log")
      const failure = yield* Effect.flip(launch({ program: ["/bin/sh", "-c", does], argv: [], variables: {}, log }))
      assert.deepStrictEqual([failure.kind, failure.message], [kind, message])
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)))
}

it.live("what the system does not start is its failure, such as too many open files", () =>
  Effect.gen(function*() {
    const log = join(yield* place, "daemon.log")
    const failure = yield* Effect.flip(launch({ program: ["/no/such/program"], argv: [], variables: {}, log }))
    assert.deepStrictEqual([failure.kind, failure.message], [
      "io",
      "cannot start a daemon: spawn /no/such/program ENOENT"
    ])
  }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)))

for (const does of ["exit 0", "kill $$"]) {
  it.live(`${does}: somebody told it to stop; a command that needs a daemon tries again, though not for ever`, () =>
    Effect.gen(function*() {
      const directory = yield* place
      const failure = yield* ensure({
        databasePath: join(directory, "kata.db"),
        kataHome: directory,
        userHome: directory,
        version: "0.1.0",
        variables: {},
        cwd: directory,
        create: true
      }).pipe(
        Effect.provideService(Program, ["/bin/sh", "-c", `echo try >> ${directory}/tries; ${does}`]),
        Effect.flip
      )
      assert.deepStrictEqual(failure.kind, "daemon_unavailable")
      assert.deepStrictEqual(readFileSync(join(directory, "tries"), "utf8"), "try\ntry\ntry\n")
    }).pipe(Effect.scoped, Effect.provide(Processes.layer), Effect.provide(NodeContext.layer)))
}

it.live("found L10: none is started for a database that is not there, and nothing is made", () =>
  Effect.gen(function*() {
    const directory = yield* place
    const from = {
      databasePath: join(directory, "kata.db"),
      kataHome: join(directory, "home"),
      userHome: directory,
      version: "0.1.0",
      variables: {},
      cwd: directory
    }
    const ask = Effect.flip(Effect.provideService(ensure(from), Program, ["/no/such/program"]))
    assert.deepInclude(yield* ask, { _tag: "OpenError", reason: "missing", kind: "not_found" })
    assert.deepStrictEqual(readdirSync(directory), [])
    for (const left of ["kata.db-wal", "kata.db.bak.20260504T002107Z"]) {
      writeFileSync(join(directory, left), "")
      assert.deepInclude(yield* ask, { _tag: "OpenError", reason: "lost", kind: "validation", detail: left })
      assert.deepStrictEqual(readdirSync(directory), [left])
      rmSync(join(directory, left))
    }
    assert.deepInclude(yield* Effect.flip(ensure({ ...from, databasePath: join(directory, "none", "kata.db") })), {
      reason: "missing"
    })
  }).pipe(Effect.scoped, Effect.provide(Processes.layer), Effect.provide(NodeContext.layer)))

it.live("a program that starts no daemon says that none runs", () =>
  Effect.gen(function*() {
    const directory = yield* place
    const databasePath = join(directory, "kata.db")
    const failure = yield* Effect.flip(
      ensure({
        databasePath,
        kataHome: directory,
        userHome: directory,
        version: "0.1.0",
        variables: {},
        cwd: directory,
        create: true
      })
    )
    assert.deepInclude(failure, { _tag: "DaemonMissing", kind: "daemon_unavailable", path: databasePath })
    assert.strictEqual(failure.message, `no daemon serves ${databasePath}, and this program starts none`)
  }).pipe(Effect.scoped, Effect.provide(Processes.layer), Effect.provide(NodeContext.layer)))
