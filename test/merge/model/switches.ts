/** Rules of the first design, each of which was found wrong by a counterexample: a switch puts one back, and the checks must find it. */
export const switches = [
  "owner",
  "ext",
  "closedat",
  "multi",
  "direction",
  "purgerow",
  "known",
  "short",
  "rev",
  "ride",
  "updated",
  "attachid",
  "history",
  "occurrence",
  "comid",
  "comext",
  "prefer",
  "prefersource",
  "unexplained",
  "cross",
  "circle",
  "pmerge",
  "reset",
  "alias",
  "hollow",
  "attach"
] as const

export type Switch = typeof switches[number]
export type Switches = ReadonlySet<Switch>
export const none: Switches = new Set()
