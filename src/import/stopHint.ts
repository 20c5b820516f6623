/** How a daemon is stopped that works with a database which is to be replaced. */
import * as Effect from "effect/Effect"
import { quoted, sameFile } from "../files/paths.ts"

/** Where daemons leave their records, and which database `kata daemon stop` is about where the user is, as far as it is known. */
export interface Homes {
  readonly kataHome: string
  readonly userHome: string
  readonly database?: string
}

/** Names the database when it is another one than that of the environment. */
export const stopHint = Effect.fnUntraced(function*(path: string, { database }: Homes) {
  const isChosen = database === undefined || (yield* Effect.orElseSucceed(sameFile(path, database), () => false))
  return `stop it first, with the kata that started it: ${isChosen ? "" : `KATA_DB=${quoted(path)} `}kata daemon stop`
})
