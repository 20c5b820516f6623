/**
 * `npm run demo`: a real database is exported, the snapshot checked, restored beside the original and compared, by the
 * program as it is installed, in a temporary folder that is removed again. Every step is checked by more than its exit code.
 */
import { spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { copyFileSync, existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../..", import.meta.url))
const launcher = join(root, "dist", "launcher.cjs")
const fixture = join(root, "test", "fixtures", "go-v10", "rich.db")
const columns = 78

if (!existsSync(launcher)) {
  console.error("demo: dist/ is missing; run `npm install` or `npm run build` first")
  process.exit(1)
}

const folder = realpathSync(mkdtempSync(join(tmpdir(), "kata-demo-")))
process.on("exit", () => rmSync(folder, { recursive: true, force: true }))
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => process.exit(1))

const inFolder = (name) => join(folder, name)
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

let told

/** What a command printed. Of its findings only the first is shown here, and once. */
const show = (text) => {
  const lines = text.trimEnd().replaceAll(folder, "<demo>").split("\n")
  const start = lines.findIndex((line) => line.startsWith("findings: "))
  const rest = start < 0 ? [] : lines.slice(start + 1)
  const length = rest.findIndex((line) => !/^ {4}| {2}\d+ rows?: /.test(line))
  const findings = length < 0 ? rest : rest.slice(0, length)
  const known = findings.length > 0 && findings.join("\n") === told
  if (findings.length > 0) told = findings.join("\n")
  const second = findings.findIndex((line, i) => i > 0 && !line.startsWith("    "))
  const shown = [
    ...lines.slice(0, start < 0 ? lines.length : start),
    ...(start < 0 ? [] : [`${lines[start]}${known ? " (the same as above)" : ""}`]),
    ...(known ? [] : findings.slice(0, second < 0 ? findings.length : second)),
    ...(known || second < 0 ? [] : ["  … and others like it, which this demo leaves out"]),
    ...rest.slice(findings.length)
  ]
  for (const line of shown.flatMap(fold)) console.log(`  ${line}`)
}

const kata = (database, args) => {
  const { error, status, stderr, stdout } = spawnSync(process.execPath, [launcher, ...args], {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, KATA_HOME: inFolder("home"), ...(database === undefined ? {} : { KATA_DB: database }) }
  })
  if (error !== undefined) throw error
  return { status, stdout, stderr }
}

/** The report of a command that changes nothing, as data. */
const ask = (args) => JSON.parse(kata(undefined, [...args, "--json"]).stdout)

let step = 0

/** Runs a command and shows it with what it printed. */
const run = (title, database, args, expected = 0) => {
  step++
  console.log(`\n${step}. ${title}\n`)
  console.log(`  $ ${database === undefined ? "" : `KATA_DB=${database} `}kata ${args.join(" ")}`)
  const { status, stderr, stdout } = kata(database, args)
  show(stdout + stderr)
  if (status !== expected) throw new Error(`exit code ${status}, expected ${expected}`)
}

const check = (what, holds) => {
  if (!holds) throw new Error(`not so: ${what}`)
  for (const line of fold(`  checked: ${what}`)) console.log(line)
}

try {
  console.log("kata demo: a database is saved, checked, restored and compared.")
  console.log("Everything happens in a temporary folder, here <demo>, removed at the end.")
  copyFileSync(fixture, inFolder("work.db"))
  const before = digest("work.db")

  run("Export the database to a sealed snapshot.", "work.db", ["export", "--output", "snapshot.jsonl"])
  check("the database that was read has not changed by a byte", digest("work.db") === before)
  const snapshot = readFileSync(inFolder("snapshot.jsonl"), "utf8")
  const [, lines, sha256] = /,"seal":\{"records":(\d+),"sha256":"([0-9a-f]{64})"\}\}\n$/.exec(snapshot) ?? []
  const covered = snapshot.slice(0, snapshot.lastIndexOf(",\"seal\":"))
  check(
    "the seal is the number of lines and the SHA-256 of what comes before it",
    snapshot.split("\n").length - 1 === Number(lines) && createHash("sha256").update(covered).digest("hex") === sha256
  )

  run("Verify the snapshot: is it whole, and can it be restored?", undefined, ["verify", "snapshot.jsonl"])
  const verified = ask(["verify", "snapshot.jsonl"])
  check(
    "the seal holds, and nothing in the snapshot blocks a restore",
    verified.sealed && verified.restorable && verified.lines === Number(lines)
  )

  run("Restore it beside the original.", undefined, ["import", "--input", "snapshot.jsonl", "--target", "restored.db"])
  kata("restored.db", ["export", "--output", "again.jsonl"])
  check(
    "the restored database exports to the same bytes",
    existsSync(inFolder("again.jsonl")) && digest("again.jsonl") === digest("snapshot.jsonl")
  )

  const compare = ["verify", "snapshot.jsonl", "--against", "restored.db"]
  run("Compare the restored database with the snapshot.", undefined, compare)
  check("record by record, the contents are equal", ask(compare).equal)

  const damaged = snapshot.replace(/(?<="title":")[A-Za-z]/, (letter) => letter === "X" ? "Y" : "X")
  writeFileSync(inFolder("damaged.jsonl"), damaged)
  run("Change one letter of a copy. It is refused, with exit code 8.", undefined, ["verify", "damaged.jsonl"], 8)
  check(
    "the copy is as long as the snapshot, and not equal to it",
    damaged.length === snapshot.length && damaged !== snapshot
  )

  console.log(
    "\nShown: a snapshot of a real database is whole, restores to a database with\n" +
      "exactly the same content, and a changed copy of it is not accepted."
  )
} catch (error) {
  console.error(`\ndemo failed in step ${step}: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}
