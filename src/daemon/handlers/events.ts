import type { Ledger } from "../../ledger/Ledger.ts"
import type { events } from "../api/events.ts"
import type { Handlers } from "../edge.ts"

export const eventsHandlers: Handlers<typeof events, Ledger> = {}
