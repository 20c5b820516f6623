/** What a repair does with records that break a rule, and what it says of it. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as kit from "../snapshot/kit.ts"
import { cases } from "./goCases.ts"

const base = kit.fixtureText("imports/base.jsonl")
const deep = `${"[".repeat(1500)}${"]".repeat(1500)}`

const repaired = (text: string) =>
  Effect.gen(function*() {
    const target = `${yield* kit.temporary}/kata.db`
    const report = yield* kit.restore(kit.text(text), target, { repair: true })
    assert.deepStrictEqual(yield* kit.complaints(target), [])
    return {
      text: yield* kit.exported(target, { plain: true }),
      said: report.findings.filter(({ outcome }) => outcome !== "carried")
        .map(({ count, field, kind, outcome }) => `${kind}.${field}: ${count} ${outcome}`)
    }
  })

describe("a repair takes what breaks only the rules of the database", () => {
  const refusedByRules = /^line \d+: \w+ \S+: |^meta schema_version/
  for (
    const { file, says } of cases.filter(({ outcome, says }) => outcome === "validation" && refusedByRules.test(says))
  ) {
    const recurrence = says.includes("recurrence_uid is ")
    const depth = file.startsWith("deep-")
    if (recurrence || depth) continue
    it.scopedLive(file, () =>
      Effect.gen(function*() {
        const { said, text } = yield* repaired(kit.fixtureText(`imports/${file}`))
        assert.isNotEmpty(said)
        const twice = yield* kit.restore(kit.text(text), `${yield* kit.temporary}/none.db`, {
          dryRun: true,
          repair: true
        })
        assert.deepStrictEqual(twice.findings.filter(({ outcome }) => outcome !== "carried"), [])
      }).pipe(Effect.provide(kit.services)))
  }
})

describe("a repair", () => {
  const time = "import_mapping.source_updated_at: 1 repaired"
  const changes: {
    readonly [what: string]: readonly [change: (text: string) => string, said: ReadonlyArray<string>, gives: RegExp]
  } = {
    "keeps a payload that is too deep for SQLite as text": [
      (text) => text.replace("\"payload\":{}", `"payload":${deep}`),
      [time, "event.payload: 1 repaired"],
      /"payload":\{"repaired":"\[{1500}\]{1500}"\}/
    ],
    "keeps metadata that is too deep for SQLite as text": [
      (text) => text.replace(/("kind":"issue".*?"metadata":)\{\}/, `$1{"a":${deep}}`),
      ["issue.metadata: 1 repaired", time],
      /"metadata":\{"repaired":"\{\\"a\\":\[{1500}\]{1500}\}"\}/
    ],
    "keeps metadata that is no object in one": [
      (text) => text.replace(/("kind":"issue".*?"metadata":)\{\}/, "$1[1.50,-0]"),
      ["issue.metadata: 1 repaired", time],
      /"metadata":\{"repaired":\[1\.50,-0\]\}/
    ],
    "takes the recurrence from the issues of one that is dropped": [
      (text) => text.replace(/("kind":"recurrence","data":\{"id":1,"uid":"\w+","project_id":)1/, "$177"),
      [
        "recurrence.project_id: 1 dropped",
        "issue.recurrence_id: 1 repaired",
        "issue.occurrence_key: 1 repaired",
        time
      ],
      /"id":3,"uid":"01KDVDNA00AAAAAAAAAAAAA106".*"revision":1\}\}/
    ],
    "takes an occurrence from an issue without a recurrence": [
      (text) => text.replace(/,"recurrence_id":1,"recurrence_uid":"\w+"/, ""),
      ["issue.occurrence_key: 1 repaired", time],
      /"id":3,"uid":"01KDVDNA00AAAAAAAAAAAAA106".*"revision":1\}\}/
    ],
    "raises a sequence to what was given, purged events too": [
      () => kit.fixtureText("imports/seq-low.jsonl"),
      [time, "sqlite_sequence.seq: 2 repaired"],
      /"name":"events","seq":4\}[^]*"name":"issues","seq":3\}/
    ],
    "renames a project as Go kata does": [
      () => kit.fixtureText("imports/duplicate-project-name-third.jsonl"),
      ["project.name: 2 repaired", time, "sqlite_sequence.seq: 1 repaired"],
      /"name":"alpha-2".*\n.*"name":"alpha-3"/
    ],
    "makes an instance where there is none, and events without an origin come from it": [
      (text) =>
        text.replace(/.*"key":"instance_uid".*\n/, "").replace(
          /("kind":"event".*?"origin_instance_uid":")\w+/,
          "$1here"
        ),
      ["meta.value: 1 repaired", "event.origin_instance_uid: 1 repaired", time],
      /"instance_uid","value":"([0-7]\w{25})"[^]*"kind":"event".*"origin_instance_uid":"\1"/
    ],
    "says of a file of no schema that it is of schema 10": [
      () => kit.fixtureText("imports/meta-schema-version-missing.jsonl"),
      ["meta.value: 1 repaired", time],
      /"key":"schema_version","value":"10"/
    ]
  }
  for (const [what, [change, said, gives]] of Object.entries(changes)) {
    it.scopedLive(what, () =>
      Effect.gen(function*() {
        const text = change(base)
        assert.notStrictEqual(text, base)
        const found = yield* repaired(text)
        assert.deepStrictEqual(found.said.toSorted(), said.toSorted())
        assert.match(found.text, gives)
      }).pipe(Effect.provide(kit.services)))
  }

  it.scopedLive("of a sound file changes nothing", () =>
    Effect.gen(function*() {
      const text = kit.fixtureText("small.export.jsonl")
      const found = yield* repaired(text)
      assert.deepStrictEqual([found.said, kit.goEscapes(found.text)], [[], text])
    }).pipe(Effect.provide(kit.services)))
})
