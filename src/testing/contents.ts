/**
 * Whole databases for FastCheck, which keep every hard rule of schema 10 and hardly any soft one. A row is drafted alone, with numbers
 * in the place of references; `assemble` turns those into rows that exist and leaves out what would break a rule together with others.
 */
import type * as FC from "effect/FastCheck"
import type { Param } from "../database/Session.ts"
import { kinds } from "../records/kinds.ts"
import type { Content, Row } from "./database.ts"
import { type Draft, draft } from "./drafts.ts"

/** The rows in which no two agree in what `key` gives. */
const distinct = <A extends Row>(rows: ReadonlyArray<A>, ...keys: ReadonlyArray<(row: A) => string | undefined>) =>
  keys.reduce((left, key) => {
    const seen = new Set<string>()
    return left.filter((row) => {
      const text = key(row)
      if (text === undefined) return true
      const fresh = !seen.has(text)
      seen.add(text)
      return fresh
    })
  }, rows)

const column = (...names: ReadonlyArray<string>) => (row: Row): string | undefined =>
  names.some((name) => row[name] === null) ? undefined : JSON.stringify(names.map((name) => String(row[name])))
const id = column("id")

const chosen = (rows: ReadonlyArray<Row>, at: number | null, of = "id"): Param =>
  at === null || rows.length === 0 ? null : rows[at % rows.length]?.[of] ?? null

const issuesOf = (draft: Draft, projects: ReadonlyArray<Row>, recurrences: ReadonlyArray<Row>) =>
  projects.length === 0 ? [] : distinct(
    draft.issues.map((row) => {
      const end = /[0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]*(?=$|\0)/.exec(row.uid)?.[0] ?? ""
      const closed = row.status === "closed"
      return {
        ...row,
        project_id: chosen(projects, row.project_id),
        short_id: end.slice(-(4 + row.short_id % (Math.min(26, end.length) - 3))).toLowerCase(),
        closed_reason: closed ? row.closed_reason : null,
        closed_at: closed ? row.closed_at : null,
        recurrence_id: chosen(recurrences, row.recurrence_id)
      }
    }),
    id,
    column("uid"),
    column("project_id", "short_id"),
    column("recurrence_id", "occurrence_key")
  )

const linksOf = (draft: Draft, issues: ReturnType<typeof issuesOf>) =>
  distinct(
    draft.links.flatMap((row) => {
      const from = issues[row.from_issue_id % Math.max(1, issues.length)]
      const peers = issues.filter((issue) => issue.project_id === from?.project_id && issue !== from)
      const to = peers[row.to_issue_id % Math.max(1, peers.length)]
      if (from === undefined || to === undefined) return []
      const [one, other] = row.type === "related" && from.id > to.id ? [to, from] : [from, to]
      const uids = { from_issue_uid: one.uid, to_issue_uid: other.uid }
      return [{ ...row, project_id: one.project_id, from_issue_id: one.id, to_issue_id: other.id, ...uids }]
    }),
    id,
    column("from_issue_id", "to_issue_id", "type"),
    (row) => row.type === "parent" ? String(row.from_issue_id) : undefined
  )

/** Each object needs its partners; the others may be there too. */
const partners: { readonly [type: string]: ReadonlyArray<string> } = {
  issue: ["issue_id"],
  comment: ["issue_id", "comment_id"],
  label: ["issue_id", "label"],
  link: ["issue_id", "link_id"]
}

const counting = kinds.filter((kind) => kind.autoincrement).map((kind) => kind.table)

const sequencesOf = (draft: Draft, content: Content): ReadonlyArray<Row> => [
  ...counting.flatMap((name, i) => {
    const ids = (content[name] ?? []).map((row) => BigInt(String(row["id"])))
    const highest = ids.reduce((a, b) => a > b ? a : b, 0n)
    const wanted = draft.sequences[i]
    return wanted === null || wanted === undefined
      ? ids.length === 0 ? [] : [{ name, seq: highest }]
      : [{ name, seq: wanted }]
  }),
  ...(draft.unknownSequence === null ? [] : [{ name: "no such table", seq: draft.unknownSequence }])
]

const assemble = (draft: Draft): Content => {
  const projects = distinct(draft.projects, id, column("uid"), column("name"))
  const inProject = <A extends { readonly project_id: number }>(rows: ReadonlyArray<A>) =>
    projects.length === 0 ? [] : rows.map((row) => ({ ...row, project_id: chosen(projects, row.project_id) }))
  const recurrences = distinct(inProject(draft.recurrences), id, column("uid"))
  const issues = issuesOf(draft, projects, recurrences)
  const ofIssue = <A extends { readonly issue_id: number }>(rows: ReadonlyArray<A>) =>
    issues.length === 0 ? [] : rows.map((row) => ({ ...row, issue_id: chosen(issues, row.issue_id) }))
  const comments = distinct(ofIssue(draft.comments), id)
  const links = linksOf(draft, issues)
  const sameUid = (at: number | null, value: string | null) => value === "same" ? chosen(issues, at, "uid") : value
  const content = {
    meta: distinct<Row>(
      [
        { key: "schema_version", value: "10" },
        ...(draft.instance === null ? [] : [{ key: "instance_uid", value: draft.instance }]),
        ...draft.meta
      ],
      column("key")
    ),
    projects,
    project_aliases: distinct(inProject(draft.project_aliases), id, column("alias_identity")),
    recurrences,
    issues,
    comments,
    issue_labels: distinct(ofIssue(draft.issue_labels), column("issue_id", "label")),
    links,
    import_mappings: distinct(
      inProject(draft.import_mappings).map((row) => ({
        ...row,
        issue_id: chosen(issues, row.issue_id ?? (partners[row.object_type]?.includes("issue_id") === true ? 0 : null)),
        comment_id: chosen(comments, row.comment_id ?? (row.object_type === "comment" ? 0 : null)),
        link_id: chosen(links, row.link_id ?? (row.object_type === "link" ? 0 : null)),
        label: row.label ?? (row.object_type === "label" ? "" : null)
      })).filter((row) => partners[row.object_type]?.every((name) => Reflect.get(row, name) !== null)),
      id,
      column("source", "external_id", "object_type", "project_id")
    ),
    events: distinct(
      inProject(draft.events).map((row) => ({
        ...row,
        issue_id: chosen(issues, row.issue_id),
        issue_uid: sameUid(row.issue_id, row.issue_uid),
        related_issue_id: chosen(issues, row.related_issue_id),
        related_issue_uid: sameUid(row.related_issue_id, row.related_issue_uid)
      })),
      id,
      column("uid")
    ),
    purge_log: distinct(draft.purge_log, id, column("uid"))
  }
  return { ...content, sqlite_sequence: sequencesOf(draft, content) }
}

/** A database that SQLite accepts with all rules of the schema on, as rows by table. */
export const content: FC.Arbitrary<Content> = draft.map(assemble)
