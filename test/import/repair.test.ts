/** What a repair does with records that break a rule, and what it says of it. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { kata } from "../hostile/kit.ts"
import * as kit from "../snapshot/kit.ts"
import { some } from "../testing/some.ts"
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
  const rows = cases.filter(({ file, outcome, says }) =>
    outcome === "validation" && refusedByRules.test(says) && !says.includes("recurrence_uid is ") &&
    !file.startsWith("deep-")
  )
  for (const { file } of some("files", rows, ({ file }) => file.split("-")[0])) {
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

it.scopedLive("keys that are there twice and half characters are findings with their reason, and mended (found W19)", () =>
  Effect.gen(function*() {
    const text = base.replace(/("kind":"issue".*?"metadata":)\{\}/, "$1{\"a\":\"\\ud800\",\"a\":2}")
      .replace("\"payload\":{}", "\"payload\":{\"b\":1,\"b\":[\"x\"]}")
    const plain = yield* kit.restore(kit.text(text), `${yield* kit.temporary}/plain.db`, { dryRun: true })
    const odd = plain.findings.filter(({ rule }) => /double keys|surrogates/.test(rule))
    assert.deepStrictEqual(odd.map(({ field, kind, outcome }) => `${kind}.${field} ${outcome}`), [
      "issue.metadata carried",
      "issue.metadata carried",
      "event.payload carried"
    ])
    for (const { says } of odd) assert.include(says, "the newest Go kata can neither export nor upgrade the database")
    const found = yield* repaired(text)
    assert.include(found.text, "\"metadata\":{\"a-2\":\"\\ufffd\",\"a\":2}")
    assert.include(found.text, "\"payload\":{\"b-2\":1,\"b\":[\"x\"]}")
  }).pipe(Effect.provide(kit.services)))

it.scopedLive("a time of a comment with 6 or 9 digits is carried as it is, by a repair too (found W20)", () =>
  Effect.gen(function*() {
    const text = base.replace("00.010Z", "00.010203Z").replace("00.011Z", "00.011000007Z")
      .replace("2025-12-01 08:09:10 +0000 UTC", "2025-12-01T08:09:10.123456Z")
    const report = yield* kit.restore(kit.text(text), `${yield* kit.temporary}/plain.db`, { dryRun: true })
    assert.deepStrictEqual(report.findings, [])
    const found = yield* repaired(text)
    assert.deepStrictEqual(found.said, [])
    assert.strictEqual(found.text, text)
    const cut = yield* repaired(text.replace("08:09:10.123456Z", "09:09:10.1234567+01:00"))
    assert.include(cut.text, "\"source_updated_at\":\"2025-12-01T08:09:10.123456700Z\"")
  }).pipe(Effect.provide(kit.services)))

describe("what a repair leaves out (found L8)", () => {
  const broken = base
    .replace(/("kind":"comment","data":\{"id":1,"issue_id":)1/, "$177")
    .replace(
      /.*"kind":"sqlite_sequence","data":\{"name":"comments".*\n/,
      (line) => `${line}${line.replace("\"seq\":2", "\"seq\":1")}`
    )
    .replace(/\n$/, "\n{\"kind\":\"sqlite_sequence\",\"data\":{\"name\":\"nothing\",\"seq\":5}}\n")
  const lines = kit.lines(broken)

  it.scopedLive("stands raw beside the target, as by a salvage, and is counted", () =>
    Effect.gen(function*() {
      const directory = yield* kit.temporary
      const target = `${directory}/kata.db`
      const report = yield* kit.restore(kit.text(broken), target, { repair: true })
      assert.strictEqual(report.left_out, 3)
      assert.strictEqual(report.rejected_file, `${target}.rejected.jsonl`)
      const left = kit.lines(yield* kit.textOf(report.rejected_file!))
        .map((line) => JSON.parse(line) as { readonly line: number; readonly reason: string; readonly raw: string })
      assert.deepStrictEqual(left.map(({ reason }) => reason), [
        "comment issue_id points at no row of issues",
        "sqlite_sequence seq is there more than once",
        "sqlite_sequence seq is of a table that does not count"
      ])
      for (const { line, raw } of left) assert.strictEqual(raw, lines[line - 1])
      const salvaged = yield* kit.restore(kit.text(broken), `${directory}/salvaged.db`, { salvage: true })
      assert.deepStrictEqual(
        kit.lines(yield* kit.textOf(salvaged.rejected_file!)).map((line) => JSON.parse(line)),
        left.slice(0, 1)
      )
      // Never over what an earlier one has left.
      const again = yield* kit.restore(kit.text(broken), target, { repair: true, force: true })
      assert.strictEqual(again.rejected_file, `${target}.rejected-2.jsonl`)
      const dry = yield* kit.restore(kit.text(broken), `${directory}/dry.db`, { repair: true, dryRun: true })
      assert.deepStrictEqual([dry.left_out, dry.rejected_file], [3, null])
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("ends with 9 and says where it is; what changes only values ends with 0", () =>
    Effect.gen(function*() {
      const directory = yield* kit.temporary
      const input = yield* kit.writeFile(`${directory}/broken.jsonl`, broken)
      const args = ["import", "--input", input, "--target", `${directory}/kata.db`, "--repair"]
      const found = yield* kata(directory, args)
      assert.strictEqual(found.exit, 9, found.stderr)
      assert.match(
        found.stdout,
        /imported .*, but not all\n[^]*LEFT OUT +3 of \d+ lines: 3 broke a rule\n +raw in .*kata\.db\.rejected\.jsonl\n/
      )
      const agent = yield* kata(directory, [...args, "--force", "--agent"])
      assert.match(agent.stdout, /^OK import .* left_out=3 rejected_file=\S+rejected-2\.jsonl\n/)
      const sound = yield* kit.writeFile(`${directory}/sound.jsonl`, base)
      const mended = yield* kata(directory, [
        "import",
        "--input",
        sound,
        "--target",
        `${directory}/sound.db`,
        "--repair"
      ])
      assert.strictEqual(mended.exit, 0, mended.stderr)
      assert.notInclude(mended.stdout, "LEFT OUT")
    }).pipe(Effect.provide(kit.services)))
})
