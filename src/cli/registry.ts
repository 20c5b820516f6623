/** The commands of kata. A line here is all that start-up reads of a command; its module is loaded when it is named. */
import type { Node } from "./Tree.ts"

export const registry = [
  {
    name: "version",
    summary: "Print the version of kata",
    section: "About kata",
    load: () => import("./commands/version.ts").then((module) => module.version)
  }
] as const satisfies ReadonlyArray<Node<any>>
