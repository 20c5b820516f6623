/** Real git in real clones: merge, rebase, diff, log, hooks, with `kata git-setup` in each. */
import Sqlite from "better-sqlite3"
import { spawnSync } from "node:child_process"
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { join } from "node:path"
import { describe, expect } from "vitest"
import { edited, owned, prioritised, titled } from "../merge/files.ts"
import { it, launcher, type Place, query } from "./kit.ts"

const title = "Target keeps its short id"

const identity = {
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_AUTHOR_NAME: "ann",
  GIT_AUTHOR_EMAIL: "ann@example.com",
  GIT_COMMITTER_NAME: "ann",
  GIT_COMMITTER_EMAIL: "ann@example.com",
  GIT_EDITOR: "true"
}

/** A clone and the database of who works in it. */
class Clone {
  readonly database: string
  readonly path: string
  readonly place: Place
  readonly file: string

  constructor(place: Place, name: string, file: string) {
    this.place = place
    this.file = file
    this.path = place.path(name)
    this.database = place.fixture("rich.db", `${name}.db`)
  }

  git(...words: ReadonlyArray<string>) {
    return this.gitWith({}, ...words)
  }

  gitWith(env: Record<string, string>, ...words: ReadonlyArray<string>) {
    const { status, stderr, stdout } = spawnSync("git", words, {
      cwd: this.path,
      env: this.place.env({ ...identity, ...env }),
      encoding: "utf8"
    })
    return { exit: status, stdout, stderr }
  }

  /** A command that must succeed. */
  done(...words: ReadonlyArray<string>): string {
    const result = this.git(...words)
    expect({ ...result, stdout: "", stderr: result.exit === 0 ? "" : result.stderr }, words.join(" ")).toEqual({
      exit: 0,
      stdout: "",
      stderr: ""
    })
    return result.stdout
  }

  kata(...argv: ReadonlyArray<string>) {
    return this.place.ok(argv, { cwd: this.path, env: { ...identity, KATA_DB: this.database } })
  }

  get snapshot(): string {
    return readFileSync(join(this.path, this.file), "utf8")
  }

  /** Something happens to the database, and is committed as a snapshot. */
  async works(sql: string, message: string): Promise<void> {
    const db = new Sqlite(this.database)
    db.exec(sql)
    db.close()
    await this.kata("export", "--output", `./${this.file}`, "--quiet")
    this.done("add", "--", this.file)
    this.done("commit", "-q", "-m", message)
  }

  /** What a snapshot says of the issue. */
  async restored(columns = "title, body, owner, priority"): Promise<unknown> {
    const target = this.place.path("restored.db")
    await this.kata("import", "--input", `./${this.file}`, "--target", target, "--force", "--quiet")
    return query(target, `SELECT ${columns} FROM issues WHERE id = 2`)[0]
  }
}

/** Two clones of a repository with the same snapshot. */
const clones = async (place: Place, file = "snapshot.jsonl", pattern = file) => {
  const [one, two] = [new Clone(place, "one", file), new Clone(place, "two", file)]
  mkdirSync(one.path)
  one.done("init", "-q", "-b", "main")
  await one.kata("git-setup", `--path=${pattern}`, "--quiet")
  await one.works("SELECT 1", "first")
  one.done("add", ".gitattributes")
  one.done("commit", "-q", "-m", "attributes")
  spawnSync("git", ["clone", "-q", one.path, two.path], { env: place.env(identity) })
  await two.kata("git-setup", `--path=${pattern}`, "--quiet")
  return { one, two }
}

const time = { timeout: 120_000 }

describe("two clones", time, () => {
  it("that worked apart are merged, or rebased, to the same file without a mark", async ({ place }) => {
    const { one, two } = await clones(place)
    await one.works(owned("bob") + edited("body = 'ours'"), "owner and text")
    await two.works(prioritised(2) + edited("title = 'theirs'"), "priority and title")
    two.done("branch", "again")
    two.done("fetch", "-q")
    two.done("merge", "-q", "-m", "merged", "origin/main")
    const merged = two.snapshot
    expect(merged).not.toContain("<<<<")
    expect(await two.restored()).toEqual(["theirs", "ours", "bob", 2])
    two.done("checkout", "-q", "again")
    two.done("rebase", "-q", "origin/main")
    expect(two.snapshot).toBe(merged)
    // and from the other side
    one.done("fetch", "-q", two.path, "main:merged", "again:rebased")
    one.done("merge", "-q", "-m", "merged", "rebased")
    expect(one.snapshot).toBe(merged)
  })

  it("are merged commit by commit to the same contents", async ({ place }) => {
    const { one, two } = await clones(place)
    await one.works(owned("bob"), "owner")
    await two.works(prioritised(2), "priority")
    await two.works(titled("theirs", title), "title")
    two.done("branch", "again")
    two.done("fetch", "-q")
    two.done("merge", "-q", "-m", "merged", "origin/main")
    writeFileSync(place.path("merged.jsonl"), two.snapshot)
    two.done("checkout", "-q", "again")
    two.done("rebase", "-q", "origin/main")
    expect(await two.kata("diff", place.path("merged.jsonl"), "snapshot.jsonl")).toMatch(/^equal\n/)
    expect(await two.restored()).toEqual(["theirs", "", "bob", 2])
  })

  it("that changed the same stop at a conflict with ours as it was; the user decides", async ({ place }) => {
    const { one, two } = await clones(place)
    await one.works(titled("of one", title), "one")
    await two.works(titled("of two", title), "two")
    two.done("fetch", "-q")
    const before = two.snapshot
    const merge = two.git("merge", "origin/main")
    expect(merge.exit).toBe(1)
    expect(merge.stderr).toMatch(
      /^kata: snapshot\.jsonl: 1 conflict: .*\n- title of app#k3vq\n {4}ours {3}of two \(ann, .*\)\n {4}theirs of one \(ann, .*\)\nhint: /m
    )
    expect(two.snapshot).toBe(before)
    expect(two.git("status", "--short").stdout).toBe("UU snapshot.jsonl\n")
    const decided = two.gitWith({ KATA_MERGE_PREFER: "theirs" }, "checkout", "-m", "--", "snapshot.jsonl")
    expect(decided.exit, decided.stderr).toBe(0)
    two.done("add", "snapshot.jsonl")
    two.done("commit", "-q", "-m", "decided")
    expect(await two.restored("title")).toEqual(["of one"])
    // who is on the other side takes it over
    one.done("pull", "-q", "--no-rebase", two.path, "main")
    expect(await one.restored("title")).toEqual(["of one"])

    two.done("reset", "-q", "--hard", "HEAD^1")
    const rebase = two.git("rebase", "origin/main")
    expect(rebase.exit).toBe(1)
    expect(rebase.stderr).toContain("theirs of two")
    expect(two.snapshot).toBe(one.done("show", "main@{1}:snapshot.jsonl"))
    two.done("rebase", "--abort")
    expect(two.snapshot).toBe(before)
  })

  it("whose driver is killed have ours, or the result, and never a part of it", async ({ place }) => {
    const { one, two } = await clones(place)
    await one.works(owned("bob"), "one")
    await two.works(prioritised(2), "two")
    two.done("fetch", "-q")
    const before = two.snapshot
    place.killed = true
    const { stdout: driver } = two.git("config", "merge.kata.driver")
    for (const seconds of ["0.1", "0.4", "0.8"]) {
      two.gitWith({}, "-c", `merge.kata.driver=timeout -s KILL ${seconds} ${driver.trim()}`, "merge", "origin/main")
      if (two.snapshot !== before) await two.kata("verify", "snapshot.jsonl", "--quiet")
      two.git("merge", "--abort")
      two.done("reset", "-q", "--hard", "main")
    }
    two.done("reset", "-q", "--hard", "main")
  })
})

describe("the program of a clone", time, () => {
  it("may lie anywhere: its path goes through git and a shell as it is", async ({ place }) => {
    const { one, two } = await clones(place)
    const odd = place.path("it's $HOME 100%P")
    mkdirSync(odd)
    symlinkSync(launcher, join(odd, "kata"))
    const set = spawnSync(process.execPath, [join(odd, "kata"), "git-setup"], {
      cwd: two.path,
      env: place.env(identity),
      encoding: "utf8"
    })
    expect(set).toMatchObject({ status: 0, stderr: "" })
    expect(two.done("config", "merge.kata.driver")).toContain("100%%P")
    await one.works(owned("bob"), "one")
    await two.works(prioritised(2), "two")
    two.done("fetch", "-q")
    two.done("merge", "-q", "-m", "merged", "origin/main")
    expect(two.done("show", "--first-parent", "HEAD")).toContain("+  owner: bob")
    expect(await two.restored("owner, priority")).toEqual(["bob", 2])
  })

  it("takes away what a killed one has left in the working tree", async ({ place }) => {
    const { one, two } = await clones(place)
    await one.works(owned("bob"), "one")
    await two.works(prioritised(2), "two")
    two.done("fetch", "-q")
    const { pid } = spawnSync("true")
    const [left, other] = [
      `..merge_file_aB3x9Z.kata-${pid}-0123456789ab`,
      `..merge_file_aB3x9Z.kata-${process.pid}-0123456789ab`
    ]
    for (const name of [left, other]) writeFileSync(join(two.path, name), "part of a snapshot")
    two.done("merge", "-q", "-m", "merged", "origin/main")
    expect(readdirSync(two.path).sort()).toEqual([other, ".git", ".gitattributes", "snapshot.jsonl"])
  })
})

describe("git diff and git log -p", time, () => {
  it.for([
    ["snapshot.jsonl", "snapshot.jsonl"],
    ["my backup's.jsonl", "my*.jsonl"],
    ["-x.jsonl", "-x.jsonl"]
  ])("show changes of issues: %s", async ([file, pattern], { place }) => {
    const { one } = await clones(place, file, pattern)
    await one.works(owned("bob") + titled("evil \u001b[2J", title), "work")
    const log = one.done("log", "-p", "-1")
    expect(log).toMatch(/^@@ .* @@/m)
    expect(log.split("\n").filter((line) => /^[+-](?![+-])/.test(line))).toEqual([
      `-issue app#k3vq: ${title}`,
      "+issue app#k3vq: evil \\x1b[2J",
      "+  owner: bob"
    ])
    writeFileSync(join(one.path, file!), "no snapshot\n")
    expect(one.done("diff")).toContain("+no snapshot")
  })
})

/** Everything in a repository that git-setup could touch. */
const stateOf = ({ path }: Clone) => {
  const text = (name: string) => existsSync(join(path, name)) ? readFileSync(join(path, name), "utf8") : undefined
  return {
    attributes: text(".gitattributes"),
    config: text(".git/config"),
    hooks: readdirSync(join(path, ".git", "hooks")).filter((name) => !name.endsWith(".sample")),
    names: readdirSync(path).sort()
  }
}

const repository = (place: Place) => {
  const one = new Clone(place, "one", "snapshot.jsonl")
  mkdirSync(one.path)
  one.done("init", "-q", "-b", "main")
  return one
}

describe("kata git-setup", time, () => {
  it("can be run again, and takes away what it has made, and nothing else", async ({ place }) => {
    const one = repository(place)
    writeFileSync(join(one.path, ".gitattributes"), "*.png binary")
    one.done("config", "diff.kata.cachetextconv", "true")
    const before = stateOf(one)
    expect(await one.kata("git-setup", "--dry-run")).toMatch(/dry run.*\n(?:.*\n)*.*would be added/)
    expect(stateOf(one)).toEqual(before)
    await one.kata("git-setup")
    const after = stateOf(one)
    expect(after.attributes).toBe("*.png binary\nsnapshot.jsonl -text diff=kata merge=kata\n")
    expect(statSync(join(one.path, ".git/hooks/pre-commit")).mode & 0o777).toBe(0o700)
    expect(await one.kata("git-setup", "--agent")).not.toMatch(/is=(?:added|changed)/)
    expect(stateOf(one)).toEqual(after)
    mkdirSync(join(one.path, "sub"))
    const json: unknown = JSON.parse(
      await place.ok(["git-setup", "--json", "--path", "b/*.jsonl"], { cwd: join(one.path, "sub"), env: identity })
    )
    expect(json).toMatchObject({ repository: one.path, patterns: ["b/*.jsonl"], removed: false })
    await one.kata("git-setup", "--remove", "--path", "b/*.jsonl")
    expect(stateOf(one)).toMatchObject({ config: after.config, attributes: after.attributes, hooks: after.hooks })
    // a value of the user's own stays
    one.done("config", "merge.kata.name", "mine")
    expect(await one.kata("git-setup", "--agent")).toContain("- config is=foreign where=merge.kata.name\n")
    await one.kata("git-setup", "--remove", "--quiet")
    expect(one.done("config", "merge.kata.name")).toBe("mine\n")
    one.done("config", "--unset", "merge.kata.name")
    expect(stateOf(one)).toEqual({ ...before, attributes: "*.png binary\n", names: [".git", ".gitattributes", "sub"] })
  })

  it("does not touch a hook of somebody else's, nor hooks that others share", async ({ place }) => {
    const one = repository(place)
    const hook = join(one.path, ".git/hooks/pre-commit")
    mkdirSync(join(one.path, ".git/hooks"), { recursive: true })
    writeFileSync(hook, "#!/bin/sh\nexit 0\n")
    expect(await one.kata("git-setup")).toMatch(
      /not touched: .*\nnext: add this line to the hook: .* git-setup --check --quiet \|\| exit 1\n/
    )
    await one.kata("git-setup", "--remove")
    expect(readFileSync(hook, "utf8")).toBe("#!/bin/sh\nexit 0\n")
    mkdirSync(place.path("shared"))
    one.done("config", "--global", "core.hooksPath", place.path("shared"))
    expect(await one.kata("git-setup")).toContain("shared by several repositories")
    expect(readdirSync(place.path("shared"))).toEqual([])
    // a directory that this repository alone names is its own
    one.done("config", "core.hooksPath", ".hooks")
    await one.kata("git-setup")
    expect(readdirSync(join(one.path, ".hooks"))).toEqual(["pre-commit"])
  })

  it("works in a worktree, for the clone", async ({ place }) => {
    const { one } = await clones(place)
    await one.kata("git-setup", "--remove", "--quiet")
    one.done("checkout", "-q", ".")
    one.done("worktree", "add", "-q", place.path("tree"), "-b", "tree")
    await place.ok(["git-setup", "--quiet"], { cwd: place.path("tree"), env: identity })
    expect(stateOf(one).hooks).toEqual(["pre-commit"])
    expect(one.done("config", "merge.kata.driver")).toContain("merge-file")
  })

  it("refuses where there is no working tree, no git, or a pattern that is none", async ({ place }) => {
    expect(await place.fails(4, ["git-setup"], { env: identity })).toMatch(/is in no working tree of git\nhint: /)
    expect(await place.fails(11, ["git-setup"], { env: { ...identity, PATH: "/nowhere" } })).toContain("hint: ")
    const one = repository(place)
    for (const wrong of ["!x", "backups/", ""]) {
      await place.fails(2, ["git-setup", `--path=${wrong}`], { cwd: one.path, env: identity })
    }
    symlinkSync(place.path("elsewhere"), join(one.path, ".gitattributes"))
    await place.fails(3, ["git-setup"], { cwd: one.path, env: identity })
    expect(existsSync(place.path("elsewhere"))).toBe(false)
  })
})

describe("the pre-commit hook", time, () => {
  it("refuses a staged snapshot that cannot be restored, and looks at nothing else", async ({ place }) => {
    const { one } = await clones(place, "my backup's.jsonl", "my*.jsonl")
    const path = join(one.path, one.file)
    const whole = one.snapshot
    writeFileSync(path, whole.slice(0, -300))
    one.done("add", "-A")
    const refused = one.git("commit", "-m", "damaged")
    expect(refused.exit).toBe(1)
    expect(refused.stderr).toMatch(/^kata: my backup's\.jsonl: .*\nhint: .*--no-verify/)
    // what is staged counts, and not what lies there
    writeFileSync(path, whole)
    expect(one.git("commit", "-m", "damaged").exit).toBe(1)
    writeFileSync(path, whole.replace("Target", "Tarxet"))
    writeFileSync(join(one.path, "other.jsonl"), "no snapshot")
    one.done("add", "other.jsonl")
    one.done("commit", "-q", "-m", "other", "--", "other.jsonl")
    one.done("rm", "-q", "-f", "--", one.file)
    one.done("commit", "-q", "-m", "gone")
  })

  it("lets a commit pass, and says so, when kata is gone", async ({ place }) => {
    const { one } = await clones(place)
    const hook = join(one.path, ".git/hooks/pre-commit")
    const text = readFileSync(hook, "utf8")
    expect(text).toContain(launcher)
    writeFileSync(hook, text.replaceAll(launcher, "/nowhere/launcher.cjs"))
    chmodSync(hook, 0o700)
    const { exit, stderr } = one.git("commit", "--allow-empty", "-m", "x")
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: expect.stringContaining("snapshots were not checked") })
  })
})
