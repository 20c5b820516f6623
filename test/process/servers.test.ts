/** A server elsewhere, as a workspace of somebody else may name one: the other side is a server of this test. */
import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import { createServer, type IncomingMessage } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { describe, expect } from "vitest"
import { it, type World } from "./world.ts"

/** A kata that has no projects, and keeps what it is asked. */
const listening = async () => {
  const asked: Array<Pick<IncomingMessage, "url" | "headers">> = []
  const server = createServer(({ headers, url }, response) => {
    if (url !== "/api/v1/ping") asked.push({ url: url ?? "", headers })
    response.setHeader("content-type", "application/json")
    response.end(url === "/api/v1/ping" ? "{\"ok\":true,\"service\":\"kata\"}" : "{\"projects\":[]}\n")
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url, asked, server }
}

/** The clone of a repository whose author has committed the file, and a line that ignores it. */
const cloned = (world: World, url: string) => {
  const [origin, clone] = [join(world.root, "origin"), join(world.root, "clone")]
  const git = (...words: ReadonlyArray<string>) => execFileSync("git", words, { stdio: "pipe" })
  git("init", "-q", origin)
  fs.writeFileSync(join(origin, ".gitignore"), ".kata.local.toml\n")
  fs.writeFileSync(join(origin, ".kata.local.toml"), `version = 1\n[server]\nurl = "${url}"\n`)
  git("-C", origin, "add", "-f", ".")
  git("-C", origin, "-c", "user.name=a", "-c", "user.email=a@b.invalid", "commit", "-qm", "x")
  git("clone", "-q", origin, clone)
  git("-C", clone, "remote", "set-url", "origin", "https://host.invalid/app.git")
  return { clone, file: join(clone, ".kata.local.toml") }
}

describe("found S3: a clone that names a server", () => {
  it("gets nothing until it is confirmed; then every command says where its words go", async ({ world }) => {
    const { asked, server, url } = await listening()
    try {
      const { clone, file } = cloned(world, url)
      const there = { cwd: clone, env: { KATA_AUTH_TOKEN: "s3cret" } }
      expect(await world.fails(6, ["projects", "list"], there)).toBe(
        `kata: ${file} names the server ${url}, which is not used: git does not ignore it there\n` +
          `hint: if it is yours, confirm it once: kata trust --confirm ${url}; without the file kata works on this machine\n`
      )
      for (const argv of [["create", "t"], ["list"], ["show", "abc4"], ["health"], ["events", "--tail"]]) {
        expect(await world.fails(6, [...argv, "--json"], there)).toContain("\"code\":\"server_untrusted\"")
      }
      expect(asked).toEqual([])
      expect(world.records()).toEqual([])

      expect(await world.fails(6, ["trust"], there)).toContain(`pass --confirm "${url}"`)
      expect(await world.fails(6, ["trust", "--confirm", "http://127.0.0.1:1"], there)).toContain(`names ${url}`)
      expect(await world.ok(["trust", "--confirm", url, "--agent"], there)).toBe(
        `OK trust url=${url} file=${file} trusted=true changed=true\n`
      )
      for (const flags of [[], ["--json"], ["--agent"], ["--quiet"]]) {
        const { exit, stderr } = await world.run(["projects", "list", ...flags], there)
        expect({ exit, stderr }).toEqual({ exit: 0, stderr: `kata: using the server ${url} (${file})\n` })
      }
      expect(asked.map(({ headers }) => headers.authorization)).toEqual(Array(4).fill("Bearer s3cret"))

      await world.ok(["trust", "--revoke"], there)
      await world.fails(6, ["projects", "list"], there)
      expect(asked).toHaveLength(4)
    } finally {
      server.close()
    }
  })

  it("does not get the token where only a file that git ignores names it, which is said", async ({ world }) => {
    const { asked, server, url } = await listening()
    try {
      const { clone, file } = cloned(world, url)
      execFileSync("git", ["-C", clone, "rm", "-q", "--cached", ".kata.local.toml"])
      const there = { cwd: clone, env: { KATA_AUTH_TOKEN: "s3cret" } }
      const { exit, stderr } = await world.run(["projects", "list"], there)
      expect({ exit, stderr }).toEqual({
        exit: 0,
        stderr: `kata: using the server ${url} (${file}), without the token: it goes to servers that you have named ` +
          `(kata trust --confirm ${url})\n`
      })
      expect(asked.map(({ headers }) => headers.authorization)).toEqual([undefined])
    } finally {
      server.close()
    }
  })
})
