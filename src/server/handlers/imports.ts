import type { imports } from "../../api/imports.ts"
import { importBatch } from "../../ledger/imports/imports.ts"
import type { Store } from "../../store/Store.ts"
import type { Handlers } from "../Router.ts"

export const importsHandlers: Handlers<typeof imports, Store> = {
  imports: ({ path, payload: { actor, items, source } }) =>
    importBatch({ projectId: path.project_id, actor, source, items: items ?? [] })
}
