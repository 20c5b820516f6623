/** Lists of issues as people, and other programs, get them. */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { inside } from "../server/replay/serve.ts"
import { place, run } from "./replay/scenario.ts"

/** A workspace of the project `ws` with some issues, whose ids are told by their names. */
const workspace = Effect.gen(function*() {
  const root = yield* place
  const daemon = yield* inside({})
  mkdirSync(join(root, "ws", ".git"), { recursive: true })
  const kata = (argv: ReadonlyArray<string>, variables: Readonly<Record<string, string>> = {}) =>
    run({ argv, cwd: join(root, "ws"), daemon, variables: { KATA_AUTHOR: "ana", ...variables } })
  const ids = new Map<string, string>()
  const make = Effect.fnUntraced(function*(name: string, title: string, ...more: ReadonlyArray<string>) {
    const words = more.map((word) => ids.get(word) ?? word)
    const { stdout } = yield* kata(["create", title, "--quiet", ...words])
    ids.set(name, stdout.trim())
  })
  /** With names in the place of ids, of the same length; a time is `<T>`. */
  const named = (text: string) =>
    [...ids].reduce((text, [name, id]) => text.replaceAll(id, name), text)
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "<T>")
  yield* kata(["init"])
  yield* make(
    "AAAA",
    "Payments fail for cards with a 3-D Secure check",
    "--priority",
    "0",
    "--label",
    "bug",
    "--label",
    "payments",
    "--owner",
    "ana"
  )
  yield* make("BBBB", "支払いページの日本語が狭い画面で崩れる", "--priority", "1", "--label", "bug")
  yield* make("CCCC", "Measure the checkout page", "--priority", "2", "--blocked-by", "AAAA")
  yield* make("DDDD", "Checkout: payments and refunds", "--owner", "ana")
  yield* make("EEEE", "A tab\tand \u001b[31mred", "--parent", "DDDD", "--priority", "4")
  return { kata, make, named }
})

const at = (columns: number) => ({ KATA_FORCE_TTY: String(columns) })

describe("a list of issues", () => {
  it.scopedLive("fits the terminal: what does not is cut or left out, and marks are kept", () =>
    Effect.gen(function*() {
      const { kata, named } = yield* workspace
      expect(named((yield* kata(["list"], at(100))).stdout)).toBe([
        "ID    P   TITLE                                            LABELS         OWNER  CHANGED",
        "EEEE  P4  A tab\\tand \\x1b[31mred                                                     now",
        "DDDD      Checkout: payments and refunds (0/1 done)                       ana        now",
        "CCCC  P2  Measure the checkout page (waits for AAAA)                                 now",
        "BBBB  P1  支払いページの日本語が狭い画面で崩れる           bug                       now",
        "AAAA  P0  Payments fail for cards with a 3-D Secure check  bug, payments  ana        now",
        ""
      ].join("\n"))
      expect(named((yield* kata(["ready"], at(50))).stdout)).toBe([
        "ID    P   TITLE                         OWNER  AGE",
        "AAAA  P0  Payments fail for cards w...  ana    now",
        "BBBB  P1  支払いページの日本語が狭...          now",
        "EEEE  P4  A tab\\tand \\x1b[31mred               now",
        "DDDD      Checkout: payments... (0/1)   ana    now",
        ""
      ].join("\n"))
    }))

  it.scopedLive("is a line a row for other programs, with the same fields whatever stands in them", () =>
    Effect.gen(function*() {
      const { kata, named } = yield* workspace
      const { stderr, stdout } = yield* kata(["list"])
      expect(stderr).toBe("")
      expect(named(stdout)).toBe([
        "EEEE\topen\t4\t\t\t<T>\t\tA tab\\tand \\x1b[31mred",
        "DDDD\topen\t\t\tana\t<T>\t\tCheckout: payments and refunds",
        "CCCC\topen\t2\t\t\t<T>\tAAAA\tMeasure the checkout page",
        "BBBB\topen\t1\tbug\t\t<T>\t\t支払いページの日本語が狭い画面で崩れる",
        "AAAA\topen\t0\tbug,payments\tana\t<T>\t\tPayments fail for cards with a 3-D Secure check",
        ""
      ].join("\n"))
      for (
        const variables of [{ COLUMNS: "20" }, { CLICOLOR: "1" }, { TERM: "xterm-256color" }, { LANG: "ja_JP.UTF-8" }]
      ) {
        expect((yield* kata(["list"], variables)).stdout).toBe(stdout)
      }
      expect((yield* kata(["list", "--quiet"])).stdout).toBe(stdout)
      expect(named((yield* kata(["search", "checkout"])).stdout)).toMatch(/^CCCC\topen\t2\t{3}<T>\t\ttitle\tMeasure/m)
    }))

  it.scopedLive("has colours where they are wanted, and says the same without them", () =>
    Effect.gen(function*() {
      const { kata } = yield* workspace
      const plain = (yield* kata(["list"], at(90))).stdout
      expect(plain).not.toContain("\u001b")
      const coloured = (yield* kata(["list"], { ...at(90), CLICOLOR_FORCE: "1" })).stdout
      expect(coloured).toContain("\u001b[1;31mP0\u001b[0m")
      expect(coloured.replace(/\u001b\[[\d;]*m/g, "").split("\n").map((line) => line.trimEnd()).join("\n")).toBe(plain)
      expect((yield* kata(["list", "--color", "always"], { ...at(90), NO_COLOR: "1" })).stdout).toBe(coloured)
      for (
        const [flags, variables] of [
          [["--color", "never"], { CLICOLOR_FORCE: "1" }],
          [[], { CLICOLOR_FORCE: "1", NO_COLOR: "1" }],
          [[], { CLICOLOR_FORCE: "0" }]
        ] as const
      ) {
        expect((yield* kata(["list", ...flags], { ...at(90), ...variables })).stdout).toBe(plain)
      }
      for (const mode of ["--json", "--agent"]) {
        expect((yield* kata(["list", mode], { CLICOLOR_FORCE: "1" })).stdout).not.toContain("\u001b[0m")
      }
      expect(yield* kata(["list", "--color", "blue"])).toMatchObject({
        exit: 2,
        stderr: expect.stringContaining("--color takes auto, always or never, not \"blue\"") as string
      })
    }))

  it.scopedLive("shows the state where not all are open, and says how many more there are", () =>
    Effect.gen(function*() {
      const { kata, named } = yield* workspace
      const [header, first] = (yield* kata(["list", "--status", "all"], at(80))).stdout.split("\n")
      expect(header).toMatch(/^ID +STATE +P +TITLE/)
      expect(first).toMatch(/^\w{4} +open +P4/)
      const some = yield* kata(["list", "-n", "2"])
      expect(some.stdout.split("\n")).toHaveLength(3)
      expect(some.stderr).toBe("2 of 5; -n 0 shows all\n")
      expect((yield* kata(["list", "-n", "2", "--agent"])).stdout).toMatch(/^OK list count=2 total=5\n/)
      expect(JSON.parse((yield* kata(["list", "-n", "2", "--json"])).stdout)).toMatchObject({ total: 5 })
      const all = yield* kata(["list", "-n", "0"])
      expect([all.stdout.split("\n").length, all.stderr]).toEqual([6, ""])
      expect(named((yield* kata(["list", "--json"])).stdout)).toContain("\"waits_for\":[\"AAAA\"]")
    }))

  it.scopedLive("that is empty says why on stderr alone", () =>
    Effect.gen(function*() {
      const { kata } = yield* workspace
      const empty = (argv: ReadonlyArray<string>, why: string) =>
        Effect.map(kata(argv), (done) =>
          expect(done, argv.join(" ")).toMatchObject({ exit: 0, stdout: "", stderr: `${why}\n` }))
      yield* empty(["list", "--status", "closed"], "no issue is closed")
      yield* empty(["list", "--priority", "3"], "no issue has that priority")
      yield* empty(["search", "zebra"], "no issue has all of these words")
      expect(yield* kata(["list", "--status", "closed", "--quiet"])).toMatchObject({ stdout: "", stderr: "" })
    }))

  it.scopedLive("of what is ready says how many wait, where all do", () =>
    Effect.gen(function*() {
      const root = yield* place
      const daemon = yield* inside({})
      mkdirSync(join(root, "ws", ".git"), { recursive: true })
      const kata = (...argv: ReadonlyArray<string>) =>
        run({ argv, cwd: join(root, "ws"), daemon, variables: { KATA_AUTHOR: "ana" } })
      yield* kata("init")
      expect((yield* kata("ready")).stderr).toBe("nothing is ready: no issue is open\n")
      const first = (yield* kata("create", "first", "--quiet")).stdout.trim()
      yield* kata("create", "second", "--blocked-by", first)
      yield* kata("create", "third", "--parent", first)
      expect((yield* kata("ready")).stdout.split("\n")).toHaveLength(3)
    }))
})
