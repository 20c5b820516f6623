/** What has to be said for an export of a newer version to be restored, and what is said of it. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { verifyAgainst } from "../../src/merge/Diff.ts"
import { lossNames } from "../../src/records/losses.ts"
import { verify } from "../../src/snapshot/verify.ts"
import { services } from "../cli/kit.ts"
import { assertRefused, kata, stateOf } from "../hostile/kit.ts"
import * as kit from "../snapshot/kit.ts"
import { some } from "../testing/some.ts"
import * as newer from "./newerKit.ts"

const text = newer.file(32)
const { lost } = newer.counts(32)
const input = kit.text(text, "newer.jsonl")

/** The command line, in a directory with the export. */
const withFile = (content: string = text) =>
  Effect.gen(function*() {
    const directory = yield* kit.temporary
    yield* kit.writeFile(`${directory}/newer.jsonl`, content)
    const run = (...argv: ReadonlyArray<string>) => kata(directory, argv.map((word) => word.replace("@", directory)))
    return {
      directory,
      run,
      imports: (...more: ReadonlyArray<string>) =>
        run("import", "--input", "@/newer.jsonl", "--target", "@/new.db", ...more)
    }
  })

const behind = (kind: string, line: string) => {
  const lines = kit.lines(text)
  const at = lines.findLastIndex((line) => line.startsWith(`{"kind":"${kind}"`)) + 1
  return `${[...lines.slice(0, at), line, ...lines.slice(at)].join("\n")}\n`
}

describe("without an accepted loss", () => {
  it.scopedLive("an import is refused with the account, the first place, and what to say", () =>
    Effect.gen(function*() {
      const { directory, imports } = yield* withFile()
      const before = yield* stateOf(directory)
      const refused = yield* imports()
      assert.strictEqual(refused.exit, 3)
      assertRefused(refused)
      assert.include(
        refused.stderr,
        "is of version 32, and version 10 cannot hold all of it: federation (7), claims (4)"
      )
      assert.include(refused.stderr, "derived (147)")
      assert.include(refused.stderr, "; the first is line 13: issue_sync_binding 1: has no place in version 10")
      assert.match(
        refused.stderr,
        /--accept-loss federation,claims,\S*,link\.cross_project,\S*, or --accept-loss all\n$/
      )
      assert.deepStrictEqual(yield* stateOf(directory), before)
      assert.strictEqual((yield* imports("--accept-loss", "nothing")).exit, 2)
    }).pipe(Effect.provide(services)))

  it.scopedLive("a dry run shows the account, and ends as the import would", () =>
    Effect.gen(function*() {
      const { directory, imports } = yield* withFile()
      const before = yield* stateOf(directory)
      const { exit, stdout } = yield* imports("--dry-run", "--json", "--accept-loss", "derived,cron")
      assert.strictEqual(exit, 3)
      const report = JSON.parse(stdout) as { readonly losses: unknown; readonly refused_losses: ReadonlyArray<string> }
      assert.deepStrictEqual(report.losses, lost)
      const accepted = ["comment.uid", "event.hlc", "event.content_hash", "cron_job", "cron_workflow", "cron_run"]
      assert.sameMembers([...report.refused_losses, ...accepted], Object.keys(lost))
      assert.strictEqual((yield* imports("--dry-run", "--accept-loss", "all")).exit, 9)
      assert.match(
        (yield* imports("--dry-run")).stdout,
        /^would be refused: .*\n[^]* REFUSED +it takes --accept-loss federation,/
      )
      assert.deepStrictEqual(yield* stateOf(directory), before)
    }).pipe(Effect.provide(services)))

  it.scopedLive("a file of which version 10 holds all is just restored", () =>
    Effect.gen(function*() {
      const { imports, run } = yield* withFile(
        kit.lines(newer.file(12)).filter((line) => /"kind":"(meta|project|project_alias)"|"name":"project/.test(line))
          .map((line) => `${line}\n`).join("")
      )
      assert.strictEqual((yield* run("verify", "@/newer.jsonl")).exit, 0)
      assert.strictEqual((yield* imports()).exit, 0)
    }).pipe(Effect.provide(services)))
})

describe("each loss has to be accepted", () => {
  for (const name of some("losses", Object.keys(lost))) {
    it.scopedLive(`${name} is refused when all others are accepted`, () =>
      Effect.gen(function*() {
        const acceptLoss = lossNames.filter((other) => other !== name)
        const target = `${yield* kit.temporary}/new.db`
        const { message, outcome } = yield* kit.outcomeOf(kit.restore(input, target, { acceptLoss }))
        assert.strictEqual(outcome, "validation")
        assert.include(message, `cannot hold all of it: ${name} (${lost[name]}); the first is line `)
      }).pipe(Effect.provide(kit.services)))
  }

  it.scopedLive("one by one, or by groups, and what is lost whole is kept raw", () =>
    Effect.gen(function*() {
      const { directory, imports } = yield* withFile()
      const { exit, stdout } = yield* imports(
        "--accept-loss",
        "federation,claims, sync ,external,cron",
        "--accept-loss",
        "derived",
        "--accept-loss",
        Object.keys(lost).filter((name) => name.includes(".") || name.startsWith("project_")).join()
      )
      assert.strictEqual(exit, 9)
      assert.include(stdout, "LEFT OUT   40 of 174 lines: 40 records that version 10 cannot hold")
      const fs = yield* kit.textOf(`${directory}/new.db.rejected.jsonl`)
      const rejected = kit.lines(fs).map((line) => JSON.parse(line) as { readonly line: number; readonly raw: string })
      const lines = kit.lines(text)
      assert.strictEqual(rejected.length, 40)
      for (const { line, raw } of rejected) assert.strictEqual(raw, lines[line - 1])
    }).pipe(Effect.provide(services)))
})

describe("verify", () => {
  it.scopedLive("of a whole file that loses something is exit 9, of one that breaks a rule 3, of a damaged one 8", () =>
    Effect.gen(function*() {
      const whole = yield* withFile()
      const { exit, stdout } = yield* whole.run("verify", "@/newer.jsonl")
      assert.strictEqual(exit, 9)
      assert.match(stdout, /^whole, but version 10 cannot hold all of it: /)
      assert.include(stdout, "main line (with cron)")
      const broken = yield* withFile(text.replace(/("kind":"comment","data":\{.*"issue_id":)\d+/, "$1999"))
      assert.strictEqual((yield* broken.run("verify", "@/newer.jsonl")).exit, 3)
      const cut = yield* withFile(text.slice(0, -1))
      assert.strictEqual((yield* cut.run("verify", "@/newer.jsonl")).exit, 8)
    }).pipe(Effect.provide(services)))

  it.scopedLive("compares what version 10 holds of it with a database", () =>
    Effect.gen(function*() {
      const target = `${yield* kit.temporary}/new.db`
      yield* kit.restore(input, target, { acceptLoss: ["all"] })
      assert.isTrue((yield* verifyAgainst(input, target)).equal)
      yield* kit.change(target, "UPDATE issues SET title = 'other' WHERE id = 1")
      assert.isFalse((yield* verifyAgainst(input, target)).equal)
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("tells a hash that is wrong, which is no reason to refuse", () =>
    Effect.gen(function*() {
      const changed = kit.text(
        text.replace("\"actor\":\"ben\",\"payload\"", "\"actor\":\"eve\",\"payload\""),
        "newer.jsonl"
      )
      const wrong = (
        findings: ReadonlyArray<
          { readonly field?: string | undefined; readonly outcome: string; readonly count: number }
        >
      ) =>
        findings.filter(({ field, outcome }) => field === "content_hash" && outcome === "carried").map(({ count }) =>
          count
        )
      assert.deepStrictEqual(wrong((yield* verify(input)).findings), [])
      assert.deepStrictEqual(wrong((yield* verify(changed)).findings), [1])
      const directory = yield* kit.temporary
      for (const [name, how] of Object.entries({ plain: {}, repair: { repair: true }, salvage: { salvage: true } })) {
        const report = yield* kit.restore(changed, `${directory}/${name}.db`, { acceptLoss: ["all"], ...how })
        assert.deepStrictEqual(wrong(report.findings), [1], name)
      }
    }).pipe(Effect.provide(kit.services)))
})

describe("the line with teams", () => {
  const team = `{"kind":"team","data":{"id":3,"uid":"x","name":"masons"}}`
  it.scopedLive("is told by its kinds, which come behind the sequences", () =>
    Effect.gen(function*() {
      const other = kit.lines(text).filter((line) => !line.startsWith("{\"kind\":\"cron_")).join("\n")
      const teams = kit.text(`${other}\n${team}\n`, "teams.jsonl")
      const { losses, notes } = yield* verify(teams)
      assert.strictEqual(losses["team"], 1)
      assert.include(notes.join(), "the line of Go kata with teams")
      const target = `${yield* kit.temporary}/new.db`
      const acceptLoss = lossNames.filter((name) => name !== "team")
      const { message } = yield* kit.outcomeOf(kit.restore(teams, target, { acceptLoss }))
      assert.include(message, "team (1); the first is line 171: team 3: has no place in version 10: every reader")
      const { findings } = yield* kit.restore(teams, target, { acceptLoss: [...acceptLoss, "teams"] })
      assert.strictEqual(findings.find(({ kind }) => kind === "team")?.rows[0]?.line, 171)
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("and the other one in one file is told", () =>
    Effect.gen(function*() {
      const { notes } = yield* verify(kit.text(`${text}${team}\n`, "both.jsonl"))
      assert.include(notes.join(), "kinds of both lines")
    }).pipe(Effect.provide(kit.services)))
})

describe("a salvage", () => {
  it.scopedLive("accepts what is lost, and keeps what nobody knows raw", () =>
    Effect.gen(function*() {
      const { directory, imports } = yield* withFile(behind("cron_run", `{"kind":"cron_flow","data":{"id":1}}`))
      assert.strictEqual((yield* imports("--accept-loss", "all")).exit, 3)
      const { exit, stdout } = yield* imports("--salvage")
      assert.strictEqual(exit, 9)
      assert.include(stdout, "41 of 175 lines: 1 could not be read, 40 records that version 10 cannot hold")
      const kept = yield* kit.textOf(`${directory}/new.db.rejected.jsonl`)
      assert.include(kept, "cron_flow")
      assert.strictEqual(kit.lines(kept).length, 41)
      const restored = kit.lines(yield* kit.exportedAsGo(`${directory}/new.db`))
      assert.deepStrictEqual(restored, kit.lines(newer.expected(32)))
    }).pipe(Effect.provide(services)))
})

describe("the system project", () => {
  const system = /"uid":"0{26}"|"type":"token\./
  it.scopedLive("is left out whole when that is asked, and nothing else", () =>
    Effect.gen(function*() {
      const { directory, imports } = yield* withFile()
      const { exit, stdout } = yield* imports("--accept-loss", "all", "--without-tokens")
      assert.strictEqual(exit, 9)
      assert.match(stdout, /1 row dropped: project is the project in which newer Go kata keeps its\s+tokens/)
      assert.match(stdout, /4 rows dropped: event is of the project with the tokens/)
      const lines = kit.lines(yield* kit.exportedAsGo(`${directory}/new.db`))
      const expected = kit.lines(newer.expected(32))
      assert.strictEqual(expected.filter((line) => system.test(line)).length, 5)
      assert.deepStrictEqual(lines, expected.filter((line) => !system.test(line)))
    }).pipe(Effect.provide(services)))

  it.scopedLive("is left out of a snapshot of version 10 too, which is no loss", () =>
    Effect.gen(function*() {
      const { directory, imports } = yield* withFile(newer.expected(32))
      assert.strictEqual((yield* imports("--without-tokens")).exit, 0)
      assert.notMatch(yield* kit.exportedAsGo(`${directory}/new.db`), system)
    }).pipe(Effect.provide(services)))

  it.scopedLive("is known by its uid and its name", () =>
    Effect.gen(function*() {
      const { directory, imports } = yield* withFile(newer.expected(32).replaceAll(".kata-system", "kata"))
      assert.strictEqual((yield* imports("--without-tokens")).exit, 0)
      assert.match(yield* kit.exportedAsGo(`${directory}/new.db`), system)
    }).pipe(Effect.provide(services)))
})

it.scopedLive("a copy with an identity of its own does not say when the first one was made", () =>
  Effect.gen(function*() {
    const target = `${yield* kit.temporary}/new.db`
    yield* kit.restore(input, target, { acceptLoss: ["all"], newInstance: true })
    assert.deepStrictEqual(yield* kit.query(target, "SELECT key FROM meta ORDER BY key"), [
      { key: "created_by_version" },
      { key: "instance_uid" },
      { key: "schema_version" }
    ])
  }).pipe(Effect.provide(kit.services)))
