import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawnSync } from "node:child_process"
import { nearest } from "../../src/cli/suggestions.ts"
import { kata } from "./kit.ts"

const has = (shell: string) => spawnSync(shell, ["-c", "exit 0"]).status === 0

const script = (shell: string) => Effect.map(kata(["completion", shell]), ({ stdout }) => stdout)

/** What bash offers for words, the last of which is being typed. */
const offers = (script: string, words: ReadonlyArray<string>) => {
  const typed = words.map((word) => `'${word}'`).join(" ")
  const drive =
    `${script}\nCOMP_WORDS=(kata ${typed})\nCOMP_CWORD=${words.length}\n_kata\nprintf '%s\\n' "\${COMPREPLY[@]}"\n`
  const { status, stderr, stdout } = spawnSync("bash", ["--norc", "-c", drive], { encoding: "utf8" })
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" })
  return stdout.split("\n").filter((line) => line !== "")
}

describe("completion scripts", () => {
  it.effect.each(["bash", "zsh", "fish"])("%s accepts its script", (shell) =>
    Effect.gen(function*() {
      const text = yield* script(shell)
      expect(text).toContain("search")
      expect(text).toContain("source-format")
      if (!has(shell)) return
      const { status, stderr } = spawnSync(shell, ["-n"], { input: text, encoding: "utf8" })
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" })
    }))

  it.effect.skipIf(!has("bash"))("bash offers commands, flags and choices", () =>
    Effect.gen(function*() {
      const bash = yield* script("bash")
      expect(offers(bash, [""])).toEqual(expect.arrayContaining(["list", "export", "label", "version", "completion"]))
      expect(offers(bash, ["ex"])).toEqual(["export"])
      expect(offers(bash, ["--as", "export", "ex"])).toEqual(["export"])
      expect(offers(bash, ["--as", "=", "export", "ex"])).toEqual(["export"])
      expect(offers(bash, ["-q", "label", ""])).toEqual(["add"])
      expect(offers(bash, ["help", "ver"])).toEqual(["version"])
      expect(offers(bash, ["list", "--st"])).toEqual(["--status"])
      expect(offers(bash, ["ls", "--in"])).toEqual(["--include-deleted"])
      expect(offers(bash, ["list", "--js"])).toEqual(["--json"])
      expect(offers(bash, ["search", "--kind", ""])).toEqual(["issue", "comment"])
      expect(offers(bash, ["search", "--kind", "="])).toEqual(["issue", "comment"])
      expect(offers(bash, ["search", "--kind", "=", "c"])).toEqual(["comment"])
      expect(offers(bash, ["search", "--format", "j"])).toEqual(["json"])
      // Files, which bash itself offers.
      expect(offers(bash, ["export", "--output", ""])).toEqual([])
      expect(offers(bash, ["search", "--", "--k"])).toEqual([])
    }))

  it.effect("in the other modes", () =>
    Effect.gen(function*() {
      const text = yield* script("bash")
      expect((yield* kata(["completion", "bash", "--json"])).stdout).toBe(
        `${JSON.stringify({ kata_api_version: 1, shell: "bash", script: text })}\n`
      )
      expect((yield* kata(["completion", "bash", "-q"])).stdout).toBe(text)
    }))
})

describe("did you mean", () => {
  const names = ["list", "label", "export", "import", "--output", "--input", "ls"]
  it.each([
    ["lst", ["list", "ls"]],
    ["LIST", ["list"]],
    ["exp", ["export"]],
    ["improt", ["import"]],
    ["--outptu", ["--output"]],
    ["zzz", []],
    ["x", []],
    ["", []],
    ["--", []]
  ])("%j: %j", (typed, wanted) => expect(nearest(typed, names)).toEqual(wanted))
})
