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

/** A finding names up to ten rows: here the first words are enough. */
const cut = (line) => line.length > columns ? `${line.slice(0, columns - 2)} …` : line

let told

/** What a command printed: all of it, but findings are cut to a line each, and told once. */
const show = (text) => {
  const lines = text.trimEnd().replaceAll(folder, "<demo>").split("\n")
  const isFinding = (line) => /^(?:findings: | {2}\w+\.\w+ )/.test(line)
  const findings = lines.filter(isFinding)
  const known = findings.length > 0 && findings.join("\n") === told
  if (findings.length > 0) told = findings.join("\n")
  const shown = lines.flatMap((line) =>
    !isFinding(line)
      ? fold(line)
      : !known
      ? [cut(line)]
      : line === findings[0]
      ? [`${line} (the same as above)`]
      : []
  )
  for (const line of shown) console.log(`  ${line}`)
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

let step = 0

/** Runs a command and shows it with what it printed. */
const run = (title, database, args, expected = 0) => {
  step++
  console.log(`\n${step}. ${title}\n`)
  console.log(`  $ ${database === undefined ? "" : `KATA_DB=${database} `}kata ${args.join(" ")}`)
  const { status, stderr, stdout } = kata(database, args)
  show(stdout + stderr)
  if (status !== expected) throw new Error(`exit code ${status}, expected ${expected}`)
  return stdout
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

  const verified = run("Verify the snapshot: is it whole, and can it be restored?", undefined, [
    "verify",
    "snapshot.jsonl"
  ])
  check(
    "the seal holds and nothing in it blocks a restore",
    verified.startsWith("ok: ") && verified.includes("seal       holds") && !verified.includes("BLOCKS")
  )

  run("Restore it beside the original.", undefined, ["import", "--input", "snapshot.jsonl", "--target", "restored.db"])
  kata("restored.db", ["export", "--output", "again.jsonl"])
  check(
    "the restored database exports to the same bytes",
    existsSync(inFolder("again.jsonl")) && digest("again.jsonl") === digest("snapshot.jsonl")
  )

  const compared = run("Compare the restored database with the snapshot.", undefined, [
    "verify",
    "snapshot.jsonl",
    "--against",
    "restored.db"
  ])
  check("record by record, the contents are equal", compared.includes("the contents are equal"))

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
