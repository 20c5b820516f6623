/** The API of the daemon, once: from it come the router (`edge.ts`), the types of the client, and the OpenAPI document. It is Go kata's. */
import * as HttpApi from "@effect/platform/HttpApi"
import { changes } from "./api/changes.ts"
import { events } from "./api/events.ts"
import { imports } from "./api/imports.ts"
import { issues } from "./api/issues.ts"
import { projects } from "./api/projects.ts"
import { recurrences } from "./api/recurrences.ts"
import { reports } from "./api/reports.ts"
import { system } from "./api/system.ts"
import { prefix } from "./routes.ts"

export const Api = HttpApi.make("kata")
  .add(system)
  .add(projects)
  .add(issues)
  .add(changes)
  .add(recurrences)
  .add(events)
  .add(imports)
  .add(reports)
  .prefix(prefix)
