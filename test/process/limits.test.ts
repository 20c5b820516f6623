/** Lines as long as they may be, and longer (D14). They take gigabytes of disk and minutes, so KATA_LARGE=1 asks for them. */
import Sqlite from "better-sqlite3"
import * as fs from "node:fs"
import { describe, expect } from "vitest"
import { edited } from "../hostile/make.ts"
import { it } from "./kit.ts"

const large = (process.env["KATA_LARGE"] ?? "") !== ""
if (!large) console.warn("skipped: lines of 256 MiB and more take minutes; KATA_LARGE=1 runs them")

const limit = 256 * 1024 * 1024

/** A sealed snapshot whose eighth line has that many bytes. */
const withLine = (bytes: number): string => {
  const title = "\"title\":\"first\""
  const line = edited(title, "\"title\":\"\"").split("\n")[7]!
  return edited(title, `"title":"${"x".repeat(bytes - Buffer.byteLength(line))}"`)
}

describe.skipIf(!large)("a line", () => {
  it("of 256 MiB is restored, and exported again", async ({ place }) => {
    place.write("line", withLine(limit))
    expect(await place.ok(["import", "--input", "line", "--target", "t.db"])).toMatch(/the bytes of the sealed file/)
    expect(await place.ok(["verify", "line", "--against", "t.db"])).toMatch(/the contents are equal/)
  }, 600_000)

  it("of a byte more is refused", async ({ place }) => {
    place.write("line", withLine(limit + 1))
    const report = await place.fails(3, ["import", "--input", "line", "--target", "t.db"])
    expect(report).toMatch(/^kata: line: line 8: is longer than 268435456 bytes\n/)
    expect(place.names()).toEqual(["line"])
  }, 600_000)

  it("of 500 MiB is refused, also when it stands compressed in a pipe", async ({ place }) => {
    place.write("line", withLine(500 * 1024 * 1024))
    const shell = "gzip -1 < line | \"$@\""
    const result = await place.run(["import", "--input", "-", "--target", "t.db"], { shell })
    expect(result).toMatchObject({ exit: 3, stdout: "" })
    expect(result.stderr).toMatch(/^kata: stdin: line 8: is longer than 268435456 bytes\n/)
  }, 600_000)

  const bodies: ReadonlyArray<readonly [what: string, character: string, bytes: number, says: string]> = [
    [
      "a text of 256 MiB and a byte",
      "x",
      limit + 1,
      `body has ${limit + 1} bytes, more than a line may have (${limit})`
    ],
    ["a text of 500 MiB", "x", 500 * 2 ** 20, "body has 524288000 bytes"],
    [
      "a text that fits, with what is around it",
      "x",
      limit - 300,
      `body makes a line longer than it may be (${limit})`
    ],
    [
      "a text that is six times as long when it is escaped",
      "\u0001",
      100 * 2 ** 20,
      "body makes a line longer than it may be"
    ]
  ]
  for (const [what, character, bytes, says] of bodies) {
    it(`that an export would write of ${what} is refused`, async ({ place }) => {
      const db = new Sqlite(place.fixture("small.db"))
      db.prepare("UPDATE issues SET body = ? WHERE id = 1").run(Buffer.alloc(bytes, character).toString("latin1"))
      db.close()
      fs.writeFileSync(place.path("out"), "old")
      const report = await place.fails(3, ["export", "--output", "out"])
      expect(report).toContain(`small.db: table issues, row 1: ${says}`)
      expect(place.read("out")).toBe("old")
    }, 600_000)
  }
})
