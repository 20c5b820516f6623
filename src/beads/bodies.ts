/** Comments that an export does not carry: which issues have some, and what they say. */
import * as Effect from "effect/Effect"
import { advance, phase } from "../Progress.ts"
import type { Account } from "./account.ts"
import { commentsFor, isFrom, type Limits, type Program } from "./program.ts"
import type { BeadsComment } from "./record.ts"
import type { Survey } from "./survey.ts"

export type CommentMode = "auto" | "all" | "none"

export type Bodies = ReadonlyMap<string, ReadonlyArray<BeadsComment>>

/** What an export says of the comments of a record, or keeps from saying. */
const needs = (survey: Survey, program: Program | undefined, mode: CommentMode) => {
  // where some record carries texts, one without any has none, unless the program is of a time that left them out
  const silent = survey.hasBodies && (program === undefined || isFrom(program, 0, 49, 0) !== false)
  return ({ bodies, count }: { readonly bodies: number; readonly count: number }): boolean => {
    if (mode === "all") return true
    if (bodies >= 0) return count >= 0 && count !== bodies
    return count >= 0 ? count > 0 : !silent
  }
}

/** Of programs that keep their database in one file several may read it at once. */
const atOnce = (program: Program) => isFrom(program, 0, 50, 0) === false ? 4 : 1

/** Asks for what is missing. Without a program, or where it is not wanted, what is known to be missing is a loss. */
export const fetchBodies = Effect.fn("Beads.fetchBodies")(function*(
  survey: Survey,
  account: Account,
  program: Program | undefined,
  mode: CommentMode,
  patience?: Limits
) {
  const bodies = new Map<string, ReadonlyArray<BeadsComment>>()
  const isNeeded = needs(survey, program, mode)
  const wanted = [...survey.entries].filter(([, entry]) => entry.skip === undefined && isNeeded(entry))
  if (program === undefined || mode === "none") {
    for (const [id, { bodies: there, count }] of wanted) {
      account.lose("comments that the records count and do not carry", id, Math.max(0, count - Math.max(0, there)))
    }
    return bodies
  }
  yield* phase("reading comments", { rows: wanted.length })
  const fetch = ([id]: typeof wanted[number]) =>
    Effect.gen(function*() {
      const found = yield* commentsFor(program, id, patience)
      if (found.is === "there") bodies.set(id, found.comments)
      else account.note("issues that bd exports and does not find when it is asked for comments", id)
      yield* advance(1, 0)
    })
  const [first, ...rest] = wanted
  if (first === undefined) return bodies
  // one alone first: what is wrong with all of them is known at once
  yield* fetch(first)
  yield* Effect.forEach(rest, fetch, { concurrency: atOnce(program), discard: true })
  return bodies
})
