/**
 * The rules of schema 10 as SQL over a row `r` of the fields of its kind. SQL is the only form that they have: an export, a restore,
 * a verification and a repair ask the same question.
 */
import * as Option from "effect/Option"
import type { Kind } from "../records/Kind.ts"

export interface Rule {
  readonly rule: string
  readonly field: string
  readonly says: string
  /** A restore refuses a row that breaks it, unless it is asked to repair. */
  readonly blocking: boolean
  /** True, or NULL, for a row that keeps the rule. */
  readonly holds: string
}

/** What can be told from the row alone: the CHECKs of the table, the soft rules of the fields and of the row. */
export const rowRules = (kind: Kind): ReadonlyArray<Rule> => [
  ...kind.checks.map(({ field, says, sql }) => ({ rule: sql, field, says, blocking: true, holds: sql })),
  ...kind.fields.flatMap((field) =>
    Option.match(field.soft, {
      onNone: () => [],
      onSome: (
        { holds, rule, says }
      ) => [{ rule, field: field.key, says, blocking: false, holds: `${field.key} IS NULL OR ${holds(field.key)}` }]
    })
  ),
  ...kind.rows.map((rule) => ({ ...rule, blocking: false }))
]

/**
 * 1 for a row that breaks a rule, else 0. Only where SQL branches does SQLite stop at the first part of an `AND` that is false: the
 * second one may fail for what the first one has refused, as `json_type` does for what is no JSON.
 */
export const breaks = (holds: string): string => `(CASE WHEN NOT (${holds}) THEN 1 ELSE 0 END)`

const parent = (table: string, column: string, id: string) =>
  `(SELECT p.${column} FROM ${table} p NOT INDEXED WHERE p.id = r.${id})`

/** Foreign keys. */
const references = (kind: Kind): ReadonlyArray<Rule> =>
  kind.fields.flatMap((field) =>
    Option.match(field.reference, {
      onNone: () => [],
      onSome: ({ table }) => [{
        rule: "foreign key",
        field: field.key,
        says: `points at no row of ${table}`,
        blocking: true,
        holds: `r.${field.key} IS NULL OR EXISTS (SELECT 1 FROM ${table} p NOT INDEXED WHERE p.id = r.${field.key})`
      }]
    })
  )

/** The triggers of links, and what the tables say of each other. An end that does not exist is the foreign key's matter. */
const others: { readonly [kind: string]: ReadonlyArray<Rule> } = {
  project_alias: [{
    rule: "alias of an archived project",
    field: "project_id",
    says: "is an archived project, which has no aliases",
    blocking: false,
    holds: `${parent("projects", "deleted_at", "project_id")} IS NULL`
  }],
  link: [
    ...(["from_issue_id", "to_issue_id"] as const).map((field) => ({
      rule: "cross-project link",
      field,
      says: "is an issue of another project",
      blocking: true,
      holds: `${parent("issues", "project_id", field)} = r.project_id`
    })),
    ...(["from_issue", "to_issue"] as const).map((end) => ({
      rule: "uid of the linked issue",
      field: `${end}_uid`,
      says: "is not the uid of the linked issue",
      blocking: true,
      holds: `${parent("issues", "uid", `${end}_id`)} = r.${end}_uid`
    }))
  ],
  event: (["issue", "related_issue"] as const).map((issue) => ({
    rule: "uid of the event's issue",
    field: `${issue}_uid`,
    says: "is not the uid of the event's issue",
    blocking: false,
    holds: `r.${issue}_id IS NULL OR ifnull(r.${issue}_uid,'') = ${parent("issues", "uid", `${issue}_id`)}`
  })),
  // Few are purged. SQLite makes a set of all short ids, once, when there is a row to ask it for.
  purge_log: [{
    rule: "short id given again",
    field: "short_id",
    says: "is that of an issue which is there: the short id of a purged issue was given again",
    blocking: false,
    holds:
      "r.short_id IS NULL OR (r.project_id, r.short_id) NOT IN (SELECT project_id, short_id FROM issues NOT INDEXED)"
  }]
}

/** What takes a look at other tables. */
export const crossRules = (kind: Kind): ReadonlyArray<Rule> => [...references(kind), ...(others[kind.name] ?? [])]
