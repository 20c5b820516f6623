/** `kata backup` of the built program: what it says in each mode, how it ends, and what a kill leaves. */
import Sqlite from "better-sqlite3"
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import { describe, expect } from "vitest"
import { some } from "../testing/some.ts"
import { it, large, launcher, type Place, query, sha256, sleep, until } from "./kit.ts"

const backups = (place: Place) => place.path("../home/backups")
const names = (place: Place) => fs.readdirSync(backups(place)).filter((name) => name.endsWith(".jsonl.gz")).toSorted()

/** A comment more, and the event of it; without it nothing shows that the last second's work is later. */
const work = (place: Place) =>
  query(
    place.path("small.db"),
    `INSERT INTO events(uid, origin_instance_uid, project_id, project_name, issue_id, issue_uid, type, actor, payload, created_at)
     SELECT substr(uid, 1, 20) || printf('%06d', (SELECT seq FROM sqlite_sequence WHERE name = 'events')), origin_instance_uid,
       project_id, project_name, issue_id, issue_uid, type, actor, payload, created_at
     FROM events ORDER BY id LIMIT 1 RETURNING id`
  )

describe("kata backup", () => {
  it("saves, and says what it did for people, programs and agents", async ({ place }) => {
    place.fixture("small.db")
    expect(await place.fails(4, ["backup", "status"])).toMatch(/backups does not exist\nhint: nothing was created\./)
    const saved = await place.ok(["backup", "run"])
    expect(saved).toMatch(/^saved kata-\d{8}T\d{6}Z-e8-TT2232T3\.jsonl\.gz\n {2}database +\S+small\.db\n/)
    expect(saved).toMatch(
      /\n {2}size +\d\.\d kB, read back and whole\n {2}before +none: it is the first of this database\n$/
    )
    expect(await place.ok(["backup", "run"])).toMatch(/^unchanged: kata-\S+ holds the database as it is\n/)
    expect(await place.ok(["backup", "run", "--quiet"])).toBe("")
    work(place)
    const json = JSON.parse(await place.ok(["backup", "run", "--json"]))
    expect(json).toMatchObject({
      kata_api_version: 1,
      kind: "backup_run",
      outcome: "saved",
      position: 9,
      new_events: 1,
      read_back: true,
      warnings: []
    })
    expect(names(place)).toEqual([expect.stringContaining("-e8-"), json.file])
    expect(await place.ok(["backup", "run", "--agent"])).toMatch(
      /^OK backup run outcome=unchanged file=\S+ directory=\S+ position=9 bytes=\d+ new_events=0 objects=false database=\S+\n$/
    )
    const [first, ...rest] = (await place.ok(["backup", "list", "--agent"])).trimEnd().split("\n")
    expect(first).toMatch(/^OK backup list directory=\S+ backups=2 bytes=\d+ unmanaged=0$/)
    for (const line of rest) {
      expect(line).toMatch(
        /^- backup file=\S+ time=\S+Z position=[89] instance=TT2232T3 bytes=\d+ state=good read_at=\S+$/
      )
    }
    expect(await place.ok(["backup", "status"])).toMatch(/^no event is newer than the newest backup\n/)
    expect(await place.ok(["backup", "show", "e9-"])).toMatch(/^whole: .*\n(?:.*\n)* {2}reaches to event 9, /)
    expect(await place.ok(["backup", "verify", "--all"])).toMatch(/^(?:whole: kata-\S+\n){2}2 whole, 0 damaged\n$/)
    expect(await place.ok(["backup", "prune", "--keep-last", "1", "--agent"])).toMatch(
      /^OK backup prune directory=\S+ dry_run=false kept=1 removed=1 bytes=\d+\n- backup .* stays=true state=good reasons="newest, last"\n- backup .* stays=false /
    )
    expect(names(place)).toEqual([json.file])
  })

  it("3, 6, 16: ends as the table of exit codes says, with one error on stderr", async ({ place }) => {
    place.fixture("small.db")
    await place.ok(["backup", "run"])
    const [file = ""] = names(place)
    for (
      const [exit, kind, ...argv] of [
        [2, "usage", "prune"],
        [2, "usage", "prune", "--keep-last", "-1"],
        [2, "usage", "status", "--max-age", "soon"],
        [2, "usage", "verify", "--all", "--sample", "1"],
        [4, "not_found", "run", "--to", "elsewhere"],
        [4, "not_found", "show", "nothing"]
      ] as const
    ) {
      const text = await place.fails(exit, ["backup", ...argv, "--json"])
      expect(JSON.parse(text)).toMatchObject({ error: { kind, exit_code: exit } })
    }
    fs.truncateSync(`${backups(place)}/${file}`, 900)
    expect(await place.run(["backup", "verify", "--quiet"])).toMatchObject({ exit: 8, stderr: "" })
    expect(await place.run(["backup", "status", "--full", "--json"])).toMatchObject({ exit: 8, stderr: "" })
    expect((await place.run(["backup", "show", file])).exit).toBe(8)
    await place.fails(8, ["backup", "prune", "--keep-last", "1"])
    const healed = await place.run(["backup", "run", "--quiet"])
    expect(healed).toMatchObject({ exit: 0, stderr: "" })
    expect(healed.stdout).toMatch(/^WARNING: kata-\S+ is no good: /)
    query(place.path("small.db"), "DELETE FROM comments RETURNING id")
    expect(await place.run(["backup", "run", "--quiet"])).toMatchObject({
      exit: 9,
      stdout: expect.stringMatching(/WARNING: gone since kata-\S+ without a purge: 1 comment\n/)
    })
    fs.rmSync(place.path("small.db"))
    expect(await place.fails(4, ["backup", "run"])).toMatch(/does not exist/)
    expect((await place.run(["backup", "status"])).exit).toBe(5)
    place.fixture("empty.db", "small.db")
    expect(await place.fails(5, ["backup", "run"])).toMatch(
      /\nhint: if the old one was lost: kata import --input \S+ --target NEW\.db\./
    )
    expect((await place.run(["backup", "status"])).exit).toBe(4)
  })

  it("3, 12: restores a database that was lost, one of before with --force, and drills", async ({ place }) => {
    place.fixture("small.db")
    await place.ok(["backup", "run"])
    expect(await place.ok(["backup", "drill"])).toMatch(
      /^restored in \d+(?:\.\d)? s, equal to the database\n {2}backup +kata-/
    )
    work(place)
    expect(await place.ok(["backup", "drill", "--agent"])).toMatch(/^OK backup drill outcome=behind file=\S+ behind=1 /)
    const [file = ""] = names(place)
    fs.rmSync(place.path("small.db"))
    expect(await place.ok(["backup", "restore", "--dry-run"])).toMatch(/^would restore kata-/)
    expect(place.names()).toEqual([])
    expect(await place.ok(["backup", "restore"])).toMatch(
      /^restored kata-\S+\n {2}made +\S+Z\nimported \S+small\.db\n(?:.*\n)* {2}proof +exported again, the database gives the bytes of the sealed file\n/
    )
    expect(await place.ok(["backup", "run"])).toMatch(new RegExp(`^unchanged: ${file} `))
    work(place)
    expect(await place.fails(3, ["backup", "restore", "--json"])).toMatch(
      /"kind":"validation".*exists already.*--force/
    )
    const json = JSON.parse(await place.ok(["backup", "restore", "--at", "today", "--force", "--json"]))
    expect(json).toMatchObject({
      kind: "backup_restore",
      backup: { file },
      saved: expect.stringContaining("-e9-"),
      restored: { proof: "seal", only_in_old: { events: 1 } }
    })
    expect(names(place)).toEqual([file, json.saved])
    expect(await place.ok(["undo", "-q"])).toBe("")
    expect(await place.ok(["backup", "run", "--agent"])).toMatch(/ outcome=unchanged .* position=9 /)
    expect(await place.fails(2, ["backup", "restore", file, "--at", "today"])).toMatch(/cannot be combined/)
    expect(await place.fails(2, ["backup", "restore", "--at", "someday"])).toMatch(/--at: someday is no time/)
    expect(await place.fails(4, ["backup", "restore", "--at", "2020-01-01", "--target", "x.db"])).toMatch(
      /has no backup/
    )
  })

  it("11: works with nothing in the environment but what cron gives, and prints nothing", async ({ place }) => {
    place.fixture("small.db", "../user/kata.db")
    fs.mkdirSync(place.path("../user/.kata"))
    fs.renameSync(place.path("../user/kata.db"), place.path("../user/.kata/kata.db"))
    const env = { PATH: "/usr/bin:/bin", HOME: place.path("../user") }
    const result = spawnSync(process.execPath, [launcher, "backup", "run", "--quiet"], { env, encoding: "utf8" })
    expect(result).toMatchObject({ status: 0, stdout: "", stderr: "" })
    expect(fs.readdirSync(place.path("../user/.kata/backups")).length).toBe(2)
  })

  it("17: what the directory says about reading without kata gives titles and texts", async ({ place }) => {
    place.fixture("small.db")
    await place.ok(["backup", "run"])
    const commands = fs.readFileSync(`${backups(place)}/kata-backups.txt`, "utf8").split("\n").filter((line) =>
      line.includes("zcat")
    )
    expect(commands.length).toBe(2)
    if (spawnSync("sh", ["-c", "command -v jq zcat"]).status !== 0) {
      console.warn("skipped: the commands of kata-backups.txt need jq and zcat, which are not here")
      return
    }
    const run = (command = "") =>
      spawnSync("sh", ["-c", command.replace("FILE", names(place)[0] ?? "")], { cwd: backups(place), encoding: "utf8" })
    const [[title]] = query(place.path("small.db"), "SELECT title FROM issues WHERE id = 1") as [[string]]
    const [[body]] = query(place.path("small.db"), "SELECT body FROM comments") as [[string]]
    expect(run(commands[0])).toMatchObject({ status: 0, stderr: "", stdout: expect.stringContaining(`${title}\n`) })
    expect(run(commands[1])).toMatchObject({ status: 0, stderr: "", stdout: expect.stringContaining(`: ${body}\n`) })
  })
})

it("8: while somebody writes, each backup is a state that existed, and none is older than the one before", async ({ place }) => {
  await large(place.path("small.db"), 300)
  const db = new Sqlite(place.path("small.db"))
  db.pragma("journal_mode = WAL")
  const [{ id, uid } = { id: 0, uid: "" }] = db.prepare<[], { id: number; uid: string }>(
    "SELECT id, uid FROM events ORDER BY id LIMIT 1"
  ).all()
  const comment = db.prepare("INSERT INTO comments(issue_id, author, body) SELECT min(id), 'ana', 'more' FROM issues")
  const event = db.prepare(
    `INSERT INTO events(uid, origin_instance_uid, project_id, project_name, type, actor, payload, created_at)
     SELECT ?, origin_instance_uid, project_id, project_name, type, actor, payload, created_at FROM events WHERE id = ?`
  )
  let written = 0
  // both or none: a backup with one of them alone would be a state that never was
  const write = db.transaction(() => {
    written += 1
    comment.run()
    event.run(`${uid.slice(0, 20)}${String(written).padStart(6, "0")}`, id)
  })
  const writing = setInterval(() => write(), 5)
  const reports: Array<{ position: number; new_events: number; records: Record<string, number>; warnings: [] }> = []
  try {
    for (let i = 0; i < 8; i++) {
      reports.push(JSON.parse(await place.ok(["backup", "run", "--json"])))
    }
  } finally {
    clearInterval(writing)
    db.close()
  }
  expect(written).toBeGreaterThan(20)
  const difference = ({ records }: (typeof reports)[number]) => records["event"]! - records["comment"]!
  for (const [i, report] of reports.entries()) {
    expect(report.warnings).toEqual([])
    expect(difference(report)).toBe(difference(reports[0]!))
    if (i > 0) expect(report.new_events).toBe(report.position - reports[i - 1]!.position)
    if (i > 0) expect(report.new_events).toBeGreaterThan(0)
  }
  expect(await place.ok(["backup", "verify", "--all"])).toMatch(/\n8 whole, 0 damaged\n$/)
})

const kills = some("kills", Array.from({ length: 12 }, (_, i) => i))

it(`a killed run leaves every backup whole, and the next one heals, ${kills.length} times`, async ({ place }) => {
  place.killed = true
  await large(place.path("small.db"), 1500)
  await place.ok(["backup", "run"])
  const started = Date.now()
  await place.ok(["backup", "run", "--always"])
  const whole = Date.now() - started
  const contents = () =>
    new Map(names(place).map((name) => [name, sha256(fs.readFileSync(`${backups(place)}/${name}`))]))
  const outcomes = { saved: 0, not: 0, temporary: 0 }
  for (const kill of kills) {
    work(place)
    const before = contents()
    const { child, done } = place.start(["backup", "run"])
    // a third of them as soon as the file is written, the others at any time
    if (kill % 3 === 0) {
      await until(
        "the temporary file",
        () => child.exitCode !== null || fs.readdirSync(backups(place)).some((name) => name.startsWith(".run"))
      )
      await sleep(whole * 0.05 * kill)
    } else await sleep(whole * (0.3 + 0.06 * kill))
    child.kill("SIGKILL")
    await done
    const after = contents()
    for (const [name, digest] of before) expect(after.get(name)).toBe(digest)
    if (fs.readdirSync(backups(place)).some((name) => name.startsWith(".run"))) outcomes.temporary += 1
    outcomes[after.size > before.size ? "saved" : "not"] += 1
    await place.ok(["backup", "run", "-q"])
    expect(fs.readdirSync(backups(place)).filter((name) => name.startsWith(".run"))).toEqual([])
    expect(names(place).length).toBe(before.size + 1)
  }
  console.log(`killed ${kills.length} times: ${JSON.stringify(outcomes)}`)
  expect(await place.ok(["backup", "verify", "--all"])).toMatch(/ 0 damaged\n$/)
  // on a machine that is in no hurry some were killed while they wrote
  expect(outcomes.temporary).toBeGreaterThan(0)
})
