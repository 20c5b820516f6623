/** What the ledger does not do, and says why: the request is wrong, names what is not there, or meets what is. Codes are Go kata's. */
import * as Schema from "effect/Schema"
import type { FailureKind } from "../Failure.ts"

const codes = {
  validation: "validation",
  invalid_metadata_value: "validation",
  prefix_too_short: "validation",
  same_project: "validation",
  removed_param: "validation",
  not_found: "not_found",
  project_not_found: "not_found",
  project_not_initialized: "not_found",
  issue_not_found: "not_found",
  alias_not_found: "not_found",
  link_not_found: "not_found",
  project_alias_conflict: "conflict",
  project_binding_conflict: "conflict",
  project_archived: "conflict",
  project_name_taken: "conflict",
  project_already_archived: "conflict",
  project_has_open_issues: "conflict",
  project_merge_archived_source: "conflict",
  project_merge_archived_target: "conflict",
  project_merge_import_mapping_collision: "conflict",
  alias_is_last: "conflict",
  prefix_ambiguous: "conflict",
  idempotency_mismatch: "conflict",
  idempotency_deleted: "conflict",
  duplicate_candidates: "conflict",
  parent_already_set: "conflict",
  parent_mismatch: "conflict",
  parent_has_open_children: "conflict",
  cross_project_links: "conflict",
  issue_recurs: "conflict",
  confirm_required: "confirm",
  confirm_mismatch: "confirm",
  revision_conflict: "confirm",
  sibling_throttle: "internal",
  duplicate_message: "internal"
} as const satisfies Record<string, FailureKind>

export type Code = keyof typeof codes

/** `data` goes to the client as it is: who asks gets what is needed to ask better. */
export class Refused extends Schema.TaggedError<Refused>()("Refused", {
  code: Schema.Literal(...(Object.keys(codes) as [Code, ...Array<Code>])),
  reason: Schema.String,
  hint: Schema.optionalWith(Schema.String, { exact: true }),
  data: Schema.optionalWith(Schema.Record({ key: Schema.String, value: Schema.Unknown }), { exact: true })
}) {
  get kind(): FailureKind {
    return codes[this.code]
  }
  override get message() {
    return this.reason
  }
}

/** As in `yield* refuse("issue_not_found", "issue not found")`. */
export const refuse = (
  code: Code,
  reason: string,
  more?: { readonly hint?: string; readonly data?: { readonly [key: string]: unknown } }
): Refused => new Refused({ code, reason, ...more })
