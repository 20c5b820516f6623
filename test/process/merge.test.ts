/** Databases that went on apart come together, as users do it: two copies, conflicts, several files, one issue, a daemon that goes on. */
import { copyFileSync, mkdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect } from "vitest"
import { large, query, sleep } from "./kit.ts"
import { it, type World } from "./world.ts"

/** The commands of one copy. */
const copy = (world: World, name: string) => {
  const path = join(world.home, `${name}.db`)
  const env = { KATA_DB: path, KATA_AUTHOR: name }
  const kata = (...argv: ReadonlyArray<string>) => world.ok(["--project", "app", ...argv], { env })
  const stop = () => world.ok(["daemon", "stop"], { env })
  return {
    path,
    kata,
    /** Creates an issue and gives its short id. */
    create: async (title: string, ...argv: ReadonlyArray<string>) =>
      (await kata("create", title, "--quiet", ...argv)).trim(),
    stop,
    bytes: () => readFileSync(path),
    merge: (...argv: ReadonlyArray<string>) => world.run(["import", "--merge", "--target", path, ...argv], { env }),
    merged: (...argv: ReadonlyArray<string>) => world.ok(["import", "--merge", "--target", path, ...argv], { env })
  }
}

type Copy = ReturnType<typeof copy>

/** A project in the database, bound to a workspace of its own. */
const project = (world: World, { path }: Copy, name: string) => {
  const cwd = join(world.root, name)
  mkdirSync(cwd, { recursive: true })
  return world.ok(["init", "--project", name], { cwd, env: { KATA_DB: path } })
}

/** Ana has a project with three issues, and Bob a copy of it. */
const two = async (world: World) => {
  const [ana, bob] = [copy(world, "ana"), copy(world, "bob")]
  await project(world, ana, "app")
  const issues = []
  for (const title of ["first", "second", "third"]) issues.push(await ana.create(title))
  await ana.stop()
  copyFileSync(ana.path, bob.path)
  const [first = "", second = "", third = ""] = issues
  return { ana, bob, first, second, third }
}

const stopped = async (...copies: ReadonlyArray<Copy>) => {
  for (const { stop } of copies) await stop()
}

const titles = ({ path }: Copy) =>
  query(path, "SELECT title FROM issues WHERE deleted_at IS NULL ORDER BY title").flat()

const equal = (world: World, a: Copy, b: Copy) => world.ok(["diff", a.path, b.path])

describe("two copies", () => {
  it("that went on at different parts come together without a question, in either order", async ({ world }) => {
    const { ana, bob, first, second, third } = await two(world)
    await ana.kata("edit", first, "--title", "first of all")
    await ana.kata("comment", second, "--body", "from ana")
    await ana.kata("edit", first, "--blocks", second)
    await ana.create("only ana's", "--label", "a")
    await bob.kata("edit", second, "--title", "second to none")
    await bob.kata("comment", second, "--body", "from bob")
    await bob.kata(
      "close",
      third,
      "--wontfix",
      "--message",
      "Nobody has asked for it in the last two years, and there is another way by now."
    )
    await bob.kata("label", "add", first, "b")
    await bob.create("only bob's")
    await stopped(ana, bob)

    expect(await ana.merged("--from", bob.path)).toMatch(
      /app +both sides have something new\n[^]*issues +1 new, 3 changed\n/
    )
    expect(await bob.merged("--from", ana.path)).toMatch(/app +only the input has something new\n/)
    await equal(world, ana, bob)
    expect(titles(ana)).toEqual(["first of all", "only ana's", "only bob's", "second to none", "third"])
    expect(query(ana.path, "SELECT body FROM comments ORDER BY body")).toEqual([["from ana"], ["from bob"]])
    expect(query(ana.path, "PRAGMA foreign_key_check")).toEqual([])
    expect(query(ana.path, "PRAGMA integrity_check")).toEqual([["ok"]])

    const before = ana.bytes()
    expect(await ana.merged("--from", bob.path)).toMatch(/^nothing to merge: /)
    expect(ana.bytes().equals(before)).toBe(true)
  })

  it("that changed the same are a conflict, which somebody decides once for both", async ({ world }) => {
    const { ana, bob, first, second } = await two(world)
    await ana.kata("edit", first, "--title", "ana's")
    await bob.kata("edit", first, "--title", "bob's")
    await ana.kata("assign", second, "ana")
    await bob.kata("assign", second, "bob")
    await stopped(ana, bob)
    const before = ana.bytes()
    const refused = await ana.merge("--from", bob.path)
    expect(refused).toMatchObject({ exit: 5, stdout: "" })
    expect(refused.stderr).toMatch(/^kata: 2 conflicts with .*both sides have changed the same\n/)
    expect(refused.stderr).toMatch(/- title of app#\w+\n +target ana's \(ana, [^)]*\)\n +source bob's \(bob, /)
    expect((await ana.merge("--from", bob.path, "--prefer", `app#${first}=source`)).stderr).toMatch(/1 conflict with/)
    expect(ana.bytes().equals(before)).toBe(true)

    const decided = await ana.merged("--from", bob.path, "--prefer", `app#${first}=source`, "--prefer", "target")
    expect(decided).toMatch(/decided +2 differences, recorded as events/)
    expect(titles(ana)).toContain("bob's")
    expect(await bob.merged("--from", ana.path)).toMatch(/only the input has something new/)
    await equal(world, ana, bob)
    expect(query(bob.path, "SELECT owner FROM issues WHERE owner IS NOT NULL")).toEqual([["ana"]])
  })

  it("tell of purges, which go on only when that is asked for", async ({ world }) => {
    const { ana, bob, first, second } = await two(world)
    await bob.kata("purge", first, "--force", "--confirm", `PURGE app#${first}`)
    await ana.kata("edit", second, "--title", "second to none")
    await stopped(ana, bob)
    expect(await ana.merged("--from", bob.path)).toMatch(/purged +1 issue in the input, alive here/)
    expect(titles(ana)).toContain("first")
    expect(await bob.merged("--from", ana.path)).toMatch(/issues +1 changed/)
    expect(titles(bob)).toEqual(["second to none", "third"])
    await ana.merged("--from", bob.path, "--apply-purges")
    await equal(world, ana, bob)
  })
})

describe("an issue that was purged by mistake", () => {
  it("comes back out of a backup when it is named, while a daemon serves the database", async ({ world }) => {
    const { ana, first, second } = await two(world)
    await ana.kata("comment", first, "--body", "what only stands here")
    const backup = join(world.root, "monday.jsonl")
    await world.ok(["export", "--allow-running-daemon", "--output", backup], { env: { KATA_DB: ana.path } })
    await ana.kata("purge", first, "--force", "--confirm", `PURGE app#${first}`)
    const asked = ["--input", backup, "--issue", `app#${first}`]
    expect(await ana.merged(...asked)).toMatch(
      new RegExp(`nothing to merge.*note: purged here: app#${first}: --restore-purged brings it back`, "su")
    )
    expect(await ana.merge("--input", backup, "--restore-purged")).toMatchObject({
      exit: 2,
      stderr: expect.stringMatching(/--restore-purged needs --issue/) as string
    })
    expect(await ana.merged(...asked, "--restore-purged")).toMatch(/issues +1 new/)
    expect(await ana.kata("show", first)).toMatch(/what only stands here/)
    await world.ok(["diff", backup, ana.path])
    // one that was deleted comes back otherwise
    await ana.kata("delete", second, "--force", "--confirm", `DELETE app#${second}`)
    expect(await ana.merged("--input", backup, "--issue", `app#${second}`, "--restore-purged")).toMatch(
      `note: deleted here: app#${second}: kata restore brings it back`
    )
  })
})

describe("what comes in", () => {
  it("is the same after a dry run as it said", async ({ world }) => {
    const { ana, bob } = await two(world)
    await bob.create("fourth")
    await stopped(ana, bob)
    const before = ana.bytes()
    const counts = (text: string) => (JSON.parse(text) as { readonly counts: unknown }).counts
    const dry = await ana.merged("--from", bob.path, "--dry-run", "--json")
    expect(ana.bytes().equals(before)).toBe(true)
    expect(counts(await ana.merged("--from", bob.path, "--json"))).toEqual(counts(dry))
  })

  it("are several files together, or one project, or one issue", async ({ world }) => {
    const { ana, bob, first } = await two(world)
    await bob.create("fourth")
    await bob.kata("edit", first, "--title", "bob's")
    await project(world, bob, "web")
    await world.ok(["--project", "web", "create", "of the web"], { env: { KATA_DB: bob.path } })
    await stopped(ana, bob)
    for (const project of ["app", "web"]) {
      await world.ok(["export", "--project", project, "--output", `${project}.jsonl`], { env: { KATA_DB: bob.path } })
    }
    const third = copy(world, "third")
    copyFileSync(ana.path, third.path)
    expect(await third.merged("--from", bob.path, "--issue", `app#${first}`)).toMatch(/issues +1 changed\n/)
    expect(titles(third)).toEqual(["bob's", "second", "third"])
    await third.merged("--from", bob.path, "--project", "web")
    expect(titles(third)).toEqual(["bob's", "of the web", "second", "third"])

    world.write("cut.jsonl", world.read("web.jsonl").slice(0, -100))
    const before = ana.bytes()
    expect((await ana.merge("--input", "app.jsonl", "--input", "cut.jsonl")).exit).toBe(8)
    expect(ana.bytes().equals(before)).toBe(true)
    await ana.merged("--input", "app.jsonl", "--input", "web.jsonl")
    await equal(world, ana, bob)
  })

  it("waits for nobody while a daemon serves the target, and takes nothing from those who write", async ({ world }) => {
    const { ana, bob } = await two(world)
    for (let n = 0; n < 5; n++) await bob.create(`bob ${n}`)
    await bob.stop()
    await ana.kata("list")
    const writers = [0, 1, 2, 3].map(async (writer) => {
      for (let n = 0; n < 4; n++) await ana.create(`writer ${writer} ${n}`)
    })
    await ana.merged("--from", bob.path)
    await Promise.all(writers)
    expect((await ana.kata("list", "--limit", "100", "--agent")).match(/bob \d|writer \d \d/g)?.length).toBe(21)
    await ana.stop()
  })

  it("is left out when it is interrupted, and the target is as it was", async ({ world }) => {
    const { ana } = await two(world)
    await ana.stop()
    const before = ana.bytes()
    const other = join(world.root, "other.db")
    await large(other, 3000)
    // while it waits for the input, or plans, or changes the target
    for (const wait of [300, 1200, 2500]) {
      const running = world.start(["import", "--merge", "--from", other, "--target", ana.path])
      await sleep(wait)
      running.child.kill("SIGINT")
      const { exit, signal } = await running.done
      // on a fast machine it may come too late, on a busy one before kata listens
      expect([0, 130, "SIGINT"]).toContain(exit ?? signal)
      if (exit === 0) break
      expect(ana.bytes().equals(before)).toBe(true)
    }
  })

  it("is said plainly where flags make no sense", async ({ world }) => {
    const { ana } = await two(world)
    await world.fails(2, ["import", "--merge", "--target", ana.path])
    for (
      const flags of [["--prefer", "me"], ["--prefer", "target", "--prefer", "source"], ["--force"], ["--repair"]]
    ) {
      expect((await ana.merge("--from", ana.path, ...flags)).exit).toBe(2)
    }
    await world.fails(2, ["import", "--input", "x", "--target", "y", "--apply-purges"])
    expect((await ana.merge("--from", ana.path, "--issue", "app#zzzz")).exit).toBe(4)
    expect((await ana.merge("--from", "nothing.db")).exit).toBe(4)
  })
})
