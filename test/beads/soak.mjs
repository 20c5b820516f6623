/**
 * `node test/beads/soak.mjs [issues]`: so many issues of Beads with two edges each (25,000), through the built program: CPU seconds and peak
 * memory of the command, of the daemon and of the process beside it, and what `kata import` of the export of what came of it takes. Fails
 * beyond three times the time, beyond 256 MiB, when a second run writes anything, or when `kata undo` leaves anything.
 */
import { spawn, spawnSync } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const count = Number(process.argv[2] ?? 25_000)
const launcher = fileURLToPath(new URL("../../dist/launcher.cjs", import.meta.url))
const root = mkdtempSync(join(tmpdir(), "kata-soak-"))
const env = {
  PATH: process.env["PATH"],
  HOME: root,
  KATA_HOME: root,
  KATA_DB: join(root, "kata.db"),
  KATA_AUTHOR: "soak"
}

let seed = 7
const random = (below) => {
  seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
  return seed % below
}
const words = "alpha beta gamma delta import export ledger index parser render queue socket".split(" ")
const word = () => words[random(words.length)]
const id = (i) => `so-${i.toString(36).padStart(4, "0")}`

const record = (i) => {
  const at = new Date(1.75e12 + i * 60_000).toISOString()
  const targets = i < 2 ? [] : [...new Set([random(i), random(i)])]
  const isClosed = i % 3 === 1
  const comment = { id: i + 1, issue_id: id(i), author: "bob", text: "seen", created_at: at }
  return {
    id: id(i),
    title: `Issue ${i} ${word()} ${word()}`,
    description: Array.from({ length: 60 }, word).join(" "),
    status: isClosed ? "closed" : "open",
    priority: random(5),
    issue_type: "task",
    created_at: at,
    created_by: "ann",
    updated_at: at,
    ...(isClosed ? { closed_at: at, close_reason: "Closed" } : {}),
    labels: [word()],
    dependencies: targets.map((target, n) => ({
      issue_id: id(i),
      depends_on_id: id(target),
      type: n === 0 && i % 3 === 0 ? "parent-child" : "blocks",
      created_at: at
    })),
    ...(i % 50 === 0 ? { comments: [comment] } : {})
  }
}

const run = (argv) => {
  const done = spawnSync(process.execPath, [launcher, ...argv], { cwd: root, env, encoding: "utf8" })
  if (done.status !== 0) throw new Error(`kata ${argv.join(" ")}: ${done.status}\n${done.stderr}`)
}

/** CPU seconds, also of its children that have ended, and peak memory in MiB of the process of this database that was started so. */
const found = (words) => {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      if (!readFileSync(`/proc/${pid}/environ`, "utf8").includes(`KATA_HOME=${root}\0`)) continue
      if (!readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(words)) continue
      const fields = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /s, "").split(" ")
      const peak = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]
      const cpu = fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks) / 100, 0)
      return { cpu, peak: Number(peak ?? 0) / 1024 }
    } catch {
      // another user's, or gone meanwhile
    }
  }
  return { cpu: 0, peak: 0 }
}
const daemon = () => found("daemon\0start")

/** A command, measured by the shell that waits for it. */
const measured = async (argv) => {
  const before = daemon()
  const script = `"$@" > ${root}/out 2> ${root}/err; code=$?; times > ${root}/times; exit $code`
  const child = spawn("bash", ["-c", script, "bash", process.execPath, launcher, ...argv], { cwd: root, env })
  let beside = 0
  const look = setInterval(() => void (beside = Math.max(beside, found("daemon\0work").peak)), 200)
  const status = await new Promise((resolve) => child.on("close", resolve))
  clearInterval(look)
  if (status !== 0) throw new Error(`kata ${argv.join(" ")}: ${status}\n${readFileSync(`${root}/err`, "utf8")}`)
  const [, line = ""] = readFileSync(`${root}/times`, "utf8").split("\n")
  const cpu = [...line.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds),
    0
  )
  const after = daemon()
  return { out: readFileSync(`${root}/out`, "utf8"), cpu, daemon: after.cpu - before.cpu, peak: after.peak, beside }
}

const show = (name, { beside, cpu, daemon, peak }) =>
  console.log(
    `${name.padEnd(24)} ${cpu.toFixed(1)} s of CPU, the daemon and what is beside it ${daemon.toFixed(1)} s, up to ${
      peak.toFixed(0)
    } and ${beside.toFixed(0)} MiB`
  )

try {
  writeFileSync(
    join(root, "in.jsonl"),
    Array.from({ length: count }, (_, i) => `${JSON.stringify(record(i))}\n`).join("")
  )
  run(["init", "--project", "soak"])
  const argv = ["import", "--source-format", "beads", "--input", join(root, "in.jsonl"), "--json"]
  const first = await measured(argv)
  show("first import", first)
  const again = await measured(argv)
  show("second import", again)
  run(["export", "--allow-running-daemon", "--output", join(root, "kata.jsonl")])
  const restored = await measured([
    "import",
    "--input",
    join(root, "kata.jsonl"),
    "--target",
    join(root, "restored.db")
  ])
  show("kata import of the same", restored)
  const undone = await measured(["undo", "--json"])
  show("kata undo", undone)
  const { changes, records } = JSON.parse(undone.out)
  const { created, links } = JSON.parse(first.out)
  const { unchanged } = JSON.parse(again.out)
  const ratio = (first.cpu + first.daemon) / restored.cpu
  console.log(`${created} issues, ${links} links; ${ratio.toFixed(2)} times the CPU of a restore`)
  const failed = [
    ...(created === count && unchanged === count ? [] : ["not all came, or not all were unchanged"]),
    ...(ratio <= 3 ? [] : ["more than three times a restore"]),
    ...(Math.max(again.peak, first.beside, again.beside) <= 256 ? [] : ["more than 256 MiB"]),
    ...(changes.issue.gone === count && records.issue === 0 ? [] : ["not all was taken back"])
  ]
  for (const what of failed) console.error(`FAILED: ${what}`)
  process.exitCode = failed.length > 0 ? 1 : 0
} finally {
  spawnSync(process.execPath, [launcher, "daemon", "stop"], { cwd: root, env })
  rmSync(root, { recursive: true, force: true })
}
