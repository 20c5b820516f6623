import type { imports } from "../../api/imports.ts"
import { importBatch } from "../../ledger/imports/imports.ts"
import type { Ledger } from "../../ledger/Ledger.ts"
import type { Handlers } from "../Router.ts"

export const importsHandlers: Handlers<typeof imports, Ledger> = {
  imports: ({ path, payload: { actor, items, source } }) =>
    importBatch({ projectId: path.project_id, actor, source, items: items ?? [] })
}
