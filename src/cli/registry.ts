/**
 * The commands of kata. A line here is all that start-up reads of a command; its module is loaded when it is named. One list, and longer than
 * 300 lines: who looks for a command finds it here.
 */

export const registry = [
  {
    name: "create",
    summary: "Record an issue",
    section: "Work",
    load: () => import("./commands/create.ts").then((module) => module.create)
  },
  {
    name: "edit",
    summary: "Change the fields and links of an issue",
    section: "Work",
    load: () => import("./commands/edit.ts").then((module) => module.edit)
  },
  {
    name: "comment",
    summary: "Append a comment",
    section: "Work",
    load: () => import("./commands/comment.ts").then((module) => module.comment)
  },
  {
    name: "close",
    summary: "Close an issue, with a reason and evidence",
    section: "Work",
    load: () => import("./commands/close.ts").then((module) => module.close)
  },
  {
    name: "reopen",
    summary: "Open a closed issue again",
    section: "Work",
    load: () => import("./commands/reopen.ts").then((module) => module.reopen)
  },
  {
    name: "label",
    summary: "Put a label on an issue, or take it off",
    section: "Work",
    children: [
      {
        name: "add",
        summary: "Put a label on an issue",
        load: () => import("./commands/label/add.ts").then((module) => module.add)
      },
      {
        name: "rm",
        summary: "Take a label off an issue",
        load: () => import("./commands/label/rm.ts").then((module) => module.rm)
      }
    ]
  },
  {
    name: "assign",
    summary: "Set the assignee",
    section: "Work",
    load: () => import("./commands/assign.ts").then((module) => module.assign)
  },
  {
    name: "unassign",
    summary: "Remove the assignee",
    section: "Work",
    load: () => import("./commands/unassign.ts").then((module) => module.unassign)
  },
  {
    name: "delete",
    summary: "Delete an issue; restore brings it back",
    section: "Work",
    load: () => import("./commands/delete.ts").then((module) => module.deleteCommand)
  },
  {
    name: "restore",
    summary: "Bring a deleted issue back",
    section: "Work",
    load: () => import("./commands/restore.ts").then((module) => module.restore)
  },
  {
    name: "purge",
    summary: "Remove an issue for good",
    section: "Work",
    load: () => import("./commands/purge.ts").then((module) => module.purge)
  },
  {
    name: "ready",
    summary: "What can be worked on now",
    section: "Find",
    load: () => import("./commands/ready.ts").then((module) => module.ready)
  },
  {
    name: "list",
    summary: "The issues of the project",
    section: "Find",
    load: () => import("./commands/list.ts").then((module) => module.list)
  },
  {
    name: "show",
    summary: "Everything about one issue",
    section: "Find",
    load: () => import("./commands/show.ts").then((module) => module.show)
  },
  {
    name: "history",
    summary: "What happened to one issue",
    section: "Find",
    load: () => import("./commands/history.ts").then((module) => module.history)
  },
  {
    name: "search",
    summary: "Find issues by words",
    section: "Find",
    load: () => import("./commands/search.ts").then((module) => module.search)
  },
  {
    name: "labels",
    summary: "The labels in use",
    section: "Find",
    load: () => import("./commands/labels.ts").then((module) => module.labels)
  },
  {
    name: "events",
    summary: "What happened, once or as it happens",
    section: "Find",
    load: () => import("./commands/events.ts").then((module) => module.events)
  },
  {
    name: "init",
    summary: "Bind this workspace to a project",
    section: "Projects",
    load: () => import("./commands/init.ts").then((module) => module.init)
  },
  {
    name: "projects",
    summary: "List, show, rename, merge, archive and restore projects",
    section: "Projects",
    children: [
      {
        name: "list",
        summary: "All projects but the archived ones",
        load: () => import("./commands/projects/list.ts").then((module) => module.list)
      },
      {
        name: "show",
        summary: "One project",
        load: () => import("./commands/projects/show.ts").then((module) => module.show)
      },
      {
        name: "rename",
        summary: "Give a project another name",
        load: () => import("./commands/projects/rename.ts").then((module) => module.rename)
      },
      {
        name: "merge",
        summary: "Move everything of one project into another",
        load: () => import("./commands/projects/merge.ts").then((module) => module.merge)
      },
      {
        name: "remove",
        summary: "Archive a project",
        load: () => import("./commands/projects/remove.ts").then((module) => module.remove)
      },
      {
        name: "restore",
        summary: "Bring an archived project back",
        load: () => import("./commands/projects/restore.ts").then((module) => module.restore)
      },
      {
        name: "detach",
        summary: "Let a workspace no longer belong to its project",
        load: () => import("./commands/projects/detach.ts").then((module) => module.detach)
      }
    ]
  },
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
    name: "backup",
    summary: "A directory of backups that looks after itself",
    section: "Backup and restore",
    children: [
      {
        name: "init",
        summary: "Make a directory one of backups",
        load: () => import("./commands/backup/init.ts").then((module) => module.init)
      },
      {
        name: "run",
        summary: "Save the database, unless the newest backup holds it as it is",
        load: () => import("./commands/backup/run.ts").then((module) => module.runCommand)
      },
      {
        name: "list",
        summary: "The backups in the directory",
        load: () => import("./commands/backup/list.ts").then((module) => module.list)
      },
      {
        name: "show",
        summary: "What is in one of them",
        load: () => import("./commands/backup/show.ts").then((module) => module.show)
      },
      {
        name: "verify",
        summary: "Read backups to their ends: are they whole?",
        load: () => import("./commands/backup/verify.ts").then((module) => module.verifyCommand)
      },
      {
        name: "prune",
        summary: "Remove those that no rule keeps",
        load: () => import("./commands/backup/prune.ts").then((module) => module.pruneCommand)
      },
      {
        name: "restore",
        summary: "Make the database again of the newest one, or of another",
        load: () => import("./commands/backup/restore.ts").then((module) => module.restoreCommand)
      },
      {
        name: "drill",
        summary: "Restore the newest to nowhere: would it work, and how long would it take?",
        load: () => import("./commands/backup/drill.ts").then((module) => module.drillCommand)
      },
      {
        name: "status",
        summary: "Would the newest give back what there is now?",
        load: () => import("./commands/backup/status.ts").then((module) => module.statusCommand)
      }
    ]
  },
  {
    name: "diff",
    summary: "What changed between two snapshots or databases",
    section: "Backup and restore",
    load: () => import("./commands/diff.ts").then((module) => module.diffCommand)
  },
  {
    name: "import",
    summary: "Make a database from a snapshot, proven before it takes effect",
    section: "Backup and restore",
    load: () => import("./commands/import.ts").then((module) => module.importCommand)
  },
  {
    name: "git-setup",
    summary: "Let git merge, show and check snapshots by what is in them",
    section: "Backup and restore",
    load: () => import("./commands/git-setup.ts").then((module) => module.gitSetup)
  },
  {
    name: "merge-file",
    summary: "Merge two snapshots that come from one; what git runs",
    section: "Backup and restore",
    load: () => import("./commands/merge-file.ts").then((module) => module.mergeFileCommand)
  },
  {
    name: "textconv",
    summary: "Print a snapshot as text that can be compared; what git runs",
    section: "Backup and restore",
    load: () => import("./commands/textconv.ts").then((module) => module.textconv)
  },
  {
    name: "upgrade",
    summary: "Make a database of an older version one of this version",
    section: "Backup and restore",
    load: () => import("./commands/upgrade.ts").then((module) => module.upgradeCommand)
  },
  {
    name: "undo",
    summary: "Take back a restore, an upgrade or a merge, or look at what can be taken back",
    section: "Backup and restore",
    load: () => import("./commands/undo.ts").then((module) => module.undoCommand)
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
      },
      {
        name: "work",
        summary: "Do one operation beside it; what a daemon runs",
        load: () => import("./commands/daemon/work.ts").then((module) => module.work)
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
    name: "trust",
    summary: "Confirm the server that this workspace names",
    section: "The daemon",
    load: () => import("./commands/trust.ts").then((module) => module.trust)
  },
  {
    name: "whoami",
    summary: "Who changes are signed with",
    section: "About kata",
    load: () => import("./commands/whoami.ts").then((module) => module.whoami)
  },
  {
    name: "quickstart",
    aliases: ["agent-instructions"],
    summary: "Instructions for coding agents",
    section: "About kata",
    load: () => import("./commands/quickstart.ts").then((module) => module.quickstart)
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
