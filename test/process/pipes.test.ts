/** stdin and stdout as data: what a shell does with the program. */
import Sqlite from "better-sqlite3"
import * as fs from "node:fs"
import { describe, expect } from "vitest"
import { it, large, type Place, sha256, until } from "./kit.ts"

const exported = async (place: Place) => {
  place.fixture("rich.db", "small.db")
  await place.ok(["export", "--output", "x.jsonl"])
  return place.read("x.jsonl")
}

describe("export --output -", () => {
  it("writes the snapshot and nothing else to stdout, and the report to stderr", async ({ place }) => {
    const expected = await exported(place)
    for (
      const [mode, report] of [["human", /^exported -\n/], ["json", /^\{"kata_api_version":1,/], ["agent", /^OK /]]
    ) {
      const result = await place.run(["export", "--output", "-", "--format", String(mode)])
      expect(result).toMatchObject({ exit: 0, stdout: expected })
      expect(result.stderr).toMatch(report!)
    }
    expect(await place.run(["export", "--output", "-", "--quiet"])).toMatchObject({
      exit: 0,
      stdout: expected,
      stderr: ""
    })
  })

  it("leaves stdout empty when it fails at the last row", async ({ place }) => {
    const db = new Sqlite(place.fixture("rich.db", "small.db"))
    db.exec("UPDATE sqlite_sequence SET seq = x'00' WHERE name = 'projects'")
    db.close()
    expect(await place.fails(3, ["export", "--output", "-"])).toMatch(/sqlite_sequence|seq/)
  })

  it("ends quietly when the reader has had enough", async ({ place }) => {
    await large(place.path("small.db"), 500)
    const result = await place.run(["export", "--output", "-", "--quiet"], {
      shell: "{ \"$@\"; echo \"exit $?\" >&2; } | head -c 100"
    })
    expect(result).toMatchObject({ exit: 0, stderr: "exit 0\n" })
    expect(result.stdout).toHaveLength(100)
  })

  it("goes through pipes into verify and import", async ({ place }) => {
    await exported(place)
    const verified = await place.run([], { shell: "\"$@\" export --output - -q | \"$@\" verify -" })
    expect(verified).toMatchObject({ exit: 0, stderr: "" })
    expect(verified.stdout).toMatch(/^ok: stdin\n/)
    await place.run([], { shell: "\"$@\" export -q --output - | gzip | \"$@\" import --input - --target new.db" })
    await place.ok(["verify", "x.jsonl", "--against", "new.db"])
  })

  it("does not keep the database from being checkpointed while its reader is slow", async ({ place }) => {
    await large(place.path("small.db"), 500)
    const slow = place.start(["export", "--output", "-"])
    slow.child.stdout?.pause()
    // It has begun to write: more than a pipe holds is waiting.
    await until("the first bytes", () => (slow.child.stdout?.readableLength ?? 0) > 0)
    const db = new Sqlite(place.path("small.db"))
    db.exec("PRAGMA journal_mode = WAL; UPDATE issues SET title = title || '!'")
    expect(db.pragma("wal_checkpoint(TRUNCATE)")).toEqual([{ busy: 0, log: 0, checkpointed: 0 }])
    db.close()
    slow.child.stdout?.resume()
    expect((await slow.done).exit).toBe(0)
  })

  it("is stopped by a signal while its reader does not read", async ({ place }) => {
    await large(place.path("small.db"), 500)
    const slow = place.start(["export", "--output", "-"])
    slow.child.stdout?.pause()
    await until("the first bytes", () => (slow.child.stdout?.readableLength ?? 0) > 0)
    slow.child.kill("SIGINT")
    await new Promise((resolve) => slow.child.on("exit", resolve))
    slow.child.stdout?.resume()
    expect((await slow.done).exit).toBe(130)
  })
})

describe("stdin", () => {
  it("is read by verify and import, from a pipe, a file and a FIFO", async ({ place }) => {
    const snapshot = await exported(place)
    expect(await place.ok(["verify", "-"], { stdin: snapshot })).toMatch(/^ok: stdin\n/)
    const file = fs.openSync(place.path("x.jsonl"), "r")
    expect(await place.ok(["verify", "-"], { stdin: file })).toMatch(/^ok: stdin\n/)
    fs.closeSync(file)
    await place.ok(["import", "--input", "-", "--target", "a.db"], { stdin: snapshot })
    // One reader at a time: two would share what one writer has written.
    const fifo = await place.run([], {
      shell: "mkfifo pipe; cat x.jsonl > pipe & \"$@\" verify pipe -q || exit; wait; " +
        "cat x.jsonl > pipe & \"$@\" import -q --input pipe --target b.db"
    })
    expect(fifo).toMatchObject({ exit: 0, stderr: "" })
    for (const target of ["a.db", "b.db"]) await place.ok(["verify", "x.jsonl", "--against", target])
  })

  it("that is cut is damaged, and leaves nothing", async ({ place }) => {
    const snapshot = await exported(place)
    const error = await place.fails(8, ["import", "--input", "-", "--target", "a.db"], {
      stdin: snapshot.slice(0, 9000)
    })
    expect(error).toMatch(/^kata: stdin: /)
    expect(place.names()).toEqual(["small.db", "x.jsonl"])
    expect(await place.fails(8, ["verify", "-"], { stdin: "" })).toMatch(/stdin: .*empty/)
  })
})

describe("a stdout that cannot be written", () => {
  it("is an error when it is full, and none when nobody asked for it", async ({ place }) => {
    await exported(place)
    const argv = ["export", "--output", "-", "-q"]
    expect((await place.run(argv, { shell: "\"$@\" > /dev/full" })).exit).toBe(process.platform === "linux" ? 11 : 1)
    expect((await place.run(["version"], { shell: "\"$@\" > /dev/full" })).stderr).toMatch(/no space left|full/)
    expect(await place.run(argv, { shell: "\"$@\" >&-" })).toMatchObject({ exit: 0, stderr: "" })
    expect(await place.run(["export", "--output", "y.jsonl"], { shell: "\"$@\" >&- 2>&-" })).toMatchObject({ exit: 0 })
    expect(sha256(place.read("y.jsonl"))).toBe(sha256(place.read("x.jsonl")))
  })

  it("and an output that is one", async ({ place }) => {
    await exported(place)
    expect(await place.fails(11, ["export", "--output", "/dev/full"])).toMatch(
      /cannot write \/dev\/full: no space left/
    )
    expect(await place.ok(["export", "--output", "/dev/null"])).toMatch(/^exported \/dev\/null\n/)
  })
})
