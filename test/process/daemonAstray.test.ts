/** What a daemon does when somebody takes away what it serves, or what it is found by. */
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import { request } from "node:http"
import { join } from "node:path"
import { describe, expect } from "vitest"
import { query } from "./kit.ts"
import { gone, isAlive, it, type World } from "./world.ts"

/** A comment, sent to whoever listens there. */
const comment = (socketPath: string, ref: string, body: string) =>
  new Promise<{ readonly status: number; readonly text: string }>((resolve, reject) => {
    const path = `/api/v1/projects/1/issues/${ref}/comments`
    const headers = { "content-type": "application/json" }
    const asked = request({ socketPath, method: "POST", path, headers, agent: false }, (response) => {
      let text = ""
      response.setEncoding("utf8").on("data", (part: string) => (text += part))
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }))
    })
    asked.on("error", reject).end(JSON.stringify({ actor: "ann", body }))
  })

/** A daemon that has an issue, with one comment in the database's log. */
const working = async (world: World) => {
  const { address, pid } = await world.up()
  await world.ok(["init", "--project", "alpha"])
  const { issue } = JSON.parse(await world.ok(["create", "the issue", "--json"]))
  const socketPath = address.slice("unix://".length)
  expect((await comment(socketPath, issue.short_id, "before")).status).toBe(200)
  return { pid, ref: issue.short_id as string, socketPath }
}

const bodies = (path: string) => query(path, "SELECT body FROM comments ORDER BY id").flat()

describe("the database", () => {
  const cases: ReadonlyArray<readonly [string, (world: World) => unknown]> = [
    ["moved away", (world) => fs.renameSync(world.database, join(world.root, "moved.db"))],
    ["moved away, another one in its place", (world) => {
      fs.copyFileSync(world.database, join(world.root, "other.db"))
      fs.renameSync(world.database, join(world.root, "moved.db"))
      fs.renameSync(join(world.root, "other.db"), world.database)
    }],
    ["moved away with its directory", (world) => fs.renameSync(world.home, join(world.root, "moved"))]
  ]
  it.for(cases)("%s: nothing more is answered or lost, and the daemon ends", async ([, change], { world }) => {
    const { pid, ref, socketPath } = await working(world)
    change(world)
    const { status, text } = await comment(socketPath, ref, "after")
    expect([status, text]).toEqual([500, expect.stringContaining("was moved, removed or replaced while")])
    await gone(pid)
    const moved = [join(world.root, "moved.db"), join(world.root, "moved/kata.db")].find((path) => fs.existsSync(path))
    // what was answered went with the file
    expect(bodies(moved ?? "")).toEqual(["before"])
  })

  it("found L12: a link to it that leads elsewhere by now: nothing more is answered, and the next command goes there", async ({ world }) => {
    const [one, other, link] = [join(world.root, "one.db"), join(world.root, "other.db"), join(world.root, "link.db")]
    const at = (path: string) => ({ env: { KATA_DB: path } })
    await world.ok(["init", "--project", "app"], at(other))
    await world.ok(["create", "in the other one"], at(other))
    await world.ok(["daemon", "stop"], at(other))
    fs.symlinkSync(one, link)
    await world.ok(["init", "--project", "app"], at(link))
    const { issue } = JSON.parse(await world.ok(["create", "in the first", "--json"], at(link)))
    const { address, pid } = world.daemon()
    fs.symlinkSync(other, join(world.root, "new"))
    fs.renameSync(join(world.root, "new"), link)
    const { status, text } = await comment(address.slice("unix://".length), issue.short_id, "after")
    expect([status, text]).toEqual([500, expect.stringContaining("link.db was moved, removed or replaced while")])
    expect(await world.ok(["list"], at(link))).toContain("in the other one")
    await gone(pid)
    await world.ok(["daemon", "stop"], at(link))
    expect(bodies(one)).toEqual([])
    expect(await world.ok(["list"], at(one))).toContain("in the first")
  })

  it("without its log is not written to, and has everything when the daemon has ended", async ({ world }) => {
    const { pid, ref, socketPath } = await working(world)
    fs.rmSync(`${world.database}-wal`)
    expect((await comment(socketPath, ref, "after")).text).toContain("kata.db-wal was moved, removed or replaced")
    await world.ok(["daemon", "stop"])
    expect(isAlive(pid)).toBe(false)
    expect(bodies(world.database)).toEqual(["before"])
  })
})

it.for<readonly [string, (world: World) => unknown]>([
  ["lock", (world) => fs.rmSync(`${world.database}.lock`)],
  ["record", (world) => fs.rmSync(join(world.home, "runtime"), { recursive: true })],
  ["socket", (world) => fs.rmSync(world.sockets, { recursive: true })]
])("a daemon whose %s is gone ends, and a command that needs it gets another one", async ([, change], { world }) => {
  const { pid, ref } = await working(world)
  change(world)
  // at once: where nobody answers any more, it waits
  await world.ok(["comment", ref, "--body", "meanwhile"])
  await gone(pid)
  expect(world.log()).toMatch(/stopping: .* is gone, or another file/)
  await world.ok(["comment", ref, "--body", "after"])
  expect(world.daemon().pid).not.toBe(pid)
  await world.ok(["daemon", "stop"])
  expect(bodies(world.database)).toEqual(["before", "meanwhile", "after"])
})

describe("found L11: a database that is reached by two names", () => {
  const at = (path: string) => ({ env: { KATA_DB: path } })

  it("of a hard link is refused by either, and served when it is gone", async ({ world }) => {
    await world.ok(["init", "--project", "app"])
    await world.ok(["daemon", "stop"])
    const other = join(world.root, "other.db")
    fs.linkSync(world.database, other)
    for (const path of [world.database, other]) {
      expect(await world.fails(3, ["create", "an issue"], at(path))).toContain(`${path} is a file with another name`)
      expect((await world.run(["daemon", "start", "--foreground"], at(path))).exit).toBe(3)
      expect((await world.run(["doctor"], at(path))).stdout).toContain("is a file with another name (a hard link)")
    }
    // whoever only reads gets one state
    await world.ok(["export", "--output", "x.jsonl"], at(other))
    await world.fails(3, ["import", "--input", "x.jsonl", "--target", other, "--force"])
    fs.rmSync(other)
    // a restore that was killed leaves such a name
    fs.linkSync(world.database, `${world.database}.bak.20260101T000000Z`)
    await world.ok(["create", "an issue"])
    await world.ok(["daemon", "stop"])
  })

  it.skipIf(process.getuid?.() !== 0 || process.platform !== "linux")(
    "of a mount of the single file is refused there",
    async ({ skip, world }) => {
      await world.ok(["init", "--project", "app"])
      await world.ok(["daemon", "stop"])
      const other = join(world.root, "other one.db")
      fs.writeFileSync(other, "")
      if (spawnSync("mount", ["--bind", world.database, other]).status !== 0) return skip()
      try {
        expect(await world.fails(3, ["create", "an issue"], at(other))).toContain("is a file that is mounted by itself")
        await world.ok(["create", "an issue"])
        // the daemon of the first name is there: it is the one
        await world.ok(["create", "one more"], at(other))
        expect(world.records()).toHaveLength(1)
        expect(await world.ok(["daemon", "stop"], at(other))).toMatch(/^stopped/)
      } finally {
        spawnSync("umount", [other])
      }
    }
  )
})
