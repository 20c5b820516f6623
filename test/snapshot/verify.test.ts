import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { gzipSync } from "node:zlib"
import { Database } from "../../src/database/Database.ts"
import { version10 } from "../../src/records/kinds.ts"
import { open } from "../../src/snapshot/input.ts"
import { examine, verify } from "../../src/snapshot/verify.ts"
import { build } from "../../src/testing/database.ts"
import { base as clean } from "../findings/base.ts"
import * as kit from "./kit.ts"

const base = kit.fixtureText("imports/base.jsonl")
const cut = (from: RegExp) => base.slice(0, base.search(from))
const notSealed = "the file is not sealed: whether it is whole can only be guessed from its end"

describe("a file without a seal", () => {
  const cases: ReadonlyArray<
    readonly [what: string, text: string, outcome: "ok" | "damaged" | "validation", says: string]
  > = [
    ["as Go kata writes it", base, "ok", ""],
    ["with empty lines", base.replaceAll("\n", "\n\n \t\n"), "ok", ""],
    ["with CRLF", base.replaceAll("\n", "\r\n"), "ok", ""],
    ["without rows, as of a new database", kit.fixtureText("empty.export.jsonl"), "ok", ""],
    ["without its last line end", base.slice(0, -1), "damaged", "line 27 has no line end: the file was cut"],
    ["without its last line end, then blanks", `${base.slice(0, -1)}  `, "damaged", "line 27 has no line end"],
    ["that ends in CRLF but for the LF", `${base.slice(0, -1)}\r`, "damaged", "line 27 has no line end"],
    [
      "without sequences",
      cut(/.*sqlite_sequence/),
      "damaged",
      "has rows of projects, but no sqlite_sequence record for it"
    ],
    ["cut before its last sequence", cut(/.*"name":"purge_log","seq"/), "damaged", "has rows of purge_log, but no"],
    ["cut after the projects", cut(/.*project_alias/), "damaged", "has rows of projects, but no"],
    [
      "with a record behind those that come after it",
      `${base}${/.*"kind":"project".*\n/.exec(base)![0]}`,
      "validation",
      "records must be in the order of their kinds"
    ],
    [
      "with such a record in another spelling",
      `${base}${/.*"kind":"project".*\n/.exec(base)![0].replace("\"data\":", "\"data\": ")}`,
      "validation",
      "records must be in the order of their kinds"
    ],
    ["without records", "\n\n", "damaged", "has no records"],
    ["of no bytes", "", "damaged", "is empty"],
    [
      "that says it is sealed",
      base.replace(`"10"}`, `"10"},"snapshot":{"sealed":true,"scope":"database"}`),
      "damaged",
      "was sealed when it was written, and has no seal at its end: it was cut after line 27, or changed"
    ],
    ["that begins with another record", base.replace(/.*\n/, ""), "validation", "line 1: is not the export_version"],
    [
      "of a newer version",
      base.replace(`"10"`, `"33"`),
      "validation",
      "export_version 33 is newer than the version 32"
    ],
    [
      "that says two versions",
      `${kit.lines(base).slice(0, 4).join("\n").replace(/"10"/, `"9"`)}\n`,
      "validation",
      "line 4: meta schema_version: value is \"10\", but the file is of version 9"
    ]
  ]
  for (const [what, text, outcome, says] of cases) {
    it.scopedLive(`${what}: ${outcome}`, () =>
      Effect.gen(function*() {
        const found = yield* kit.outcomeOf(verify(kit.text(text)))
        assert.strictEqual(found.outcome, outcome, found.message)
        if (outcome === "damaged") assert.isTrue(found.message.startsWith(`the snapshot: ${says}`), found.message)
        else assert.include(found.message, says)
        if (found.value !== undefined) assert.deepInclude(found.value.notes, notSealed)
      }).pipe(Effect.provide(kit.services)))
  }

  it.scopedLive("names the last good line", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(verify(kit.text(base.replace("\"another\"", "\"another"), "backup.jsonl")))
      assert.strictEqual(error._tag, "SnapshotDamaged")
      assert.deepInclude(error, { file: "backup.jsonl", line: 13, lastGood: 12 })
      assert.match(error.message, /^backup\.jsonl: line 13 is not JSON: /)
    }).pipe(Effect.provide(kit.services)))
})

describe("the report", () => {
  it.scopedLive("of a sealed snapshot", () =>
    Effect.gen(function*() {
      const bytes = kit.fixtureBytes("rich.sealed-d2.jsonl")
      const file = yield* kit.copyOf("rich.sealed-d2.jsonl")
      const counts: { [kind: string]: number } = {}
      for (const line of kit.lines(bytes.toString()).slice(1)) {
        const kind = line.slice(9, line.indexOf("\"", 9))
        counts[kind] = (counts[kind] ?? 0) + 1
      }
      const { findings, projects, ...report } = yield* verify(file)
      assert.deepStrictEqual({ ...report }, {
        file,
        version: 10,
        bytes: bytes.length,
        sealed: true,
        scope: "database",
        live_only: false,
        lines: kit.lines(bytes.toString()).length,
        records: counts,
        notes: [],
        losses: {},
        restorable: true
      })
      assert.deepStrictEqual(
        projects.map((
          { name, archived, issues, comments, links, events }
        ) => [name, archived, issues, comments, links, events]),
        [
          ["app", false, 25, 8, 15, 90],
          ["docs", false, 11, 2, 4, 28],
          ["old", true, 2, 0, 0, 4],
          ["ops", false, 4, 2, 3, 19]
        ]
      )
      assert.deepStrictEqual(
        findings.map((finding) => [`${finding.kind}.${finding.field}`, finding.rule, finding.count, finding.blocking]),
        [
          ["issue.created_at", 5],
          ["issue.updated_at", 4],
          ["issue.closed_at", 3],
          ["comment.created_at", 3],
          ["issue_label.created_at", 10],
          ["link.created_at", 4],
          ["import_mapping.source_updated_at", 19]
        ].map(([field, count]) => [field, "time", count, false])
      )
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("of a snapshot of a project that cannot be restored: what blocks, with lines", () =>
    Effect.gen(function*() {
      const file = yield* kit.copyOf("rich.project-app.jsonl")
      const report = yield* verify(file)
      assert.deepInclude(report, { sealed: false, restorable: false, notes: [notSealed] })
      assert.deepStrictEqual(report.findings.filter(({ blocking }) => blocking).map((finding) => finding.line), [
        "event.issue_id points at no row of issues (6): line 164: 129 \"54\", line 165: 130 \"54\", " +
        "line 166: 131 \"54\", line 167: 132 \"54\", line 168: 133 \"54\", line 169: 138 \"55\""
      ])
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("is the same for what comes from a stream", () =>
    Effect.gen(function*() {
      const file = yield* kit.copyOf("rich.sealed-d2.jsonl")
      const streamed = yield* verify(kit.text(kit.fixtureBytes("rich.sealed-d2.jsonl"), file))
      assert.deepStrictEqual(streamed, yield* verify(file))
    }).pipe(Effect.provide(kit.services)))
})

describe("a snapshot that is loaded", () => {
  it.scopedLive("is known to be sound, or is not", () =>
    Effect.gen(function*() {
      const database = `${yield* kit.temporary}/clean.db`
      yield* build(database, clean)
      const sound = yield* kit.exported(database)
      const soundnessOf = (text: string, options: object = {}) =>
        Effect.gen(function*() {
          const stage = yield* (yield* Database).stage(`${yield* kit.temporary}/a.db`, version10)
          const input = yield* open(kit.text(text))
          return (yield* examine(input, version10, version10, stage, { sum: "never", ...options })).sound
        })
      assert.isTrue(yield* soundnessOf(sound))
      assert.isFalse(yield* soundnessOf(kit.fixtureText("rich.project-app.jsonl")))
      // what is made of records has not been watched
      assert.isFalse(yield* soundnessOf(sound, { transform: (_: unknown, record: object) => Option.some(record) }))
    }).pipe(Effect.provide(kit.services)))
})

describe("found W15, W26: what is taken for a snapshot is told by what it is", () => {
  const lines = kit.lines(base)
  const pretty = (indent: number | string) =>
    lines.map((line) => JSON.stringify(JSON.parse(line), undefined, indent)).join("\n")
  const conflict = (at: number) =>
    [...lines.slice(0, at), "<<<<<<< HEAD", lines[at], "=======", lines[at], ">>>>>>> backup", ...lines.slice(at + 1)]
      .join("\n")
  const head = (hex: string) => Buffer.concat([Buffer.from(hex, "hex"), Buffer.alloc(100, 7)])
  const beads = "{\"id\":\"bx-1\",\"title\":\"One\",\"status\":\"open\",\"priority\":2,\"issue_type\":\"task\"}\n"
  const files: { readonly [what: string]: readonly [string | Uint8Array, string, string, hint: RegExp] } = {
    "pretty-printed": [pretty(2), "damaged", "is JSON over several lines", /jq -c \. FILE/],
    "pretty-printed with tabs, CRLF": [
      pretty("\t").replaceAll("\n", "\r\n"),
      "damaged",
      "is JSON over several lines",
      /jq/
    ],
    "pretty-printed by hand": [pretty(1).replace("{\n ", "{"), "damaged", "is JSON over several lines", /jq/],
    "an array": [`[${lines.join(",\n")}]`, "validation", "is a JSON array", /jq -c '\.\[\]' FILE/],
    "an array, pretty-printed": [`\n[\n${lines.join(",\n")}\n]\n`, "validation", "is a JSON array", /jq/],
    "a conflict of git": [conflict(9), "damaged", "line 10 is a mark of git", /git checkout --ours FILE/],
    "a conflict of git in the first line": [conflict(0), "damaged", "line 1 is a mark of git", /--salvage/],
    "what is left of a conflict": [
      `${lines.slice(0, 9).join("\n")}\n=======\n`,
      "damaged",
      "line 10 is a mark of git",
      /git/
    ],
    "Beads": [beads, "validation", "is an export of Beads", /Go kata/],
    "Beads of the time of Dolt": [
      `{"_type":"issue",${beads.slice(1)}`,
      "validation",
      "is an export of Beads",
      /Go kata/
    ],
    "UTF-16": [Buffer.from(`\ufeff${base}`, "utf16le"), "damaged", "is text in UTF-16", /iconv -f UTF-16/],
    "zstd": [head("28b52ffd"), "damaged", "is compressed with zstd", /zstd -d/],
    "xz": [head("fd377a585a00"), "damaged", "is compressed with xz", /xz -d/],
    "bzip2": [head("425a6839"), "damaged", "is compressed with bzip2", /bzip2 -d/],
    "zip": [head("504b0304"), "damaged", "is a zip archive", /unzip/],
    "gzip in padded blocks": [
      Buffer.concat([gzipSync(base.slice(0, 500)), Buffer.alloc(512), gzipSync(base.slice(500))]),
      "damaged",
      "zeros stand between compressed parts",
      /python3 -m gzip -d FILE/
    ]
  }
  for (const [what, [content, kind, says, hint]] of Object.entries(files)) {
    it.scopedLive(what, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(verify(kit.text(content, "x.jsonl")))
        assert.include(error.message, `x.jsonl: ${says}`)
        assert.strictEqual(error.kind, kind)
        assert.match(error.hint ?? "", /^nothing was changed; /)
        assert.match(error.hint ?? "", hint)
      }).pipe(Effect.provide(kit.services)))
  }

  it.scopedLive("text of an issue that looks so is text", () =>
    Effect.gen(function*() {
      const text = base.replace(/"title":"/, "\"title\":\"<<<<<<< HEAD ")
      assert.strictEqual((yield* verify(kit.text(text))).restorable, true)
    }).pipe(Effect.provide(kit.services)))
})
