/** A place in a source where one small change makes it wrong. */
export interface Site {
  readonly file: string
  readonly rule: "comparison" | "statement" | "constant" | "await" | "sync"
  /** From 1. */
  readonly line: number
  readonly from: number
  readonly to: number
  /** What stands there instead. */
  readonly text: string
  /** The lines of the place, white space folded. */
  readonly before: string
  /** The same with the change. */
  readonly after: string
}

export const sitesOf: (file: string, text: string) => ReadonlyArray<Site>
export const changed: (text: string, site: Site) => string
