/** Locks of other programs beside a daemon: those of who started it, and those of a newer Go kata. */
import { spawn, spawnSync } from "node:child_process"
import * as fs from "node:fs"
import { join } from "node:path"
import { expect } from "vitest"
import { it, until, type World } from "./world.ts"

const hasFlock = spawnSync("flock", ["--version"]).status === 0

it.skipIf(!hasFlock)("found W4: a daemon has nothing open of who needed it first", async ({ world }) => {
  const lock = world.path("script.lock")
  // sh may know no descriptors of two digits
  const opened = `exec 9>"$0.9" 16>"$0.16" 17>"$0.17" 200>"$0"; flock -n 200 && flock -n 17 && "$@"`
  const shell = `bash -c '${opened}' '${lock}' "$@"`
  await world.ok(["init", "--project", "app"], { shell })
  const { pid } = world.daemon()
  for (const name of [lock, `${lock}.9`, `${lock}.16`, `${lock}.17`]) {
    expect(spawnSync("flock", ["-n", name, "true"]).status, name).toBe(0)
  }
  if (!fs.existsSync("/proc/self/fd")) return
  const open = fs.readdirSync(`/proc/${pid}/fd`).map((fd) => [fd, fs.readlinkSync(`/proc/${pid}/fd/${fd}`)] as const)
  expect(open.filter(([, path]) => path.startsWith(lock))).toEqual([])
  expect(open.map(([fd]) => fd)).toEqual(expect.arrayContaining(["0", "1", "2"]))
  // and what it needs is still there
  await world.ok(["create", "an issue"])
})

/** `flock` as the newest Go kata has it, until the test ends. */
const held = async (world: World) => {
  const path = `${world.database}.daemon.lock`
  const child = spawn("flock", ["--exclusive", "--no-fork", path, "sleep", "600"], { stdio: "ignore" })
  await until("it has the lock", () => spawnSync("flock", ["-n", path, "true"]).status === 1)
  return { pid: child.pid ?? 0, path, end: () => child.kill("SIGKILL") }
}

it.skipIf(!hasFlock || process.platform !== "linux")(
  "found W16: the lock of a newer Go kata is noticed by start, import, export and doctor",
  async ({ world }) => {
    await world.ok(["init", "--project", "app"])
    await world.ok(["daemon", "stop"])
    await world.ok(["export", "--output", "x.jsonl"])
    const { end, path, pid } = await held(world)
    try {
      for (const argv of [["daemon", "start"], ["create", "an issue"], ["list"]]) {
        expect(await world.fails(7, argv), argv.join(" ")).toContain(`a newer Go kata's, pid ${pid}) serves`)
      }
      expect(await world.fails(10, ["daemon", "start", "--foreground"])).toContain(`pid ${pid}`)
      expect(await world.fails(10, ["import", "--input", "x.jsonl", "--target", world.database, "--force"]))
        .toContain(`daemon is running for this database: ${world.database} (pid ${pid})`)
      await world.fails(10, ["export", "--output", "y.jsonl"])
      expect(await world.fails(10, ["daemon", "stop"])).toContain(`as ${path} says, cannot be proven`)
      expect((await world.run(["doctor"])).stdout).toContain(`${path} is the lock of a newer Go kata, which has it now`)
    } finally {
      end()
    }
    await until("it is free", () => spawnSync("flock", ["-n", path, "true"]).status === 0)
    // that it was there is a warning, no more
    expect((await world.run(["doctor"])).stdout).toContain(
      `${path} is the lock of a newer Go kata: one program a database`
    )
    await world.ok(["create", "an issue"])
    expect(world.log()).toContain("warn: ")
    expect(fs.existsSync(join(world.home, "kata.db.daemon.lock"))).toBe(true)
    await world.ok(["daemon", "stop"])
  }
)
