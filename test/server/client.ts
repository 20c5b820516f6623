/** Asks a daemon that is served in this process. */
import type { Send } from "./replay/scenario.ts"

// oxlint-disable-next-line typescript/no-explicit-any -- what a test reads of an answer, it expects to be there
export type Body = any

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Body
}

/** Requests whose paths are those after `/api/v1`. */
export const client = (send: Send) => {
  const ask = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const { headers: received, status, text } = await send({
      method,
      path: `/api/v1${path}`,
      headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
      // as bytes: node would write the headers in the encoding of a text
      body: body === undefined ? undefined : Buffer.from(JSON.stringify(body))
    })
    const answer: Answer = { status, headers: received, body: text === "" ? undefined : JSON.parse(text) as Body }
    return answer
  }
  /** What must succeed. */
  const ok = async (method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Body> => {
    const answer = await ask(method, path, body, headers)
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${JSON.stringify(answer.body)}`)
    return answer.body
  }
  const project = async (name = "alpha"): Promise<Body> => (await ok("POST", "/projects", { name })).project
  const issue = async (title: string, more: object = {}, projectId = 1): Promise<Body> =>
    (await ok("POST", `/projects/${projectId}/issues`, { actor: "ann", title, force_new: true, ...more })).issue
  const close = (ref: string, more: object = {}) =>
    ask("POST", `/projects/1/issues/${ref}/actions/close`, {
      actor: "ann",
      reason: "done",
      message: "Implemented, and seen to work by the tests that came with it.",
      evidence: [{ type: "test", command: "npm test" }],
      ...more
    })
  const events = async (): Promise<ReadonlyArray<Body>> => (await ok("GET", "/events?limit=1000")).events
  return { ask, ok, project, issue, close, events }
}
