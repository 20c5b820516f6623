/** Deeds on one issue, by the operations of the ledger. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { assign, prioritise, unassign } from "../../../src/ledger/issues/assignment.ts"
import { reopen } from "../../../src/ledger/issues/close.ts"
import * as Comments from "../../../src/ledger/issues/comments.ts"
import { edit } from "../../../src/ledger/issues/edit.ts"
import * as Labels from "../../../src/ledger/issues/labels.ts"
import { move, setMetadata } from "../../../src/ledger/issues/move.ts"
import { purge, remove, restore } from "../../../src/ledger/issues/removal.ts"
import { first } from "../../../src/ledger/query.ts"
import { RawJson } from "../../../src/ledger/RawJson.ts"
import { Store } from "../../../src/store/Store.ts"
import type { Deed } from "../model/deeds.ts"
import { actorOf, type Names, timeOf } from "./names.ts"

export type Do<What extends Deed["do"]> = Extract<Deed, { readonly do: What }>

/** By whom, in which operation, and when. */
export interface Context {
  readonly names: Names
  readonly actor: string
  readonly k: number
  readonly now: string
}

export const contextOf = (names: Names, k: number, now: number): Context => ({
  names,
  actor: actorOf(k),
  k,
  now: timeOf(now)
})

const IssueRow = Schema.Struct({
  project_id: Schema.BigIntFromSelf,
  revision: Schema.BigIntFromSelf,
  short_id: Schema.String,
  name: Schema.String
})

const issueRow = Effect.fnUntraced(function*(uid: string) {
  const { read, sql } = yield* Store
  return yield* Effect.flatten(read(
    first(IssueRow)(sql`
    SELECT i.project_id, i.revision, i.short_id, p.name FROM issues i JOIN projects p ON p.id = i.project_id
    WHERE i.uid = ${uid}`)
  ))
})

/** The subject of an operation, as all of them ask for it. */
export const subject = Effect.fnUntraced(function*({ actor, names }: Context, issue: string) {
  const ref = names.real(issue)
  const { name, project_id, revision, short_id } = yield* issueRow(ref)
  return { projectId: project_id, ref, actor, revision, named: `${name}#${short_id}` }
})

type OnIssue = Do<
  | "edit"
  | "reopen"
  | "delete"
  | "restore"
  | "assign"
  | "prioritise"
  | "label"
  | "change links"
  | "comment"
  | "change metadata"
  | "move"
  | "purge"
>

export const onIssue = Effect.fnUntraced(function*(deed: OnIssue, context: Context) {
  const { names } = context
  const asked = yield* subject(context, deed.issue)
  const reals = (issues: ReadonlyArray<string>) => issues.map((issue) => names.real(issue))
  switch (deed.do) {
    case "edit": {
      const { body, owner, title } = deed.fields
      return yield* edit({ ...asked, title, body, owner, setPriority: undefined, clearPriority: false, links: {} })
    }
    case "reopen":
      return yield* reopen(asked)
    case "delete":
      return yield* remove({ ...asked, confirm: `DELETE ${asked.named}` })
    case "restore":
      return yield* restore(asked)
    case "purge":
      return yield* purge({ ...asked, confirm: `PURGE ${asked.named}` })
    case "assign":
      return yield* deed.owner === null ? unassign(asked) : assign({ ...asked, owner: deed.owner })
    case "prioritise":
      return yield* prioritise({ ...asked, priority: deed.priority === null ? undefined : BigInt(deed.priority) })
    case "label":
      return yield* deed.on
        ? Labels.add({ ...asked, label: deed.label })
        : Labels.remove({ ...asked, label: deed.label })
    case "change links":
      return yield* edit({
        ...asked,
        title: undefined,
        body: undefined,
        owner: undefined,
        setPriority: undefined,
        clearPriority: false,
        links: {
          set_parent: deed.parent === undefined ? undefined : names.real(deed.parent),
          add_related: reals(deed.add),
          remove_related: reals(deed.remove)
        }
      })
    case "comment":
      return yield* Comments.add({ ...asked, actor: deed.author, body: deed.body })
    case "change metadata":
      return yield* setMetadata({ ...asked, patch: new RawJson(JSON.stringify({ [deed.key]: deed.value })) })
    case "move":
      return yield* move({ ...asked, toProjectUid: names.real(deed.to) })
  }
})
