/** Who is right about one issue, as users write it: `ISSUE=target` or `ISSUE=source`. */
import type { Preferred } from "./MergeReport.ts"

export interface Decision {
  readonly issue: string
  readonly side: Preferred
}

export const isSide = (word: string): word is Preferred => word === "target" || word === "source"

/** Undefined for what is none. */
export const decisionOf = (word: string): Decision | undefined => {
  const at = word.lastIndexOf("=")
  const side = word.slice(at + 1)
  return at > 0 && isSide(side) ? { issue: word.slice(0, at), side } : undefined
}
