/** The examples of docs/library.md: the text that it shows is a file here, which is type-checked and runs. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Effect from "effect/Effect"
import { Generate } from "kata/testing"
import { createHash } from "node:crypto"
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import * as ExportToAStream from "./examples/export-to-a-stream.ts"
import * as FilesystemInATest from "./examples/filesystem-in-a-test.ts"
import * as ImportWithATransform from "./examples/import-with-a-transform.ts"
import * as ScriptedMigration from "./examples/scripted-migration.ts"
import * as TenDatabases from "./examples/ten-databases.ts"
import * as UndoARestore from "./examples/undo-a-restore.ts"
import { fences, fixture } from "./kit.ts"

const folder = mkdtempSync(join(tmpdir(), "kata-library-"))
const inFolder = (name: string) => join(folder, name)
const examples = fileURLToPath(new URL("examples/", import.meta.url))

beforeAll(() => copyFileSync(fixture("rich.db"), inFolder("kata.db")))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it("docs/library.md shows exactly these files", () => {
  const shown = fences("docs/library.md").filter(({ info }) => info.startsWith("ts "))
  expect(shown.map(({ info }) => info).toSorted()).toEqual(
    readdirSync(examples).map((name) => `ts ${name}`).toSorted()
  )
  for (const { info, text } of shown) expect(text).toBe(readFileSync(join(examples, info.slice(3)), "utf8"))
})

describe("examples", () => {
  it("export to a stream", async () => {
    const first = await ExportToAStream.main(inFolder("kata.db"))
    expect(first.sha256).toMatch(/^[0-9a-f]{64}$/)
    expect(first.lines).toBeGreaterThan(100)
    expect(await ExportToAStream.main(inFolder("kata.db"))).toEqual(first)
  })

  it("a scripted migration", async () => {
    const report = await ScriptedMigration.main(inFolder("kata.db"), inFolder("kata.jsonl"), inFolder("new.db"))
    expect(report).toMatchObject({ proof: "seal", changes: [], equal: true })
    const seal = createHash("sha256").update(readFileSync(inFolder("kata.jsonl"))).digest("hex")
    expect((await ExportToAStream.main(inFolder("new.db"))).sha256).toBe(seal)
    await expect(ScriptedMigration.main(inFolder("kata.db"), inFolder("kata.jsonl"), inFolder("new.db"))).rejects
      .toThrow("exists already")
  })

  it("import with a transform", async () => {
    await ScriptedMigration.main(inFolder("kata.db"), inFolder("source.jsonl"), inFolder("other.db"))
    const report = await ImportWithATransform.main(inFolder("source.jsonl"), inFolder("renamed.db"))
    expect(report.new_instance).toBe(true)
    expect(
      [...new Set(report.findings.filter(({ rule }) => rule === "transform").map(({ outcome }) => outcome))].toSorted()
    ).toEqual(
      [
        "dropped",
        "repaired"
      ]
    )
    await ScriptedMigration.main(inFolder("renamed.db"), inFolder("renamed.jsonl"), inFolder("again.db"))
    const count = (name: string, text: string) => readFileSync(inFolder(name), "utf8").split(text).length - 1
    for (const [before, after] of [["source.jsonl", "renamed.jsonl"]] as const) {
      expect(count(before, "\"author\":\"agent-7\"")).toBeGreaterThan(0)
      expect(count(after, "\"author\":\"agent-7\"")).toBe(0)
      expect(count(after, "\"author\":\"agent-8\"")).toBe(count(before, "\"author\":\"agent-7\""))
      expect(count(before, "\"label\":\"chore\"")).toBeGreaterThan(0)
      expect(count(after, "\"label\":\"chore\"")).toBe(0)
    }
  })

  it("ten databases become one", async () => {
    const files = Array.from({ length: 10 }, (_, n) => inFolder(`part${n}.db`))
    for (const [n, file] of files.entries()) {
      await Effect.runPromise(
        Effect.provide(Generate.generate(file, { issues: 5 + n, seed: 100 + n }), NodeContext.layer)
      )
    }
    copyFileSync(fixture("rich.db"), inFolder("all.db"))
    const report = await TenDatabases.main(files, inFolder("all.db"))
    expect(report.issues).toBe(files.reduce((sum, _, n) => sum + 5 + n, 0))
    // each of the ten has projects of the same names
    expect(report.notes.length).toBeGreaterThan(10)
    const before = readFileSync(inFolder("all.db"))
    expect(await TenDatabases.main(files, inFolder("all.db"))).toMatchObject({ unchanged: true, issues: 0 })
    expect(readFileSync(inFolder("all.db")).equals(before)).toBe(true)
  })

  it("take a restore back", async () => {
    copyFileSync(fixture("rich.db"), inFolder("undone.db"))
    copyFileSync(fixture("small.export.jsonl"), inFolder("small.jsonl"))
    const before = (await ExportToAStream.main(inFolder("undone.db"))).sha256
    const { lost, undone } = await UndoARestore.main(inFolder("small.jsonl"), inFolder("undone.db"))
    expect(lost).toBeGreaterThan(10)
    expect(undone).toEqual([`restore of ${inFolder("small.jsonl")}`])
    expect((await ExportToAStream.main(inFolder("undone.db"))).sha256).toBe(before)
  })

  it("replacing the filesystem", async () => {
    expect(await FilesystemInATest.main(inFolder("kata.db"), inFolder("backup.jsonl"))).toEqual({
      kind: "io",
      message: expect.stringContaining("no space left on device"),
      file: "the last backup\n"
    })
    expect(readdirSync(folder).filter((name) => name.startsWith(".backup"))).toEqual([])
  })

  it("leave nothing behind that was not asked for", () => {
    expect(existsSync(inFolder("kata.db-wal"))).toBe(false)
  })
})
