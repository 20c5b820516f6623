/** Disks that are full, limited or read-only: exit code 11, the reason, and the state before. */
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import { describe, expect } from "vitest"
import { it, large, type Place, sha256 } from "./kit.ts"

const mount = (size: string, directory: string) => `mount -t tmpfs -o size=${size} none ${directory}`
const canMount = process.platform === "linux" &&
  spawnSync("unshare", ["-rm", "sh", "-c", mount("64k", "/mnt")], { stdio: "ignore" }).status === 0
if (!canMount) console.warn("skipped: the tests of a full and of a read-only disk need unshare(1) and tmpfs")

/**
 * Runs in a filesystem of its own of that size at `disk`, after `before` was done there. What is left there, with digests, goes to the file
 * `left`, since the filesystem ends with the process.
 */
const onDisk = (place: Place, size: string, before: string, argv: ReadonlyArray<string>, env = {}) => {
  fs.mkdirSync(place.path("disk"), { recursive: true })
  const inside = `${mount(size, place.path("disk"))} && (${before}) && "$@"; code=$?; ` +
    "(cd disk && ls -A && for file in $(ls -A); do sha256sum $file; done) > left; exit $code"
  place.write("inside.sh", inside)
  return place.run(argv, { shell: "exec unshare -rm sh inside.sh \"$@\"", env: { TMPDIR: place.tmp, ...env } })
}

const report = (stderr: string) => expect(stderr).toMatch(/^kata: .*\nhint: .*\n$/)

describe.skipIf(!canMount)("a full disk", () => {
  it("leaves the old snapshot and the old database, and nothing beside them", async ({ place }) => {
    await large(place.path("small.db"), 300)
    await place.ok(["export", "--output", "x.jsonl"])
    const size = fs.statSync(place.path("x.jsonl")).size
    place.fixture("rich.db")
    const old = sha256(fs.readFileSync(place.path("rich.db")))

    const exported = await onDisk(place, `${Math.floor(size / 2)}`, "echo old > disk/x.jsonl", [
      "export",
      "--output",
      "disk/x.jsonl"
    ])
    expect(exported).toMatchObject({ exit: 11, stdout: "" })
    report(exported.stderr)
    expect(exported.stderr).toMatch(
      /^kata: cannot (?:write|finish writing) disk\/x\.jsonl: no space left on device \(ENOSPC\)/
    )
    expect(place.read("left")).toBe(`x.jsonl\n${sha256("old\n")}  x.jsonl\n`)

    const argv = ["import", "--input", "x.jsonl", "--target", "disk/t.db", "--force"]
    const imported = await onDisk(place, "700k", "cp rich.db disk/t.db", argv)
    expect(imported).toMatchObject({ exit: 11, stdout: "" })
    report(imported.stderr)
    expect(imported.stderr).toMatch(/disk\/t\.db/)
    expect(imported.stderr).not.toMatch(/kata-stage/)
    expect(place.read("left")).toMatch(
      new RegExp(`^t\\.db\\nt\\.db\\.lock\\n${old} {2}t\\.db\\n\\w+ {2}t\\.db\\.lock\\n$`)
    )
  })

  it("for temporary files names them", async ({ place }) => {
    await large(place.path("small.db"), 300)
    const env = { TMPDIR: place.path("disk") }
    const result = await onDisk(place, "64k", "true", ["export", "--output", "-"], env)
    expect(result).toMatchObject({ exit: 11, stdout: "" })
    report(result.stderr)
    expect(place.read("left")).toBe("")
  })
})

describe.skipIf(!canMount)("a read-only disk", () => {
  it("can be exported from and verified against, and not written to", async ({ place }) => {
    place.fixture("rich.db", "small.db")
    await place.ok(["export", "--output", "x.jsonl"])
    const before = `cp small.db disk/ro.db; cp x.jsonl disk; ${mount("1m", place.path("disk"))} -o remount,ro`
    const env = { KATA_DB: place.path("disk/ro.db") }
    expect(await onDisk(place, "1m", before, ["export", "-q", "--output", "y.jsonl"], env)).toMatchObject({
      exit: 0,
      stderr: ""
    })
    expect(place.read("y.jsonl")).toBe(place.read("x.jsonl"))
    expect(await onDisk(place, "1m", before, ["verify", "-q", "disk/x.jsonl", "--against", "disk/ro.db"]))
      .toMatchObject({ exit: 0 })
    for (
      const argv of [
        ["export", "--output", "disk/new.jsonl"],
        ["import", "--input", "x.jsonl", "--target", "disk/new.db"],
        ["import", "--input", "x.jsonl", "--target", "disk/ro.db", "--force"]
      ]
    ) {
      const result = await onDisk(place, "1m", before, argv, env)
      expect(result, argv.join(" ")).toMatchObject({ exit: 11, stdout: "" })
      expect(result.stderr).toMatch(/^kata: .*disk\/.*read-only file system \(EROFS\)\nhint: .*\n$/)
      expect(place.read("left").split("\n").slice(0, 2)).toEqual(["ro.db", "x.jsonl"])
    }
  })
})

describe("a limit on the size of files", () => {
  it("is an error like a full disk", async ({ place }) => {
    await large(place.path("small.db"), 300)
    await place.ok(["export", "--output", "x.jsonl"])
    const limited = { shell: "ulimit -f 128; exec \"$@\"" }
    report(await place.fails(11, ["export", "--output", "y.jsonl"], limited))
    report(await place.fails(11, ["import", "--input", "x.jsonl", "--target", "t.db"], limited))
    expect(place.names()).toEqual(["small.db", "t.db.lock", "x.jsonl"])
  })
})

describe.skipIf(process.getuid?.() === 0)("a directory that may not be written", () => {
  it("is named", async ({ place }) => {
    place.fixture("small.db")
    await place.ok(["export", "--output", "x.jsonl"])
    fs.mkdirSync(place.path("no"), { mode: 0o500 })
    expect(await place.fails(11, ["export", "--output", "no/x.jsonl"])).toMatch(/no\/x\.jsonl: permission denied/)
    expect(await place.fails(11, ["import", "--input", "x.jsonl", "--target", "no/t.db"])).toMatch(
      /no\/t\.db.*permission denied/
    )
  })
})
