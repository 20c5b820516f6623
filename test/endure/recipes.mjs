/** For every command of kata: how it is run for the nth time, and how it ends. */
import { execFileSync } from "node:child_process"
import { existsSync, mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"

const folderOf = (place, n) => join(place, `lib-${n}`)
const toBackups = (place) => ["--to", join(place, "backups")]

/**
 * In this order: what one leaves is what the next ones work on. `round` has the number `n`, the `issue` that `create` made, and the
 * folder of the `place`. `own`: with a database and a daemon of its own.
 */
export const recipes = {
  create: ({ n }) => ({ argv: ["create", `the parser ${n}`, "--body", "it crashes", "--force-new", "--quiet"] }),
  edit: ({ issue, n }) => ({ argv: ["edit", issue, "--title", `the tokenizer ${n}`, "--priority", "1"] }),
  comment: ({ issue }) => ({ argv: ["comment", issue, "--body-stdin"], stdin: "seen again\n" }),
  close: ({ issue }) => ({
    argv: ["close", issue, "--done", "--message", "Mended the tokenizer, with a test for it.", "--commit", "3a401a8"]
  }),
  reopen: ({ issue }) => ({ argv: ["reopen", issue, "--comment", "It came back."] }),
  "label add": ({ issue }) => ({ argv: ["label", "add", issue, "bug"] }),
  labels: () => ({ argv: ["labels"] }),
  "label rm": ({ issue }) => ({ argv: ["label", "rm", issue, "bug"] }),
  assign: ({ issue }) => ({ argv: ["assign", issue, "bob"] }),
  unassign: ({ issue }) => ({ argv: ["unassign", issue] }),
  ready: () => ({ argv: ["ready"] }),
  list: ({ n }) => n % 3 === 2 ? { argv: ["list", "--limit", "x"], exit: 2 } : { argv: ["list", "--json"] },
  show: ({ issue, n }) => n % 3 === 2 ? { argv: ["show", "zzzz"], exit: 4 } : { argv: ["show", issue] },
  history: ({ issue }) => ({ argv: ["history", issue] }),
  search: () => ({ argv: ["search", "parser", "crash"] }),
  events: () => ({ argv: ["events", "--all-projects", "--limit", "50"] }),
  delete: ({ issue }) => ({ argv: ["delete", issue, "--force", "--confirm", `DELETE app#${issue}`] }),
  restore: ({ issue }) => ({ argv: ["restore", issue] }),
  purge: ({ issue }) => ({ argv: ["purge", issue, "--force", "--confirm", `PURGE app#${issue}`] }),

  init: ({ n, place }) => {
    mkdirSync(folderOf(place, n))
    return { argv: ["init", "--project", `lib-${n}`], cwd: folderOf(place, n) }
  },
  trust: ({ n, place }) => {
    const cwd = folderOf(place, n)
    writeFileSync(join(cwd, ".kata.local.toml"), "version = 1\n[server]\nurl = \"http://127.0.0.1:9\"\n")
    return { argv: ["trust", ...n % 2 === 0 ? ["--confirm", "http://127.0.0.1:9"] : ["--revoke"]], cwd }
  },
  "projects list": () => ({ argv: ["projects", "list"] }),
  "projects show": ({ n }) => ({ argv: ["projects", "show", `lib-${n}`] }),
  "projects rename": ({ n }) => ({ argv: ["projects", "rename", `lib-${n}`, `other-${n}`] }),
  "projects detach": ({ n, place }) => ({
    argv: ["projects", "detach", `local://${folderOf(place, n)}`, "--force"]
  }),
  "projects remove": ({ n }) => ({ argv: ["projects", "remove", `other-${n}`, "--force"] }),
  "projects restore": ({ n }) => ({ argv: ["projects", "restore", `other-${n}`] }),
  "projects merge": ({ n }) => ({
    argv: ["projects", "merge", `source-${n}`, "app", "--confirm", `MERGE source-${n}`]
  }),

  export: ({ n, place }) => ({
    argv: ["export", "--allow-running-daemon", ...n % 3 === 2 ? [] : ["--output", join(place, "x.jsonl")]]
  }),
  diff: ({ n, place }) =>
    n % 2 === 0
      ? { argv: ["diff", join(place, "good.jsonl"), join(place, "good.db")] }
      : { argv: ["diff", join(place, "good.db"), join(place, "none.jsonl")], exit: 4 },
  verify: ({ n, place }) =>
    n % 3 === 2
      ? { argv: ["verify", join(place, "cut.jsonl")], exit: 8 }
      : { argv: ["verify", join(place, "good.jsonl"), "--against", join(place, "good.db")] },
  import: ({ n, place }) => {
    const from = (name) => ["import", "--input", join(place, name)]
    const force = ["--target", join(place, "copy.db"), "--force"]
    return [
      { argv: [...from("good.jsonl"), "--target", join(place, `new-${n}.db`)] },
      { argv: [...from("good.jsonl"), ...force] },
      { argv: [...from("cut.jsonl"), ...force], exit: 8 }
    ][n % 3]
  },
  "git-setup": ({ n, place }) => {
    const cwd = join(place, "repository")
    if (!existsSync(cwd)) execFileSync("git", ["init", "-q", cwd])
    return { argv: ["git-setup", ...[[], ["--check"], ["--remove"]][n % 3]], cwd }
  },
  "merge-file": ({ n, place }) => {
    const [ours, theirs] = ["good.jsonl", n % 2 === 0 ? "good.jsonl" : "cut.jsonl"].map((name) => join(place, name))
    return { argv: ["merge-file", ours, ours, theirs], exit: n % 2 === 0 ? 0 : 8 }
  },
  textconv: ({ n, place }) => ({ argv: ["textconv", join(place, n % 2 === 0 ? "good.jsonl" : "cut.jsonl")] }),
  upgrade: ({ n, place }) => ({
    argv: n % 2 === 0 ? ["upgrade", "--dry-run", join(place, "older.db")] : ["upgrade", join(place, "good.db")]
  }),
  undo: ({ n, place }) => {
    const copy = join(place, "copy.db")
    return n % 3 === 0
      ? { argv: ["undo", "--list", copy] }
      : { argv: ["undo", "--dry-run", join(place, "good.db")], exit: 4 }
  },
  "backup init": ({ place }) => ({ argv: ["backup", "init", ...toBackups(place)] }),
  "backup run": ({ place }) => ({ argv: ["backup", "run", ...toBackups(place)] }),
  "backup list": ({ place }) => ({ argv: ["backup", "list", ...toBackups(place)] }),
  "backup verify": ({ place }) => ({ argv: ["backup", "verify", "--all", ...toBackups(place)] }),
  "backup prune": ({ n, place }) => ({
    argv: ["backup", "prune", "--keep-last", n % 3 === 2 ? "0" : "1", ...toBackups(place)],
    exit: n % 3 === 2 ? 2 : 0
  }),
  "backup show": ({ n, place }) =>
    n % 3 === 2
      ? { argv: ["backup", "show", "none", ...toBackups(place)], exit: 4 }
      : { argv: ["backup", "show", ".jsonl.gz", ...toBackups(place)] },
  "backup restore": ({ n, place }) => ({
    argv: ["backup", "restore", "--target", join(place, `restored-${n}.db`), ...toBackups(place)]
  }),
  "backup drill": ({ place }) => ({ argv: ["backup", "drill", ...toBackups(place)] }),
  "backup status": ({ place }) => ({ argv: ["backup", "status", ...toBackups(place)] }),
  doctor: () => ({ argv: ["doctor"] }),

  "daemon start": () => ({ argv: ["daemon", "start"], own: true }),
  "daemon status": () => ({ argv: ["daemon", "status"], own: true }),
  "daemon reload": () => ({ argv: ["daemon", "reload"], own: true }),
  "daemon logs": () => ({ argv: ["daemon", "logs"], own: true }),
  "daemon restart": () => ({ argv: ["daemon", "restart"], own: true }),
  // a daemon says what it is to do; nobody has said it here
  "daemon work": () => ({ argv: ["daemon", "work"], exit: 2 }),
  "daemon stop": () => ({ argv: ["daemon", "stop"], own: true }),
  health: () => ({ argv: ["health"] }),

  whoami: () => ({ argv: ["whoami"] }),
  quickstart: () => ({ argv: ["quickstart"] }),
  version: () => ({ argv: ["version"] }),
  completion: ({ n }) => ({ argv: ["completion", ["bash", "zsh", "fish"][n % 3]] })
}

/** The commands that the program completes: of all places in its tree those with nothing below. */
export const commandsOf = (completion) => {
  const places = [...completion.matchAll(/ at='kata ([a-z -]+)' ;;$/gm)].map(([, words]) => words)
  return places.filter((words) => !places.some((other) => other.startsWith(`${words} `)))
}
