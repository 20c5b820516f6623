/** An import is taken back by `kata undo`: what it brought goes, what it changed is what it was, other work stays. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs"
import * as Sqlite from "../../src/database/sqlite.ts"
import * as Processes from "../../src/host/Processes.ts"
import { type Fault, layerFaultyFileSystem } from "../../src/testing/faults.ts"
import { type DatabaseCall, type DatabaseFault, layerFaultyDatabase } from "../../src/testing/faultyDatabase.ts"
import { strayWords } from "../changes/searchIndex.ts"
import { execute } from "../server/sql.ts"
import { hereOn, machine } from "../server/worker.ts"
import { edge, jsonl, record, workspace, workspaceWith } from "./kit.ts"

type Kit = Effect.Effect.Success<typeof workspace>

const using = (use: (kit: Kit) => Effect.Effect<void, unknown>) => Effect.scoped(Effect.flatMap(workspace, use))

const first = jsonl(
  record("zz-1", {
    labels: ["Q3 2026", "b"],
    dependencies: [edge("zz-1", "zz-2", "blocks"), edge("zz-1", "zz-3", "relates-to")],
    comments: [{ id: 1, author: "ann", text: "hello", created_at: "2026-03-01T11:00:00Z" }]
  }),
  record("zz-2", { description: "with ümlauts and 日本語" }),
  record("zz-3", { status: "closed", closed_at: "2026-03-02T10:00:00Z" })
)

/** Everything of an import: what is new, what is changed, labels, links and comments that come and go, what is gone there. */
const second = jsonl(
  record("zz-1", {
    title: "Another title",
    labels: ["b", "new"],
    dependencies: [edge("zz-1", "zz-4", "parent-child")],
    comments: [{ id: 1, author: "ann", text: "hello again", created_at: "2026-03-01T11:00:00Z" }, {
      id: 2,
      author: "bob",
      text: "more",
      created_at: "2026-03-01T12:00:00Z"
    }]
  }),
  record("zz-2", { status: "closed", closed_at: "2026-03-04T10:00:00Z" }),
  record("zz-4")
)

const historyOf = ({ database }: Kit) => `${database}.history`
const history = (kit: Kit) => existsSync(historyOf(kit)) ? readdirSync(historyOf(kit)).toSorted() : []

/** All rows; the search index has to say what they do. */
const looked = ({ database, tables }: Kit) => {
  expect(strayWords(database)).toEqual([])
  return tables()
}

const undo = (kit: Kit, ...argv: ReadonlyArray<string>) =>
  Effect.map(kit.kata(["undo", "--json", ...argv]), ({ exit, stderr, stdout }) => {
    expect(exit, stderr).toBe(0)
    return JSON.parse(stdout)
  })

describe("kata undo of an import", () => {
  it.live("takes the first one and later ones back, and is taken back itself", () =>
    using((kit) =>
      Effect.gen(function*() {
        const { bring, kata } = kit
        yield* kata(["create", "made here"])
        const states = [looked(kit)]
        const { stdout } = yield* kata(kit.beads("--input", "-"), { stdin: first })
        states.push(looked(kit))
        const { report } = yield* bring(second)
        expect(report).toMatchObject({ created: 1, updated: 2, absent: [{ external_id: "zz-3" }] })
        states.push(looked(kit))

        const { entries } = JSON.parse((yield* kata(["undo", "--list", "--json"])).stdout)
        expect(entries.map(({ by, input, what }: Record<string, unknown>) => [what, input, by])).toEqual([
          ["import", "beads", "ana"],
          ["import", "beads", "ana"]
        ])
        expect(entries[1].changes).toMatchObject({ issue: { new: 3, changed: 0, gone: 0 }, comment: { new: 1 } })
        expect(entries[0].changes).toMatchObject({ issue: { new: 1, changed: 2 }, comment: { new: 1, changed: 1 } })
        expect(stdout).toContain(`go back    kata undo --to ${entries[1].id}\n`)
        expect((yield* kata(["undo", "--list"])).stdout).toContain("import of beads, by ana")
        for (const name of history(kit)) expect(statSync(`${historyOf(kit)}/${name}`).mode & 0o777, name).toBe(0o600)

        expect((yield* undo(kit, "--dry-run")).refused).toBe(false)
        expect(looked(kit)).toEqual(states[2])
        yield* undo(kit)
        expect(looked(kit)).toEqual(states[1])
        yield* undo(kit)
        expect(looked(kit)).toEqual(states[2])
        // both imports, and the undos between
        yield* undo(kit, "--to", entries[1].id)
        expect(looked(kit)).toEqual(states[0])
        const { report: anew } = yield* bring(second)
        expect(anew).toMatchObject({ created: 3, updated: 0 })
      })
    ))

  it.live("leaves work on other issues alone, lists work on those that go, and takes it along by force", () =>
    using((kit) =>
      Effect.gen(function*() {
        const { bring, issues, kata, tables } = kit
        yield* bring(jsonl(record("zz-9")))
        yield* bring(first)
        yield* kata(["create", "made here"])
        yield* kata(["comment", issues().get("zz-9")!.short_id, "--body", "of an earlier one"])
        const report = yield* undo(kit)
        expect(report).toMatchObject({ events_since: 2, built_on_count: 0, changes: { issue: { gone: 3 } } })
        expect([...issues().keys()]).toEqual(["zz-9"])
        expect(kit.all("SELECT title FROM issues ORDER BY id").length).toBe(2)

        yield* bring(first)
        const id = issues().get("zz-1")!.short_id
        yield* kata(["comment", id, "--body", "on top"])
        const before = tables()
        const refused = yield* kata(["undo"])
        expect([refused.exit, tables()]).toEqual([5, before])
        expect(refused.stderr).toContain(`issue.commented by ana on ws#${id}: recorded since`)
        yield* undo(kit, "--force")
        expect([...issues().keys()]).toEqual(["zz-9"])
        yield* undo(kit)
        expect(tables()).toEqual(before)
      })
    ))

  it.live("has nothing to take back of a dry run, of one that changed nothing, and of one that was refused", () =>
    using((kit) =>
      Effect.gen(function*() {
        const { bring, issues, kata } = kit
        yield* bring(first, "--dry-run")
        expect(history(kit)).toEqual([])
        expect((yield* kata(["undo"])).exit).toBe(4)
        yield* bring(first)
        const made = history(kit)
        expect(made.map((name) => name.replace(/^\w+/, ""))).toEqual([".json", ".rows"])
        yield* bring(first)
        yield* kata(["edit", issues().get("zz-1")!.short_id, "--title", "Mine"])
        expect((yield* bring(second, "--on-conflict", "fail")).exit).toBe(5)
        expect(history(kit)).toEqual(made)
      })
    ))

  it.live("that was killed behind its commit is there; before its commit it never was, also where its numbers were given again", () =>
    using((kit) =>
      Effect.gen(function*() {
        const { bring, kata, tables } = kit
        yield* kata(["create", "made here"])
        const before = tables()
        yield* bring(first)
        const [json = "", rows = ""] = history(kit)
        const [there, pending] = [`${historyOf(kit)}/${json}`, `${historyOf(kit)}/${json.replace("json", "pending")}`]
        const kept = readFileSync(`${historyOf(kit)}/${rows}`)
        renameSync(there, pending)
        expect(JSON.parse((yield* kata(["undo", "--list", "--json"])).stdout).entries).toHaveLength(1)
        yield* undo(kit)
        expect(tables()).toEqual(before)

        // as a kill before the commit leaves it: the entry of what was not done, and others who got its numbers
        const text = readFileSync(there, "utf8")
        for (const name of history(kit)) if (name !== json) rmSync(`${historyOf(kit)}/${name}`)
        renameSync(there, pending)
        writeFileSync(`${historyOf(kit)}/${rows}`, kept)
        expect(text).toContain("last_uid")
        for (const table of ["issues", "events"]) {
          execute(
            kit.database,
            `UPDATE sqlite_sequence SET seq = (SELECT max(id) FROM ${table}) WHERE name = '${table}'`
          )
        }
        yield* kata(["create", "of somebody else"])
        const now = tables()
        const listed = JSON.parse((yield* kata(["undo", "--list", "--json"])).stdout)
        expect([listed.entries, listed.interrupted]).toEqual([[], [json.replace("json", "pending")]])
        expect((yield* kata(["undo"])).exit).toBe(4)
        yield* bring(first)
        expect(history(kit)).toHaveLength(2)
        yield* undo(kit)
        expect(tables()).toEqual(now)
      })
    ))
})

const onFiles = (faults: ReadonlyArray<Fault>) =>
  Layer.mergeAll(Sqlite.layer, Processes.layer).pipe(
    Layer.provideMerge(layerFaultyFileSystem(faults)),
    Layer.provideMerge(NodeContext.layer)
  )

const onDatabase = (plan: ReadonlyArray<DatabaseFault>, observe: (call: DatabaseCall) => void) =>
  Layer.provideMerge(layerFaultyDatabase(plan, observe), machine)

describe("an import that fails", () => {
  it.live(
    "wherever its entry or the database cannot be written, leaves both as they were",
    () =>
      Effect.scoped(Effect.gen(function*() {
        let now = machine
        const kit = yield* workspaceWith(hereOn(() => now))
        const { bring, tables } = kit
        yield* bring(first)
        const [before, made] = [tables(), history(kit)]
        const tried = (broken: typeof machine, what: string) =>
          Effect.gen(function*() {
            now = broken
            const { exit, stderr } = yield* bring(second)
            now = machine
            if (exit !== 0) expect([exit, tables(), history(kit)], `${what}: ${stderr}`).toEqual([11, before, made])
            return exit
          })
        for (const operation of ["open", "write", "sync", "rename"] as const) {
          const full: Fault = { operation, call: 1, code: "ENOSPC", path: ".history", onwards: true }
          expect(yield* tried(onFiles([full]), operation)).toBe(11)
        }
        const met = new Set<string>()
        let failed = 0
        for (let call = 1;; call += 1 + (call >> 3)) {
          let count = 0
          const plan: ReadonlyArray<DatabaseFault> = [{ operation: "attempt", call, code: "SQLITE_FULL" }]
          const observe = ({ operation, what }: DatabaseCall) => {
            if (operation === "attempt" && ++count === call) met.add(what)
          }
          if ((yield* tried(onDatabase(plan, observe), `attempt ${call}`)) === 0) break
          failed++
        }
        expect(failed).toBeGreaterThan(15)
        expect([...met]).toEqual(expect.arrayContaining(["use the database", "note the changes"]))
        yield* undo(kit)
        expect(tables()).toEqual(before)
      })),
    60_000
  )
})
