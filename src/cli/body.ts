/** Where the text of an issue or a comment comes from. */
import * as Options from "@effect/cli/Options"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { posix } from "node:path"
import { fromPlatform, reasonOf } from "../files/FileError.ts"
import { text, toggle } from "./Argv.ts"
import { Environment } from "./Environment.ts"
import { refused } from "./refs.ts"
import { UsageError } from "./UsageError.ts"

export const bodyFlags = {
  body: text("body").pipe(Options.withDescription("the text"), Options.withDefault(undefined)),
  bodyFile: text("body-file", "file").pipe(
    Options.withDescription("the text, from a file"),
    Options.withDefault(undefined)
  ),
  bodyStdin: toggle("body-stdin", false).pipe(Options.withDescription("the text, from stdin"))
}

const decode = (name: string, bytes: Uint8Array) =>
  Effect.try({
    // A byte order mark stays: it is what the file says.
    try: () => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes).replace(/[\r\n]+$/, ""),
    catch: () => refused(`read ${name}: not UTF-8`)
  })

const fromFile = (name: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const { cwd } = yield* Environment
    const bytes = yield* Effect.mapError(fs.readFile(posix.resolve(cwd, name)), (error) => {
      const failed = fromPlatform("read", name)(error)
      return refused(`read ${name}: ${reasonOf(failed.code) ?? failed.message}`, failed.hint)
    })
    return yield* decode(name, bytes)
  })

const fromStdin = Effect.gen(function*() {
  const { stdin } = yield* Environment
  const chunks: Array<Uint8Array> = []
  yield* Effect.interruptible(Stream.runForEach(stdin, (chunk) => Effect.sync(() => chunks.push(chunk))))
  return yield* decode("stdin", Buffer.concat(chunks))
})

/** The text that the flags give; undefined when none of them is there. A file and stdin lose the line breaks at their end. */
export const bodyOf = (flags: {
  readonly body: string | undefined
  readonly bodyFile: string | undefined
  readonly bodyStdin: boolean
}) =>
  Effect.gen(function*() {
    const { body, bodyFile, bodyStdin } = flags
    if ([body !== undefined, bodyFile !== undefined, bodyStdin].filter((given) => given).length > 1) {
      return yield* new UsageError({ reason: "must pass exactly one of --body, --body-file, --body-stdin" })
    }
    if (bodyFile !== undefined) return yield* fromFile(bodyFile)
    return bodyStdin ? yield* fromStdin : body
  })
