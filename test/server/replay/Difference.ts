/** How a step of a recording is answered differently. */
import type { ServeOptions } from "./serve.ts"

export interface Difference {
  readonly why: string
  /** What ours answers instead, normalised as the replay does; a function makes it of what was recorded. */
  readonly ours?: unknown | ((recorded: unknown) => unknown)
  /** SQL for what the recorded daemon did there and ours does not, so that the steps behind it can be compared. */
  readonly afterwards?: string
  /** Names that appear here for the first time do so on one side only: they get no number, but are `<ulid?>` and `<sid?>`. */
  readonly unnumbered?: true
  /** Not sent: it is no part of the contract, or another test sends it. */
  readonly skip?: true
}

/** By scenario, then by the name of the step. */
export type Differences = Readonly<
  Record<string, {
    readonly options?: ServeOptions
    readonly steps?: Readonly<Record<string, Difference>>
    /** What the scenario needs that is not there yet. */
    readonly waits?: string
  }>
>

/** An answer of that status and body. */
export const answer = (status: number, body: unknown) => ({
  status,
  headers: { "content-type": "application/json" },
  body
})

/** A refusal in its envelope, instead of Go's 500 with the text of SQLite. */
export const refusal = (
  status: number,
  code: string,
  message: string,
  more: { readonly [key: string]: unknown } = {}
) => answer(status, { status, error: { code, message, ...more } })
