/** A server that a workspace names: whose word that is, and who gets the token. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { connect, find } from "../../src/client/connect.ts"
import { headersOf } from "../../src/client/transport.ts"
import * as Sqlite from "../../src/database/sqlite.ts"
import * as Processes from "../../src/host/Processes.ts"
import { Program } from "../../src/presence/Program.ts"
import { declared, remote } from "../../src/workspace/remoteServer.ts"
import { remember, serversFile } from "../../src/workspace/trust.ts"
import { temporaryDirectory } from "../files/temp.ts"

const url = "http://127.0.0.1:7474"
const toml = (server = url, more = "") => `version = 1\n[server]\nurl = "${server}"\n${more}`

const git = (root: string, ...words: ReadonlyArray<string>) =>
  execFileSync("git", ["-C", root, "-c", "user.name=a", "-c", "user.email=a@b.invalid", ...words], { stdio: "pipe" })

/** A directory of state, and a repository whose `.gitignore` names the file. */
const place = Effect.map(temporaryDirectory, (root) => {
  const [kataHome, repository] = [join(root, "home"), join(root, "repository")]
  fs.mkdirSync(kataHome)
  fs.mkdirSync(repository)
  git(repository, "init", "-q")
  fs.writeFileSync(join(repository, ".gitignore"), ".kata.local.toml\n")
  const file = join(repository, ".kata.local.toml")
  const write = (text: string) => fs.writeFileSync(file, text)
  write(toml())
  const asked = (start = repository, variables = {}) => remote({ variables, kataHome, start })
  return { root, kataHome, repository, file, write, asked }
})

type Place = Effect.Effect.Success<typeof place>

const inPlace = <A, E>(use: (place: Place) => Effect.Effect<A, E, NodeContext.NodeContext>) =>
  Effect.flatMap(place, use).pipe(Effect.scoped, Effect.provide(NodeContext.layer))

const untrusted = (why: string | RegExp) => ({
  _tag: "ServerUntrusted",
  kind: "confirm",
  why: typeof why === "string" ? why : expect.stringMatching(why)
})

describe("found S3: the server in .kata.local.toml", () => {
  it.live("is used when git ignores the file, and not when a clone has brought it", () =>
    inPlace(({ asked, file, repository, root }) =>
      Effect.gen(function*() {
        expect(yield* asked()).toMatchObject({ value: { url, source: file, isNamedByUser: false } })
        git(repository, "add", "-f", ".kata.local.toml", ".gitignore")
        git(repository, "commit", "-qm", "x")
        const clone = join(root, "clone")
        execFileSync("git", ["clone", "-q", repository, clone], { stdio: "pipe" })
        const refused = yield* Effect.flip(asked(clone))
        expect(refused).toMatchObject({
          ...untrusted("git does not ignore it there"),
          message: `${clone}/.kata.local.toml names the server ${url}, which is not used: git does not ignore it there`,
          hint: expect.stringContaining(`kata trust --confirm ${url}`)
        })
        // from below, and with a project there
        fs.mkdirSync(join(clone, "a"))
        expect(yield* Effect.flip(asked(join(clone, "a")))).toMatchObject(untrusted(/does not ignore/))
      })
    ))

  it.live("is used once it is confirmed, for this URL only, which is remembered outside of the repository", () =>
    inPlace(({ asked, file, kataHome, repository, write }) =>
      Effect.gen(function*() {
        fs.rmSync(join(repository, ".gitignore"))
        expect(yield* Effect.flip(asked())).toMatchObject(untrusted(/does not ignore/))
        const wanted = { file, url, allow_insecure: false }
        expect(yield* remember(kataHome, wanted, true)).toBe(true)
        expect(yield* remember(kataHome, wanted, true)).toBe(false)
        expect(fs.statSync(serversFile(kataHome)).mode & 0o777).toBe(0o600)
        expect(yield* asked()).toMatchObject({ value: { url, isNamedByUser: true } })
        write(toml("http://127.0.0.1:9"))
        expect(yield* Effect.flip(asked())).toMatchObject(untrusted(/does not ignore/))
        write(toml(url, "allow_insecure = true\n"))
        expect(yield* Effect.flip(asked())).toMatchObject(untrusted(/does not ignore/))
        write(toml())
        fs.chmodSync(serversFile(kataHome), 0o620)
        expect(yield* Effect.flip(asked())).toMatchObject(untrusted(/does not ignore/))
        fs.chmodSync(serversFile(kataHome), 0o600)
        expect(yield* remember(kataHome, wanted, false)).toBe(true)
        expect(yield* Effect.flip(asked())).toMatchObject(untrusted(/does not ignore/))
      })
    ))

  it.live("is not used where the file is a link, somebody else's, or others may write to it", () =>
    inPlace(({ asked, file, repository, root }) =>
      Effect.gen(function*() {
        fs.chmodSync(file, 0o666)
        expect(yield* Effect.flip(asked())).toMatchObject(untrusted(/another user, or others/))
        fs.chmodSync(file, 0o600)
        if (process.getuid?.() === 0) {
          fs.chownSync(file, 65534, 65534)
          expect(yield* Effect.flip(asked())).toMatchObject(untrusted(/another user, or others/))
        }
        fs.renameSync(file, join(root, "elsewhere.toml"))
        fs.symlinkSync(join(root, "elsewhere.toml"), file)
        expect(yield* Effect.flip(asked())).toMatchObject({
          _tag: "RemoteRefused",
          reason: `${file} is a symbolic link`
        })
        fs.rmSync(join(repository, ".git"), { recursive: true })
        fs.rmSync(file)
        fs.writeFileSync(file, toml())
        fs.writeFileSync(join(repository, ".kata.toml"), "version = 1\n[project]\nname = \"app\"\n")
        expect(yield* Effect.flip(asked())).toMatchObject(untrusted(/in no git repository/))
      })
    ))

  it.live("is not used where git cannot be asked", () =>
    inPlace(({ asked, root }) =>
      Effect.gen(function*() {
        const env = execFileSync("sh", ["-c", "command -v env"], { encoding: "utf8" }).trim()
        fs.symlinkSync(env, join(root, "env"))
        const { PATH } = process.env
        yield* Effect.acquireRelease(
          Effect.sync(() => void (process.env["PATH"] = root)),
          () => Effect.sync(() => void (process.env["PATH"] = PATH))
        )
        expect(yield* Effect.flip(asked())).toMatchObject(untrusted(/not known: git cannot be run/))
      }).pipe(Effect.scoped)
    ))

  it.live("makes git start nothing that the repository names, nor one that is committed among its files", () =>
    inPlace(({ asked, file, repository, root }) =>
      Effect.gen(function*() {
        const ran = join(root, "ran")
        git(repository, "config", "core.fsmonitor", `touch ${ran}; false`)
        fs.mkdirSync(join(repository, "hooks"))
        fs.writeFileSync(join(repository, "hooks", "post-index-change"), `#!/bin/sh\ntouch ${ran}\n`, { mode: 0o755 })
        git(repository, "config", "core.hooksPath", join(repository, "hooks"))
        expect(yield* asked()).toMatchObject({ value: { url } })
        // a bare repository as files of a clone: git would take it for the one to ask
        const inner = join(repository, "inner")
        execFileSync("git", ["init", "-q", "--bare", inner], { stdio: "pipe" })
        fs.appendFileSync(
          join(inner, "config"),
          `[core]\n\tbare = false\n\tworktree = ${inner}\n\tfsmonitor = "touch ${ran}; false"\n`
        )
        fs.writeFileSync(join(inner, "info", "exclude"), "*\n")
        fs.renameSync(file, join(inner, ".kata.local.toml"))
        fs.writeFileSync(join(inner, ".kata.toml"), "version = 1\n[project]\nname = \"app\"\n")
        fs.rmSync(join(repository, ".gitignore"))
        fs.rmSync(join(repository, ".git", "config"))
        expect(yield* Effect.flip(asked(inner))).toMatchObject(untrusted(/does not ignore/))
        expect(fs.existsSync(ran)).toBe(false)
      })
    ))

  it.live("gets the token only when the user has named it", () =>
    inPlace(({ file, kataHome, repository, write }) =>
      Effect.gen(function*() {
        const server = yield* Effect.acquireRelease(
          Effect.async<ReturnType<typeof createServer>>((resume) => {
            const server = createServer((_, response) => response.end("{\"ok\":true,\"service\":\"kata\"}"))
            server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
          }),
          (server) => Effect.sync(() => server.close())
        )
        const here = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
        write(toml(here))
        fs.writeFileSync(join(kataHome, "config.toml"), "[auth]\ntoken = \"secret\"\n")
        const from = {
          databasePath: join(kataHome, "kata.db"),
          kataHome,
          userHome: kataHome,
          version: "1",
          variables: {} as Record<string, string>,
          cwd: repository
        }
        const sent = (variables: Record<string, string> = {}) =>
          Effect.map(connect({ ...from, variables }), (target) => ({
            authorization: headersOf(target, { method: "GET", path: "/" })["authorization"],
            server: "server" in target ? target.server : undefined
          }))
        const kept = { url: here, source: file, isTokenKept: true }
        expect(yield* sent()).toEqual({ authorization: undefined, server: kept })
        expect(yield* find(from)).toMatchObject(Option.some({ server: kept }))
        expect(yield* sent({ KATA_SERVER: here })).toEqual({
          authorization: "Bearer secret",
          server: { url: here, source: "KATA_SERVER", isTokenKept: false }
        })
        yield* remember(kataHome, { file, url: here, allow_insecure: false }, true)
        expect(yield* sent()).toEqual({
          authorization: "Bearer secret",
          server: { url: here, source: file, isTokenKept: false }
        })
      }).pipe(
        Effect.scoped,
        Effect.provide([Sqlite.layer, Processes.layer]),
        Effect.provideService(Program, [])
      )
    ))

  it.live("is found by its real name, whatever links lead to the workspace", () =>
    inPlace(({ file, repository, root }) =>
      Effect.gen(function*() {
        fs.symlinkSync(repository, join(root, "link"))
        expect(yield* declared(join(root, "link"))).toMatchObject({ value: { path: file } })
      })
    ))
})
