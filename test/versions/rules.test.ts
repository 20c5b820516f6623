/**
 * Files of older versions that Go kata was given, one for each rule: the outcome, and what comes out. They have no end, or only a part of
 * it, which ours takes for a cut; so each is completed first, as Go kata's export would have ended it.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as kit from "../snapshot/kit.ts"
import { some } from "../testing/some.ts"
import * as old from "./kit.ts"

/** With a sequence for each table that has rows. */
const completed = (text: string): string => {
  const ends = kit.lines(text).filter((line) => line.includes("\"kind\":\"sqlite_sequence\""))
  const highest = new Map<string, number>()
  for (const line of kit.lines(text)) {
    const [, kind = "", id = "0"] = /^\{"kind":"(\w+)","data":\{"id":(\d+)/.exec(line) ?? []
    const table = kind === "purge_log" ? kind : kind === "project_alias" ? "project_aliases" : `${kind}s`
    if (kind !== "") highest.set(table, Math.max(highest.get(table) ?? 0, Number(id)))
  }
  const missing = [...highest].filter(([table]) => !ends.some((line) => line.includes(`"${table}"`)))
  return text + missing.map(([name, seq]) => `${old.line("sqlite_sequence", "name seq", { name, seq })}\n`).join("")
}

/** What both refuse, and what ours says of it. */
const refused: Readonly<Record<string, string>> = {
  "v1-time-spaceZ": "line 4: project 1: created_at is no time that a uid can be made of: \"2026-05-03 00",
  "v1-time-noZ": "line 4: project 1: created_at is no time that a uid can be made of: \"2026-05-03T00:00:00\"",
  "v1-time-gotime": "line 4: project 1: created_at is no time that a uid can be made of: \"2026-05-03 00",
  "v1-time-date": "line 4: project 1: created_at is no time that a uid can be made of: \"2026-05-03\"",
  "v1-time-empty": "line 4: project 1: created_at is no time that a uid can be made of: \"\"",
  "v1-time-before1970": "line 4: project 1: created_at is before 1970, and no uid can be made of it",
  "v1-time-leap": "line 4: project 1: created_at is no time that a uid can be made of",
  "v1-time-lower": "line 4: project 1: created_at is no time that a uid can be made of",
  "v1-time-offsetnocolon": "line 4: project 1: created_at is no time that a uid can be made of",
  "v1-time-singledigit": "line 4: project 1: created_at is no time that a uid can be made of",
  "v2-project-uid-missing": "line 4: project: uid is missing",
  "v2-event-issue-missing": "line 6: event 1: issue_id points at no row of issues: \"5\"",
  "v3-issue-uid-bad": "line 6: issue 1: uid is no ULID, of which a short id could be made",
  "v3-issue-uid-over": "line 6: issue 1: uid is no ULID, of which a short id could be made",
  "v3-event-uid-missing": "line 7: event: uid is missing",
  "v3-event-origin-missing": "line 7: event: origin_instance_uid is missing",
  "v6-identity-only-missing-project": "line 7: event 1: project_id points at no row of projects: \"55\"",
  "v8-short-id-missing": "line 6: issue: short_id is missing",
  "v8-short-id-wrong": "line 6: issue 1: short_id is not the end of the uid",
  "v8-hash-name": "line 5: project 1: name must not contain #",
  "v0-file": "line 1: invalid export_version \"0\"",
  "v11-file": "line 5: project: metadata is missing",
  "vspace-file": "line 1: invalid export_version \" 9 \"",
  "vabc-file": "line 1: invalid export_version \"abc\"",
  "vnum-file": "line 1: meta: value is not a string: 9",
  "vneg-file": "line 1: invalid export_version \"-1\"",
  "vempty-file": "line 1: invalid export_version \"\""
}

/** What ours takes and Go kata refuses. */
const taken: Readonly<Record<string, string>> = {
  "v6-identity-and-name": "a purge of a project that is gone keeps the identity as its name"
}

const results = kit.lines(old.fixture("import-rules/results.txt")).map((line) => {
  const [name = "", exit = ""] = line.split("\t")
  return { name, ok: exit === "exit 0" }
})

it("the tables name every file whose outcome has to be said", () => {
  const named = [...Object.keys(refused), ...Object.keys(taken)].toSorted()
  assert.deepStrictEqual(results.filter(({ ok }) => !ok).map(({ name }) => name).toSorted(), named)
})

describe("a file that Go kata takes", () => {
  const rows = results.filter(({ ok }) => ok)
  for (const { name } of some("files", rows, ({ name }) => name.split("-")[0])) {
    it.scopedLive(`${name} becomes what Go kata makes of it`, () =>
      Effect.gen(function*() {
        const text = completed(old.fixture(`import-rules/${name}.jsonl`))
        const expected = kit.lines(old.fixture(`import-rules/${name}.out.jsonl`))
        const { lines } = yield* old.restored(text, name)
        // Go kata gives events of version 7 and later the present name (W27).
        const named = Number(name[1]) >= 7
          ? expected.map((line) =>
            line.includes("\"kind\":\"event\"") ? line.replace("\"kata\"", "\"old name\"") : line
          )
          : expected
        assert.deepStrictEqual(old.sameInstance(lines, named).map(old.withoutUnknown), named)
      }).pipe(Effect.provide(kit.services)))
  }
})

describe("a file that Go kata refuses", () => {
  for (const [name, says] of Object.entries(refused)) {
    it.scopedLive(`${name} is refused with its place`, () =>
      Effect.gen(function*() {
        const directory = yield* kit.temporary
        const text = completed(old.fixture(`import-rules/${name}.jsonl`))
        const { message, outcome } = yield* kit.outcomeOf(kit.restore(kit.text(text, name), `${directory}/new.db`))
        assert.strictEqual(outcome, "validation", message)
        assert.include(message, says)
        assert.isTrue(message.startsWith(`${name}: `))
        assert.deepStrictEqual(yield* kit.listing(directory), [])
      }).pipe(Effect.provide(kit.services)))
  }

  for (const [name, why] of Object.entries(taken)) {
    it.scopedLive(`${name} is taken: ${why}`, () =>
      Effect.gen(function*() {
        const { lines } = yield* old.restored(completed(old.fixture(`import-rules/${name}.jsonl`)), name)
        const purge = lines.find((line) => line.includes("\"kind\":\"purge_log\""))
        assert.include(purge, "\"project_id\":55,")
        assert.include(purge, "\"project_name\":\"old name\"")
      }).pipe(Effect.provide(kit.services)))
  }
})

it.scopedLive("a file without its end was cut, as in version 10", () =>
  Effect.gen(function*() {
    const directory = yield* kit.temporary
    for (const name of ["v1-vectors", "v5-file", "v7-short-id-ignored"]) {
      const text = old.fixture(`import-rules/${name}.jsonl`)
      const { message, outcome } = yield* kit.outcomeOf(kit.restore(kit.text(text, name), `${directory}/new.db`))
      assert.strictEqual(outcome, "damaged")
      assert.include(message, "no sqlite_sequence record for it: the end of the file is missing")
    }
  }).pipe(Effect.provide(kit.services)))
