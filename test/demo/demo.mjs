/**
 * `npm run demo`: work is recorded, found and closed; the database is exported, lost, and given back, by the program as it is
 * installed, in a temporary folder that is removed again. Every step is checked by more than its exit code.
 */
import { spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../..", import.meta.url))
const launcher = join(root, "dist", "launcher.cjs")
const columns = 78

if (!existsSync(launcher)) {
  console.error("demo: dist/ is missing; run `npm install` or `npm run build` first")
  process.exit(1)
}

const folder = realpathSync(mkdtempSync(join(tmpdir(), "kata-demo-")))
process.on("exit", () => {
  kata(["daemon", "stop"])
  rmSync(folder, { recursive: true, force: true })
})
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => process.exit(1))

const inFolder = (...parts) => join(folder, ...parts)
const digest = (name) => createHash("sha256").update(readFileSync(inFolder(name))).digest("hex")

/** The words in lines that fit, later lines indented under the text of the first. */
const fold = (line) => {
  const indent = " ".repeat((/^ *(?:\w+(?: \w+)* {2,}|checked: )?/.exec(line)?.[0] ?? "").length)
  const lines = []
  let rest = line
  while (rest.length > columns && rest.lastIndexOf(" ", columns) > indent.length) {
    const at = rest.lastIndexOf(" ", columns)
    lines.push(rest.slice(0, at))
    rest = indent + rest.slice(at + 1)
  }
  return [...lines, rest]
}

/** What a command printed. */
const show = (text) => {
  for (const line of text.trimEnd().replaceAll(folder, "<demo>").split("\n").flatMap(fold)) console.log(`  ${line}`)
}

const kata = (args) => {
  const { error, status, stderr, stdout } = spawnSync(process.execPath, [launcher, ...args], {
    cwd: inFolder("app"),
    encoding: "utf8",
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      TMPDIR: folder,
      XDG_RUNTIME_DIR: inFolder("run"),
      KATA_HOME: inFolder("home"),
      KATA_AUTHOR: "ana",
      KATA_FORCE_TTY: "76"
    }
  })
  if (error !== undefined) throw error
  return { status, stdout, stderr }
}

/** The report of a command that changes nothing, as data. */
const ask = (args) => JSON.parse(kata([...args, "--json"]).stdout)

let step = 0

/** As somebody would type it. */
const word = (text) => /^[\w./~#:=-]+$/.test(text) ? text : `"${text}"`

/** Runs a command and shows it with what it printed, which it gives. */
const run = (args, expected = 0) => {
  show(`$ kata ${args.map(word).join(" ")}`)
  const { status, stderr, stdout } = kata(args)
  show(stdout + stderr)
  if (status !== expected) throw new Error(`exit code ${status}, expected ${expected}`)
  return stdout
}

const title = (text) => {
  step++
  console.log(`\n${step}. ${text}\n`)
}

const check = (what, holds) => {
  if (!holds) throw new Error(`not so: ${what}`)
  for (const line of fold(`  checked: ${what}`)) console.log(line)
}

try {
  console.log("kata demo: work is recorded, found, saved, lost and given back.")
  console.log("Everything happens in a temporary folder, here <demo>, removed at the end.")
  for (const name of ["app", "run"]) mkdirSync(inFolder(name), { mode: 0o700 })

  title("Bind the directory to a project. The daemon starts by itself.")
  run(["init", "--project", "app"])
  title("Record work.")
  run(["create", "The login page is slow", "--label", "bug", "--priority", "1"])
  const [id = ""] = run(["create", "Measure the login page", "--owner", "ana"]).split(" ")
  run(["comment", id, "--body", "3 s since Monday. It is the session store."])
  run([
    "close",
    id,
    "--done",
    "--message",
    "Measured: the store has no index, all of it is read",
    "--test",
    "npm run bench"
  ])
  title("Find it again.")
  run(["list", "--status", "all"])
  run(["search", "session store"])
  run(["show", id])
  const closed = ask(["show", id])
  check("the issue is closed and has its comment", closed.issue.status === "closed" && closed.comments.length === 1)

  title("Save everything in one sealed file.")
  run(["daemon", "stop"])
  run(["export", "--output", "../snapshot.jsonl"])
  const snapshot = readFileSync(inFolder("snapshot.jsonl"), "utf8")
  const [, lines, sha256] = /,"seal":\{"records":(\d+),"sha256":"([0-9a-f]{64})"\}\}\n$/.exec(snapshot) ?? []
  const covered = snapshot.slice(0, snapshot.lastIndexOf(",\"seal\":"))
  check(
    "the seal is the number of lines and the SHA-256 of what comes before it",
    snapshot.split("\n").length - 1 === Number(lines) && createHash("sha256").update(covered).digest("hex") === sha256
  )

  title("Lose the database, and have it given back.")
  rmSync(inFolder("home", "kata.db"))
  run(["doctor", "--backups", ".."], 4)
  run(["import", "--input", "../snapshot.jsonl", "--target", "../home/kata.db"])
  const compare = ["verify", "../snapshot.jsonl", "--against", "../home/kata.db"]
  check("record by record, the contents are equal", ask(compare).equal)
  kata(["export", "--output", "../again.jsonl"])
  check(
    "the restored database exports to the same bytes",
    existsSync(inFolder("again.jsonl")) && digest("again.jsonl") === digest("snapshot.jsonl")
  )
  check("the issue is there as it was", JSON.stringify(ask(["show", id])) === JSON.stringify(closed))
  kata(["daemon", "stop"])

  title("Change one letter of a copy. It is refused, with exit code 8.")
  const damaged = snapshot.replace(/(?<="title":")[A-Za-z]/, (letter) => letter === "X" ? "Y" : "X")
  writeFileSync(inFolder("damaged.jsonl"), damaged)
  run(["verify", "../damaged.jsonl"], 8)
  check(
    "the copy is as long as the snapshot, and not equal to it",
    damaged.length === snapshot.length && damaged !== snapshot
  )

  console.log(
    "\nShown: what was recorded is saved in one file that says whether it is whole,\n" +
      "and comes back as it was; a changed copy of that file is not accepted."
  )
} catch (error) {
  console.error(`\ndemo failed in step ${step}: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}
