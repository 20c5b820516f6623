/** Exports of newer versions, damaged in every way, through `verify` and through `import --force` over a database that is there. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { services } from "../cli/kit.ts"
import { assertRefused, kata, stateOf } from "../hostile/kit.ts"
import * as kit from "../snapshot/kit.ts"
import { some } from "../testing/some.ts"
import { type Damage, damages } from "./damages.ts"
import * as newer from "./newerKit.ts"

const kind = (line: string) => `{"kind":"${line}","data":{"id":1}}`
const beforeSequences = (line: string) => (text: string) =>
  text.replace("{\"kind\":\"sqlite_sequence\"", () => `${line}\n{"kind":"sqlite_sequence"`)
const unknown = "is of a kind that kata of this version does not know"

/** What no older version has. */
const own: ReadonlyArray<Damage> = [
  ["a kind of an experiment", beforeSequences(kind("cron_flow")), 3, unknown],
  ["a kind of a version after 32", beforeSequences(kind("federation_relay_outbox")), 3, unknown],
  [
    "a field that nobody knows in a kind that is lost",
    (text) => text.replace("{\"kind\":\"issue_claim\",\"data\":{", (all) => `${all}"more":1,`),
    3,
    "issue_claim: more is a field that kata of this version does not know"
  ],
  [
    "an event without its hash",
    (text) => text.replace(/,"content_hash":"\w+"/, ""),
    3,
    "event: content_hash is missing"
  ],
  [
    "a comment without its uid",
    (text) => text.replace(/("kind":"comment","data":\{"id":\d+,)"uid":"\w+",/, "$1"),
    3,
    "comment: uid is missing"
  ],
  [
    "a kind that is lost, behind a later one",
    (text) => `${text}${kit.lines(text).find((line) => line.startsWith("{\"kind\":\"issue_claim\""))}\n`,
    3,
    "comes after a sqlite_sequence: records must be in the order of their kinds"
  ]
]

/** Newer versions have it. */
const known = ["a kind of version 10"]

/** Each version has a third of the damages of all versions, and each damage a third of the versions: all of it takes minutes. */
const share = (version: typeof newer.versions[number]) => {
  const place = newer.versions.indexOf(version)
  const third = [...damages.files, ...damages.records].filter((_, i) => (i + place) % 3 === 0)
  return [...third, ...own].filter(([what]) => !known.includes(what))
}

const rows = some(
  "damages",
  newer.versions.flatMap((version) => share(version).map((damage) => [version, damage] as const)),
  ([, [what]]) => what
)

describe.each(newer.versions)("version %i", (version) => {
  const whole = newer.file(version)
  for (const [, [what, change, outcome, says]] of rows.filter(([of]) => of === version)) {
    const exit = outcome === 0 ? 9 : outcome
    it.scopedLive(`${what}: ${exit}`, () =>
      Effect.gen(function*() {
        const changed = change(whole)
        assert.notStrictEqual(what === "whole" ? undefined : changed, whole)
        const directory = yield* kit.temporary
        const [file, target] = [`${directory}/input.jsonl`, `${directory}/target.db`]
        yield* kit.writeFile(file, changed)
        yield* kit.copyTo(target, "small.db")
        const before = yield* stateOf(directory)
        const verified = yield* kata(directory, ["verify", file])
        assert.deepStrictEqual(yield* stateOf(directory), before)
        const into = ["--input", file, "--target", target, "--force"]
        const imported = yield* kata(directory, ["import", ...into, "--accept-loss", "all"])
        assert.deepStrictEqual([verified.exit, imported.exit], [exit, exit], imported.stderr)
        if (exit === 9) {
          assert.deepStrictEqual(yield* kit.complaints(target), [])
          assert.include(verified.stdout, `the file is of version ${version}`)
          return
        }
        assertRefused(imported)
        assert.match(imported.stderr, new RegExp(`^kata: ${file}: `))
        assert.include(imported.stderr, says ?? "")
        assert.deepStrictEqual(yield* stateOf(directory), before)
      }).pipe(Effect.provide(services)), 60_000)
  }
})
