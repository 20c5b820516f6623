/** A source that calls everything otherwise by now: what came under the old names is found under the new ones. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Store } from "../../store/Store.ts"
import { Int64 } from "../model.ts"
import { all, first } from "../query.ts"
import { refuse } from "../Refused.ts"
import * as Mappings from "./importMappings.ts"
import type { Head } from "./importRow.ts"

const Named = Schema.Struct({ id: Int64, external_id: Schema.String, object_type: Schema.String })

const Taken = Schema.Struct({ external_id: Schema.String })

/** The name with its prefix changed, wherever an issue is named in it: of a comment behind `c:`, of a link at both ends. */
const renamed = (name: string, from: string, to: string): string =>
  name.split(":").map((part) => part.startsWith(`${from}-`) ? to + part.slice(from.length) : part).join(":")

/** Names that begin with the old prefix get the new one; nothing where no prefix was changed. */
export const renameAll = Effect.fnUntraced(function*(batch: Mappings.Import, { rename }: Head) {
  if (rename === undefined) return
  const { sql } = yield* Store
  const { from, to } = rename
  const mappings = yield* all(Named)(sql`
    SELECT id, external_id, object_type FROM import_mappings
    WHERE source = ${batch.source} AND project_id = ${batch.project.id} AND object_type <> 'label' ORDER BY id`)
  for (const { external_id, id, object_type } of mappings) {
    const name = renamed(external_id, from, to)
    if (name === external_id) continue
    const taken = yield* first(Taken)(sql`
      SELECT external_id FROM import_mappings WHERE source = ${batch.source} AND external_id = ${name}
        AND object_type = ${object_type} AND project_id = ${batch.project.id}`)
    if (Option.isSome(taken)) {
      return yield* refuse(
        "validation",
        `invalid import: ${JSON.stringify(external_id)} cannot be renamed to ${JSON.stringify(name)}, which came before`
      )
    }
    yield* Mappings.rename({ id }, name)
  }
})
