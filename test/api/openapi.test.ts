/** The document that the daemon serves of itself. */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { prefix, routes } from "../../src/api/routes.ts"
import { serving } from "../server/replay/serve.ts"

interface Document {
  readonly openapi: string
  readonly info: { readonly title: string }
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, { readonly properties?: object }>> }
}

interface Operation {
  readonly operationId: string
  readonly responses: Readonly<Record<string, unknown>>
}

const get = (path: string, options: { readonly method?: string; readonly token?: string } = {}) =>
  serving(
    options.token === undefined ? {} : { token: options.token },
    (send) => send({ method: options.method ?? "GET", path, headers: {}, body: undefined })
  )

describe("/openapi.json", () => {
  it.live("has every route, and nothing that it does not define", () =>
    Effect.gen(function*() {
      const reply = yield* get("/openapi.json")
      expect(reply.status).toBe(200)
      expect(reply.headers["content-type"]).toBe("application/json")
      const document = JSON.parse(reply.text) as Document
      const described = Object.entries(document.paths).flatMap(([path, operations]) =>
        Object.entries(operations).map(([method, { operationId }]) => `${operationId} ${method} ${path}`)
      )
      const wanted = Object.entries(routes).map(([name, [method, path]]) =>
        `${name} ${method.toLowerCase()} ${prefix}${path.replace(/:(\w+)/g, "{$1}")}`
      )
      expect(described.toSorted()).toEqual(wanted.toSorted())
      const schemas = document.components.schemas
      const named = [...new Set(reply.text.match(/(?<="\$ref":"#\/components\/schemas\/)[^"]+/g))]
      expect(named.filter((name) => !(name in schemas))).toEqual([])
      expect(schemas).not.toHaveProperty("HttpApiDecodeError")
      expect(Object.keys(schemas["Issue"]?.properties ?? {})).toContain("short_id")
      for (const operations of Object.values(document.paths)) {
        for (const { responses } of Object.values(operations)) expect(Object.keys(responses)).toContain("default")
      }
    }))

  it.live("is guarded as everything is, and read only", () =>
    Effect.gen(function*() {
      expect((yield* get("/openapi.json", { token: "secret" })).status).toBe(401)
      expect((yield* get("/openapi.json", { method: "DELETE" })).status).toBe(405)
      const head = yield* get("/openapi.json", { method: "HEAD" })
      expect([head.status, head.text]).toEqual([200, ""])
    }))
})
