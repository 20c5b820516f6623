/** Issues: created, listed, shown, searched, edited; their comments, links and labels. */
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Schema from "effect/Schema"
import { LinkType } from "../ledger/links/links.ts"
import { Mutation } from "../ledger/model.ts"
import { Commented, Edited, Found, LabelCounts, Labelled, Linked, Listed, Ready, Shown } from "./answers.ts"
import { endpoint } from "./endpoint.ts"
import { may, maybe } from "./optional.ts"
import {
  Actor,
  ActorBody,
  ActorQuery,
  AllProjects,
  Bool,
  IdempotencyKey,
  IssuePath,
  IssueRef,
  LabelName,
  Limit,
  NotBlank,
  oneOf,
  Priority,
  PriorityText,
  ProjectPath,
  Removed,
  RowId,
  UidPrefix
} from "./params.ts"

const Refs = Schema.Array(IssueRef)

const NewIssue = Schema.Struct({
  actor: Actor,
  title: NotBlank,
  body: may(Schema.String),
  owner: may(Schema.String),
  priority: may(Priority),
  labels: may(Schema.Array(LabelName)),
  links: may(Schema.Array(Schema.Struct({ type: LinkType, to_ref: IssueRef, incoming: may(Schema.Boolean) }))),
  force_new: may(Schema.Boolean)
})

const Edit = Schema.Struct({
  actor: Actor,
  title: may(NotBlank),
  body: may(Schema.String),
  owner: may(Schema.String),
  set_priority: may(Priority),
  clear_priority: may(Schema.Boolean),
  links_delta: may(Schema.Struct({
    set_parent: may(IssueRef),
    remove_parent: may(IssueRef),
    add_blocks: may(Refs),
    remove_blocks: may(Refs),
    add_blocked_by: may(Refs),
    remove_blocked_by: may(Refs),
    add_related: may(Refs),
    remove_related: may(Refs)
  }))
})

/** The third choice is the empty one, which is as good as none. */
const Status = oneOf("open", "closed", "")

const Filter = {
  status: maybe(Status),
  priority: maybe(PriorityText("only those of this priority")),
  max_priority: maybe(PriorityText("only those of this priority or a higher one")),
  limit: maybe(Limit),
  detail: maybe(Bool)
}

const ShowQuery = Schema.Struct({ include_deleted: maybe(Bool) })

const OfIssue = ["project_not_found", "issue_not_found"] as const

export const issues = HttpApiGroup.make("issues", { topLevel: true })
  .annotate(OpenApi.Description, "Issues, their comments, links and labels")
  .add(
    endpoint("issueCreate", "Record an issue", [
      ...OfIssue,
      "parent_already_set",
      "blocks_cycle",
      "idempotency_mismatch",
      "idempotency_deleted",
      "duplicate_candidates"
    ])
      .setPath(ProjectPath).setHeaders(IdempotencyKey).setPayload(NewIssue).addSuccess(Mutation)
  )
  .add(
    endpoint("issueList", "The issues of a project, the one changed last first", ["project_not_found"])
      .setPath(ProjectPath).setUrlParams(Schema.Struct(Filter)).addSuccess(Listed)
  )
  .add(
    endpoint("issueListAll", "The issues of all projects, the one changed last first", [
      "project_not_found",
      "removed_param"
    ]).setUrlParams(Schema.Struct({
      ...Filter,
      project_id: maybe(AllProjects),
      view: maybe(Removed),
      area: maybe(Removed),
      offset: maybe(Removed)
    })).addSuccess(Listed)
  )
  .add(
    endpoint("issueShow", "One issue with its comments, labels and links", OfIssue)
      .setPath(IssuePath).setUrlParams(ShowQuery).addSuccess(Shown)
  )
  .add(
    endpoint("issueByUid", "One issue of any project, by its ULID or the beginning of it", [
      ...OfIssue,
      "prefix_too_short",
      "prefix_ambiguous"
    ]).setPath(Schema.Struct({ uid: UidPrefix })).setUrlParams(ShowQuery).addSuccess(Shown)
  )
  .add(
    endpoint("issueEdit", "Change the fields and links of an issue", [
      ...OfIssue,
      "parent_already_set",
      "parent_mismatch",
      "blocks_cycle"
    ]).setPath(IssuePath).setPayload(Edit).addSuccess(Edited)
  )
  .add(
    endpoint("issueAssign", "Say who works on an issue", OfIssue).setPath(IssuePath)
      .setPayload(Schema.Struct({ actor: Actor, owner: NotBlank })).addSuccess(Mutation)
  )
  .add(
    endpoint("issueUnassign", "Remove the assignee of an issue", OfIssue)
      .setPath(IssuePath).setPayload(ActorBody).addSuccess(Mutation)
  )
  .add(
    endpoint("issuePriority", "Set the priority of an issue; without one it has none", OfIssue).setPath(IssuePath)
      .setPayload(Schema.Struct({ actor: Actor, priority: may(Priority) })).addSuccess(Mutation)
  )
  .add(
    endpoint("commentAdd", "Append a comment to an issue", OfIssue).setPath(IssuePath)
      .setPayload(Schema.Struct({ actor: Actor, body: NotBlank })).addSuccess(Commented)
  )
  .add(
    endpoint("linkAdd", "Link an issue to another one", [...OfIssue, "parent_already_set", "blocks_cycle"])
      .setPath(IssuePath)
      .setPayload(Schema.Struct({ actor: Actor, type: LinkType, to_ref: IssueRef, replace: may(Schema.Boolean) }))
      .addSuccess(Linked)
  )
  .add(
    endpoint("linkRemove", "Remove a link of an issue", [...OfIssue, "link_not_found"])
      .setPath(Schema.Struct({ ...IssuePath.fields, link_id: RowId("the link") }))
      .setUrlParams(ActorQuery).addSuccess(Mutation)
  )
  .add(
    endpoint("labelAdd", "Put a label on an issue", OfIssue).setPath(IssuePath)
      .setPayload(Schema.Struct({ actor: Actor, label: LabelName })).addSuccess(Labelled)
  )
  .add(
    endpoint("labelRemove", "Take a label off an issue", OfIssue)
      .setPath(Schema.Struct({ ...IssuePath.fields, label: LabelName }))
      .setUrlParams(ActorQuery).addSuccess(Mutation)
  )
  .add(
    endpoint("labelCounts", "The labels of a project, and how many issues have each", ["project_not_found"])
      .setPath(ProjectPath).addSuccess(LabelCounts)
  )
  .add(
    endpoint("ready", "Open issues of a project that wait for no other open one", ["project_not_found"])
      .setPath(ProjectPath)
      .setUrlParams(
        Schema.Struct({ limit: maybe(Limit), sort: maybe(oneOf("changed", "priority")), detail: maybe(Bool) })
      )
      .addSuccess(Ready)
  )
  .add(
    endpoint("search", "Issues of a project by words, the best match first", ["project_not_found"])
      .setPath(ProjectPath).setUrlParams(Schema.Struct({
        q: NotBlank,
        limit: maybe(Limit),
        include_deleted: maybe(Bool)
      })).addSuccess(Found)
  )
