/** What a daemon does when somebody takes away what it serves, or what it is found by. */
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
