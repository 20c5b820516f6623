/** The API as an OpenAPI document, out of its one definition. */
import * as OpenApi from "@effect/platform/OpenApi"
import * as Record from "effect/Record"
import * as Schema from "effect/Schema"
import { version } from "../version.ts"
import { Api } from "./Api.ts"

/** What every refusal looks like. */
const refusal = {
  type: "object",
  required: ["status", "error"],
  properties: {
    status: { type: "integer" },
    error: {
      type: "object",
      required: ["code", "message"],
      properties: {
        code: { type: "string" },
        message: { type: "string" },
        hint: { type: "string" },
        data: { type: "object" }
      }
    }
  }
}

/** The API without the error that the library gives to each: refusals are ours, and that error's parts have names that ours have too. */
const bare: typeof Api = Object.setPrototypeOf({ ...Api, errorSchema: Schema.Never }, Object.getPrototypeOf(Api))

/** Whatever the status of a refusal is, it has one form. */
const completed = (operation: OpenApi.OpenAPISpecOperation) => ({
  ...operation,
  // who must say a token is the same for all
  security: undefined,
  responses: {
    ...operation.responses,
    default: {
      description: "Refused",
      content: { "application/json": { schema: { $ref: "#/components/schemas/Refusal" } } }
    }
  }
})

/** The text of `/openapi.json`. */
export const document = (): string => {
  const { components, paths, ...rest } = OpenApi.fromApi(bare)
  return JSON.stringify({
    ...rest,
    info: { title: "kata", version, description: "A local-first issue ledger" },
    // A daemon asks for a token only where one is configured.
    security: [{}, { token: [] }],
    paths: Record.map(
      paths,
      (item) => Object.fromEntries(Object.entries(item).map(([method, operation]) => [method, completed(operation)]))
    ),
    components: {
      ...components,
      schemas: { ...components.schemas, Refusal: refusal },
      securitySchemes: { token: { type: "http", scheme: "bearer" } }
    }
  })
}
