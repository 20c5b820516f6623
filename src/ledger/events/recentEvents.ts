/**
 * The newest events of a ledger, read once for all who follow them. After a write one reading brings what is new, and those are woken whom
 * it concerns. Who is further behind than what is remembered here reads the tables: a slow client costs no memory.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { StorageFailure } from "../../store/StorageFailure.ts"
import type { Store } from "../../store/Store.ts"
import type { EventEnvelope } from "../model.ts"

/** All projects, or one. */
export type Scope = bigint | undefined

/** One reading of the tables, all of one state. */
export interface Reading {
  /** In their order, the next ones. */
  readonly events: ReadonlyArray<EventEnvelope>
  /** Whether there are no more. */
  readonly isAll: boolean
  /** The highest id that there was, those of purges included. */
  readonly highest: bigint
  /** With which cursors must begin anew, for each project, where that is behind the one that was asked for. */
  readonly resets: ReadonlyMap<bigint, bigint>
}

/** Events behind `after`, at most so many; the resets behind `resetsAfter`. */
export type Read = (
  after: bigint,
  limit: number,
  resetsAfter: bigint
) => Effect.Effect<Reading, StorageFailure>

/** Everything that happened behind `from`, up to `to`. */
interface Recent {
  readonly from: bigint
  readonly to: bigint
  readonly events: ReadonlyArray<EventEnvelope>
  readonly resets: ReadonlyMap<bigint, bigint>
}

/** What a follower learns: events up to a cursor, a reset, or that it has to wait, or to read the tables. */
export type Told =
  | { readonly _tag: "Events"; readonly events: ReadonlyArray<EventEnvelope>; readonly upTo: bigint }
  | { readonly _tag: "Reset"; readonly after: bigint }
  /** Nothing yet; gives a cursor up to which there was nothing either. */
  | { readonly _tag: "Wait"; readonly wake: Effect.Effect<bigint, StorageFailure> }
  | { readonly _tag: "Behind" }

/** At most so many are remembered, and so many characters of payloads. */
const mostEvents = 64
const mostText = 1024 * 1024

/** The last ones of these that may be remembered, and the cursor behind which they are all. */
const newest = (events: ReadonlyArray<EventEnvelope>, from: bigint) => {
  let start = events.length
  for (let text = 0; start > 0 && events.length - start < mostEvents; start--) {
    text += events[start - 1]?.payload?.text.length ?? 0
    if (text > mostText) break
  }
  return { events: events.slice(start), from: events[start - 1]?.event_id ?? from }
}

class Feed {
  followers = 0
  fiber: Fiber.RuntimeFiber<void> | undefined
  private broken = Option.none<StorageFailure>()
  private recent: Recent | undefined
  private readonly waiting = new Map<Scope, Deferred.Deferred<bigint, StorageFailure>>()

  /** It could not read: those who come later have another one. */
  get isBroken(): boolean {
    return Option.isSome(this.broken)
  }

  /** What there is behind a cursor of a follower; it is asked and answered in one moment, so that no wake-up is missed. */
  told(scope: Scope, after: bigint): Told {
    if (this.recent === undefined) return this.wait(scope)
    const { events, from, resets, to } = this.recent
    if (after < from) return { _tag: "Behind" }
    let reset = -1n
    for (const [project, id] of resets) if ((scope === undefined || scope === project) && id > reset) reset = id
    if (reset > after) return { _tag: "Reset", after: reset }
    const wanted = events.filter(({ event_id, project_id }) =>
      event_id > after && (scope === undefined || scope === project_id)
    )
    return wanted.length === 0 ? this.wait(scope) : { _tag: "Events", events: wanted, upTo: to }
  }

  private wait(scope: Scope): Told {
    const known = this.waiting.get(scope) ?? Deferred.unsafeMake<bigint, StorageFailure>(FiberId.none)
    this.waiting.set(scope, known)
    // A follower that was busy when the reading failed asks afterwards.
    const wake = Option.match(this.broken, {
      onNone: () => Deferred.await(known),
      onSome: (failure) => Effect.fail(failure)
    })
    return { _tag: "Wait", wake }
  }

  private wake(scopes: Iterable<Scope>, result: Effect.Effect<bigint, StorageFailure>) {
    for (const scope of scopes) {
      const known = this.waiting.get(scope)
      this.waiting.delete(scope)
      if (known !== undefined) Deferred.unsafeDone(known, result)
    }
  }

  /** Takes in what is new, page by page. */
  readonly refresh = (read: Read): Effect.Effect<void> =>
    Effect.suspend(() => {
      const { isBroken, recent } = this
      if (isBroken) return Effect.void
      return recent === undefined ? this.begin(read) : this.more(read, recent)
    }).pipe(
      Effect.catchAll((failure) =>
        Effect.sync(() => {
          // Their streams end, and they come again.
          this.broken = Option.some(failure)
          this.recent = undefined
          this.wake([...this.waiting.keys()], Effect.fail(failure))
        })
      )
    )

  private begin(read: Read) {
    return Effect.map(read(0n, 0, 0n), ({ highest }) => {
      this.recent = { from: highest, to: highest, events: [], resets: new Map() }
      // They had read the tables at some time before.
      this.wake([...this.waiting.keys()], Effect.succeed(-1n))
    })
  }

  private more(read: Read, before: Recent): Effect.Effect<void, StorageFailure> {
    return Effect.flatMap(read(before.to, mostEvents, before.from), ({ events, highest, isAll, resets }) => {
      const to = isAll && highest > before.to ? highest : events.at(-1)?.event_id ?? before.to
      const now: Recent = { ...newest([...before.events, ...events], before.from), to, resets }
      this.recent = now
      const concerned = new Set<Scope>(events.map(({ project_id }) => project_id))
      for (const [project, id] of resets) if (id !== before.resets.get(project)) concerned.add(project)
      if (concerned.size > 0) this.wake([undefined, ...concerned], Effect.succeed(before.to))
      return isAll ? Effect.void : Effect.zipRight(Effect.yieldNow(), this.more(read, now))
    })
  }
}

/** One for each store that is followed. */
const feeds = new WeakMap<Store["Type"]["writes"], Feed>()

/** The newest events of a store, for as long as the scope lives. The first follower starts their reading, the last one ends it. */
export const following = (store: Store["Type"], read: Read) =>
  Effect.acquireRelease(
    Effect.suspend(() => {
      const known = feeds.get(store.writes)
      const feed = known === undefined || known.isBroken ? new Feed() : known
      feeds.set(store.writes, feed)
      feed.followers++
      if (feed.fiber !== undefined) return Effect.succeed(feed)
      // Its first element is the present count: so begins the first reading.
      const refreshing = Stream.runForEach(store.writes.changes, () => feed.refresh(read))
      return Effect.map(Effect.forkDaemon(Effect.interruptible(refreshing)), (fiber) => {
        feed.fiber = fiber
        return feed
      })
    }),
    (feed) =>
      Effect.suspend(() => {
        if (--feed.followers > 0) return Effect.void
        if (feeds.get(store.writes) === feed) feeds.delete(store.writes)
        return feed.fiber === undefined ? Effect.void : Fiber.interrupt(feed.fiber)
      })
  )
