import type { imports } from "../../api/imports.ts"
import { importRows } from "../../ledger/imports/importRows.ts"
import { importBatch } from "../../ledger/imports/imports.ts"
import type { Store } from "../../store/Store.ts"
import { receive } from "../importLines.ts"
import type { Handlers } from "../Router.ts"
import type { Machine } from "./projects.ts"

export const importsHandlers: Handlers<typeof imports, Store | Machine> = {
  imports: ({ path, payload: { actor, items, source } }) =>
    importBatch({ projectId: path.project_id, actor, source, items: items ?? [] }),
  importRows: ({ path, request }) => receive(request, ({ head, lines }) => importRows(path.project_id, head, lines))
}
