/** Hostile input meets the built program: what it prints, how much memory it takes, what it leaves behind. The tables are in test/hostile. */
import * as fs from "node:fs"
import { gzipSync } from "node:zlib"
import { describe, expect } from "vitest"
import { cases } from "../hostile/cases.ts"
import { sealed } from "../hostile/make.ts"
import { it, measured, sha256 } from "./kit.ts"

const mebibyte = 2 ** 20

const times = (part: Uint8Array, count: number) => Buffer.concat(Array.from({ length: count }, () => part))
const first = sealed.slice(0, sealed.indexOf("\n") + 1)
const member = (text: string) => gzipSync(Buffer.alloc(mebibyte, text))

/** Small files that expand to hundreds of megabytes. `peak`: of the program itself about 100 MiB. */
const bombs: ReadonlyArray<readonly [what: string, bytes: () => Uint8Array, exit: number, says: RegExp, peak: number]> =
  [
    ["one line", () => times(member("x"), 400), 3, /bomb\.gz: line 1: is longer than 268435456 bytes\n/, 640],
    [
      "a sealed file with one line of a string",
      () => Buffer.concat([gzipSync(`${first}{"kind":"meta","data":{"key":"`), times(member("x"), 400)]),
      3,
      /bomb\.gz: line 2: is longer than 268435456 bytes\n/,
      640
    ],
    ["blank lines", () => times(member("\n"), 24), 8, /bomb\.gz: has no records\n/, 256],
    [
      "a sealed file and blank lines",
      () => Buffer.concat([gzipSync(sealed), times(member("\n"), 24)]),
      8,
      /no seal at its end/,
      256
    ],
    [
      "members",
      () =>
        Buffer.concat([
          gzipSync(`${first}{"kind":"meta",`),
          times(gzipSync("\"a\":{},".repeat(2 ** 17)), 64),
          gzipSync("\"x\":1}\n")
        ]),
      8,
      /bomb\.gz: line 2 cannot be trusted: .*has no data object/,
      640
    ],
    ["levels", () => Buffer.concat([gzipSync(first), times(member("["), 64)]), 8, /bomb\.gz: line 2 is not JSON/, 640]
  ]

const linux = process.platform === "linux"
if (!linux) console.warn("not measured: the memory of another process is read from /proc, which is Linux's")

describe("a bomb of", () => {
  for (const [what, bytes, exit, says, peak] of bombs) {
    it(`${what} is refused in little memory`, async ({ place }) => {
      place.write("bomb.gz", bytes())
      place.fixture("small.db", "t.db")
      const old = sha256(fs.readFileSync(place.path("t.db")))
      const result = await measured(place, ["import", "--input", "bomb.gz", "--target", "t.db", "--force"])
      expect({ exit: result.exit, stdout: result.stdout }, result.stderr).toEqual({ exit, stdout: "" })
      expect(result.stderr).toMatch(says)
      expect(result.stderr).toMatch(/^kata: .*\nhint: .*\n$/)
      expect(sha256(fs.readFileSync(place.path("t.db")))).toBe(old)
      expect(place.names()).toEqual(["bomb.gz", "t.db", "t.db.lock"])
      if (linux) expect(result.peak).toBeLessThan(peak)
    })
  }
})

/** One of each group of the table, and each way in which a report is printed. */
const some = [
  "a web page",
  "conflict markers of git",
  "__proto__ as a field",
  "100,000 levels in a payload",
  "compressed, and cut in the middle"
]

describe("the built program refuses", () => {
  for (const [what, input, exit, says] of Object.values(cases).flat().filter(([what]) => some.includes(what))) {
    it(what, async ({ place }) => {
      place.write("input", input())
      place.fixture("small.db", "t.db")
      const old = sha256(fs.readFileSync(place.path("t.db")))
      const argv = ["import", "--input", "input", "--target", "t.db", "--force"]
      for (const mode of [[], ["--json"], ["--agent"]]) {
        const report = await place.fails(exit, [...argv, ...mode])
        expect(report).not.toMatch(/\n\s+at |Error:|\[object /)
        expect(mode.includes("--json") ? JSON.parse(report).error.message : report).toContain(says)
      }
      await place.fails(exit, ["import", "--input", "-", "--target", "t.db", "--force"], { stdin: input() })
      expect(sha256(fs.readFileSync(place.path("t.db")))).toBe(old)
      expect(place.names()).toEqual(["input", "t.db", "t.db.lock"])
    })
  }
})
