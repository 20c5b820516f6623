/** The commands of kata. A line here is all that start-up reads of a command; its module is loaded when it is named. */

export const registry = [
  {
    name: "export",
    summary: "Write a sealed snapshot of the database, or of some projects",
    section: "Backup and restore",
    load: () => import("./commands/export.ts").then((module) => module.exportCommand)
  },
  {
    name: "verify",
    summary: "Check a snapshot without restoring it, or compare it with a database",
    section: "Backup and restore",
    load: () => import("./commands/verify.ts").then((module) => module.verifyCommand)
  },
  {
    name: "import",
    summary: "Make a database from a snapshot, proven before it takes effect",
    section: "Backup and restore",
    load: () => import("./commands/import.ts").then((module) => module.importCommand)
  },
  {
    name: "doctor",
    summary: "Check the database, its leftovers, its daemon and its backups",
    section: "Backup and restore",
    load: () => import("./commands/doctor.ts").then((module) => module.doctor)
  },
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
