/** What Go kata's import sends, into a database. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Item } from "../../src/ledger/imports/importBatch.ts"
import { importBatch } from "../../src/ledger/imports/imports.ts"
import * as Sqlite from "../../src/store/sqlite.ts"

const decode = Schema.decodeUnknownSync(Schema.Array(Item))

export const goImport = (database: string, projectId: bigint, items: ReadonlyArray<object>) =>
  importBatch({ projectId, actor: "gopher", source: "beads", items: decode(items) }).pipe(
    Effect.provide(Sqlite.layer(database)),
    Effect.provide(NodeContext.layer)
  )
