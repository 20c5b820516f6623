/** Where our command line does something else than the recorded one, case by case, and why. */
import type { Result } from "./scenario.ts"

export interface Difference {
  readonly why: string
  /** What ours does instead, normalised as the replay does. */
  readonly ours?: Partial<Result> | ((recorded: Result) => Partial<Result>)
  /** Not run: another test does, or it is no part of the contract. */
  readonly skip?: true
}

export interface Scenario {
  readonly throttle?: { readonly enabled: boolean; readonly window: number }
  /** The first that matches the name of the case. */
  readonly cases: ReadonlyArray<readonly [name: RegExp, difference: Difference]>
}

export const differences: Readonly<Record<string, Scenario>> = {
  "01-no-daemon": { cases: [] },
  "02-init": { cases: [] },
  "03-issues": { cases: [] },
  "04-edit": { cases: [] },
  "05-close": { cases: [] },
  "06-throttle": { throttle: { enabled: true, window: 300_000 }, cases: [] },
  "07-search-ready": { cases: [] },
  "08-projects": { cases: [] },
  "09-delete": { cases: [] }
}
