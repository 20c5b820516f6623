import * as Effect from "effect/Effect"
import type { recurrences } from "../../api/recurrences.ts"
import * as Recurrences from "../../ledger/recurrences/recurrences.ts"
import type { Store } from "../../store/Store.ts"
import { Answer } from "../responses.ts"
import { revisionOf } from "../revision.ts"
import type { Handlers } from "../Router.ts"

const named = (path: { readonly project_id: bigint; readonly uid: string }) => ({
  projectId: path.project_id,
  uid: path.uid
})

export const recurrencesHandlers: Handlers<typeof recurrences, Store> = {
  recurrenceCreate: ({ path, payload }) =>
    Effect.map(Recurrences.create({ ...payload, projectId: path.project_id }), (recurrence) => ({ recurrence })),
  recurrenceList: ({ path }) => Effect.map(Recurrences.list(path.project_id), (recurrences) => ({ recurrences })),
  recurrenceShow: ({ path }) => Effect.map(Recurrences.show(named(path)), (recurrence) => ({ recurrence })),
  recurrencePatch: ({ headers, path, payload }) =>
    revisionOf(headers).pipe(
      Effect.flatMap((revision) => Recurrences.patch({ ...payload, ...named(path), revision })),
      Effect.map((patched) => new Answer(patched, patched.recurrence.revision))
    ),
  recurrenceDelete: ({ path, urlParams }) =>
    Effect.asVoid(Recurrences.remove({ ...named(path), actor: urlParams.actor }))
}
