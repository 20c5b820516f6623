import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as NodeFs from "node:fs"
import { exists, nameOf, parentOf, replaceable, resolve, sameFile, syncDirectory } from "../../src/files/paths.ts"
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

  it.scoped("as many links are followed as Linux follows", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const root = yield* temporaryDirectory
      yield* fs.writeFileString(`${root}/0`, "")
      for (let i = 1; i <= 41; i++) yield* fs.symlink(`${i - 1}`, `${root}/${i}`)
      assert.strictEqual(yield* resolve(`${root}/40`), `${root}/0`)
      assert.strictEqual((yield* Effect.flip(resolve(`${root}/41`))).code, "ELOOP")
    }))

  it.scoped("a link that is not UTF-8 is refused, and a descriptor stays one", (context) =>
    Effect.gen(function*() {
      if (process.platform !== "linux") return context.skip("only Linux takes any bytes as a name")
      const root = yield* temporaryDirectory
      NodeFs.symlinkSync(Buffer.from([0x61, 0xff]), `${root}/odd`)
      const odd = yield* Effect.flip(resolve(`${root}/odd`))
      assert.deepInclude(odd, { code: "EILSEQ", kind: "io" })
      assert.include(odd.message, `the link ${root}/odd is not UTF-8`)
      NodeFs.writeFileSync(`${root}/file`, "")
      const fd = NodeFs.openSync(`${root}/file`, "r")
      yield* Effect.addFinalizer(() => Effect.sync(() => NodeFs.closeSync(fd)))
      assert.match(yield* resolve(`/dev/fd/${fd}`), new RegExp(`^/proc/\\d+/fd/${fd}$`))
    }))

  it.scoped("what only its owner may replace is refused to others", (context) =>
    Effect.gen(function*() {
      if (process.getuid?.() !== 0) return context.skip("only root can become others")
      const fs = yield* FileSystem.FileSystem
      const root = yield* temporaryDirectory
      yield* fs.writeFileString(`${root}/file`, "")
      yield* fs.chmod(`${root}/file`, 0o666)
      /** The user that is asked about, as far as a process can be two at once. */
      const as = (uid: number) =>
        Effect.acquireUseRelease(
          Effect.sync(() => process.seteuid?.(uid)),
          () => Effect.either(replaceable(`${root}/file`)),
          () => Effect.sync(() => process.seteuid?.(0))
        )
      yield* fs.chmod(root, 0o1777)
      for (const uid of [1, 2]) {
        const found = yield* as(uid)
        assert.deepInclude(found._tag === "Left" ? found.left : found, { code: "EPERM", operation: "rename" }, `${uid}`)
      }
      assert.strictEqual((yield* as(0))._tag, "Right")
      yield* fs.chown(`${root}/file`, 2, 2)
      assert.strictEqual((yield* as(2))._tag, "Right")
      assert.strictEqual((yield* as(1))._tag, "Left")
      yield* fs.chmod(root, 0o777)
      assert.strictEqual((yield* as(1))._tag, "Right")
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
