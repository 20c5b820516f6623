/** The document that the daemon serves of itself. */
import { describe, expect, it } from "@effect/vitest"
import { createConfig, lintFromString } from "@redocly/openapi-core"
import { Validator } from "@seriousme/openapi-schema-validator"
import * as Effect from "effect/Effect"
import { prefix, routes } from "../../src/api/routes.ts"
import { serving } from "../server/replay/serve.ts"

interface Document {
  readonly openapi: string
  readonly info: { readonly title: string }
  readonly servers: ReadonlyArray<{ readonly url: string }>
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, { readonly properties?: object }>> }
}

interface Parameter {
  readonly name: string
  readonly in: string
  readonly required: boolean
  readonly schema: Readonly<Record<string, unknown>>
}

interface Operation {
  readonly operationId: string
  readonly summary?: string
  readonly parameters: ReadonlyArray<Parameter>
  readonly requestBody?: unknown
  readonly responses: Readonly<Record<string, { readonly headers?: object; readonly content?: object }>>
}

const get = (path: string, options: { readonly method?: string; readonly token?: string } = {}) =>
  serving(
    options.token === undefined ? {} : { token: options.token },
    (send) => send({ method: options.method ?? "GET", path, headers: {}, body: undefined })
  )

const described = Effect.map(get("/openapi.json"), ({ text }) => JSON.parse(text) as Document)

describe("/openapi.json", () => {
  it.live("has every route, and nothing that it does not define", () =>
    Effect.gen(function*() {
      const reply = yield* get("/openapi.json")
      expect(reply.status).toBe(200)
      expect(reply.headers["content-type"]).toBe("application/json")
      const document = JSON.parse(reply.text) as Document
      const operations = Object.entries(document.paths).flatMap(([path, operations]) =>
        Object.entries(operations).map(([method, { operationId }]) => `${operationId} ${method} ${path}`)
      )
      const wanted = Object.entries(routes).map(([name, [method, path]]) =>
        `${name} ${method.toLowerCase()} ${prefix}${path.replace(/:(\w+)/g, "{$1}")}`
      )
      expect(operations.toSorted()).toEqual(wanted.toSorted())
      const schemas = document.components.schemas
      const named = [...new Set(reply.text.match(/(?<="\$ref":"#\/components\/schemas\/)[^"]+/g))]
      expect(named.filter((name) => !(name in schemas))).toEqual([])
      expect(schemas).not.toHaveProperty("HttpApiDecodeError")
      expect(Object.keys(schemas["Issue"]?.properties ?? {})).toContain("short_id")
      expect(schemas["RawLabels"]).toEqual({ type: "array", items: { type: "string" } })
    }))

  it.live("says of every operation what it does, takes and refuses", () =>
    Effect.gen(function*() {
      const document = yield* described
      expect(document.servers.length).toBeGreaterThan(0)
      const operations = Object.values(document.paths).flatMap((item) => Object.values(item))
      for (const { operationId, parameters, requestBody, responses, summary } of operations) {
        expect(summary, operationId).toBeTypeOf("string")
        for (const { name, schema } of parameters) {
          expect(typeof schema["type"], `${operationId} ${name}`).toBe("string")
          // a number has a range, a word its form or its choices or a sentence
          const says = schema["type"] === "integer" ? ["minimum"] : ["description", "enum", "minLength", "type"]
          expect(says.some((key) => key in schema), `${operationId} ${name}`).toBe(true)
        }
        const refused = Object.keys(responses).filter((status) => status >= "400")
        const body = requestBody === undefined ? [] : ["408", "413", "415"]
        expect(refused, operationId).toEqual(expect.arrayContaining(["400", "401", "403", "500", ...body]))
        for (const status of refused) expect(responses[status]?.content, `${operationId} ${status}`).toBeDefined()
      }
      const headers = Object.fromEntries(
        operations.flatMap(({ operationId, parameters }) =>
          parameters.filter((one) => one.in === "header").map((
            { name, required }
          ) => [operationId, `${name} ${required}`])
        )
      )
      expect(headers).toEqual({
        eventStream: "Last-Event-ID false",
        issueCreate: "Idempotency-Key false",
        issueDelete: "X-Kata-Confirm false",
        issueMetadata: "If-Match true",
        issueMove: "If-Match true",
        issuePurge: "X-Kata-Confirm false",
        projectMetadata: "If-Match true",
        recurrencePatch: "If-Match true"
      })
      const tagged = operations.filter(({ responses }) => responses["200"]?.headers !== undefined)
      expect(tagged.map(({ operationId }) => operationId).toSorted()).toEqual(
        Object.keys(headers).filter((name) => headers[name] === "If-Match true").toSorted()
      )
    }))

  it.live("two public validators accept it", () =>
    Effect.gen(function*() {
      const document = yield* described
      const { errors, valid } = yield* Effect.promise(() => new Validator().validate({ ...document }))
      expect([valid, errors]).toEqual([true, undefined])
      const config = yield* Effect.promise(() => createConfig({ extends: ["recommended"] }))
      const problems = yield* Effect.promise(() => lintFromString({ source: JSON.stringify(document), config }))
      expect(problems.map(({ location, message, ruleId }) => [ruleId, message, location[0]?.pointer])).toEqual([])
    }))

  it.live("is guarded as everything is, and read only", () =>
    Effect.gen(function*() {
      expect((yield* get("/openapi.json", { token: "secret" })).status).toBe(401)
      expect((yield* get("/openapi.json", { method: "DELETE" })).status).toBe(405)
      const head = yield* get("/openapi.json", { method: "HEAD" })
      expect([head.status, head.text]).toEqual([200, ""])
    }))
})
