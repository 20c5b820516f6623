/** A format is a parameter: another one, with a kind more and a field less, or with a rule more, is one value, and everything follows it. */
import { assert, describe, it } from "@effect/vitest"
import * as Channel from "effect/Channel"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Struct from "effect/Struct"
import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import * as Export from "../../src/export/Export.ts"
import * as Import from "../../src/import/Import.ts"
import { Int64, reference, Text, time } from "../../src/records/Field.ts"
import type { Finding } from "../../src/records/Finding.ts"
import { type Format, make as makeFormat } from "../../src/records/Format.ts"
import { type Kind, make, type Options } from "../../src/records/Kind.ts"
import { Comment, PurgeLog, Sequence, version10 } from "../../src/records/kinds.ts"
import { drop, put } from "../../src/records/repairs.ts"
import { check, soft } from "../../src/records/Rule.ts"
import { Soundness } from "../../src/records/Soundness.ts"
import * as V from "../../src/records/vocabulary.ts"
import type { Word } from "../../src/records/Word.ts"
import { opened, records } from "../../src/snapshot/input.ts"
import { verify } from "../../src/snapshot/verify.ts"
import { build, type Content } from "../../src/testing/database.ts"
import { base } from "../findings/base.ts"
import * as kit from "../snapshot/kit.ts"

const titles = (findings: ReadonlyArray<Finding>) =>
  findings.filter(({ kind }) => kind !== "schema").map(({ title }) => title)

/** Whether the lines of a file show by themselves that all is well, without a database. */
const shown = (file: string, format: Format) =>
  Effect.gen(function*() {
    const bytes = Buffer.from(yield* kit.bytesOf(file))
    const soundness = new Soundness(format)
    const input = opened(file, { size: bytes.length, bytes: Stream.make(bytes) })
    yield* Channel.runDrain(records(input, { format, watch: soundness }))
    return soundness.holds
  })

const restore = (input: string, target: string, format: Format, repair = false) =>
  Import.restore({ input, target, format, repair, homes: { kataHome: "/nowhere", userHome: "/nowhere" } })

const lines = (text: string, kind: string) => text.split("\n").filter((line) => line.includes(`"kind":"${kind}"`))

// ---- a kind more, a field less ----------------------------------------------------------------------------------------

const Note = make(
  "note",
  {
    table: "notes",
    key: ["id"],
    autoincrement: true,
    checks: [
      check("color", V.oneOf("red", "blue"), { repair: put({ color: "blue" }) }),
      check("weight", V.range(10, 500)),
      check("body", V.notBlank)
    ],
    unique: [{ columns: ["issue_id", "color"] }]
  },
  Schema.Struct({
    id: Int64,
    issue_id: reference("issues"),
    color: Text,
    weight: Int64,
    body: Text,
    seen_at: Schema.optional(time({ rule: "time", word: V.time }))
  })
)

const fewer = Struct.omit(PurgeLog.schema.fields, "issue_title")
const Purge = make(
  "purge_log",
  {
    table: PurgeLog.table,
    key: PurgeLog.key,
    autoincrement: true,
    checks: PurgeLog.checks,
    unique: PurgeLog.unique,
    reserves: { field: "purge_reset_after_event_id", table: "events" }
  },
  Schema.Struct(fewer)
)

const second = makeFormat({
  version: 33,
  kinds: [
    ...version10.kinds.filter((kind) => kind !== PurgeLog && kind !== Sequence),
    Note,
    Purge,
    Sequence
  ] as ReadonlyArray<Kind>
})

const notes = [
  { id: 1n, issue_id: 1n, color: "red", weight: 10n, body: "a", seen_at: null },
  { id: 2n, issue_id: 1n, color: "blue", weight: 500n, body: "\"é\" \0", seen_at: "2026-05-04T00:21:07.123Z" },
  { id: 7n, issue_id: 2n, color: "red", weight: 11n, body: "b", seen_at: null }
]

/** The rows of the findings' database, in the second format. */
const content = (more: Content = {}): Content => ({
  ...base,
  meta: (base["meta"] ?? []).map((row) => row["key"] === "schema_version" ? { ...row, value: "33" } : row),
  purge_log: (base["purge_log"] ?? []).map((row) => Struct.omit(row, "issue_title")),
  sqlite_sequence: [...(base["sqlite_sequence"] ?? []), { name: "notes", seq: 7n }],
  notes,
  ...more
})

describe("a second format, with a kind more and a field less", () => {
  it.scopedLive("is exported, shown to be sound, verified, restored and proven", () =>
    Effect.gen(function*() {
      const directory = yield* kit.temporary
      const [database, file, copy, again] = ["a.db", "a.jsonl", "b.db", "b.jsonl"].map((name) =>
        `${directory}/${name}`
      ) as [
        string,
        string,
        string,
        string
      ]
      yield* build(database, content(), { format: second, rules: "sound" })
      const report = yield* Export.toFile({ database, output: file, format: second })
      assert.deepStrictEqual(titles(report.findings), [])
      assert.strictEqual(report.records["note"], 3)
      const text = yield* kit.textOf(file)
      assert.match(text, /^\{"kind":"meta","data":\{"key":"export_version","value":"33"\}/)
      assert.deepStrictEqual(
        lines(text, "note")[1],
        `{"kind":"note","data":{"id":2,"issue_id":1,"color":"blue","weight":500,` +
          `"body":"\\"é\\" \\u0000","seen_at":"2026-05-04T00:21:07.123Z"}}`
      )
      assert.notInclude(text, "issue_title")
      assert.isTrue(yield* shown(file, second))
      assert.isTrue((yield* verify(file, second)).restorable)
      assert.strictEqual((yield* restore(file, copy, second)).proof, "seal")
      yield* Export.toFile({ database: copy, output: again, format: second })
      assert.strictEqual(yield* kit.textOf(again), text)
      // And version 10 does not know it.
      assert.strictEqual((yield* Effect.flip(verify(file)))._tag, "VersionRefused")
      assert.strictEqual((yield* Effect.flip(Export.toFile({ database, output: again })))._tag, "OpenError")
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("its rules are told, and mended when that is asked", () =>
    Effect.gen(function*() {
      const directory = yield* kit.temporary
      const [database, file] = [`${directory}/a.db`, `${directory}/a.jsonl`]
      const broken = [
        { ...notes[0], color: "green" },
        { ...notes[1], issue_id: 77n },
        { ...notes[2], weight: 9n, seen_at: "2026-05-04 00:21:07" }
      ]
      yield* build(database, content({ notes: broken }), { format: second, rules: "lawless" })
      const expected = [
        "note.color must be red or blue",
        "note.weight must be 10 to 500",
        "note.seen_at is not a time as kata writes it (YYYY-MM-DDTHH:MM:SS.mmmZ)",
        "note.issue_id points at no row of issues"
      ]
      assert.deepStrictEqual(
        titles((yield* Export.toFile({ database, output: file, format: second })).findings),
        expected
      )
      assert.isFalse(yield* shown(file, second))
      assert.deepStrictEqual(titles((yield* verify(file, second)).findings), expected)
      assert.strictEqual((yield* Effect.flip(restore(file, `${directory}/b.db`, second)))._tag, "ImportRefused")
      yield* restore(file, `${directory}/c.db`, second, true)
      yield* Export.toFile({ database: `${directory}/c.db`, output: `${directory}/c.jsonl`, format: second })
      assert.deepStrictEqual(lines(yield* kit.textOf(`${directory}/c.jsonl`), "note"), [
        `{"kind":"note","data":{"id":1,"issue_id":1,"color":"blue","weight":10,"body":"a"}}`
      ])
    }).pipe(Effect.provide(kit.services)))
})

// ---- a rule more ------------------------------------------------------------------------------------------------------

/** A word that has no pattern. */
const calm: Word = {
  says: "is shouting",
  sql: (x) => `${x} NOT GLOB '*!!*'`,
  is: (value) => !String(value).split("\0")[0]!.includes("!!")
}

const withRule = (of: Pick<Options, "checks" | "rows">): Format => {
  const mine = make("comment", { table: "comments", key: ["id"], autoincrement: true, ...of }, Comment.schema)
  return makeFormat({ version: 10, kinds: version10.kinds.map((kind): Kind => kind.name === "comment" ? mine : kind) })
}

const cases = {
  "a soft rule of a word without a pattern": {
    format: withRule({
      checks: Comment.checks,
      rows: [soft("body", "calm", calm, put({ body: "!" }))]
    }),
    body: "no!!",
    says: "comment.body is shouting",
    after: "!"
  },
  "a CHECK with a pattern, which drops what breaks it": {
    format: withRule({
      checks: [...Comment.checks, check("body", V.length(1, 30), { repair: drop })]
    }),
    body: "a".repeat(31),
    says: "comment.body does not have 1 to 30 characters",
    after: undefined
  }
}

describe("a rule more, said in one place,", () => {
  for (const [name, { after, body, format, says }] of Object.entries(cases)) {
    it.scopedLive(`${name}: is found by an export, shown by lines, told by verify and mended`, () =>
      Effect.gen(function*() {
        const directory = yield* kit.temporary
        const at = (name: string) => `${directory}/${name}`
        const comments = (of: string) => (base["comments"] ?? []).map((row, i) => i === 0 ? { ...row, body: of } : row)
        yield* build(at("good.db"), { ...base, comments: comments("fine") }, { format, rules: "lawless" })
        yield* build(at("bad.db"), { ...base, comments: comments(body) }, { format, rules: "lawless" })
        const exported = (name: string) =>
          Effect.map(
            Export.toFile({ database: at(`${name}.db`), output: at(`${name}.jsonl`), format }),
            ({ findings }) => titles(findings)
          )
        assert.deepStrictEqual(yield* exported("good"), [])
        assert.deepStrictEqual(yield* exported("bad"), [says])
        assert.isTrue(yield* shown(at("good.jsonl"), format))
        assert.isFalse(yield* shown(at("bad.jsonl"), format))
        assert.isTrue(yield* shown(at("bad.jsonl"), version10), "without the rule nothing is odd")
        assert.deepStrictEqual(titles((yield* verify(at("bad.jsonl"), format)).findings), [says])
        const { findings } = yield* restore(at("bad.jsonl"), at("mended.db"), format, true)
        assert.deepStrictEqual(
          findings.filter(({ kind }) => kind === "comment").map(({ outcome, title }) => [title, outcome]),
          [[says, after === undefined ? "dropped" : "repaired"]]
        )
        assert.deepStrictEqual(yield* exported("mended"), [])
        const [first = ""] = lines(yield* kit.textOf(at("mended.jsonl")), "comment")
        if (after !== undefined) assert.include(first, `"body":"${after}"`)
        else assert.notInclude(first, body)
      }).pipe(Effect.provide(kit.services)))
  }
})

// ---- who knows the version --------------------------------------------------------------------------------------------

/** Who hands the format in; all others take it as a parameter. */
const operations = [
  "backup/drill.ts",
  "backup/identify.ts",
  "backup/status.ts",
  "beads/Export.ts",
  "cli/commands/textconv.ts",
  "doctor.ts",
  "export/Export.ts",
  "history/history.ts",
  "import/Import.ts",
  "import/Upgrade.ts",
  "import/outlook.ts",
  "index.ts",
  "merge/Diff.ts",
  "merge/Merge.ts",
  "merge/MergeFile.ts",
  "server/create.ts",
  "server/handlers/system.ts",
  "server/importRecorded.ts",
  "server/lifecycle.ts",
  "snapshot/backupReport.ts",
  "snapshot/verify.ts",
  "store/sqlite.ts",
  "undo/goBack.ts",
  "undo/inPlace.ts",
  "undo/takeBack.ts"
]

it("only operations name version 10", () => {
  const src = fileURLToPath(new URL("../../src/", import.meta.url))
  const naming = readdirSync(src, { recursive: true, encoding: "utf8" })
    // What an older version had is said by what it lacks of the newest.
    .filter((name) => name.endsWith(".ts") && !/^testing\/|^records\/versions\//.test(name))
    .filter((name) => /from "[^"]*\/kinds\.ts"/.test(readFileSync(src + name, "utf8")))
  assert.deepStrictEqual(naming.toSorted(), operations)
})
