/** The program `bd`: as its versions were recorded, and as it goes wrong, each time as a real process. */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { layerFaultyDatabase } from "../../src/testing/faultyDatabase.ts"
import { hereOn, machine } from "../server/worker.ts"
import { counted, edge, fixtures, jsonl, record, type Report, workspace, workspaceWith } from "./kit.ts"

type Kit = Effect.Effect.Success<typeof workspace>

const using = (use: (kit: Kit) => Effect.Effect<void, unknown>) => Effect.scoped(Effect.flatMap(workspace, use))

const recorded = fileURLToPath(new URL("recorded.mjs", import.meta.url))

const versions: ReadonlyArray<readonly [version: string, read: number, created: number, comments: number]> = [
  ["v0.24.5", 65, 65, 7],
  ["v0.33.2", 70, 66, 7],
  ["v0.49.6", 82, 71, 7],
  ["v0.63.3", 81, 73, 7],
  ["v1.0.5", 81, 77, 7]
]

describe("a recorded bd", () => {
  it.live.each(versions)(
    "%s is asked for its records and for the comments that these do not carry",
    ([version, ...counts]) =>
      using(({ beads, cwd, events, kata }) =>
        Effect.gen(function*() {
          const env = { BX_RECORDED: join(fixtures, "recorded", version) }
          const run = () =>
            Effect.map(kata([...beads("--bd", recorded, "--yes"), "--json"], { env }), ({ exit, stderr, stdout }) => {
              expect(exit, stderr).toBe(0)
              return JSON.parse(stdout) as Report & { readonly bd_version: string }
            })
          expect(existsSync(join(cwd, ".beads"))).toBe(false)
          const first = yield* run()
          expect([first.read, first.created, first.comments]).toEqual(counts)
          expect(first.read).toBe(first.created + first.updated + first.unchanged + first.skipped)
          const before = events()
          const second = yield* run()
          expect(second).toMatchObject({
            read: first.read,
            created: 0,
            updated: 0,
            unchanged: first.created,
            comments: 0
          })
          expect(events()).toBe(before)
        })
      )
  )

  it.live("says of a place without a database what bd says of it", () =>
    using(({ beads, kata }) =>
      Effect.gen(function*() {
        for (const [version] of versions) {
          const { exit, stderr } = yield* kata(beads("--bd", recorded, "--yes"), {
            env: { BX_RECORDED: join(fixtures, "recorded", version), BX_CWD: "outside" }
          })
          expect(exit, version).toBe(11)
          expect(stderr).toMatch(/^kata: recorded\.mjs export( --no-memories)?: exit 1: .*no beads database found/)
        }
      })
    ))

  it.live("reads only from the workspace, unless it may go elsewhere", () =>
    using(({ beads, kata }) =>
      Effect.gen(function*() {
        const env = { BX_RECORDED: join(fixtures, "recorded", "v1.0.5") }
        const { exit, stderr } = yield* kata(beads("--bd", recorded), { env })
        expect(exit).toBe(6)
        expect(stderr).toContain("the Beads database is outside of")
      })
    ))
})

/** A script with the parts that most have alike. */
const script = (parts: {
  readonly version?: string
  readonly where?: string
  readonly records?: string
  readonly export?: string
  readonly comments?: string
}) =>
  `#!/bin/sh
case "$1" in
version) ${parts.version ?? "echo 'bd version 1.0.5 (dev)'"} ;;
where) ${parts.where ?? "exit 1"} ;;
info) exit 1 ;;
export) ${parts.export ?? `cat <<'END'\n${parts.records ?? ""}END\n`} ;;
comments) ${parts.comments ?? "echo '[]'"} ;;
esac
`

const one = jsonl(record("zz-1"))
const two = jsonl(record("zz-1", { comment_count: 1 }), record("zz-2", { comment_count: 0 }))

interface Case {
  readonly name: string
  readonly script: string
  readonly argv?: ReadonlyArray<string>
  readonly exit: number
  readonly says: string | RegExp
}

/** The numbers are those of the catalogue of failures. */
const failures: ReadonlyArray<Case> = [
  {
    name: "2: a script without its interpreter",
    script: "#!/nowhere/sh\n",
    exit: 11,
    says: "such as its interpreter, is not there"
  },
  {
    name: "4: killed by a signal",
    script: script({ export: "kill -KILL $$" }),
    exit: 11,
    says: "SIGKILL has ended it"
  },
  {
    name: "4: panics",
    script: script({ export: "echo 'panic: nil store' >&2; exit 2" }),
    exit: 11,
    says: "bd export --no-memories: exit 2: panic: nil store"
  },
  {
    name: "5: fails after a part of its output",
    script: script({ export: `cat <<'END'\n${one}END\necho 'Error: disk' >&2; exit 1` }),
    exit: 11,
    says: "exit 1: Error: disk"
  },
  {
    name: "6: ends in the middle of a line",
    script: script({ export: `printf '%s' '{"id":"zz-1","tit'` }),
    exit: 8,
    says: "truncated"
  },
  {
    name: "8: says something between two records",
    script: script({ records: `${one}Tip: try this\n${jsonl(record("zz-2"))}` }),
    exit: 8,
    says: "line 2: is no JSON"
  },
  {
    name: "10: knows another flag not",
    script: script({ export: "echo 'Error: unknown flag: --other' >&2; exit 1" }),
    exit: 11,
    says: "unknown flag: --other"
  },
  {
    name: "11: has no export",
    script: script({ version: "echo 'bd version 0.56.1'" }),
    exit: 3,
    says: "bd 0.56.1 has no export"
  },
  {
    name: "11: has no comments",
    script: script({ version: "echo 'bd version 0.9.9'" }),
    exit: 3,
    says: "--comments none goes on without"
  },
  {
    name: "12: has no database",
    script: script({ export: "echo 'Error: no beads database found' >&2; exit 1" }),
    exit: 11,
    says: "exit 1: Error: no beads database found"
  },
  {
    name: "12: finds the database of a directory above",
    script: script({ where: "echo '{\"path\":\"../../above/.beads\"}'", records: one }),
    exit: 6,
    says: /the Beads database is outside of .*: \/.*above\/\.beads\nhint: --yes imports it all the same/
  },
  {
    name: "12: is sent elsewhere by a redirect",
    script: script({
      where: "echo '{\"database_path\":\"/srv/elsewhere/beads.db\",\"redirected_from\":\".beads\"}'",
      records: one
    }),
    exit: 6,
    says: "/srv/elsewhere/beads.db"
  },
  {
    name: "13: is locked",
    script: script({ export: "echo 'Error: failed to open database: sqlite3: database is locked' >&2; exit 1" }),
    exit: 10,
    says: "another bd works with it"
  },
  {
    name: "14: answers with an error",
    script: script({ records: two, comments: "echo '{\"error\":\"store is nil\"}'; exit 1" }),
    exit: 11,
    says: "bd comments zz-1 --json: exit 1: store is nil"
  },
  {
    name: "14: answers with something else",
    script: script({ records: two, comments: "echo '{\"rows\":[]}'" }),
    exit: 11,
    says: "bd comments zz-1 --json: its answer is no list of comments"
  },
  {
    name: "15: answers for another issue",
    script: script({
      records: two,
      comments: "echo '[{\"id\":1,\"issue_id\":\"zz-1.1\",\"author\":\"a\",\"text\":\"t\"}]'"
    }),
    exit: 11,
    says: "it answers with comments of zz-1.1"
  },
  {
    name: "16: writes what is no UTF-8",
    script: script({ export: `printf '{"id":"zz-1","title":"\\377"}\\n'` }),
    exit: 8,
    says: "line 1: is no UTF-8 at byte 23"
  },
  {
    name: "17: writes a line that does not end",
    script: script({ export: "head -c 3000000 /dev/zero | tr '\\0' x" }),
    argv: ["--max-line", "1000000"],
    exit: 3,
    says: "line 1: is longer than 1000000 bytes"
  },
  {
    name: "6.3: counts dependencies that it does not carry, twice",
    script: script({ records: `${one}${jsonl(record("zz-2", { dependency_count: 2 }))}` }),
    exit: 8,
    says: "the export is incomplete: zz-2 counts 2 dependencies and carries none"
  },
  {
    name: "17: nests too deep",
    script: script({ records: `{"id":"zz-1","title":"x","metadata":${"[".repeat(1200)}${"]".repeat(1200)}}\n` }),
    exit: 3,
    says: "(zz-1): is nested more than"
  }
]

const successes: ReadonlyArray<Case> = [
  { name: "7: has nothing", script: script({ export: ":" }), exit: 0, says: "created 0, updated 0" },
  {
    name: "8: says something before its first record",
    script: script({ records: `bd upgraded from 1 to 2\n\n${one}` }),
    exit: 0,
    says: "1 notices before the first record: bd upgraded from 1 to 2"
  },
  {
    name: "9: warns",
    script: script({ export: `echo careful >&2; cat <<'END'\n${one}END\n` }),
    exit: 0,
    says: "created 1"
  },
  {
    name: "10: does not know --no-memories",
    script: script({
      export:
        `if [ "$2" = --no-memories ]; then echo 'Error: unknown flag: --no-memories' >&2; exit 1; fi; cat <<'END'\n${one}END\n`
    }),
    exit: 0,
    says: "created 1"
  },
  {
    name: "detection: does not say its version",
    script: script({ version: "exit 3", records: one }),
    exit: 0,
    says: "created 1"
  },
  ...["null", "", "[]", "{\"data\":[],\"schema_version\":1}", "{\"comments\":[]}"].map((answer) => ({
    name: `14: answers with ${answer === "" ? "nothing" : answer}`,
    script: script({ records: two, comments: `printf '%s' '${answer}'` }),
    exit: 0,
    says: "comments 0"
  })),
  {
    name: "15: does not find what it has just exported",
    script: script({ records: two, comments: "echo '{\"error\":\"no issue found matching zz-1\"}'; exit 1" }),
    exit: 0,
    says: "1 issues that bd exports and does not find"
  },
  {
    name: "16: writes a BOM, CRLF, and with --lenient bytes that are no text",
    script: script({ export: `printf '\\357\\273\\277{"id":"zz-1","title":"\\377"}\\r\\n'` }),
    argv: ["--lenient"],
    exit: 0,
    says: "created 1"
  },
  {
    name: "18: numbers comments beyond 2^53",
    script: script({
      records: two,
      comments:
        "echo '[{\"id\":9007199254740993,\"issue_id\":\"zz-1\",\"author\":\"a\",\"text\":\"t\",\"created_at\":\"2026-03-01T10:00:00Z\"}]'"
    }),
    exit: 0,
    says: "comments 1"
  },
  {
    name: "11: has no comments, and none are wanted",
    script: script({ version: "echo 'bd version 0.9.9'", records: one }),
    argv: ["--comments", "none"],
    exit: 0,
    says: "created 1"
  },
  {
    name: "12: finds the database of a directory above, which is wanted",
    script: script({ where: "echo '{\"path\":\"../../above/.beads\"}'", records: one }),
    argv: ["--yes"],
    exit: 0,
    says: "created 1"
  },
  {
    name: "6.3: counts dependencies that it does not carry, and carries them when it is asked again",
    script: script({
      export: `if [ -e "$0.asked" ]; then cat <<'END'\n${
        jsonl(record("zz-1"), record("zz-2", { dependency_count: 1, dependencies: [edge("zz-2", "zz-1", "blocks")] }))
      }END\nelse : > "$0.asked"; cat <<'END'\n${jsonl(record("zz-1"), record("zz-2", { dependency_count: 1 }))}END\nfi`
    }),
    exit: 0,
    says: "links 1"
  },
  {
    name: "43: is changed while its comments are read",
    script: script({
      export: `if [ -e "$0.asked" ]; then cat <<'END'\n${two}${
        jsonl(record("zz-3"))
      }END\nelse : > "$0.asked"; cat <<'END'\n${two}END\nfi`
    }),
    exit: 0,
    says: "1 Beads was changed while its comments were read: import again for what is new"
  },
  {
    name: "starts a program that goes on and holds its stdout",
    script: script({ export: `cat <<'END'\n${one}END\n(sleep 30 &) ` }),
    exit: 0,
    says: "created 1"
  }
]

describe("a bd that goes wrong", () => {
  it.live.each(failures.map((one) => [one.name, one] as const))(
    "%s: nothing is written",
    ([, { argv = [], exit, says, script }]) =>
      using(({ all, bd, beads, kata }) =>
        Effect.gen(function*() {
          bd(script)
          const done = yield* kata(beads(...argv))
          expect([done.exit, done.stdout, all("SELECT 1 FROM issues")], done.stderr).toEqual([exit, "", []])
          expect(done.stderr).toMatch(says)
        })
      ),
    30_000
  )

  it.live.each(successes.map((one) => [one.name, one] as const))(
    "%s: it goes on",
    ([, { argv = [], exit, says, script }]) =>
      using(({ bd, beads, kata }) =>
        Effect.gen(function*() {
          bd(script)
          const done = yield* kata(beads(...argv))
          expect(done.exit, done.stderr).toBe(exit)
          expect(done.stdout).toContain(says)
        })
      ),
    30_000
  )

  it.live(
    "32: has ten thousand labels: a thousand of an issue come, all of them stay in the metadata",
    () =>
      using(({ bd, beads, kata, labels, state }) =>
        Effect.gen(function*() {
          const many = Array.from({ length: 10_000 }, (_, n) => `label-${n}`)
          const each = Array.from(
            { length: 1000 },
            (_, n) => record(`zz-${n}`, { labels: many.slice(n * 9, n * 9 + 9), comment_count: 0 })
          )
          bd(script({ records: jsonl(record("zz-all", { labels: many, comment_count: 0 }), ...each) }))
          const done = yield* kata([...beads(), "--json"])
          expect(done.exit, done.stderr).toBe(0)
          const report = JSON.parse(done.stdout) as Report
          expect(report).toMatchObject({ read: 1001, created: 1001, labels: 1000 + 1000 * (9 + 3) })
          // its own three are among the thousand
          expect(counted(report.changes, "labels beyond 1000")).toBe(9003)
          expect([labels("zz-all").length, state("zz-all").labels]).toEqual([1000, many])
        })
      ),
    120_000
  )

  it.live(
    "42: and a disk that is full, in the commit or before, leave nothing; once there is room all of it comes",
    () =>
      Effect.scoped(Effect.gen(function*() {
        let broken: typeof machine | undefined
        const { all, bd, beads, kata } = yield* workspaceWith(hereOn(() => broken ?? machine))
        bd(script({ records: `${one}${jsonl(record("zz-2"))}` }))
        for (const call of [5, 30, 60]) {
          broken = Layer.provideMerge(
            layerFaultyDatabase([{ operation: "attempt", call, code: "SQLITE_FULL", onwards: true }]),
            machine
          )
          const { exit, stderr, stdout } = yield* kata(beads())
          expect([exit, stdout, all("SELECT 1 FROM issues")], stderr).toEqual([11, "", []])
          expect(stderr).toMatch(/SQLITE_FULL.*\nhint: make room/)
        }
        broken = undefined
        const done = yield* kata(beads())
        expect([done.exit, done.stdout]).toEqual([0, expect.stringContaining("created 2")])
      })),
    60_000
  )

  it.live("1, 2: is not there, or may not be executed", () =>
    using(({ bd, beads, cwd, kata }) =>
      Effect.gen(function*() {
        const empty = { PATH: join(cwd, "bin") }
        expect(yield* kata(beads(), { env: empty })).toMatchObject({
          exit: 3,
          stderr:
            "kata: beads import requires bd on PATH\nhint: install bd, name it with --bd PATH, or read a file with --input FILE\n"
        })
        expect(yield* kata(beads("--bd", "./none"))).toMatchObject({
          exit: 3,
          stderr: expect.stringContaining("no such program: ./none")
        })
        const path = bd("#!/bin/sh\n")
        yield* Effect.promise(() => import("node:fs/promises").then(({ chmod }) => chmod(path, 0o644)))
        const plain = yield* kata(beads(), { env: empty })
        expect([plain.exit, plain.stderr]).toEqual([11, expect.stringContaining("permission denied (EACCES)")])
      })
    ))

  it.live("3, 41: hangs, or is interrupted: its whole group ends", () =>
    using(({ bd, cwd }) =>
      Effect.gen(function*() {
        const { Bd } = yield* Effect.promise(() => import("../../src/beads/Bd.ts"))
        const { layer } = yield* Effect.promise(() => import("../../src/beads/process.ts"))
        const NodeContext = yield* Effect.promise(() => import("@effect/platform-node/NodeContext"))
        // ignores the polite signal, and so does what it has started
        const program = bd("#!/bin/sh\ntrap '' TERM\nsleep 60 &\necho $! > child\necho $$ > self\nwait; sleep 60\n")
        const call = Effect.scoped(
          Effect.flatMap(
            Bd,
            ({ run }) => run({ program, args: [], cwd, env: { PATH: "/usr/bin:/bin" }, quiet: "1 second" })
          )
        ).pipe(Effect.provide(layer), Effect.provide(NodeContext.layer))
        const failed = yield* Effect.flip(call)
        expect(failed.message).toBe("bd: it has said nothing for too long, and was stopped")
        const isAlive = (name: string) => {
          const stat = `/proc/${readFileSync(join(cwd, name), "utf8").trim()}/stat`
          // one that was not waited for is dead
          return existsSync(stat) && !/\) Z /.test(readFileSync(stat, "utf8"))
        }
        expect([isAlive("self"), isAlive("child")]).toEqual([false, false])
      })
    ), 30_000)
})

describe("real files", () => {
  const real = fileURLToPath(new URL("../../../shared/fixtures/beads/real", import.meta.url))
  const isThere = existsSync(real)
  if (!isThere) console.warn(`skipped: real Beads samples not present (${real})`)
  const names = isThere ? readdirSync(real).toSorted() : []
  const expected: Readonly<Record<string, readonly [read: number, created: number, links: number, exit: number]>> = {
    "03": [365, 294, 216, 0],
    "04": [5722, 2312, 708, 0],
    "06": [704, 150, 36, 9],
    "x1": [3, 2, 0, 0]
  }
  it.skipIf(!isThere)("are those that are known", () => {
    expect(names.map((name) => name.slice(0, 2))).toEqual([...Object.keys(expected), "x4"].toSorted())
  })
  it.live.each(names)(
    "%s comes in whole, and a second time changes nothing",
    (name) =>
      using(({ beads, events, kata, links }) =>
        Effect.gen(function*() {
          const run = () => kata([...beads("--input", join(real, name)), "--json"])
          const first = yield* run()
          const counts = expected[name.slice(0, 2)]
          if (counts === undefined) {
            expect([first.exit, events()]).toEqual([3, 0])
            expect(first.stderr).toContain("is not a bd export record")
            return
          }
          const report = JSON.parse(first.stdout) as Report
          expect([report.read, report.created, links().length, first.exit]).toEqual(counts)
          expect(report.read).toBe(report.created + report.skipped)
          const before = events()
          const again = JSON.parse((yield* run()).stdout) as Report
          expect(again).toMatchObject({
            created: 0,
            updated: 0,
            unchanged: report.created,
            skipped: report.skipped,
            links: 0
          })
          expect(events()).toBe(before)
        })
      ),
    120_000
  )
})
