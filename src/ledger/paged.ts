/** Lists of issues that may be long: which ones is known at once, what they say is read page by page. */
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { StorageFailure } from "../store/StorageFailure.ts"
import { Store } from "../store/Store.ts"
import { Int64 } from "./model.ts"
import { all } from "./query.ts"

/** A page is read in one go, and no other request is served meanwhile. */
const pageSize = 500

export interface Paged<A> {
  readonly first: ReadonlyArray<A>
  /** Each page is what it is when it is read. What was deleted meanwhile is left out. */
  readonly rest: Stream.Stream<ReadonlyArray<A>, StorageFailure, Store>
  readonly more: boolean
  /** How many there are without a limit, where that was asked for. */
  readonly total: bigint | undefined
}

/** The ids that a statement gives in its column `id`, in its order. */
export const idsOf = all(Schema.Struct({ id: Int64 }))

/** One parameter, however many ids they are; to stand behind IN. */
export const among = Effect.fnUntraced(function*(ids: ReadonlyArray<bigint>) {
  const { sql } = yield* Store
  return sql`(SELECT value FROM json_each(${`[${ids.join(",")}]`}))`
})

/** `pageOf` gives the issues of these ids in any order; `count` how many there are, of the same state. */
export const paged = Effect.fnUntraced(function*<A extends { readonly id: bigint }, E>(
  ids: Effect.Effect<ReadonlyArray<{ readonly id: bigint }>, E | StorageFailure, Store>,
  pageOf: (ids: ReadonlyArray<bigint>) => Effect.Effect<ReadonlyArray<A>, StorageFailure, Store>,
  count: Effect.Effect<bigint | undefined, E | StorageFailure, Store> = Effect.succeed(undefined)
) {
  const { read } = yield* Store
  const inOrder = (page: ReadonlyArray<bigint>) =>
    Effect.map(pageOf(page), (issues) => {
      const byId = new Map(issues.map((issue) => [issue.id, issue]))
      return page.flatMap((id) => byId.get(id) ?? [])
    })
  return yield* read(Effect.gen(function*() {
    const [first = [], ...pages] = Arr.chunksOf((yield* ids).map(({ id }) => id), pageSize)
    return {
      first: yield* inOrder(first),
      rest: Stream.mapEffect(Stream.fromIterable(pages), (page) => read(inOrder(page))),
      more: pages.length > 0,
      total: yield* count
    } satisfies Paged<A>
  }))
})
