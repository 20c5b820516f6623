/** Recorded requests, sent to our daemon; what it answers, beside what the older kata answered. See the README of the recordings. */
import { readFileSync } from "node:fs"
import { Normal } from "./normal.ts"
import type { Address } from "./serve.ts"
import { told, unfolded, watch, type Watched } from "./sse.ts"

export interface Step {
  readonly name: string
  readonly method: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly rawBody?: string
  readonly rawBodyNote?: string
  readonly capture?: Readonly<Record<string, string>>
  readonly status: number
  readonly responseHeaders?: Readonly<Record<string, string>>
  readonly responseBody?: unknown
  readonly responseRaw?: string
  readonly responseText?: string
  readonly kind?: string
  readonly frames?: ReadonlyArray<unknown>
  readonly ended?: boolean
  readonly during?: ReadonlyArray<Step>
}

export interface Scenario {
  readonly scenario: string
  readonly title: string
  readonly config_toml?: string
  readonly daemon_args?: ReadonlyArray<string>
  readonly daemon_env?: Readonly<Record<string, string>>
  readonly steps: ReadonlyArray<Step>
}

export const scenario = (name: string): Scenario =>
  JSON.parse(readFileSync(new URL(`../../fixtures/http/${name}.json`, import.meta.url), "utf8")) as Scenario

/** What came back. */
export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly text: string
}

export type Send = (request: {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Buffer | undefined
}) => Promise<Reply>

const compared = ["content-type", "etag", "allow"]

const pick = (value: unknown, path: string): unknown =>
  path.split("/").reduce<unknown>(
    (at, key) => typeof at === "object" && at !== null ? (at as Record<string, unknown>)[key] : undefined,
    value
  )

const times = (text: string): ReadonlyArray<string> => text.match(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g) ?? []

/** Some variables are made of others: the first characters of a ULID, and its letters made small. */
const valueOf = (variables: ReadonlyMap<string, string>, name: string): string | undefined => {
  const [, of, how] = /^(.+)\.(pre20|low)$/.exec(name) ?? []
  if (of === undefined) return variables.get(name)
  const uid = variables.get(`${of}.uid`)
  return how === "low" ? uid?.toLowerCase() : uid?.slice(0, 20)
}

/** How one step of a scenario went on both sides. */
export interface Outcome {
  readonly step: Step
  readonly recorded: unknown
  readonly ours: unknown
}

export interface ReplayOptions {
  /** Stands for the one that the recorded daemon was started in. */
  readonly directory: string
  /** Where event streams are opened. */
  readonly address: Address
  /** Steps that are not sent. */
  readonly skip: (step: Step) => boolean
  /** Steps of which the recorded answer does not count: what it names is not known by it. */
  readonly replaced: (step: Step) => boolean
  /** Steps that name things which one side alone names there. */
  readonly unnumbered: (step: Step) => boolean
  /** When a step was answered. */
  readonly after: (step: Step) => Promise<void>
}

/** Sends the steps in order. */
export const replay = async (
  { scenario, steps }: Scenario,
  send: Send,
  { address, after, directory, replaced, skip, unnumbered }: ReplayOptions
) => {
  const theirDirectory = `/tmp/kx/h/${scenario}`
  const given = new Set(steps.flatMap((step) => times(JSON.stringify([step.body, step.rawBody, step.path]) ?? "")))
  const [theirs, own] = [new Normal(given), new Normal(given)]
  const [theirVariables, variables] = [new Map<string, string>(), new Map<string, string>()]
  const outcomes: Array<Outcome> = []
  let watched: Watched | undefined
  for (const step of unfolded(steps)) {
    if (skip(step)) continue
    const filled = (text: string) =>
      text.replace(/\{\{([^}]+)\}\}/g, (_, name: string) => valueOf(variables, name) ?? `{{${name}}}`)
        .replaceAll(theirDirectory, directory)
    const [path, headers] = [
      filled(step.path),
      JSON.parse(filled(JSON.stringify(step.headers ?? {}))) as Record<string, string>
    ]
    if (step.stream === "open") {
      watched = await watch(address, path, headers)
      continue
    }
    const { text: received, ...reply } = watched !== undefined && step.stream === "close" ?
      await told(watched, step) :
      await send({
        method: step.method,
        path,
        headers,
        body: step.rawBody !== undefined
          // each of its characters is a byte
          ? Buffer.from(filled(step.rawBody), "latin1")
          : step.body === undefined
          ? undefined
          : filled(JSON.stringify(step.body))
      })
    const bodyOf = (text: string): unknown => {
      try {
        return JSON.parse(text)
      } catch {
        return undefined
      }
    }
    const text = received.replaceAll(directory, theirDirectory)
    const body = bodyOf(text)
    for (const [name, path] of Object.entries(step.capture ?? {})) {
      variables.set(name, String(pick(body, path)))
      theirVariables.set(name, String(pick(step.responseBody, path)))
    }
    const headersOf = (headers: Readonly<Record<string, string | undefined>>) =>
      Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const)
          .filter(([name]) => compared.includes(name))
      )
    theirs.numbering = own.numbering = !unnumbered(step)
    outcomes.push({
      step,
      recorded: replaced(step) ? undefined : {
        status: step.status,
        headers: headersOf(step.responseHeaders ?? {}),
        body: step.responseBody === undefined ? theirs.text(step.responseText ?? "") : theirs.value(step.responseBody)
      },
      ours: {
        status: reply.status,
        headers: headersOf(reply.headers),
        body: body === undefined || step.responseBody === undefined ? own.text(text) : own.value(body)
      }
    })
    await after(step)
  }
  return outcomes
}
