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
    name: "daemon",
    summary: "Start, stop and watch the daemon that serves the database",
    section: "The daemon",
    children: [
      {
        name: "start",
        summary: "Start it in the background and return when it serves",
        load: () => import("./commands/daemon/start.ts").then((module) => module.start)
      },
      {
        name: "status",
        summary: "Show which daemons serve the database",
        load: () => import("./commands/daemon/status.ts").then((module) => module.status)
      },
      {
        name: "stop",
        summary: "Stop it and return when it is gone",
        load: () => import("./commands/daemon/stop.ts").then((module) => module.stop)
      },
      {
        name: "restart",
        summary: "Stop it and start one with the settings as they are now",
        load: () => import("./commands/daemon/restart.ts").then((module) => module.restart)
      },
      {
        name: "reload",
        summary: "Tell it to read config.toml again",
        load: () => import("./commands/daemon/reload.ts").then((module) => module.reload)
      },
      {
        name: "logs",
        summary: "Print its log, or the runs of hooks",
        load: () => import("./commands/daemon/logs.ts").then((module) => module.logs)
      }
    ]
  },
  {
    name: "health",
    summary: "Ask the daemon whether it is well",
    section: "The daemon",
    load: () => import("./commands/health.ts").then((module) => module.health)
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
