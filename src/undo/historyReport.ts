/** What doctor tells of a history: how much there is, and what is wrong with it. */
import * as Effect from "effect/Effect"
import { sizeWords } from "../files/sizeWords.ts"
import { list } from "./steps.ts"

/** The check of the history of the database at a path. It does not fail. */
export const historyReport = (database: string) =>
  Effect.map(Effect.either(list({ database })), (found) => {
    if (found._tag === "Left") {
      return { status: "warning" as const, says: found.left.message, details: [], next: found.left.hint }
    }
    const { bytes, entries, interrupted, odd } = found.right
    const [last] = entries
    const unusable = entries.filter(({ state }) => state !== "there")
    const count = entries.length === 1 ? "1 entry" : `${entries.length} entries`
    return {
      status: odd.length + unusable.length + interrupted.length > 0 ? "note" as const : "ok" as const,
      says: last === undefined
        ? "nothing that kata undo could take back"
        : `${count}, ${sizeWords(bytes)} in their files; the last: ${last.words}, ${last.at}`,
      details: [
        ...unusable.map(({ backup, id, state }) => `${id}: ${backup} is ${state}`),
        ...odd.map(({ name, problem }) => `${name === "" ? "" : `${name}: `}${problem}`),
        ...interrupted.map((name) => `${name} is of work that was interrupted; the next one takes it away`)
      ],
      next: last === undefined
        ? undefined
        : "kata undo --list shows them; kata undo --prune makes room, when you say so"
    }
  })
