/** How a step of a recording is answered differently. */
import type { ServeOptions } from "./serve.ts"

export interface Difference {
  readonly why: string
  /** What ours answers instead, normalised as the replay does. */
  readonly ours?: unknown
  /** Not sent: it is no part of the contract, or another test sends it. */
  readonly skip?: true
}

/** By scenario, then by the name of the step. */
export type Differences = Readonly<
  Record<string, { readonly options?: ServeOptions; readonly steps?: Readonly<Record<string, Difference>> }>
>
