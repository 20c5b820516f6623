/** Tokens of newer Go kata: their events tell them, and are carried. What of the table itself no event tells is lost. */
import * as Effect from "effect/Effect"
import type { View } from "../database/Database.ts"
import { examples, Finding, FindingRow } from "../records/Finding.ts"

interface Lost {
  readonly loss: string
  readonly field?: string
  readonly says: string
  /** Of a token `t`. */
  readonly where: string
}

const lost: ReadonlyArray<Lost> = [
  {
    loss: "api_tokens.last_used_at",
    field: "last_used_at",
    says: "is told by no event: when the token was used last is not known any more",
    where: "t.last_used_at IS NOT NULL"
  },
  {
    loss: "api_tokens",
    says: "is told by no event: newer Go kata will not make the token again",
    where: "NOT EXISTS (SELECT 1 FROM events e NOT INDEXED WHERE e.type = 'token.created' AND json_valid(e.payload)" +
      " AND json_extract(e.payload, '$.token_id') = t.id)"
  }
]

/** What is lost with the tokens of a database, when it has any. */
export const lostTokens = Effect.fnUntraced(function*({ db }: View) {
  const table = yield* db.get("read the schema", "SELECT 1 AS one FROM sqlite_schema WHERE name = 'api_tokens'")
  if (table === undefined) return []
  const found = yield* Effect.forEach(lost, ({ field, loss, says, where }) =>
    Effect.map(
      db.all(
        "read the table api_tokens",
        `SELECT t.id AS id, count(*) OVER () AS n FROM api_tokens t NOT INDEXED WHERE ${where} ORDER BY t.id LIMIT ${examples}`
      ),
      (rows) =>
        rows.length === 0 ? [] : [
          new Finding({
            rule: says,
            kind: "api_token",
            field,
            says,
            outcome: "lost",
            loss,
            blocking: false,
            count: Number(rows[0]?.["n"]),
            rows: rows.map(({ id }) => new FindingRow({ row: String(id) }))
          })
        ]
    ))
  return found.flat()
})
