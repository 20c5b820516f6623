/** The API as an OpenAPI document, out of its one definition. */
import * as HttpApi from "@effect/platform/HttpApi"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Context from "effect/Context"
import * as Record from "effect/Record"
import * as Schema from "effect/Schema"
import { version } from "../version.ts"
import { Api } from "./Api.ts"
import { Revised } from "./endpoint.ts"

/** The API without the error that the library gives to each: refusals are ours. */
const bare: typeof Api = Object.setPrototypeOf({ ...Api, errorSchema: Schema.Never }, Object.getPrototypeOf(Api))

/** The endpoints whose answers have the header ETag. */
const revised = (): ReadonlySet<string> => {
  const names = new Set<string>()
  HttpApi.reflect(bare, {
    onGroup: () => {},
    onEndpoint: ({ endpoint }) => {
      if (Context.get(endpoint.annotations, Revised)) names.add(endpoint.name)
    }
  })
  return names
}

const etag = {
  ETag: {
    description: "the revision of what the answer shows",
    schema: { type: "string", pattern: "^\"rev-[0-9]+\"$" }
  }
}

const completed = (operation: OpenApi.OpenAPISpecOperation, hasRevision: boolean) => ({
  ...operation,
  // who must say a token is the same for all
  security: undefined,
  responses: hasRevision
    ? Record.map(
      operation.responses,
      (response, status) => status === "200" ? { ...response, headers: etag } : response
    )
    : operation.responses
})

/** The text of `/openapi.json`. */
export const document = (): string => {
  const { components, paths, ...rest } = OpenApi.fromApi(bare)
  const names = revised()
  return JSON.stringify({
    ...rest,
    info: { ...rest.info, version },
    // A daemon asks for a token only where one is configured.
    security: [{}, { token: [] }],
    paths: Record.map(
      paths,
      (item) =>
        Object.fromEntries(
          Object.entries(item).map(([method, operation]) => [
            method,
            completed(operation, names.has(operation.operationId))
          ])
        )
    ),
    components: { ...components, securitySchemes: { token: { type: "http", scheme: "bearer" } } }
  })
}
