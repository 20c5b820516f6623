/**
 * The backup script of the manual, as it stands there, again and again: `node test/process/backupLoop.mjs [rounds]`. Each round runs it once
 * without `set -e` and once with it, after a change to the database; every run must commit one snapshot, whole. Build first.
 */
import Sqlite from "better-sqlite3"
import { execFileSync, spawnSync } from "node:child_process"
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const rounds = Number(process.argv[2] ?? 100)
const launcher = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), "dist", "launcher.cjs")

const manual = `mkdir -p ~/kata-backups
cd ~/kata-backups
git init -q
kata daemon stop
kata export --output snapshot.jsonl
kata daemon start
git add snapshot.jsonl
git commit -q -m "snapshot $(date -u +%FT%TZ)"
`

const home = mkdtempSync(join(tmpdir(), "kata-loop-"))
const env = {
  PATH: `${home}/bin:${process.env.PATH}`,
  HOME: home,
  XDG_RUNTIME_DIR: `${home}/run`,
  GIT_CONFIG_NOSYSTEM: "1"
}
const sh = (script) => spawnSync("bash", ["-c", script], { env, cwd: home, encoding: "utf8" })
const must = (what, { status, stderr, stdout }) => {
  if (status !== 0 || stderr !== "") throw new Error(`${what}: exit ${status}\n${stdout}${stderr}`)
  return stdout
}

/** Something to commit, while nobody has the database. */
const change = (round) => {
  const db = new Sqlite(join(home, ".kata", "kata.db"))
  db.prepare("INSERT INTO projects(uid, name) VALUES (?, ?)").run(String(round).padStart(26, "0"), `project ${round}`)
  db.close()
}

try {
  mkdirSync(join(home, "bin"))
  writeFileSync(join(home, "bin", "kata"), `#!/bin/sh\nexec "${process.execPath}" "${launcher}" "$@"\n`)
  chmodSync(join(home, "bin", "kata"), 0o755)
  writeFileSync(join(home, ".gitconfig"), "[user]\n\tname = A\n\temail = a@example.org\n")
  must("the first start", sh("kata daemon start"))
  for (let round = 0; round < rounds; round++) {
    for (const [half, before] of ["", "set -e\n"].entries()) {
      must("stop", sh("kata daemon stop"))
      change(2 * round + half)
      must("start", sh("kata daemon start"))
      must(`round ${round}`, sh(before + manual))
      must("verify", sh("kata verify kata-backups/snapshot.jsonl --quiet"))
      const projects = readFileSync(join(home, "kata-backups", "snapshot.jsonl"), "utf8").match(
        /^\{"kind":"project",/gm
      )
      if (projects?.length !== 2 * round + half + 1) throw new Error(`round ${round}: ${projects?.length} projects`)
    }
  }
  const commits = execFileSync("git", ["-C", join(home, "kata-backups"), "rev-list", "--count", "HEAD"], {
    encoding: "utf8"
  })
  console.log(`${rounds} rounds, ${commits.trim()} commits`)
} finally {
  sh("kata daemon stop")
  rmSync(home, { recursive: true, force: true })
}
