/** What `kata doctor` and `kata export` say at a terminal of databases of other versions. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { chmodSync } from "node:fs"
import { exitCodes } from "../../src/Failure.ts"
import { services } from "../cli/kit.ts"
import { assertRefused, kata, stateOf } from "../hostile/kit.ts"
import * as kit from "../snapshot/kit.ts"
import * as old from "./kit.ts"
import * as newer from "./newerKit.ts"

/** A home with that database. */
const home = (bytes: Buffer) =>
  Effect.gen(function*() {
    const directory = yield* kit.temporary
    yield* kit.writeFile(`${directory}/kata.db`, bytes)
    return directory
  })

it.scopedLive("doctor says the version, and what would become of the records", () =>
  Effect.gen(function*() {
    const directory = yield* home(old.unpacked("v7/minimal.db.gz"))
    const before = yield* stateOf(directory)
    const { exit, stdout } = yield* kata(directory, ["doctor"])
    assert.deepStrictEqual(yield* stateOf(directory), before)
    assert.strictEqual(exit, 0)
    for (
      const line of [
        /database {3}opens, schema version 7, instance 01/,
        /version {4}note: of version 7: exports read it, other commands want one of version 10/,
        /version 10 says 54 things otherwise, which are listed below/,
        / 8 rows upgraded: issue\.number became the short id/,
        /not judged: its indexes and triggers, whether blocking issues wait for each other/,
        /integrity {2}every page and index is sound/,
        /content {4}51 records can be exported/,
        /findings {3}nothing unusual/
      ]
    ) assert.match(stdout, line)
  }).pipe(Effect.provide(services)))

it.scopedLive("doctor says what cannot become one of version 10, and what breaks a rule there", () =>
  Effect.gen(function*() {
    const refused = yield* home(old.unpacked("v1/go-time-issue.db.gz"))
    const time = yield* kata(refused, ["doctor"])
    assert.strictEqual(time.exit, exitCodes.validation)
    assert.match(time.stdout, /schema version 1, instance 01/)
    assert.match(time.stdout, /content {4}ERROR: .*kata\.db: issue 1: created_at is no time that a uid can be made of/)
    const orphans = yield* kata(yield* home(old.unpacked("v9/orphans-unknown.db.gz")), ["doctor"])
    assert.strictEqual(orphans.exit, exitCodes.validation)
    assert.match(orphans.stdout, /findings {3}ERROR: 30 break a rule/)
  }).pipe(Effect.provide(services)))

it.scopedLive("doctor says what an upgrade needs, or that it is refused", () =>
  Effect.gen(function*() {
    const known = yield* home(old.unpacked("v9/orphans-known.db.gz"))
    const before = yield* stateOf(known)
    const lost = yield* kata(known, ["doctor"])
    assert.deepStrictEqual(yield* stateOf(known), before)
    assert.strictEqual(lost.exit, exitCodes.validation)
    assert.include(
      lost.stdout,
      "kata upgrade is refused: it would lose what points at issues that are gone (event.orphan 6, comment.orphan 1, "
    )
    assert.include(
      lost.stdout,
      "next: kata upgrade --accept-loss orphans makes it one of version 10 without these rows"
    )
    const stopped = yield* kata(yield* home(old.unpacked("v6/orphans-event-project.db.gz")), ["doctor"])
    assert.match(
      stopped.stdout,
      /kata upgrade is refused: .*kata\.db cannot be upgraded: a row points at what is not there/
    )
    assert.include(stopped.stdout, "next: kata upgrade --dry-run says what to do about that")
    for (const { stdout } of [lost, stopped]) assert.notInclude(stdout, "next: kata upgrade makes it one")
    const time = yield* kata(yield* home(old.unpacked("v1/go-time-issue.db.gz")), ["doctor"])
    assert.match(time.stdout, /kata upgrade is refused: .*created_at is no time that a uid can be made of/)
  }).pipe(Effect.provide(services)))

it.scopedLive("the dry run of an upgrade names what it needs by groups, after what accepts everything", () =>
  Effect.gen(function*() {
    const known = yield* home(old.unpacked("v9/orphans-known.db.gz"))
    const older = yield* kata(known, ["upgrade", "--dry-run"])
    assert.strictEqual(older.exit, exitCodes.validation)
    assert.match(older.stdout, / REFUSED +an upgrade needs --accept-loss all\n +or --accept-loss orphans\n/)
    const path = yield* newer.database(32)
    const directory = yield* home(Buffer.from(yield* kit.bytesOf(path)))
    const dry = ["upgrade", "--from-newer", "--dry-run"]
    const { stdout } = yield* kata(directory, dry)
    const [, names = ""] = / REFUSED +an upgrade needs --accept-loss all\n +or --accept-loss (\S+)\n/.exec(stdout) ?? []
    assert.match(names, /^federation,claims,sync,external,cron,/)
    assert.notInclude(names, "issue_claim")
    assert.strictEqual((yield* kata(directory, [...dry, "--accept-loss", names])).exit, exitCodes.incomplete)
  }).pipe(Effect.provide(services)))

it.scopedLive("doctor judges texts that are blobs as an upgrade does, and not twice what the newest Go kata would do", () =>
  Effect.gen(function*() {
    const directory = yield* home(old.unpacked("v8/bad-time.db.gz"))
    const { exit, stdout } = yield* kata(directory, ["doctor"])
    assert.strictEqual(exit, 0, stdout)
    assert.match(stdout, /content {4}note: 50 records can be exported once it is upgraded/)
    assert.match(stdout, /kata export stops at .*table issues, row 8: created_at holds a blob/)
    assert.match(stdout, / 1 row upgraded: issue\.created_at was a blob, and is the same bytes as text/)
    assert.include(stdout, "next: kata upgrade makes it one of version 10")
    assert.include(stdout, "what the newest Go kata would stop at")
    assert.notInclude(stdout, "go-kata")
  }).pipe(Effect.provide(services)))

it.scopedLive("doctor says what an export of a newer one would lose", () =>
  Effect.gen(function*() {
    const path = yield* newer.database(32)
    const directory = yield* home(Buffer.from(yield* kit.bytesOf(path)))
    const { exit, stdout } = yield* kata(directory, ["doctor"])
    assert.strictEqual(exit, 0)
    assert.match(stdout, /version {4}note: of version 32/)
    assert.match(stdout, /version 10 cannot hold \d+ things, which are listed below and would be lost/)
    assert.match(stdout, / 1 row lost: issue_claim has no place in version 10, and is not released/)
    assert.match(stdout, /api_token\.last_used_at is told by\s+no\s+event/)
    assert.match(
      stdout,
      /next: kata upgrade --from-newer --dry-run says what would be lost; kata export --accept-loss all/
    )
  }).pipe(Effect.provide(services)))

it.scopedLive("an export of a newer one is refused (3), and done with the losses accepted (9)", () =>
  Effect.gen(function*() {
    const path = yield* newer.database(30)
    const directory = yield* home(Buffer.from(yield* kit.bytesOf(path)))
    const before = yield* stateOf(directory)
    const refused = yield* kata(directory, ["export", "--output", `${directory}/out.jsonl`])
    assert.strictEqual(refused.exit, exitCodes.validation)
    assertRefused(refused)
    assert.include(refused.stderr, "nothing was changed; kata doctor lists what would be lost")
    assert.deepStrictEqual(yield* stateOf(directory), before)
    const names = "derived,federation,claims,sync,external"
    const some = yield* kata(directory, ["export", "--output", `${directory}/out.jsonl`, "--accept-loss", names])
    assert.strictEqual(some.exit, exitCodes.validation)
    assert.notInclude(some.stderr, "federation")
    const done = yield* kata(directory, ["export", "--output", `${directory}/out.jsonl`, "--accept-loss", "all"])
    assert.strictEqual(done.exit, exitCodes.incomplete)
    assert.match(done.stdout, /exported .*out\.jsonl, which is not all/)
    assert.match(done.stdout, /version +30, written as version 10/)
    assert.match(done.stdout, /LOST +issue_sync_binding 1, /)
    assert.match(done.stdout, /link 7 "parent: /)
    const verified = yield* kata(directory, ["verify", `${directory}/out.jsonl`])
    assert.strictEqual(verified.exit, 0, verified.stdout)
  }).pipe(Effect.provide(services)))

it.scopedLive("a backup of one that does not say who it is replaces the last one", () =>
  Effect.gen(function*() {
    const directory = yield* home(old.unpacked("v1/rich.db.gz"))
    for (const flags of [[], ["--as-stored"]]) {
      const runs = yield* Effect.forEach([1, 2], () =>
        Effect.gen(function*() {
          const { exit, stderr } = yield* kata(directory, ["export", "--output", `${directory}/out.jsonl`, ...flags])
          assert.strictEqual(exit, 0, stderr)
          return yield* kit.textOf(`${directory}/out.jsonl`)
        }))
      assert.strictEqual(runs[0], runs[1])
    }
    const { stdout } = yield* kata(directory, ["export", "--output", `${directory}/out.jsonl`, "--as-stored"])
    assert.match(stdout, /version +1, as it is stored/)
  }).pipe(Effect.provide(services)))

it.scopedLive("one in a directory that cannot be written is read where it is", () =>
  Effect.gen(function*() {
    for (
      const bytes of [old.unpacked("v6/minimal.db.gz"), Buffer.from(yield* kit.bytesOf(yield* newer.database(12)))]
    ) {
      const directory = yield* home(bytes)
      const elsewhere = yield* kit.temporary
      chmodSync(`${directory}/kata.db`, 0o400)
      chmodSync(directory, 0o500)
      const before = yield* stateOf(directory)
      const { exit, stderr } = yield* kata(directory, [
        "export",
        "--output",
        `${elsewhere}/out.jsonl`,
        "--accept-loss",
        "all"
      ])
      assert.include([0, exitCodes.incomplete], exit, stderr)
      assert.deepStrictEqual(yield* stateOf(directory), before)
      chmodSync(directory, 0o700)
    }
  }).pipe(Effect.provide(services)))
