import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as FC from "effect/FastCheck"
import assert from "node:assert/strict"
import { toFile } from "../../src/export/Export.ts"
import { restore } from "../../src/import/Import.ts"
import { temporaryDirectory } from "../files/temp.ts"
import type { Send } from "../server/replay/scenario.ts"
import { served } from "../server/replay/serve.ts"
import { complaints, dump } from "./dump.ts"
import { property } from "./Property.ts"

/** Words that people and agents type, and some that only tests do. */
const words = FC.oneof(
  FC.constantFrom("login crashes", "Übersicht <b>&", "fix 漢字", "a\u2028b", "\u001b[31mred", "no\nnewline", "x"),
  FC.string({ minLength: 15, maxLength: 60, size: "max" })
).filter((text) => text.isWellFormed())

/** One request: what, on which issue (by its number, as far as there are so many), with which other one, and with what words. */
interface Step {
  readonly what: string
  readonly on: number
  readonly other: number
  readonly words: string
  readonly number: number
}

const whats = [
  ...Array<string>(6).fill("create"),
  "edit",
  "edit",
  "comment",
  "comment",
  "label",
  "label",
  "unlabel",
  "block",
  "block",
  "parent",
  "parent",
  "unlink",
  "assign",
  "unassign",
  "priority",
  "close",
  "reopen",
  "delete",
  "restore",
  "purge",
  "metadata",
  "move",
  "import"
]

const steps = FC.array(
  FC.record<Step>({
    what: FC.constantFrom(...whats),
    on: FC.nat(9),
    other: FC.nat(9),
    words,
    number: FC.nat(5)
  }),
  { minLength: 15, maxLength: 60, size: "max" }
)

interface Known {
  readonly project: number
  readonly sid: string
  readonly purged: boolean
}

const projects = ["one", "two"]

/** Sends the steps, one after the other; a refusal is an answer, a failure of the daemon is none. */
const drive = async (send: Send, all: ReadonlyArray<Step>) => {
  const ask = async (method: string, path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}) => {
    const { status, text } = await send({
      method,
      path: `/api/v1${path}`,
      headers: body === undefined ? headers : { "content-type": "application/json", ...headers },
      body: body === undefined ? undefined : JSON.stringify(body)
    })
    assert.ok(status < 500, `${method} ${path} ${JSON.stringify(body)}: ${status} ${text}`)
    return { status, body: text === "" ? undefined : JSON.parse(text) }
  }
  const uids: Array<string> = []
  for (const name of projects) uids.push((await ask("POST", "/projects", { name })).body.project.uid)
  const issues: Array<Known> = []
  let events = 0
  const actor = "ana"
  for (const step of all) {
    const at = step.on % Math.max(issues.length, 1)
    const issue = issues[at]
    if (step.what === "create" || issue === undefined) {
      const project = (step.other % projects.length) + 1
      const body = {
        actor,
        title: step.words,
        body: step.words.repeat(step.number),
        labels: step.number > 3 ? ["bug"] : [],
        force_new: true
      }
      const made = await ask("POST", `/projects/${project}/issues`, body)
      if (made.status === 200) issues.push({ project, sid: made.body.issue.short_id, purged: false })
      continue
    }
    const path = `/projects/${issue.project}/issues/${issue.sid}`
    const peers = issues.filter(({ project, purged }) => project === issue.project && !purged)
    const other = peers[step.other % Math.max(peers.length, 1)] ?? issue
    const qualified = `${projects[issue.project - 1]}#${issue.sid}`
    switch (step.what) {
      case "edit":
        await ask("PATCH", path, {
          actor,
          title: step.words,
          body: step.words,
          links_delta: { add_related: [other.sid] }
        })
        break
      case "comment":
        await ask("POST", `${path}/comments`, { actor, body: step.words })
        break
      case "label":
        await ask("POST", `${path}/labels`, { actor, label: `l${step.number}` })
        break
      case "unlabel":
        await ask("DELETE", `${path}/labels/l${step.number}?actor=${actor}`)
        break
      case "block":
        await ask("POST", `${path}/links`, { actor, type: "blocks", to_ref: other.sid })
        break
      case "parent":
        await ask("PATCH", path, { actor, links_delta: { set_parent: other.sid } })
        break
      case "unlink":
        await ask("PATCH", path, { actor, links_delta: { remove_blocks: [other.sid], remove_related: [other.sid] } })
        break
      case "assign":
        await ask("POST", `${path}/actions/assign`, { actor, owner: step.words })
        break
      case "unassign":
      case "reopen":
      case "restore":
        await ask("POST", `${path}/actions/${step.what}`, { actor })
        break
      case "priority":
        await ask("POST", `${path}/actions/priority`, { actor, priority: step.number })
        break
      case "close":
        await ask("POST", `${path}/actions/close`, {
          actor,
          reason: "done",
          message: "what was asked for is there now, with a test that shows it",
          evidence: [{ type: "test", command: step.words }]
        })
        break
      case "delete":
      case "purge": {
        const word = step.what.toUpperCase()
        const { status } = await ask("POST", `${path}/actions/${step.what}`, { actor }, {
          "x-kata-confirm": `${word} ${qualified}`
        })
        if (status === 200 && step.what === "purge") issues[at] = { ...issue, purged: true }
        break
      }
      case "metadata": {
        const shown = await ask("GET", path)
        const headers = { "if-match": `"rev-${shown.body?.issue?.revision ?? 1}"` }
        await ask("POST", `${path}/metadata`, { actor, patch: { [step.words]: step.number, someday: true } }, headers)
        break
      }
      case "move": {
        const shown = await ask("GET", path)
        const headers = { "if-match": `"rev-${shown.body?.issue?.revision ?? 1}"` }
        const asked = { actor, to_project_uid: uids[issue.project % projects.length] }
        const { body, status } = await ask("POST", `${path}/actions/move`, asked, headers)
        if (status === 200) issues[at] = { ...issue, project: (issue.project % 2) + 1, sid: body.new_short_id }
        break
      }
      case "import": {
        const time = `2026-05-0${step.number + 1}T10:00:00+02:00`
        const item = {
          external_id: `x-${step.number}`,
          title: step.words,
          author: "bob",
          status: "open",
          created_at: time,
          updated_at: time
        }
        await ask("POST", `/projects/${issue.project}/imports`, { actor, source: "beads", items: [item] })
        break
      }
    }
    const polled = await ask("GET", `/events?after_id=${events}&limit=1000`)
    if (polled.body.reset_required === true) events = polled.body.reset_after_id
    else {
      const ids: ReadonlyArray<number> = polled.body.events.map((event: { readonly event_id: number }) =>
        event.event_id
      )
      for (const id of ids) {
        assert.ok(id > events, `event ${id} after ${events}`)
        events = id
      }
    }
  }
  // what was purged stays gone, and keeps its name
  for (const { project, purged, sid } of issues) {
    const { status } = await ask("GET", `/projects/${project}/issues/${sid}?include_deleted=true`)
    assert.equal(status, purged ? 404 : 200)
  }
}

export const ledger = property(
  "content",
  "whatever is done through the daemon keeps every rule, and export, import and export agree",
  15,
  steps,
  (all) =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* temporaryDirectory
      const at = (name: string) => `${directory}/${name}`
      const live = yield* Effect.scoped(Effect.gen(function*() {
        const { database, send } = yield* served({})
        yield* Effect.promise(() => drive(send, all))
        // the daemon still works with it
        const report = yield* toFile({ database, output: at("a") })
        assert.deepEqual(report.findings, [])
        assert.ok(report.restorable)
        return yield* dump(database)
      }))
      const homes = { kataHome: directory, userHome: directory }
      const { proof } = yield* restore({ input: at("a"), target: at("b.db"), homes })
      assert.strictEqual(proof, "seal")
      yield* toFile({ database: at("b.db"), output: at("b") })
      assert.strictEqual(yield* fs.readFileString(at("b")), yield* fs.readFileString(at("a")))
      assert.deepStrictEqual(yield* complaints(at("b.db")), [])
      // the search index too: the triggers of the live one and the filling of the restored one agree
      assert.deepStrictEqual(yield* dump(at("b.db")), live)
    })
)
