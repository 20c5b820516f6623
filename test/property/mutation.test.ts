import * as FileSystem from "@effect/platform/FileSystem"
import { assert, layer } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FC from "effect/FastCheck"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { toFile } from "../../src/export/Export.ts"
import { restore } from "../../src/import/Import.ts"
import { read } from "../../src/snapshot/read.ts"
import { Reading } from "../../src/snapshot/Reading.ts"
import { content } from "../../src/testing/contents.ts"
import { build, type Content } from "../../src/testing/database.ts"
import { temporaryDirectory } from "../files/temp.ts"
import { services } from "../testing/services.ts"
import { complaints } from "./dump.ts"
import { forAll, propertyTimeout } from "./forAll.ts"
import { mutate, mutation } from "./mutate.ts"

const exported = (of: Content, plain: boolean) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const directory = yield* temporaryDirectory
    yield* build(`${directory}/a.db`, of)
    yield* toFile({ database: `${directory}/a.db`, output: `${directory}/a`, plain })
    return { directory, bytes: Buffer.from(yield* fs.readFile(`${directory}/a`)) }
  })

/** Line ends that git on Windows makes are allowed for. */
const asLF = (bytes: Buffer) => Buffer.from(bytes.toString("latin1").replaceAll("\r\n", "\n"), "latin1")

/** What a line says, however its text is escaped and spaced. Nothing of kata is asked. */
const says = (line: string): string =>
  line.replace(
    /("(?:[^"\\]|\\[^])*")|[ \t\r\n]+/g,
    (_, text: string | undefined) => text === undefined ? "" : JSON.stringify(JSON.parse(text))
  )

const saysAll = (file: string): ReadonlyArray<string> =>
  file.split("\n").filter((line) => line.trim() !== "").map(says).toSorted()

layer(services, { excludeTestServices: true })("a file after an accident", (it) => {
  it.scoped(
    "a sealed one is never taken",
    () =>
      forAll(
        FC.tuple(content, FC.array(mutation, { minLength: 20, maxLength: 40 })),
        15,
        ([content, mutations]) =>
          Effect.scoped(Effect.gen(function*() {
            const { bytes } = yield* exported(content, false)
            for (const change of mutations) {
              const changed = mutate(bytes, change)
              if (asLF(changed).equals(bytes)) {
                continue
              }
              const exit = yield* Effect.exit(Stream.runDrain(read(Stream.make(changed), new Reading("file", "never"))))
              assert.isTrue(Exit.isFailure(exit), `${JSON.stringify(change)} went unnoticed`)
            }
          }))
      ),
    propertyTimeout
  )

  it.scoped(
    "one without a seal is refused, or what it says is in the database",
    () =>
      forAll(FC.tuple(content, mutation), 60, ([content, change]) =>
        Effect.scoped(Effect.gen(function*() {
          const fs = yield* FileSystem.FileSystem
          const { bytes, directory } = yield* exported(content, true)
          const at = (name: string) => `${directory}/${name}`
          yield* fs.writeFile(at("changed"), mutate(bytes, change))
          const exit = yield* Effect.exit(
            restore({ input: at("changed"), target: at("b.db"), homes: { kataHome: directory, userHome: directory } })
          )
          if (Exit.isFailure(exit)) {
            const error = Option.getOrUndefined(Cause.failureOption(exit.cause))
            assert.include(["damaged", "validation"], error?.kind, Cause.pretty(exit.cause))
            assert.isFalse(yield* fs.exists(at("b.db")))
            return
          }
          assert.deepStrictEqual(yield* complaints(at("b.db")), [])
          yield* toFile({ database: at("b.db"), output: at("b"), plain: true })
          assert.deepStrictEqual(
            saysAll(yield* fs.readFileString(at("b"))),
            saysAll(yield* fs.readFileString(at("changed")))
          )
        }))),
    propertyTimeout
  )
})
