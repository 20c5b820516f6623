import type { Site } from "./rules.mjs"

export interface Equivalent {
  readonly file: string
  readonly before: string
  /** Not given: each constant of that line. */
  readonly after?: string
  /** Why no behaviour differs. */
  readonly reason: string
}
export const equivalents: ReadonlyArray<Equivalent>
export const isAbout: (site: Site, entry: Equivalent) => boolean
