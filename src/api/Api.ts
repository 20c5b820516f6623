/** The API of the daemon, once: from it come the router (`Router.ts`), the types of the client, and the OpenAPI document. It is Go kata's. */
import * as HttpApi from "@effect/platform/HttpApi"
import * as OpenApi from "@effect/platform/OpenApi"
import { changes } from "./changes.ts"
import { databases } from "./databases.ts"
import { events } from "./events.ts"
import { imports } from "./imports.ts"
import { issues } from "./issues.ts"
import { projects } from "./projects.ts"
import { recurrences } from "./recurrences.ts"
import { reports } from "./reports.ts"
import { prefix } from "./routes.ts"
import { system } from "./system.ts"

export const Api = HttpApi.make("kata")
  .add(system)
  .add(projects)
  .add(issues)
  .add(changes)
  .add(recurrences)
  .add(events)
  .add(imports)
  .add(databases)
  .add(reports)
  .prefix(prefix)
  .annotate(OpenApi.Title, "kata")
  .annotate(OpenApi.Description, "A local-first issue ledger")
  .annotate(OpenApi.License, { name: "MIT", url: "https://opensource.org/license/mit" })
  .annotate(OpenApi.Servers, [{ url: "/", description: "the daemon that serves this document" }])
