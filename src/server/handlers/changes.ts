import * as Effect from "effect/Effect"
import type { changes } from "../../api/changes.ts"
import { close, reopen } from "../../ledger/issues/close.ts"
import { move, setMetadata } from "../../ledger/issues/move.ts"
import { purge, remove, restore } from "../../ledger/issues/removal.ts"
import type { Store } from "../../store/Store.ts"
import { Daemon } from "../Daemon.ts"
import { Answer } from "../responses.ts"
import { revisionOf } from "../revision.ts"
import type { Handlers } from "../Router.ts"

/** Names of projects are in it, in UTF-8, which a header does not know. */
const confirmOf = ({ "X-Kata-Confirm": header }: { readonly "X-Kata-Confirm"?: string }): string | undefined =>
  header === undefined ? undefined : Buffer.from(header, "latin1").toString("utf8")

interface Request {
  readonly path: { readonly project_id: bigint; readonly ref: string }
  readonly payload: { readonly actor: string }
}

const asked = ({ path, payload }: Request) => ({ projectId: path.project_id, ref: path.ref, actor: payload.actor })

export const changesHandlers: Handlers<typeof changes, Store | Daemon> = {
  issueClose: (request) =>
    Effect.flatMap(Daemon, ({ throttle }) => close({ ...asked(request), ...request.payload }, throttle)),
  issueReopen: (request) => reopen(asked(request)),
  issueDelete: (request) => remove({ ...asked(request), confirm: confirmOf(request.headers) }),
  issueRestore: (request) => restore(asked(request)),
  issuePurge: (request) =>
    Effect.map(
      purge({ ...asked(request), ...request.payload, confirm: confirmOf(request.headers) }),
      (purge_log) => ({ purge_log })
    ),
  issueMove: (request) =>
    revisionOf(request.headers).pipe(
      Effect.flatMap((revision) => move({ ...asked(request), revision, toProjectUid: request.payload.to_project_uid })),
      Effect.map((moved) => new Answer(moved, moved.issue.revision))
    ),
  issueMetadata: (request) =>
    revisionOf(request.headers).pipe(
      Effect.flatMap((revision) => setMetadata({ ...asked(request), revision, patch: request.payload.patch })),
      Effect.map((changed) => new Answer(changed, changed.issue.revision))
    )
}
