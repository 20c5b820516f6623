import * as Effect from "effect/Effect"
import type { Ledger } from "../../ledger/Ledger.ts"
import * as Projects from "../../ledger/projects.ts"
import type { projects } from "../api/projects.ts"
import type { Handlers } from "../edge.ts"

export const projectsHandlers: Handlers<typeof projects, Ledger> = {
  projectList: ({ urlParams }) =>
    Effect.map(Projects.list({ stats: urlParams.include === "stats" }), (projects) => ({ projects })),
  projectShow: ({ path }) => Projects.show(path.project_id)
}
