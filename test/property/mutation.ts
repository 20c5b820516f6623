/** What becomes of a snapshot after accidents and edits: the promises that an import keeps, one by one. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Channel from "effect/Channel"
import * as Effect from "effect/Effect"
import * as FC from "effect/FastCheck"
import * as Stream from "effect/Stream"
import assert from "node:assert/strict"
import { gzipSync } from "node:zlib"
import { toFile } from "../../src/export/Export.ts"
import { restore } from "../../src/import/Import.ts"
import { kinds, version10 } from "../../src/records/kinds.ts"
import { read } from "../../src/snapshot/read.ts"
import { content } from "../../src/testing/contents.ts"
import { build, type Content } from "../../src/testing/database.ts"
import { temporaryDirectory } from "../files/temp.ts"
import { assertRefused, kata, stateOf } from "../hostile/kit.ts"
import { withSeal } from "../hostile/make.ts"
import { complaints } from "./dump.ts"
import { accident, mutate, mutation } from "./mutate.ts"
import { property } from "./Property.ts"

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

export const sealedNever = property(
  "content",
  "a sealed file after an accident is never taken",
  15,
  FC.tuple(content, FC.array(accident, { minLength: 20, maxLength: 40 })),
  ([content, mutations]) =>
    Effect.gen(function*() {
      const { bytes } = yield* exported(content, false)
      for (const change of mutations) {
        const changed = mutate(bytes, change)
        if (asLF(changed).equals(bytes)) continue
        const end = yield* Effect.either(Channel.runDrain(read(Stream.make(changed), "file", { format: version10 })))
        assert.strictEqual(end._tag, "Left", `${JSON.stringify(change)} went unnoticed`)
      }
    })
)

/** What a line says, however its text is escaped and spaced. Nothing of kata is asked. */
const says = (line: string): string =>
  line.replace(
    /("(?:[^"\\]|\\[^])*")|[ \t\r\n]+/g,
    (_, text: string | undefined) => text === undefined ? "" : JSON.stringify(JSON.parse(text))
  )

/** The file as it was sealed, without a seal, or sealed again by whoever edited it. */
const sealing = FC.constantFrom("kept" as const, "none" as const, "again" as const)

const resealed = (bytes: Buffer): Buffer => {
  const text = bytes.toString().replace(/,"seal":\{[^{}]*\}(?=\}\n$)/, "")
  return text.endsWith("}\n") && Buffer.from(text).length > 0 ? Buffer.from(withSeal(text)) : bytes
}

/** A key that kata leaves out when there is no value: `null` says the same, and is not written again. */
const withoutNothing = (line: string): string => {
  const kind = kinds.find(({ name }) => line.includes(`"kind":"${name}"`))
  const keys = kind?.fields.filter(({ presence }) => presence === "omitted").map(({ key }) => key) ?? []
  return keys.length === 0 ? line : line.replace(new RegExp(`,"(?:${keys.join("|")})":null(?=[,}])`, "g"), "")
}

/** What the records say, without what seals them. */
const saysAll = (file: string): ReadonlyArray<string> =>
  file.split("\n").filter((line) => line.trim() !== "")
    .map((line) => says(line).replace(/,"seal":\{[^{}]*\}\}$/, "}").replace(/,"snapshot":\{.*\}\}$/, "}"))
    .map(withoutNothing).toSorted()

const damaged = FC.record({
  content,
  sealing,
  compressed: FC.boolean(),
  mutations: FC.array(mutation, { minLength: 1, maxLength: 3 })
})

type Damaged = typeof damaged extends FC.Arbitrary<infer A> ? A : never

/** A directory with the file, and a database where it would go. */
const made = ({ compressed, content, mutations, sealing }: Damaged) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const { bytes, directory } = yield* exported(content, sealing === "none")
    const changed = mutations.reduce(mutate, bytes)
    const text = sealing === "again" ? resealed(changed) : changed
    yield* fs.remove(`${directory}/a`)
    yield* fs.writeFile(`${directory}/input`, compressed ? gzipSync(text) : text)
    return { directory, text, before: yield* stateOf(directory), same: asLF(text).equals(bytes) }
  })

export const edited = property(
  "clear",
  "an edited file is refused with one clear error and everything as it was, or what it says is in the database",
  24,
  damaged,
  (value) =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const { before, directory, same, text } = yield* made(value)
      const at = (name: string) => `${directory}/${name}`
      const verified = yield* kata(directory, ["verify", at("input")])
      const found = yield* kata(directory, ["import", "--input", at("input"), "--target", at("a.db"), "--force"])
      assert.strictEqual(verified.exit, found.exit, `verify foresees the import: ${verified.stderr}${found.stderr}`)
      if (found.exit !== 0) {
        assertRefused(found)
        assert.ok([3, 8].includes(found.exit))
        assert.ok(found.stderr.startsWith(`kata: ${at("input")}: `), found.stderr)
        assert.deepStrictEqual(yield* stateOf(directory), before)
        return
      }
      if (value.sealing === "kept") assert.ok(same, "a file that is not what was sealed was taken")
      assert.deepStrictEqual(yield* complaints(at("a.db")), [])
      yield* toFile({ database: at("a.db"), output: at("b"), plain: true })
      const out = saysAll(yield* fs.readFileString(at("b")))
      const given = saysAll(text.toString())
      assert.deepStrictEqual(out.filter((line) => !given.includes(line)), given.filter((line) => !out.includes(line)))
      assert.strictEqual(out.length, given.length)
    })
)

export const mended = property(
  "lines",
  "a repair of an edited file accounts for every record, and its result needs no other",
  15,
  damaged,
  (value) =>
    Effect.gen(function*() {
      const { before, directory } = yield* made(value)
      const at = (name: string) => `${directory}/${name}`
      const homes = { kataHome: directory, userHome: directory }
      const end = yield* Effect.either(
        restore({ input: at("input"), target: at("a.db"), force: true, repair: true, homes })
      )
      if (end._tag === "Left") {
        assert.ok(["damaged", "validation"].includes(end.left.kind), end.left.message)
        assert.deepStrictEqual(yield* stateOf(directory), before)
        return
      }
      const { findings, read, records } = end.right
      for (const { name } of kinds) {
        const of = findings.filter(({ kind }) => kind === name)
        const dropped = of.filter(({ outcome }) => outcome === "dropped").reduce((sum, { count }) => sum + count, 0)
        // A row of meta or sqlite_sequence that was missing.
        const added = of.flatMap(({ rows }) => rows).filter(({ value }) => value?.startsWith("none →") === true).length
        assert.strictEqual(records[name] ?? 0, (read[name] ?? 0) - dropped + added, `${name}: ${JSON.stringify(of)}`)
      }
      assert.deepStrictEqual(yield* complaints(at("a.db")), [])
      assert.ok((yield* toFile({ database: at("a.db"), output: at("b") })).restorable)
    })
)
