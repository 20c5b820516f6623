/**
 * `node test/beads/soak.mjs [issues]`: so many issues of Beads with two edges each (25,000), through the built program: CPU seconds and peak
 * memory of the command and of the daemon, beside those of `kata import` of the export of what came of it. Fails beyond three times
 * the time, beyond 256 MiB, or when a second run writes anything.
 */
import { spawnSync } from "node:child_process"
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

/** CPU seconds and peak memory in MiB of the daemon of this database. */
const daemon = () => {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      if (!readFileSync(`/proc/${pid}/environ`, "utf8").includes(`KATA_HOME=${root}\0`)) continue
      if (!readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("daemon\0start")) continue
      const fields = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /s, "").split(" ")
      const peak = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]
      return { cpu: (Number(fields[11]) + Number(fields[12])) / 100, peak: Number(peak) / 1024 }
    } catch {
      // another user's, or gone meanwhile
    }
  }
  return { cpu: 0, peak: 0 }
}

/** A command, measured by the shell that waits for it. */
const measured = (argv) => {
  const before = daemon()
  const script = `"$@" > ${root}/out; code=$?; times > ${root}/times; exit $code`
  const done = spawnSync("bash", ["-c", script, "bash", process.execPath, launcher, ...argv], {
    cwd: root,
    env,
    encoding: "utf8"
  })
  if (done.status !== 0) throw new Error(`kata ${argv.join(" ")}: ${done.status}\n${done.stderr}`)
  const [, line = ""] = readFileSync(`${root}/times`, "utf8").split("\n")
  const cpu = [...line.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds),
    0
  )
  const after = daemon()
  return { out: readFileSync(`${root}/out`, "utf8"), cpu, daemon: after.cpu - before.cpu, peak: after.peak }
}

const show = (name, { cpu, daemon, peak }) =>
  console.log(
    `${name.padEnd(24)} ${cpu.toFixed(1)} s of CPU, the daemon ${daemon.toFixed(1)} s and up to ${peak.toFixed(0)} MiB`
  )

try {
  writeFileSync(
    join(root, "in.jsonl"),
    Array.from({ length: count }, (_, i) => `${JSON.stringify(record(i))}\n`).join("")
  )
  run(["init", "--project", "soak"])
  const argv = ["import", "--source-format", "beads", "--input", join(root, "in.jsonl"), "--json"]
  const first = measured(argv)
  show("first import", first)
  const again = measured(argv)
  show("second import", again)
  run(["export", "--allow-running-daemon", "--output", join(root, "kata.jsonl")])
  const restored = measured(["import", "--input", join(root, "kata.jsonl"), "--target", join(root, "restored.db")])
  show("kata import of the same", restored)
  const { created, links } = JSON.parse(first.out)
  const { unchanged } = JSON.parse(again.out)
  const ratio = (first.cpu + first.daemon) / restored.cpu
  console.log(`${created} issues, ${links} links; ${ratio.toFixed(2)} times the CPU of a restore`)
  const failed = [
    ...(created === count && unchanged === count ? [] : ["not all came, or not all were unchanged"]),
    ...(ratio <= 3 ? [] : ["more than three times a restore"]),
    ...(again.peak <= 256 ? [] : ["more than 256 MiB"])
  ]
  for (const what of failed) console.error(`FAILED: ${what}`)
  process.exitCode = failed.length > 0 ? 1 : 0
} finally {
  spawnSync(process.execPath, [launcher, "daemon", "stop"], { cwd: root, env })
  rmSync(root, { recursive: true, force: true })
}
