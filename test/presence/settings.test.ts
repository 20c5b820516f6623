import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { expect, it } from "vitest"
import * as Address from "../../src/presence/address.ts"
import * as Duration from "../../src/presence/duration.ts"
import { isOlder } from "../../src/presence/ensure.ts"
import * as Config from "../../src/presence/settings.ts"

const read = (text: string) => Effect.either(Config.read("/home/config.toml", text))
const refused = (text: string) =>
  Effect.map(read(text), (result) => Either.isLeft(result) ? result.left.message : "taken")

layer(NodeContext.layer, { excludeTestServices: true })("config.toml", (it) => {
  it.effect("says what it says, and nothing is the default of everything", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* read(""), Either.right(Config.defaults))
      assert.isFalse(Config.defaults.throttle.enabled)
      const all = `
listen = " 127.0.0.1:7474 " # trimmed
[tui]
mouse = true
[close.throttle]
enabled = true
window = "1m30s"
[auth]
token = " s3cret "`
      assert.deepStrictEqual(
        yield* read(all),
        Either.right({
          listen: "127.0.0.1:7474",
          tui: { mouse: true },
          throttle: { enabled: true, window: 90_000 },
          token: "s3cret"
        })
      )
      assert.deepStrictEqual(
        yield* read("close.throttle.enabled = true"),
        Either.right({ ...Config.defaults, throttle: { enabled: true, window: 60_000 } })
      )
    }))

  it.effect.each(
    [
      ["zz = 1\n[auth]\ntokn = \"x\"", "unknown key(s): zz, auth.tokn"],
      ["[zz]\na = 1\n[[yy]]\nb = 1", "unknown key(s): zz, zz.a, yy"],
      ["[close]\nthrottle = true", "close.throttle must be a table, not true"],
      ["[[auth]]\ntoken = \"x\"", "auth must be a table, not an array"],
      ["[listen]", "listen must be a string, not a table"],
      ["listen = 5", "listen must be a string, not 5"],
      ["auth.token = 2026-05-04T00:00:00Z", "auth.token must be a string, not a time"],
      ["tui.mouse = \"yes\"", "tui.mouse must be true or false, not \"yes\""],
      [
        "close.throttle.window = \"soon\"",
        "close.throttle.window must be a length of time such as \"60s\" or \"5m\", not \"soon\""
      ],
      ["close.throttle.window = \"-1s\"", "close.throttle.window must be a length of time"],
      ["__proto__ = 1", "unknown key(s): __proto__"],
      ["constructor.x = 1", "unknown key(s): constructor"],
      ["listen = \"a\"\nlisten = \"b\"", "line 2, column "],
      ["\n\nlisten = ", "line 3, column "]
    ] as const
  )(
    "refuses %j",
    ([text, problem]) =>
      Effect.map(refused(text), (message) => assert.include(message, `parse /home/config.toml: ${problem}`))
  )

  it.scoped("is read where it is, and the variable beats its token, also without it", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const home = yield* fs.makeTempDirectoryScoped()
      const token = (variables: Record<string, string>, kataHome = home) =>
        Effect.map(Config.load(kataHome, variables), (settings) => settings.token)
      assert.strictEqual(yield* token({}), "")
      assert.strictEqual(yield* token({}, `${home}/none`), "")
      assert.strictEqual(yield* token({ KATA_AUTH_TOKEN: " v " }), "v")
      yield* fs.writeFileString(`${home}/config.toml`, "auth.token = \"file\"")
      assert.strictEqual(yield* token({}), "file")
      assert.strictEqual(yield* token({ KATA_AUTH_TOKEN: "" }), "file")
      assert.strictEqual(yield* token({ KATA_AUTH_TOKEN: "v" }), "v")
      yield* fs.remove(`${home}/config.toml`)
      yield* fs.makeDirectory(`${home}/config.toml`)
      assert.strictEqual((yield* Effect.flip(Config.load(home, {})))._tag, "ConfigRefused")
    }))
})

describe("--listen", () => {
  const judge = (value: string, rules: { readonly token?: string; readonly insecureReadonly?: boolean } = {}) =>
    Address.parse(value, { by: "flag", token: "", insecureReadonly: false, ...rules }).pipe(
      Either.match({ onLeft: ({ problem }) => problem, onRight: Address.format })
    )
  it.each([
    "127.0.0.1:7474",
    "127.9.9.9:0",
    "[::1]:65535"
  ])("takes %s", (value) => expect(judge(value, { token: "x" })).toBe(value))
  it.each([
    "10.0.0.1:1",
    "172.31.255.255:1",
    "192.168.0.1:1",
    "169.254.1.1:1",
    "100.64.0.1:1",
    "[fd00::1]:1",
    "[fe80::1%eth0]:1"
  ])("takes %s when others may only read", (value) => {
    expect(judge(value)).toContain("could change everything")
    expect(judge(value, { insecureReadonly: true })).toBe(value)
    expect(judge(value, { insecureReadonly: true, token: "x" })).toContain("in clear")
  })
  it.each([
    ["", "missing port"],
    ["127.0.0.1", "missing port"],
    ["127.0.0.1:", "missing port"],
    ["::1:80", "missing port"],
    ["127.0.0.1:x", "missing port"],
    ["127.0.0.1:65536", "no port"],
    [":7474", "not a literal IP"],
    ["localhost:7474", "not a literal IP"],
    ["0127.0.0.1:1", "not a literal IP"],
    ["0.0.0.0:7474", "unspecified"],
    ["[::]:7474", "unspecified"],
    ["[0:0::0]:7474", "unspecified"],
    ["8.8.8.8:1", "public"],
    ["172.32.0.1:1", "public"],
    ["100.128.0.1:1", "public"],
    ["[2001:db8::1]:1", "public"],
    ["[::ffff:8.8.8.8]:1", "public"]
  ])("refuses %s", (value, why) => expect(judge(value, { insecureReadonly: true })).toContain(why))
})

it("lengths of time are those of Go", () => {
  expect(["60s", "1h5m", "1.5s", "300ms", ".5m", "1us", "0", "-2s"].map(Duration.parse)).toEqual(
    [60_000, 3_900_000, 1500, 300, 30_000, 0.001, 0, -2000]
  )
  expect(["", "5", "s", "5 s", "1d", "5s x"].map(Duration.parse)).toEqual(Array.from({ length: 6 }, () => undefined))
})

it("only a version of ours that comes before is older", () => {
  expect(
    [
      ["0.1.0", "0.2.0"],
      ["0.9.0", "0.10.0"],
      ["0.1.9", "1.0.0"],
      ["0.1.0", "0.1.0"],
      ["0.2.0", "0.1.0"],
      [
        "g878b0d5",
        "0.1.0"
      ],
      ["", "0.1.0"],
      ["0.1.0-x", "0.1.0"]
    ].map(([theirs = "", ours = ""]) => isOlder(theirs, ours))
  ).toEqual([true, true, true, false, false, false, false, false])
})
