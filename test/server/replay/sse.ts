/** A stream of server-sent events as a client sees it. */
import { type ClientRequest, type IncomingMessage, request } from "node:http"
import type { Reply, Step } from "./scenario.ts"
import type { Address } from "./serve.ts"

export interface Frame {
  readonly comment?: string
  readonly id?: string
  readonly event?: string
  readonly data?: unknown
}

const frameOf = (text: string): Frame => {
  if (text.startsWith(": ")) return { comment: text.slice(2) }
  const fields = new Map(text.split("\n").map((line) => line.split(/: (.*)/s, 2) as [string, string]))
  return { id: fields.get("id")!, event: fields.get("event")!, data: JSON.parse(fields.get("data") ?? "") as unknown }
}

/** An open stream. */
export class Watched {
  private rest = ""
  private readonly all: Array<Frame> = []
  ended = false
  readonly response: IncomingMessage
  private readonly asked: ClientRequest

  constructor(asked: ClientRequest, response: IncomingMessage) {
    this.asked = asked
    this.response = response
    response.setEncoding("utf8")
    response.on("data", (chunk: string) => {
      const texts = (this.rest + chunk).split("\n\n")
      this.rest = texts.pop() ?? ""
      for (const text of texts) this.all.push(frameOf(text))
    })
    response.on("end", () => this.ended = true)
    // how a stream ends that is closed by the client
    response.on("error", () => {})
  }

  get frames(): ReadonlyArray<Frame> {
    return this.all
  }

  /** Waits until it is so, or until nothing more can come. */
  async until(so: () => boolean): Promise<void> {
    while (!so() && !this.ended) await new Promise((resolve) => setTimeout(resolve, 5))
  }

  close(): void {
    this.asked.destroy()
  }
}

/** Opens a stream; gives it when the server has begun to answer. */
export const watch = (
  address: Address,
  path: string,
  headers: Readonly<Record<string, string>> = { accept: "text/event-stream" }
): Promise<Watched> =>
  new Promise((resolve, reject) => {
    const asked = request({ ...address, path, headers, agent: false }, (response) =>
      resolve(new Watched(asked, response)))
    asked.on("error", reject)
    asked.end()
  })

/** A recorded stream as steps: it is opened, other requests are made, what it told by then is looked at. */
export type StreamStep = Step & { readonly stream?: "open" | "close" }

export const unfolded = (steps: ReadonlyArray<Step>): ReadonlyArray<StreamStep> =>
  steps.flatMap((step): ReadonlyArray<StreamStep> => {
    if (step.kind !== "sse" || step.frames === undefined) return [step]
    const told = { ...step, stream: "close" as const, responseBody: { frames: step.frames, ended: step.ended } }
    // of these the recording has no headers
    const during = step.during?.map((one) => ({ ...one, responseHeaders: { "content-type": "application/json" } }))
    return [{ ...step, stream: "open" }, ...during ?? [], told]
  })

/** What a stream has told, as an answer; a little later, so that what is too much is seen. */
export const told = async (watched: Watched, { ended, frames = [] }: Step): Promise<Reply> => {
  await watched.until(() => ended === true ? watched.ended : watched.frames.length >= frames.length)
  await new Promise((resolve) => setTimeout(resolve, 20))
  const text = JSON.stringify({ frames: watched.frames, ended: watched.ended })
  watched.close()
  const { headers, statusCode } = watched.response
  return { status: statusCode ?? 0, headers: headers as Record<string, string | undefined>, text }
}
