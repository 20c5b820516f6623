import * as Effect from "effect/Effect"
import type { issues } from "../../api/issues.ts"
import * as Fields from "../../ledger/issues/assignment.ts"
import * as Comments from "../../ledger/issues/comments.ts"
import { create } from "../../ledger/issues/create.ts"
import { edit } from "../../ledger/issues/edit.ts"
import * as Labels from "../../ledger/issues/labels.ts"
import * as Lists from "../../ledger/issues/lists.ts"
import { search } from "../../ledger/issues/search.ts"
import * as Show from "../../ledger/issues/show.ts"
import * as Links from "../../ledger/links/links.ts"
import { IssueOut, ReadyIssue } from "../../ledger/model.ts"
import type { Paged } from "../../ledger/paged.ts"
import { refuse } from "../../ledger/Refused.ts"
import type { Store } from "../../store/Store.ts"
import { listed } from "../responses.ts"
import type { Handlers } from "../Router.ts"

/** A priority of a query, which Go kata reads with a sentence of its own. */
const priority = (text: string | undefined, name: string) => {
  if (text === undefined) return Effect.succeed(undefined)
  return /^[+-]?\d{1,19}$/.test(text)
    ? Effect.succeed(BigInt(text))
    : Effect.fail(refuse("validation", `${name} must be an integer 0..4`))
}

const filter = Effect.fnUntraced(function*(query: {
  readonly status?: "open" | "closed" | "" | undefined
  readonly priority?: string | undefined
  readonly max_priority?: string | undefined
  readonly limit?: bigint | undefined
  readonly detail?: boolean | undefined
}): Effect.fn.Return<Lists.Filter, Effect.Effect.Error<ReturnType<typeof priority>>> {
  return {
    status: query.status === "" ? undefined : query.status,
    priority: yield* priority(query.priority, "priority"),
    maxPriority: yield* priority(query.max_priority, "max_priority"),
    limit: query.limit ?? 0n,
    detail: query.detail ?? false
  }
})

/** Header values are bytes: mostly UTF-8, and if not, as they are. */
const header = (value = ""): string => {
  const text = Buffer.from(value, "latin1").toString("utf8")
  return text.includes("\ufffd") ? value : text
}

const outlines = Effect.flatMap((list: Paged<IssueOut>) => listed("issues", IssueOut, list))

export const issuesHandlers: Handlers<typeof issues, Store> = {
  issueCreate: ({ headers, path, payload }) =>
    create({
      projectId: path.project_id,
      actor: payload.actor,
      title: payload.title,
      body: payload.body ?? "",
      owner: payload.owner ?? "",
      priority: payload.priority,
      labels: payload.labels ?? [],
      links: (payload.links ?? []).map(({ incoming = false, to_ref, type }) => ({ type, to: to_ref, incoming })),
      forceNew: payload.force_new ?? false,
      idempotencyKey: header(headers["Idempotency-Key"])
    }),
  issueList: ({ path, urlParams }) =>
    Effect.flatMap(filter(urlParams), (by) => outlines(Lists.list(path.project_id, by))),
  issueListAll: ({ request, urlParams }) =>
    Effect.gen(function*() {
      const { area, offset, view } = urlParams
      if ([view, area, offset, request.headers["x-kata-client-tz"]].some((one) => one !== undefined)) {
        return yield* refuse(
          "removed_param",
          "view, area, offset query params and the X-Kata-Client-TZ header were removed",
          {
            hint: "assemble named views (today/upcoming/inbox/someday/anytime/logbook) client-side from " +
              "/api/v1/issues and /api/v1/projects"
          }
        )
      }
      const { project_id: projectId = 0n } = urlParams
      if (projectId < 0n) return yield* refuse("validation", "project_id must be a non-negative integer")
      return yield* outlines(Lists.listAll(projectId || undefined, yield* filter(urlParams)))
    }),
  issueShow: ({ path, urlParams }) =>
    Show.show({ projectId: path.project_id, ref: path.ref, deleted: urlParams.include_deleted ?? false }),
  issueByUid: ({ path, urlParams }) => Show.byUid({ uid: path.uid, deleted: urlParams.include_deleted ?? false }),
  issueEdit: ({ path, payload }) =>
    edit({
      projectId: path.project_id,
      ref: path.ref,
      actor: payload.actor,
      title: payload.title,
      body: payload.body,
      owner: payload.owner,
      setPriority: payload.set_priority,
      clearPriority: payload.clear_priority ?? false,
      links: payload.links_delta ?? {}
    }),
  issueAssign: ({ path, payload }) => Fields.assign({ projectId: path.project_id, ref: path.ref, ...payload }),
  issueUnassign: ({ path, payload }) => Fields.unassign({ projectId: path.project_id, ref: path.ref, ...payload }),
  issuePriority: ({ path, payload }) =>
    Fields.prioritise({
      projectId: path.project_id,
      ref: path.ref,
      actor: payload.actor,
      priority: payload.priority
    }),
  commentAdd: ({ path, payload }) => Comments.add({ projectId: path.project_id, ref: path.ref, ...payload }),
  linkAdd: ({ path, payload }) =>
    Links.add({
      projectId: path.project_id,
      ref: path.ref,
      actor: payload.actor,
      type: payload.type,
      to: payload.to_ref,
      replace: payload.replace ?? false
    }),
  linkRemove: ({ path, urlParams }) =>
    Links.remove({ projectId: path.project_id, ref: path.ref, actor: urlParams.actor, linkId: path.link_id }),
  labelAdd: ({ path, payload }) => Labels.add({ projectId: path.project_id, ref: path.ref, ...payload }),
  labelRemove: ({ path, urlParams }) =>
    Labels.remove({ projectId: path.project_id, ref: path.ref, actor: urlParams.actor, label: path.label }),
  labelCounts: ({ path }) => Effect.map(Labels.counts(path.project_id), (labels) => ({ labels })),
  ready: ({ path, urlParams }) =>
    Effect.flatMap(
      Lists.ready(path.project_id, {
        limit: urlParams.limit ?? 0n,
        sort: urlParams.sort ?? "changed",
        detail: urlParams.detail ?? false
      }),
      (list) => listed("issues", ReadyIssue, list)
    ),
  search: ({ path, urlParams }) =>
    Effect.map(
      search({
        projectId: path.project_id,
        text: urlParams.q,
        limit: urlParams.limit ?? 0n,
        deleted: urlParams.include_deleted ?? false
      }),
      (results) => ({ query: urlParams.q, results })
    )
}
