import type { Ledger } from "../../ledger/Ledger.ts"
import type { issues } from "../api/issues.ts"
import type { Handlers } from "../edge.ts"

export const issuesHandlers: Handlers<typeof issues, Ledger> = {}
