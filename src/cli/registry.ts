/** The commands of kata. A line here is all that start-up reads of a command; its module is loaded when it is named. */
// No `satisfies`: it would hide what the commands need. `Main.run` checks the shape.

export const registry = [
  {
    name: "version",
    summary: "Print the version of kata",
    section: "About kata",
    load: () => import("./commands/version.ts").then((module) => module.version)
  },
  {
    name: "completion",
    summary: "Print a completion script for bash, zsh or fish",
    section: "About kata",
    load: () => import("./commands/completion.ts").then((module) => module.completion)
  }
] as const
