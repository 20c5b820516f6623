import type { events } from "../../api/events.ts"
import { poll } from "../../ledger/events/eventFeed.ts"
import { refuse } from "../../ledger/Refused.ts"
import type { Store } from "../../store/Store.ts"
import { eventStream } from "../eventStream.ts"
import type { Handlers } from "../Router.ts"

interface CursorQuery {
  readonly after_id?: bigint
  readonly limit?: bigint
}

const page = (projectId: bigint | undefined, { after_id = 0n, limit = 100n }: CursorQuery) => {
  if (after_id < 0n) return refuse("validation", "after_id must be a non-negative integer")
  if (limit <= 0n) return refuse("validation", "limit must be a positive integer")
  return poll({ projectId, after: after_id }, limit)
}

export const eventsHandlers: Handlers<typeof events, Store> = {
  events: ({ urlParams }) => page(undefined, urlParams),
  projectEvents: ({ path, urlParams }) => page(path.project_id, urlParams),
  eventStream: ({ headers, request, urlParams }) => eventStream(request, headers["Last-Event-ID"], urlParams)
}
