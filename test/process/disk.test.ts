/** Disks that are full, limited or read-only: exit code 11, the reason, and the state before. */
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import { describe, expect } from "vitest"
import { it, large, type Place, sha256 } from "./kit.ts"

const mount = (size: string, directory: string) => `mount -t tmpfs -o size=${size} none ${directory}`
const canMount = process.platform === "linux" &&
  spawnSync("unshare", ["-rm", "sh", "-c", mount("64k", "/mnt")], { stdio: "ignore" }).status === 0
if (!canMount) console.warn("skipped: the tests of a full and of a read-only disk need unshare(1) and tmpfs")

interface Disk {
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: number
  /** Runs the same once more when there is room; how that ended goes to the file `again`. */
  readonly again?: boolean
}

/**
 * Runs in a filesystem of its own of that size at `disk`, after `before` was done there. What is left there, with digests, goes to the file
 * `left`, since the filesystem ends with the process.
 */
const onDisk = (
  place: Place,
  size: string,
  before: string,
  argv: ReadonlyArray<string>,
  { again, env, stdin }: Disk = {}
) => {
  fs.mkdirSync(place.path("disk"), { recursive: true })
  const inside = `${mount(size, place.path("disk"))} && (${before}) && "$@"; code=$?; ` +
    "(cd disk && ls -A && for file in $(ls -A); do sha256sum $file; done) > left; " +
    (again === true
      ? `${
        mount("64m", place.path("disk"))
      } -o remount; "$@" < x.jsonl > out 2>&1; (echo "exit $?"; cat out) > again; rm out; `
      : "") +
    "exit $code"
  place.write("inside.sh", inside)
  const shell = "exec unshare -rm sh inside.sh \"$@\""
  return place.run(argv, { shell, env: { TMPDIR: place.tmp, ...env }, ...(stdin === undefined ? {} : { stdin }) })
}

const report = (stderr: string) => expect(stderr).toMatch(/^kata: .*\nhint: .*\n$/)

interface Room {
  readonly argv: ReadonlyArray<string>
  /** What is there before. */
  readonly before?: string
  /** The disk is that of the temporary files. */
  readonly temporary?: boolean
  readonly stdin?: boolean
  /** What is told: the file as it was named, or where temporary files are. */
  readonly names: RegExp
  /** Of what it takes, how much room there is. */
  readonly parts?: ReadonlyArray<number>
  /** Whose size it takes. */
  readonly takes: "snapshot" | "gz" | "database" | "upgraded"
}

const gone = "temporary files in .*disk: .*"
const rooms: { readonly [what: string]: Room } = {
  "an export": { argv: ["export", "--output", "disk/x.jsonl"], names: /disk\/x\.jsonl/, takes: "snapshot" },
  "an export over an old one": {
    argv: ["export", "--output", "disk/x.jsonl"],
    before: "echo old > disk/x.jsonl",
    names: /disk\/x\.jsonl/,
    takes: "snapshot"
  },
  "a compressed export": { argv: ["export", "--output", "disk/x.jsonl.gz"], names: /disk\/x\.jsonl\.gz/, takes: "gz" },
  "an export to a pipe": {
    argv: ["export", "--output", "-"],
    temporary: true,
    names: new RegExp(gone),
    takes: "snapshot"
  },
  "a verification of a pipe": {
    argv: ["verify", "-"],
    temporary: true,
    stdin: true,
    names: new RegExp(gone),
    takes: "snapshot"
  },
  "an import": {
    argv: ["import", "--input", "x.jsonl", "--target", "disk/t.db"],
    names: /disk\/t\.db/,
    takes: "database"
  },
  "an import over an old one": {
    argv: ["import", "--input", "x.jsonl", "--target", "disk/t.db", "--force"],
    before: "cp rich.db disk/t.db",
    names: /disk\/t\.db/,
    takes: "database"
  },
  "an upgrade": {
    argv: ["upgrade", "disk/t.db"],
    before: "cp v9.db disk/t.db",
    names: /disk\/t\.db/,
    takes: "upgraded"
  },
  "a dry run of an upgrade": {
    argv: ["upgrade", "--dry-run", "v9.db"],
    temporary: true,
    names: new RegExp(gone),
    takes: "upgraded"
  },
  "a comparison": {
    argv: ["diff", "x.jsonl", "full.db"],
    temporary: true,
    names: new RegExp(gone),
    takes: "database",
    // without indexes it is smaller
    parts: [0.1, 0.3, 0.5]
  },
  "a dry run": {
    argv: ["import", "--input", "x.jsonl", "--target", "t.db", "--dry-run"],
    temporary: true,
    names: new RegExp(gone),
    takes: "database"
  }
}

describe.skipIf(!canMount)("a disk that is full, for", () => {
  for (
    const [what, { argv, before = "true", names, parts = [0.1, 0.5, 0.9], stdin = false, takes, temporary = false }]
      of Object.entries(rooms)
  ) {
    it(`${what}: nothing changed, nothing left, and with room it works`, async ({ place }) => {
      await large(place.path("small.db"), 120)
      await place.ok(["export", "--output", "x.jsonl"])
      await place.ok(["export", "--output", "x.jsonl.gz"])
      await place.ok(["import", "--input", "x.jsonl", "--target", "full.db"])
      place.fixture("rich.db")
      place.fixture("../go-legacy/v9/rich.db", "v9.db")
      place.fixture("../go-legacy/v9/rich.db", "v10.db")
      await place.ok(["upgrade", "v10.db"])
      const copied = /^cp (\S+) /.exec(before)?.[1]
      const sizeOf = (name: string) => fs.statSync(place.path(name)).size
      const size = {
        snapshot: sizeOf("x.jsonl"),
        gz: sizeOf("x.jsonl.gz"),
        database: sizeOf("full.db"),
        upgraded: sizeOf("v10.db")
      }[takes]
      const old = before === "true" ? 0 : copied === undefined ? 4096 : sizeOf(copied)
      const there = place.names()
      for (const part of parts) {
        const result = await onDisk(place, `${Math.floor(old + size * part)}`, before, argv, {
          again: true,
          ...(temporary ? { env: { TMPDIR: place.path("disk") } } : {}),
          ...(stdin ? { stdin: fs.openSync(place.path("x.jsonl"), "r") } : {})
        })
        const told = `${part}: ${result.stderr}`
        expect({ exit: result.exit, stdout: result.stdout }, told).toEqual({ exit: 11, stdout: "" })
        report(result.stderr)
        expect(result.stderr, told).toMatch(names)
        expect(result.stderr, told).toMatch(/no space left|disk is full|disk I\/O error/)
        expect(result.stderr, told).not.toMatch(/kata-stage|kata-(?:spool|verify|import)-|\.kata-\d/)
        if (temporary) expect(result.stderr, told).toContain("TMPDIR")
        // SQLite's own, of which the next reader takes away what holds nothing
        const sides = new RegExp(`t\\.db(?:\\.lock|-shm|-wal)$`)
        const left = place.read("left").split("\n").filter((line) => !sides.test(line))
        expect(place.read("left")).not.toMatch(new RegExp(`^(?!${sha256("")}).*  t\\.db-wal`, "m"))
        const kept = before === "true" ? [] : copied === undefined
          ? ["x.jsonl", `${sha256("old\n")}  x.jsonl`]
          : ["t.db", `${sha256(fs.readFileSync(place.path(copied)))}  t.db`]
        expect(left, told).toEqual([...kept, ""])
        expect(place.read("again"), told).toMatch(/^exit 0\n/)
        expect(
          place.names().filter((name) =>
            !there.includes(name) && !["again", "disk", "inside.sh", "left", "t.db.lock"].includes(name)
          )
        ).toEqual([])
      }
    })
  }
})

// What is sound is verified without a database.
it.skipIf(!canMount)("a disk without any room is told to a verification of what is odd", async ({ place }) => {
  place.fixture("rich.db", "small.db")
  await place.ok(["export", "--output", "x.jsonl"])
  const env = { TMPDIR: place.path("disk") }
  const fill = "head -c 4096 /dev/zero > disk/full"
  const result = await onDisk(place, "4k", fill, ["verify", "x.jsonl"], { again: true, env })
  expect(result).toMatchObject({ exit: 11, stdout: "" })
  expect(result.stderr).toMatch(/^kata: temporary files in \S+\/disk: .*full.*\nhint: .*TMPDIR.*\n$/)
  expect(place.read("left")).toMatch(/^full\n\w+ {2}full\n$/)
  expect(place.read("again")).toMatch(/^exit 0\n/)
})

it.skipIf(!canMount)("a disk without any room can be exported from, with and without a log", async ({ place }) => {
  place.fixture("rich.db", "small.db")
  for (const side of ["", "-wal"]) place.fixture(`hot-wal/kata.db${side}`, `hot.db${side}`)
  for (const name of ["small", "hot"]) {
    const env = { KATA_DB: place.path(`disk/${name}.db`) }
    const whole = `cp ${name}.db* disk/; head -c 9999999 /dev/zero > disk/filled 2>/dev/null || true`
    const result = await onDisk(place, "1m", whole, ["export", "-q", "--output", `full-${name}.jsonl`], { env })
    expect(result).toMatchObject({ exit: 0, stderr: "" })
    await place.ok(["export", "-q", "--output", `there-${name}.jsonl`], { env: { KATA_DB: place.path(`${name}.db`) } })
    expect(place.read(`full-${name}.jsonl`)).toBe(place.read(`there-${name}.jsonl`))
    const verified = await onDisk(place, "1m", whole, ["verify", "-q", `there-${name}.jsonl`, "--against", env.KATA_DB])
    expect(verified).toMatchObject({ exit: 0, stderr: "" })
  }
})

describe.skipIf(!canMount)("a read-only disk", () => {
  it("can be exported from and verified against, and not written to", async ({ place }) => {
    place.fixture("rich.db", "small.db")
    await place.ok(["export", "--output", "x.jsonl"])
    const before = `cp small.db disk/ro.db; cp x.jsonl disk; ${mount("1m", place.path("disk"))} -o remount,ro`
    const env = { KATA_DB: place.path("disk/ro.db") }
    expect(await onDisk(place, "1m", before, ["export", "-q", "--output", "y.jsonl"], { env })).toMatchObject({
      exit: 0,
      stderr: ""
    })
    expect(place.read("y.jsonl")).toBe(place.read("x.jsonl"))
    expect(await onDisk(place, "1m", before, ["verify", "-q", "disk/x.jsonl", "--against", "disk/ro.db"]))
      .toMatchObject({ exit: 0 })
    for (const side of ["", "-wal"]) place.fixture(`hot-wal/kata.db${side}`, `hot.db${side}`)
    const hot = `cp hot.db hot.db-wal disk/; ${before}`
    const fromHot = { env: { KATA_DB: place.path("disk/hot.db") } }
    expect(await onDisk(place, "1m", hot, ["export", "-q", "--output", "hot.jsonl"], fromHot)).toMatchObject({
      exit: 0
    })
    await place.ok(["export", "-q", "--output", "here.jsonl"], { env: { KATA_DB: place.path("hot.db") } })
    expect(place.read("hot.jsonl")).toBe(place.read("here.jsonl"))
    for (
      const argv of [
        ["export", "--output", "disk/new.jsonl"],
        ["export", "--output", "disk/new.jsonl.gz"],
        ["import", "--input", "x.jsonl", "--target", "disk/new.db"],
        ["import", "--input", "x.jsonl", "--target", "disk/ro.db", "--force"]
      ]
    ) {
      const result = await onDisk(place, "1m", before, argv, { env })
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
    place.fixture("rich.db")
    const limited = { shell: "ulimit -f 128; exec \"$@\"" }
    const before = place.names()
    const old = sha256(fs.readFileSync(place.path("rich.db")))
    const snapshot = fs.readFileSync(place.path("x.jsonl"))
    for (
      const [argv, names] of [
        [["export", "--output", "y.jsonl"], /y\.jsonl: /],
        [["export", "--output", "y.jsonl.gz"], /y\.jsonl\.gz: /],
        [["export", "--output", "-"], /temporary files in /],
        [["verify", "-"], /temporary files in /],
        [["import", "--input", "x.jsonl", "--target", "t.db"], /t\.db: /],
        [["import", "--input", "x.jsonl", "--target", "t.db", "--dry-run"], /temporary files in /],
        [["import", "--input", "x.jsonl", "--target", "rich.db", "--force"], /rich\.db: /]
      ] as const
    ) {
      const stderr = await place.fails(11, argv, { ...limited, ...(argv[1] === "-" ? { stdin: snapshot } : {}) })
      report(stderr)
      expect(stderr, argv.join(" ")).toMatch(names)
      expect(place.names().filter((name) => !name.endsWith(".lock")), argv.join(" ")).toEqual(before)
      expect(sha256(fs.readFileSync(place.path("rich.db")))).toBe(old)
    }
  })
})
