/** Answers of the daemon as results of commands. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { type Answer, read } from "../client/Client.ts"
import type { Format, View } from "./Output.ts"

/** Programs get the daemon's text as it is; for people it is read with the Schema. */
export const answer = <B, I>(schema: Schema.Schema<B, I>, view: View<B>): Format<Answer<B>, B> => ({
  ...view,
  json: ({ text }) => text,
  read: read(schema)
})

/** An answer, and what only the command knows. */
export const answerWith = <B, I, C>(
  schema: Schema.Schema<B, I>,
  view: View<readonly [B, C]>
): Format<readonly [Answer<B>, C], readonly [B, C]> => ({
  ...view,
  json: ([{ text }]) => text,
  read: ([answer, more]) => Effect.map(read(schema)(answer), (shown) => [shown, more] as const)
})
