import * as Effect from "effect/Effect"
import type { events } from "../../api/events.ts"
import { poll } from "../../ledger/events/eventFeed.ts"
import { look, ofIssue } from "../../ledger/events/eventLists.ts"
import { refuse } from "../../ledger/Refused.ts"
import type { Store } from "../../store/Store.ts"
import { eventStream } from "../eventStream.ts"
import type { Handlers } from "../Router.ts"

interface CursorQuery {
  readonly after_id?: bigint
  readonly limit?: bigint
  readonly latest?: bigint
  readonly since?: string
  readonly no_reset?: boolean
}

/** What is asked for, in range. */
const asked = ({ after_id: after = 0n, latest, limit = 100n, since }: CursorQuery) => {
  if (after < 0n) return Effect.fail(refuse("validation", "after_id must be a non-negative integer"))
  if (limit <= 0n) return Effect.fail(refuse("validation", "limit must be a positive integer"))
  if (latest !== undefined && latest <= 0n) {
    return Effect.fail(refuse("validation", "latest must be a positive integer"))
  }
  return Effect.succeed({ after, limit, latest, since })
}

const page = (projectId: bigint | undefined, query: CursorQuery) =>
  Effect.gen(function*() {
    if (projectId !== undefined && projectId <= 0n) {
      return yield* refuse("validation", "project_id must be a positive integer")
    }
    const wanted = yield* asked(query)
    return yield* wanted.latest === undefined && wanted.since === undefined && query.no_reset !== true
      ? poll({ projectId, after: wanted.after }, wanted.limit)
      : look({ ...wanted, projectId })
  })

export const eventsHandlers: Handlers<typeof events, Store> = {
  events: ({ urlParams }) => page(undefined, urlParams),
  projectEvents: ({ path, urlParams }) => page(path.project_id, urlParams),
  issueEvents: ({ path, urlParams }) =>
    Effect.flatMap(asked(urlParams), (wanted) => ofIssue({ ...wanted, projectId: path.project_id, ref: path.ref })),
  eventStream: ({ headers, request, urlParams }) => eventStream(request, headers["Last-Event-ID"], urlParams)
}
