import type { Ledger } from "../../ledger/Ledger.ts"
import type { changes } from "../api/changes.ts"
import type { Handlers } from "../edge.ts"

export const changesHandlers: Handlers<typeof changes, Ledger> = {}
