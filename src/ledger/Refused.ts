/** What the ledger does not do, and says why: the request is wrong, names what is not there, or meets what is. Codes are Go kata's. */
import * as Schema from "effect/Schema"
import type { FailureKind } from "../Failure.ts"
import { Candidates } from "./candidates.ts"
import { Int64, LinkPeer } from "./model.ts"

/** The issue that a key has made. */
const made = Schema.Struct({ qualified_id: Schema.String, short_id: Schema.String, uid: Schema.String })

/** By code: its kind, and what its data is, which who asks needs to ask better. */
export const refusals = {
  validation: { kind: "validation" },
  invalid_metadata_value: { kind: "validation" },
  prefix_too_short: { kind: "validation" },
  same_project: { kind: "validation" },
  removed_param: { kind: "validation" },
  not_found: { kind: "not_found" },
  project_not_found: { kind: "not_found" },
  project_not_initialized: { kind: "not_found" },
  issue_not_found: { kind: "not_found" },
  alias_not_found: { kind: "not_found" },
  link_not_found: { kind: "not_found" },
  project_alias_conflict: {
    kind: "conflict",
    data: Schema.Struct({ alias_identity: Schema.String, existing_project_id: Int64 })
  },
  project_binding_conflict: { kind: "conflict" },
  project_archived: {
    kind: "conflict",
    data: Schema.Struct({ deleted_at: Schema.String, name: Schema.String })
  },
  project_name_taken: { kind: "conflict", data: Schema.Struct({ name: Schema.String, project_id: Int64 }) },
  project_already_archived: { kind: "conflict" },
  project_has_open_issues: { kind: "conflict", data: Schema.Struct({ open_issues: Int64 }) },
  project_merge_archived_source: { kind: "conflict" },
  project_merge_archived_target: { kind: "conflict" },
  project_merge_import_mapping_collision: {
    kind: "conflict",
    data: Schema.Struct({
      mappings: Schema.Array(
        Schema.Struct({ Source: Schema.String, ExternalID: Schema.String, ObjectType: Schema.String })
      )
    })
  },
  alias_is_last: { kind: "conflict" },
  prefix_ambiguous: { kind: "conflict" },
  idempotency_mismatch: { kind: "conflict", data: made },
  idempotency_deleted: { kind: "conflict", data: made },
  duplicate_candidates: { kind: "conflict", data: Candidates() },
  parent_already_set: { kind: "conflict" },
  parent_mismatch: { kind: "conflict" },
  blocks_cycle: { kind: "conflict", data: Schema.Struct({ cycle: Schema.Array(LinkPeer) }) },
  parent_has_open_children: { kind: "conflict" },
  cross_project_links: {
    kind: "conflict",
    data: Schema.Struct({
      blockers: Schema.Array(Schema.Struct({ link_id: Int64, peer_uid: Schema.String, type: Schema.String }))
    })
  },
  recurrence_pinned: { kind: "conflict" },
  import_conflict: { kind: "conflict" },
  confirm_required: { kind: "confirm" },
  confirm_mismatch: { kind: "confirm" },
  revision_conflict: { kind: "confirm" },
  sibling_throttle: { kind: "internal" },
  duplicate_message: { kind: "internal" }
} as const satisfies Record<string, { readonly kind: FailureKind; readonly data?: Schema.Schema.Any }>

export type Code = keyof typeof refusals

const constant = <const Value extends string>(value: Value) =>
  Schema.Literal(value).pipe(Schema.propertySignature, Schema.withConstructorDefault(() => value))

/** What each of them says: a sentence, and perhaps what to do about it. */
const fields = <const C extends Code>(code: C) => ({
  code: constant(code),
  kind: constant<typeof refusals[C]["kind"]>(refusals[code].kind),
  message: Schema.String,
  hint: Schema.optionalWith(Schema.String, { exact: true })
})

export class InvalidRequest extends Schema.TaggedError<InvalidRequest>()("InvalidRequest", fields("validation")) {}
export class InvalidMetadataValue
  extends Schema.TaggedError<InvalidMetadataValue>()("InvalidMetadataValue", fields("invalid_metadata_value"))
{}
export class PrefixTooShort
  extends Schema.TaggedError<PrefixTooShort>()("PrefixTooShort", fields("prefix_too_short"))
{}
export class SameProject extends Schema.TaggedError<SameProject>()("SameProject", fields("same_project")) {}
export class RemovedParam extends Schema.TaggedError<RemovedParam>()("RemovedParam", fields("removed_param")) {}
export class NoSuchRecurrence extends Schema.TaggedError<NoSuchRecurrence>()("NoSuchRecurrence", fields("not_found")) {}
export class NoSuchProject extends Schema.TaggedError<NoSuchProject>()("NoSuchProject", fields("project_not_found")) {}
export class ProjectNotInitialized
  extends Schema.TaggedError<ProjectNotInitialized>()("ProjectNotInitialized", fields("project_not_initialized"))
{}
export class NoSuchIssue extends Schema.TaggedError<NoSuchIssue>()("NoSuchIssue", fields("issue_not_found")) {}
export class NoSuchAlias extends Schema.TaggedError<NoSuchAlias>()("NoSuchAlias", fields("alias_not_found")) {}
export class NoSuchLink extends Schema.TaggedError<NoSuchLink>()("NoSuchLink", fields("link_not_found")) {}
export class ProjectAliasConflict extends Schema.TaggedError<ProjectAliasConflict>()("ProjectAliasConflict", {
  ...fields("project_alias_conflict"),
  data: refusals.project_alias_conflict.data
}) {}
export class ProjectBindingConflict
  extends Schema.TaggedError<ProjectBindingConflict>()("ProjectBindingConflict", fields("project_binding_conflict"))
{}
export class ProjectArchived extends Schema.TaggedError<ProjectArchived>()("ProjectArchived", {
  ...fields("project_archived"),
  data: refusals.project_archived.data
}) {}
export class ProjectNameTaken extends Schema.TaggedError<ProjectNameTaken>()("ProjectNameTaken", {
  ...fields("project_name_taken"),
  data: refusals.project_name_taken.data
}) {}
export class ProjectAlreadyArchived
  extends Schema.TaggedError<ProjectAlreadyArchived>()("ProjectAlreadyArchived", fields("project_already_archived"))
{}
export class ProjectHasOpenIssues extends Schema.TaggedError<ProjectHasOpenIssues>()("ProjectHasOpenIssues", {
  ...fields("project_has_open_issues"),
  data: refusals.project_has_open_issues.data
}) {}
export class MergeSourceArchived
  extends Schema.TaggedError<MergeSourceArchived>()("MergeSourceArchived", fields("project_merge_archived_source"))
{}
export class MergeTargetArchived
  extends Schema.TaggedError<MergeTargetArchived>()("MergeTargetArchived", fields("project_merge_archived_target"))
{}
export class MergeMappingCollision extends Schema.TaggedError<MergeMappingCollision>()("MergeMappingCollision", {
  ...fields("project_merge_import_mapping_collision"),
  data: refusals.project_merge_import_mapping_collision.data
}) {}
export class AliasIsLast extends Schema.TaggedError<AliasIsLast>()("AliasIsLast", fields("alias_is_last")) {}
export class PrefixAmbiguous
  extends Schema.TaggedError<PrefixAmbiguous>()("PrefixAmbiguous", fields("prefix_ambiguous"))
{}
export class IdempotencyMismatch extends Schema.TaggedError<IdempotencyMismatch>()("IdempotencyMismatch", {
  ...fields("idempotency_mismatch"),
  data: refusals.idempotency_mismatch.data
}) {}
export class IdempotencyDeleted extends Schema.TaggedError<IdempotencyDeleted>()("IdempotencyDeleted", {
  ...fields("idempotency_deleted"),
  data: refusals.idempotency_deleted.data
}) {}
export class DuplicateCandidates extends Schema.TaggedError<DuplicateCandidates>()("DuplicateCandidates", {
  ...fields("duplicate_candidates"),
  data: refusals.duplicate_candidates.data
}) {}
export class ParentAlreadySet
  extends Schema.TaggedError<ParentAlreadySet>()("ParentAlreadySet", fields("parent_already_set"))
{}
export class ParentMismatch extends Schema.TaggedError<ParentMismatch>()("ParentMismatch", fields("parent_mismatch")) {}
export class BlocksCycle extends Schema.TaggedError<BlocksCycle>()("BlocksCycle", {
  ...fields("blocks_cycle"),
  data: refusals.blocks_cycle.data
}) {}
export class ParentHasOpenChildren
  extends Schema.TaggedError<ParentHasOpenChildren>()("ParentHasOpenChildren", fields("parent_has_open_children"))
{}
export class CrossProjectLinks extends Schema.TaggedError<CrossProjectLinks>()("CrossProjectLinks", {
  ...fields("cross_project_links"),
  data: refusals.cross_project_links.data
}) {}
export class RecurrencePinned
  extends Schema.TaggedError<RecurrencePinned>()("RecurrencePinned", fields("recurrence_pinned"))
{}
export class ImportConflict extends Schema.TaggedError<ImportConflict>()("ImportConflict", fields("import_conflict")) {}
export class ConfirmRequired
  extends Schema.TaggedError<ConfirmRequired>()("ConfirmRequired", fields("confirm_required"))
{}
export class ConfirmMismatch
  extends Schema.TaggedError<ConfirmMismatch>()("ConfirmMismatch", fields("confirm_mismatch"))
{}
export class RevisionConflict
  extends Schema.TaggedError<RevisionConflict>()("RevisionConflict", fields("revision_conflict"))
{}
export class SiblingThrottle
  extends Schema.TaggedError<SiblingThrottle>()("SiblingThrottle", fields("sibling_throttle"))
{}
export class DuplicateMessage
  extends Schema.TaggedError<DuplicateMessage>()("DuplicateMessage", fields("duplicate_message"))
{}

/** Each with its code. */
export const classes = {
  validation: InvalidRequest,
  invalid_metadata_value: InvalidMetadataValue,
  prefix_too_short: PrefixTooShort,
  same_project: SameProject,
  removed_param: RemovedParam,
  not_found: NoSuchRecurrence,
  project_not_found: NoSuchProject,
  project_not_initialized: ProjectNotInitialized,
  issue_not_found: NoSuchIssue,
  alias_not_found: NoSuchAlias,
  link_not_found: NoSuchLink,
  project_alias_conflict: ProjectAliasConflict,
  project_binding_conflict: ProjectBindingConflict,
  project_archived: ProjectArchived,
  project_name_taken: ProjectNameTaken,
  project_already_archived: ProjectAlreadyArchived,
  project_has_open_issues: ProjectHasOpenIssues,
  project_merge_archived_source: MergeSourceArchived,
  project_merge_archived_target: MergeTargetArchived,
  project_merge_import_mapping_collision: MergeMappingCollision,
  alias_is_last: AliasIsLast,
  prefix_ambiguous: PrefixAmbiguous,
  idempotency_mismatch: IdempotencyMismatch,
  idempotency_deleted: IdempotencyDeleted,
  duplicate_candidates: DuplicateCandidates,
  parent_already_set: ParentAlreadySet,
  parent_mismatch: ParentMismatch,
  blocks_cycle: BlocksCycle,
  parent_has_open_children: ParentHasOpenChildren,
  cross_project_links: CrossProjectLinks,
  recurrence_pinned: RecurrencePinned,
  import_conflict: ImportConflict,
  confirm_required: ConfirmRequired,
  confirm_mismatch: ConfirmMismatch,
  revision_conflict: RevisionConflict,
  sibling_throttle: SiblingThrottle,
  duplicate_message: DuplicateMessage
}

type Classes = typeof classes

/** The refusal of a code. */
export type RefusedAs<C extends Code> = { readonly [K in Code]: InstanceType<Classes[K]> }[C]

/** Any of them. */
export type Refused = RefusedAs<Code>

/** Codes that need no data. */
type Plain = { readonly [C in Code]: "data" extends keyof typeof refusals[C] ? never : C }[Code]

const plain: {
  readonly [C in Plain]: new(
    said: { readonly message: string; readonly hint?: string }
  ) => RefusedAs<C> & { readonly code: C }
} = classes

/** As in `yield* refuse("issue_not_found", "issue not found")`. */
export const refuse = <C extends Plain>(
  code: C,
  message: string,
  more: { readonly hint?: string } = {}
): RefusedAs<C> => new plain[code]({ message, ...more })
