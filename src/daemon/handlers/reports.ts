import type { Ledger } from "../../ledger/Ledger.ts"
import type { reports } from "../api/reports.ts"
import type { Handlers } from "../edge.ts"

export const reportsHandlers: Handlers<typeof reports, Ledger> = {}
