/** Issues: created, listed, shown, searched, edited; their comments, links and labels. */
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as Schema from "effect/Schema"
import { LinkType } from "../ledger/links/links.ts"
import {
  Comment,
  Event,
  Int64,
  Issue,
  IssueOut,
  IssueRef,
  Label,
  LabelCount,
  Link,
  LinkChanges,
  Mutation,
  SearchResult
} from "../ledger/model.ts"
import { endpoint } from "./endpoint.ts"
import { ActorBody, ActorQuery, Bool, Integer, IssuePath, may, maybe, oneOf, ProjectPath } from "./params.ts"

const Refs = Schema.Array(Schema.String)

const NewIssue = Schema.Struct({
  actor: Schema.String,
  title: Schema.String,
  body: may(Schema.String),
  owner: may(Schema.String),
  priority: may(Int64),
  labels: may(Schema.Array(Schema.String)),
  links: may(Schema.Array(Schema.Struct({ type: LinkType, to_ref: Schema.String, incoming: may(Schema.Boolean) }))),
  force_new: may(Schema.Boolean)
})

const Edit = Schema.Struct({
  actor: Schema.String,
  title: may(Schema.String),
  body: may(Schema.String),
  owner: may(Schema.String),
  set_priority: may(Int64),
  clear_priority: may(Schema.Boolean),
  links_delta: may(Schema.Struct({
    set_parent: may(Schema.String),
    remove_parent: may(Schema.String),
    add_blocks: may(Refs),
    remove_blocks: may(Refs),
    add_blocked_by: may(Refs),
    remove_blocked_by: may(Refs),
    add_related: may(Refs),
    remove_related: may(Refs)
  }))
})

const Edited = Schema.Struct({
  issue: Issue,
  event: Schema.NullOr(Event),
  events: may(Schema.Array(Event)),
  changed: Schema.Boolean,
  changes: may(LinkChanges)
})

/** The third choice is the empty one, which is as good as none. */
const Status = oneOf("open", "closed", "")

const Filter = {
  status: maybe(Status),
  priority: maybe(Schema.String),
  max_priority: maybe(Schema.String),
  limit: maybe(Integer)
}

const Listed = Schema.Struct({ issues: Schema.Array(IssueOut) })

const Shown = Schema.Struct({
  issue: Issue,
  comments: Schema.Array(Comment),
  links: Schema.Array(Link),
  labels: Schema.Array(Label),
  parent: may(IssueRef),
  children: may(Schema.Array(IssueOut))
})

const ShowQuery = Schema.Struct({ include_deleted: maybe(Bool) })

/** What is added to an issue, with the change that this is. */
const added = <A, I, Name extends string>(name: Name, schema: Schema.Schema<A, I>) =>
  Schema.Struct({ issue: Issue, [name]: schema, event: Schema.NullOr(Event), changed: Schema.Boolean })

export const issues = HttpApiGroup.make("issues", { topLevel: true })
  .add(endpoint("issueCreate").setPath(ProjectPath).setPayload(NewIssue).addSuccess(Mutation))
  .add(endpoint("issueList").setPath(ProjectPath).setUrlParams(Schema.Struct(Filter)).addSuccess(Listed))
  .add(
    endpoint("issueListAll").setUrlParams(Schema.Struct({
      ...Filter,
      project_id: maybe(Integer),
      view: maybe(Schema.String),
      area: maybe(Schema.String),
      offset: maybe(Schema.String)
    })).addSuccess(Listed)
  )
  .add(endpoint("issueShow").setPath(IssuePath).setUrlParams(ShowQuery).addSuccess(Shown))
  .add(
    endpoint("issueByUid").setPath(Schema.Struct({ uid: Schema.String })).setUrlParams(ShowQuery).addSuccess(Shown)
  )
  .add(endpoint("issueEdit").setPath(IssuePath).setPayload(Edit).addSuccess(Edited))
  .add(
    endpoint("issueAssign").setPath(IssuePath)
      .setPayload(Schema.Struct({ actor: Schema.String, owner: Schema.String })).addSuccess(Mutation)
  )
  .add(endpoint("issueUnassign").setPath(IssuePath).setPayload(ActorBody).addSuccess(Mutation))
  .add(
    endpoint("issuePriority").setPath(IssuePath)
      .setPayload(Schema.Struct({ actor: Schema.String, priority: may(Int64) })).addSuccess(Mutation)
  )
  .add(
    endpoint("commentAdd").setPath(IssuePath)
      .setPayload(Schema.Struct({ actor: Schema.String, body: Schema.String })).addSuccess(added("comment", Comment))
  )
  .add(
    endpoint("linkAdd").setPath(IssuePath).setPayload(Schema.Struct({
      actor: Schema.String,
      type: LinkType,
      to_ref: Schema.String,
      replace: may(Schema.Boolean)
    })).addSuccess(added("link", Link))
  )
  .add(
    endpoint("linkRemove").setPath(Schema.Struct({ ...IssuePath.fields, link_id: Integer }))
      .setUrlParams(ActorQuery).addSuccess(Mutation)
  )
  .add(
    endpoint("labelAdd").setPath(IssuePath)
      .setPayload(Schema.Struct({ actor: Schema.String, label: Schema.String })).addSuccess(added("label", Label))
  )
  .add(
    endpoint("labelRemove").setPath(Schema.Struct({ ...IssuePath.fields, label: Schema.String }))
      .setUrlParams(ActorQuery).addSuccess(Mutation)
  )
  .add(
    endpoint("labelCounts").setPath(ProjectPath).addSuccess(Schema.Struct({ labels: Schema.Array(LabelCount) }))
  )
  .add(
    endpoint("ready").setPath(ProjectPath).setUrlParams(Schema.Struct({ limit: maybe(Integer) }))
      .addSuccess(Schema.Struct({ issues: Schema.Array(Issue) }))
  )
  .add(
    endpoint("search").setPath(ProjectPath).setUrlParams(Schema.Struct({
      q: Schema.String,
      limit: maybe(Integer),
      include_deleted: maybe(Bool)
    })).addSuccess(Schema.Struct({ query: Schema.String, results: Schema.Array(SearchResult) }))
  )
