/** A hostile input meets the whole program, in this process: what the command line prints, and what it leaves behind. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import assert from "node:assert/strict"
import { createHash } from "node:crypto"
import * as Main from "../../src/cli/Main.ts"
import { registry } from "../../src/cli/registry.ts"
import { exitCodes } from "../../src/Failure.ts"
import { layerNoDaemon } from "../../src/testing/faultyDaemon.ts"
import { captured } from "../../src/testing/stdio.ts"
import { environment } from "../cli/kit.ts"

/** One run of the real commands; `directory` is home and everything else. */
export const kata = (
  directory: string,
  argv: ReadonlyArray<string>,
  variables: Readonly<Record<string, string>> = {}
) => {
  const streams = captured()
  const home = { KATA_HOME: directory, ...variables }
  return Main.run(argv, registry, { ...environment, cwd: directory, userHome: directory, variables: home }).pipe(
    Effect.provide([streams.layer, layerNoDaemon]),
    Effect.map((exit) => ({ exit, stdout: streams.stdout.text(), stderr: streams.stderr.text() }))
  )
}

export type Ran = Effect.Effect.Success<ReturnType<typeof kata>>

/** The names in a directory with the bytes behind each; a lock file may come and stay. */
export const stateOf = (directory: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const names = (yield* fs.readDirectory(directory)).filter((name) => !name.endsWith(".lock")).toSorted()
    return yield* Effect.forEach(names, (name) =>
      Effect.map(
        Effect.option(fs.readFile(`${directory}/${name}`)),
        (bytes) => bytes._tag === "None" ? name : `${name} ${createHash("sha256").update(bytes.value).digest("hex")}`
      ))
  })

/** Longer than this is no line that somebody reads. */
const longest = 2000
const refusals: ReadonlyArray<number> = [exitCodes.validation, exitCodes.not_found, exitCodes.damaged, exitCodes.io]
const traces = /\n\s+at |Error:|\[object |\bundefined\b|bug in kata/

/** Promise 6: one clear error on stderr, a next step, nothing on stdout, an exit code of the table, never a stack trace. */
export const assertRefused = ({ exit, stderr, stdout }: Ran): void => {
  assert.ok(refusals.includes(exit), stderr)
  assert.strictEqual(stdout, "")
  assert.match(stderr, /^kata: .+\nhint: .+\n$/)
  assert.doesNotMatch(stderr, traces)
  assert.ok(stderr.length < longest, stderr.slice(0, longest))
}
