/** What the daemon answers to all that was recorded of Go kata's clients has the form that the document says, refusals too. */
import { describe, expect, it } from "@effect/vitest"
import { Ajv2020 } from "ajv/dist/2020.js"
import * as Effect from "effect/Effect"
import { document as text } from "../../src/api/openapi.ts"
import { differences } from "../server/replay/differences.ts"
import { replay, type Reply, scenario, type Send } from "../server/replay/scenario.ts"
import { serving } from "../server/replay/serve.ts"
import { execute } from "../server/sql.ts"

interface Document {
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { readonly responses: Readonly<Record<string, unknown>> }>>>
  >
}

const document = JSON.parse(text()) as Document
const ajv = new Ajv2020({ strict: false, validateFormats: false, logger: false })
ajv.addSchema(document, "kata")

/** Templates without parameters stand before those with, as they are routed. */
const templates = Object.keys(document.paths)
  .toSorted((a, b) => a.split("{").length - b.split("{").length)
  .map((path) => ({ path, fits: new RegExp(`^${path.replace(/\{\w+\}/g, "[^/]+")}$`) }))

const escaped = (part: string) => encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"))

/** What is wrong with an answer; nothing for those that are of no operation. */
const wrong = (method: string, asked: string, { headers, status, text }: Reply): string | undefined => {
  const [path = ""] = asked.split("?", 1)
  const template = templates.find(({ fits }) => fits.test(path))?.path
  const operation = template === undefined ? undefined : document.paths[template]?.[method.toLowerCase()]
  if (template === undefined || operation === undefined || headers["content-type"] !== "application/json") return
  if (!(status in operation.responses)) return `${status} is not in the document: ${text}`
  const place = [
    "paths",
    template,
    method.toLowerCase(),
    "responses",
    String(status),
    "content",
    "application/json",
    "schema"
  ]
  const validate = ajv.getSchema(`kata#/${place.map(escaped).join("/")}`)
  if (validate === undefined) return `${status} has no Schema`
  return validate(JSON.parse(text)) ? undefined : `${ajv.errorsText(validate.errors)}: ${text.slice(0, 500)}`
}

it("says what is wrong with an answer", () => {
  const reply = { status: 200, headers: { "content-type": "application/json" }, text: "{\"ok\":1}" }
  expect(wrong("GET", "/api/v1/ping?a=1", reply)).toMatch(/must/)
  expect(wrong("GET", "/api/v1/ping", { ...reply, status: 404 })).toMatch(/404 is not in the document/)
  const refused = { status: 404, text: "{\"status\":404,\"error\":{\"code\":\"alias_not_found\",\"message\":\"\"}}" }
  expect(wrong("GET", "/api/v1/projects/1/issues/abc4", { ...reply, ...refused })).toMatch(/must/)
})

describe.each(Object.keys(differences))("%s", (name) => {
  const { options = {}, steps = {}, waits } = differences[name] ?? {}
  it.live.skipIf(waits !== undefined)("is answered as the document says", () => {
    const found: Array<string> = []
    return serving(options, (send, { address, database, directory }) => {
      const watched: Send = async (message) => {
        const reply = await send(message)
        const what = wrong(message.method, message.path, reply)
        if (what !== undefined) found.push(`${message.method} ${message.path}: ${what}`)
        return reply
      }
      return replay(scenario(name), watched, {
        directory: `${directory}/files`,
        address,
        skip: (step) => step.rawBodyNote !== undefined || steps[step.name]?.skip === true,
        replaced: (step) => steps[step.name]?.ours !== undefined && typeof steps[step.name]?.ours !== "function",
        unnumbered: (step) => steps[step.name]?.unnumbered === true,
        after: async (step) => {
          const sql = steps[step.name]?.afterwards
          if (sql !== undefined) await execute(database, sql)
        }
      })
    }).pipe(Effect.map(() => expect(found).toEqual([])))
  })
})
