/** Full-text search over title, body and comments. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Store } from "../../store/Store.ts"
import { projectById, selectIssue } from "../lookup.ts"
import { Int64, Issue, type SearchResult } from "../model.ts"
import { among, idsOf } from "../paged.ts"
import { all } from "../query.ts"
import { nonBlank } from "../values.ts"

/** A word as FTS5 reads it: nothing in it is an operator. */
export const quoted = (word: string): string => `"${word.replaceAll("\"", "\"\"")}"`

/** Words between white space. A NUL ends a text for FTS5, so that it separates too. */
const wordsOf = (text: string): ReadonlyArray<string> => text.split(/[\s\0]+/).filter((word) => word !== "")

const [usual, most] = [20n, 200n]

const fields = ["title", "body", "comments"] as const

const HitRow = Schema.Struct({ id: Int64, score: Schema.Number })

/** Issues that have all words of `text`, the best first. */
export const search = Effect.fn("Issues.search")(function*(asked: {
  readonly projectId: bigint
  readonly text: string
  /** Up to 200; 20 if it is not above 0. */
  readonly limit: bigint
  readonly deleted: boolean
}) {
  const { read, sql } = yield* Store
  yield* nonBlank("query parameter q", asked.text)
  const words = wordsOf(asked.text).map(quoted)
  const limit = asked.limit <= 0n ? usual : asked.limit > most ? most : asked.limit
  return yield* read(Effect.gen(function*() {
    const project = yield* projectById(asked.projectId)
    // negative, since for SQLite the best is the least
    const hits = yield* all(HitRow)(sql`
      SELECT i.id, -f.rank AS score FROM issues_fts f JOIN issues i ON i.id = f.rowid
      WHERE issues_fts MATCH ${words.join(" ")} AND i.project_id = ${project.id}
        AND ${asked.deleted ? sql`1` : sql`i.deleted_at IS NULL`}
      ORDER BY f.rank LIMIT ${limit}`)
    const page = yield* among(hits.map(({ id }) => id))
    const issues = new Map(
      (yield* all(Issue)(sql`${sql.literal(selectIssue)} WHERE i.id IN ${page}`)).map((issue) => [issue.id, issue])
    )
    // the index keeps no text: which field has a word is asked of each
    const matched = new Map<string, ReadonlySet<bigint>>()
    for (const field of fields) {
      const rows = yield* idsOf(sql`
        SELECT rowid AS id FROM issues_fts
        WHERE issues_fts MATCH ${`${field} : (${words.join(" OR ")})`} AND rowid IN ${page}`)
      matched.set(field, new Set(rows.map(({ id }) => id)))
    }
    return hits.flatMap(({ id, score }): ReadonlyArray<SearchResult> => {
      const issue = issues.get(id)
      return issue === undefined
        ? []
        : [{ issue, score, matched_in: fields.filter((field) => matched.get(field)?.has(id)) }]
    })
  }))
})
