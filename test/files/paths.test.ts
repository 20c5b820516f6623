import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { exists, nameOf, parentOf, resolve, sameFile, syncDirectory } from "../../src/files/paths.ts"
import { layerFaultyFileSystem } from "../../src/testing/faults.ts"
import { temporaryDirectory } from "./temp.ts"

/** A tree with a file, another name of it, and links of all sorts. */
const tree = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const root = yield* temporaryDirectory
  yield* fs.makeDirectory(`${root}/deep/er`, { recursive: true })
  yield* fs.writeFileString(`${root}/deep/file`, "x")
  yield* fs.link(`${root}/deep/file`, `${root}/hard`)
  yield* fs.symlink("deep/er", `${root}/jump`)
  yield* fs.symlink("deep/file", `${root}/soft`)
  yield* fs.symlink(`${root}/deep/later`, `${root}/dangling`)
  yield* fs.symlink("round", `${root}/about`)
  yield* fs.symlink("about", `${root}/round`)
  return root
})

layer(NodeContext.layer, { excludeTestServices: true })("paths", (it) => {
  it.scoped("resolve follows links as the kernel does", () =>
    Effect.gen(function*() {
      const root = yield* tree
      const expected = {
        "deep/file": "deep/file",
        "soft": "deep/file",
        "jump/../file": "deep/file",
        "jump/new": "deep/er/new",
        "dangling": "deep/later",
        "jump//./x/": undefined,
        "jump/": "deep/er",
        "none": "none"
      }
      for (const [path, real] of Object.entries(expected)) {
        const found = yield* Effect.either(resolve(`${root}/${path}`))
        assert.deepStrictEqual(found._tag === "Right" ? found.right : undefined, real && `${root}/${real}`, path)
      }
      assert.strictEqual(yield* resolve("/../.."), "/")
      assert.strictEqual(yield* resolve("/dev/../none"), "/none")
      assert.strictEqual(yield* resolve("not there"), `${process.cwd()}/not there`)
      assert.strictEqual(yield* resolve("."), process.cwd())
    }))

  it.scoped("what cannot be resolved says why", () =>
    Effect.gen(function*() {
      const root = yield* tree
      const failed = (path: string) => Effect.flip(resolve(path))
      const loop = yield* failed(`${root}/round`)
      assert.strictEqual(
        loop.message,
        `cannot use ${root}/round: its symbolic links go round in a circle (ELOOP)`
      )
      assert.strictEqual(loop.kind, "io")
      assert.strictEqual((yield* failed(`${root}/a/b`)).missing, `${root}/a`)
      assert.strictEqual((yield* failed(`${root}/a/b`)).kind, "not_found")
      assert.strictEqual((yield* failed(`${root}/hard/b`)).code, "ENOTDIR")
      assert.strictEqual((yield* failed("")).kind, "not_found")
      assert.include((yield* failed("a\0b")).message, "a\\0b")
      assert.strictEqual((yield* failed("x".repeat(300))).code, "ENAMETOOLONG")
    }))

  it.scoped("characters mean themselves", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const root = yield* tree
      for (const name of ["a?b", "a#b", "%41", "trailing  ", "line\nbreak", "*", "-", "~", "ü", ":memory:"]) {
        const path = yield* resolve(`${root}/${name}`)
        assert.strictEqual(path, `${root}/${name}`)
        assert.strictEqual(parentOf(path), root)
        assert.strictEqual(nameOf(path), name)
        yield* fs.writeFileString(path, name)
        assert.isTrue(yield* exists(path))
      }
      assert.isFalse(yield* exists(`${root}/A`))
      assert.strictEqual(parentOf("/x"), "/")
    }))

  it.scoped("sameFile sees through every link", () =>
    Effect.gen(function*() {
      const root = yield* tree
      const pairs: ReadonlyArray<[string, string, boolean]> = [
        ["hard", "soft", true],
        ["deep/file", "jump/../file", true],
        ["hard", "deep", false],
        ["hard", "none", false],
        ["dangling", "deep/later", true],
        ["dangling", "deep/never", false]
      ]
      for (const [a, b, same] of pairs) {
        assert.strictEqual(yield* sameFile(`${root}/${a}`, `${root}/${b}`), same, `${a} ${b}`)
      }
    }))

  it.scoped("exists is about files, not about links", () =>
    Effect.gen(function*() {
      const root = yield* tree
      assert.isFalse(yield* exists(`${root}/dangling`))
      assert.isFalse(yield* exists(`${root}/hard/below`))
      assert.strictEqual((yield* Effect.flip(exists(`${root}/round`))).code, "ELOOP")
    }))

  it.scoped("syncDirectory fails when the disk does, and not when the filesystem cannot", () =>
    Effect.gen(function*() {
      const root = yield* temporaryDirectory
      const under = (code: string) =>
        Effect.either(
          Effect.provide(syncDirectory(root), layerFaultyFileSystem([{ operation: "sync", call: 1, code }]))
        )
      assert.strictEqual((yield* under("EIO"))._tag, "Left")
      assert.strictEqual((yield* under("EINVAL"))._tag, "Right")
      yield* syncDirectory(root)
    }))
})
