import type { Ledger } from "../../ledger/Ledger.ts"
import type { recurrences } from "../api/recurrences.ts"
import type { Handlers } from "../edge.ts"

export const recurrencesHandlers: Handlers<typeof recurrences, Ledger> = {}
