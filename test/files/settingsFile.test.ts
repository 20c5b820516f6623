/** Files of settings, as a hostile repository has them: none is waited for, none is large in memory. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import { createServer } from "node:net"
import { dirname, join } from "node:path"
import { readSettings, settingsBytes } from "../../src/files/settingsFile.ts"
import { load } from "../../src/presence/settings.ts"
import { remote } from "../../src/workspace/remoteServer.ts"
import { bind, boundTo, ignoreLocal } from "../../src/workspace/workspace.ts"
import { temporaryDirectory } from "./temp.ts"

const inDirectory = <A, E>(use: (root: string) => Effect.Effect<A, E, NodeContext.NodeContext>) =>
  Effect.flatMap(temporaryDirectory, use).pipe(Effect.scoped, Effect.provide(NodeContext.layer))

/** What may stand where a file of settings is read, and what is said of it. */
const kinds: ReadonlyArray<readonly [name: string, make: (path: string) => void, found: string]> = [
  // a sparse file: it has this size, and takes no room
  ["450 MB", (path) => {
    fs.writeFileSync(path, "")
    fs.truncateSync(path, 450_000_000)
  }, "larger than 64 KiB"],
  ["one byte too many", (path) => fs.writeFileSync(path, "#".repeat(settingsBytes + 1)), "larger than 64 KiB"],
  ["a pipe that nobody writes to", (path) => execFileSync("mkfifo", [path]), "no regular file"],
  ["a directory", (path) => fs.mkdirSync(path), "a directory"],
  ["a link to a device without an end", (path) => fs.symlinkSync("/dev/zero", path), "a symbolic link"]
]

/** Who reads one, by the path of the file, and what comes of it. */
const readers: ReadonlyArray<
  readonly [
    name: string,
    read: (path: string) => Effect.Effect<unknown, { readonly message: string }, NodeContext.NodeContext>
  ]
> = [
  [".kata.toml", (path) => boundTo(dirname(path))],
  [".kata.local.toml", (path) => {
    fs.mkdirSync(join(dirname(path), ".git"))
    return remote({ variables: {}, kataHome: dirname(path), start: dirname(path) })
  }],
  [".gitignore", (path) => ignoreLocal(dirname(path))],
  ["config.toml", (path) => load(dirname(path), {})]
]

describe("found S5: a file of settings", () => {
  for (const [file, read] of readers) {
    it.live.each(kinds)(
      `${file}: %s is refused without being read`,
      ([, make, found]) =>
        inDirectory((root) =>
          Effect.gen(function*() {
            const path = join(root, file)
            make(path)
            // upwards only a regular file is looked for
            if (file === ".kata.local.toml" && !found.startsWith("larger")) {
              return expect(yield* read(path)).toMatchObject({ _tag: "None" })
            }
            const said = file === "config.toml" && found === "a symbolic link" ? "no regular file" : found
            const failure = yield* Effect.flip(read(path))
            expect(failure.message).toContain(said)
            expect(failure).toMatchObject({ kind: "validation" })
          })
        )
    )
  }

  it.live("may have 64 KiB, and a link in the user's own directory", () =>
    inDirectory((root) =>
      Effect.gen(function*() {
        const path = join(root, "x.toml")
        const text = "ü".repeat(settingsBytes / 2)
        fs.writeFileSync(path, text)
        fs.symlinkSync(path, join(root, "link"))
        const { mtimeMs, mode, uid } = fs.statSync(path)
        expect(yield* readSettings(join(root, "link"), { follow: true })).toEqual({ text, mode, uid })
        expect(yield* Effect.flip(readSettings(join(root, "link"), { follow: false }))).toMatchObject({
          found: "a symbolic link"
        })
        expect(yield* Effect.flip(readSettings(join(root, "none"), { follow: false }))).toMatchObject({
          code: "ENOENT"
        })
        expect(fs.statSync(path).mtimeMs).toBe(mtimeMs)
      })
    ))

  it.live("that is a socket is refused", () =>
    inDirectory((root) =>
      Effect.gen(function*() {
        const path = join(root, "s")
        yield* Effect.acquireRelease(
          Effect.async<ReturnType<typeof createServer>>((resume) => {
            const server = createServer().listen(path, () => resume(Effect.succeed(server)))
          }),
          (server) => Effect.sync(() => server.close())
        )
        expect(yield* Effect.flip(readSettings(path, { follow: true }))).toMatchObject({ found: "no regular file" })
      }).pipe(Effect.scoped)
    ))

  it.live("of 64 KiB that is as deep as it can be is refused, and nothing falls over", () =>
    inDirectory((root) =>
      Effect.gen(function*() {
        fs.writeFileSync(join(root, ".kata.toml"), `a = ${"[".repeat(settingsBytes - 10)}`)
        expect(yield* Effect.flip(boundTo(root))).toMatchObject({ _tag: "BindingUnreadable" })
        fs.writeFileSync(join(root, "config.toml"), `a = ${"[".repeat(settingsBytes - 10)}`)
        expect(yield* Effect.flip(load(root, {}))).toMatchObject({ _tag: "ConfigRefused" })
      })
    ))

  it.live("is not written through a link, wherever that leads", () =>
    inDirectory((root) =>
      Effect.gen(function*() {
        const [workspace, profile] = [join(root, "workspace"), join(root, ".profile")]
        fs.mkdirSync(workspace)
        fs.writeFileSync(profile, "export A=1\n")
        fs.symlinkSync("../.profile", join(workspace, ".gitignore"))
        fs.symlinkSync("../.bash_login", join(workspace, ".kata.toml"))
        expect(yield* Effect.flip(ignoreLocal(workspace))).toMatchObject({ _tag: "SettingsRefused" })
        expect(yield* Effect.flip(bind(workspace, "app"))).toMatchObject({ _tag: "SettingsRefused" })
        expect(fs.readFileSync(profile, "utf8")).toBe("export A=1\n")
        expect(fs.readdirSync(root)).toEqual([".profile", "workspace"])
      })
    ))
})
