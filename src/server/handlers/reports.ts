import type { reports } from "../../api/reports.ts"
import { closes } from "../../ledger/reports/audit.ts"
import { digest } from "../../ledger/reports/digest.ts"
import type { Store } from "../../store/Store.ts"
import type { Handlers } from "../Router.ts"

const names = (text: string | undefined) => text === undefined ? [] : text.split(",")

export const reportsHandlers: Handlers<typeof reports, Store> = {
  digest: ({ urlParams: { actor, since, until } }) => digest({ since, until, actors: names(actor) }),
  projectDigest: ({ path, urlParams: { actor, since, until } }) =>
    digest({ projectId: path.project_id, since, until, actors: names(actor) }),
  auditCloses: ({ urlParams: { no_evidence = false, project_id, ...rest } }) =>
    closes({ ...rest, projectId: project_id, noEvidence: no_evidence })
}
