/** Issues that say the same as a new one would: creating it asks for them first. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Store } from "../../store/Store.ts"
import type { Project } from "../model.ts"
import { all, one } from "../query.ts"
import { DuplicateCandidates } from "../Refused.ts"
import { quoted } from "./search.ts"

const stopWords = new Set(
  ("a an and are as at be been but by can could did do does for from had has have if in into is it its may might no not of on or " +
    "our should so than that the their then there these they this those to was we were will with would you your").split(
      " "
    )
)

/** How much of a body counts. */
const beginning = 500

/** The shortest that is left of a word. */
const stem = (word: string): string => {
  const suffix = ["ing", "ed", "es", "s"].find((one) => word.endsWith(one) && word.length - one.length >= 3)
  return suffix === undefined ? word : word.slice(0, -suffix.length)
}

/** The words of a text without what English adds to them, each once. A stem is always a beginning of its word. */
export const tokens = (text: string): ReadonlySet<string> =>
  new Set(
    (text.normalize("NFC").toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [])
      .filter((word) => [...word].length >= 2 && !stopWords.has(word)).map(stem)
  )

/** How much two sets share; two that are empty share nothing. */
const jaccard = (a: ReadonlySet<string>, b: ReadonlySet<string>): number => {
  const common = [...a].filter((token) => b.has(token)).length
  const union = a.size + b.size - common
  return union === 0 ? 0 : common / union
}

const similar = 0.7

export interface Words {
  readonly title: ReadonlySet<string>
  readonly body: ReadonlySet<string>
}

export const wordsOf = (title: string, body: string): Words => ({
  title: tokens(title),
  body: tokens(Array.from(body.slice(0, 2 * beginning)).slice(0, beginning).join(""))
})

/** From 0 to 1. */
export const score = (a: Words, b: Words): number => 0.6 * jaccard(a.title, b.title) + 0.4 * jaccard(a.body, b.body)

const CandidateRow = Schema.Struct({
  uid: Schema.String,
  short_id: Schema.String,
  title: Schema.String,
  body: Schema.String
})

/** So many that rank best are compared. */
const candidates = 100

/** A title of so many words is a text; what looks like it shares some of the first ones. */
const mostWords = 50

const CountRow = one(Schema.Struct({ n: Schema.BigIntFromSelf }))

/** A word of so many titles is a common one, however many more there are. */
const common = 1000n

const asked = (words: ReadonlyArray<string>) => `title : (${words.map((word) => `${quoted(word)} *`).join(" OR ")})`

/**
 * Of these words those that the fewest titles have: so many that whatever has at least half of all words has one of them. What everybody
 * writes need not be asked for then, which is what makes a question about many issues a quick one.
 */
const rarest = Effect.fnUntraced(function*(words: ReadonlyArray<string>) {
  const { sql } = yield* Store
  const counted = yield* Effect.forEach(words, (word) =>
    Effect.map(
      CountRow(sql`
        SELECT count(*) AS n FROM (SELECT 1 FROM issues_fts WHERE issues_fts MATCH ${asked([word])} LIMIT ${common})`),
      ({ n }) => ({ word, n })
    ))
  return counted.toSorted((a, b) => Number(a.n - b.n)).slice(0, Math.floor(words.length / 2) + 1).map(({ word }) =>
    word
  )
})

/**
 * Refuses when an issue of the project, open or closed, says the same. Titles alone never do: without a word in the body nothing is
 * searched. With one, at least half of the title must be the same, so that the index is asked for words of titles only.
 */
export const noLookAlike = Effect.fnUntraced(function*(project: Project, title: string, body: string) {
  const { sql } = yield* Store
  const own = wordsOf(title, body)
  if (own.title.size === 0 || own.body.size === 0) return
  const query = asked(yield* rarest([...own.title].slice(0, mostWords)))
  const rows = yield* all(CandidateRow)(sql`
    SELECT i.uid, i.short_id, i.title, substr(i.body, 1, ${beginning}) AS body
    FROM issues_fts f JOIN issues i ON i.id = f.rowid
    WHERE issues_fts MATCH ${query} AND i.project_id = ${project.id} AND i.deleted_at IS NULL
    ORDER BY f.rank LIMIT ${candidates}`)
  const found = rows
    .map(({ body, short_id, title, uid }) => ({ score: score(own, wordsOf(title, body)), short_id, title, uid }))
    .filter((candidate) => candidate.score >= similar)
    .toSorted((a, b) => b.score - a.score)
  if (found.length === 0) return
  const count = found.length === 1 ? "1 open issue matches" : `${found.length} open issues match`
  return yield* new DuplicateCandidates({
    message: `${count} this title`,
    hint: "comment on an existing issue, or pass force_new=true to create anyway",
    data: { candidates: found }
  })
})
