/** A kata whose native part does not fit the machine: its files as they are installed, with another addon in the place of SQLite's. */
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import { join } from "node:path"
import { expect } from "vitest"
import { it, launcher, root } from "./kit.ts"

const library = join(root, "node_modules", "better-sqlite3")

it("found W29: an addon that does not fit, or is missing, ends every command with one sentence and 11", ({ place }) => {
  const own = place.path("kata")
  const module = join(own, "node_modules", "better-sqlite3")
  fs.mkdirSync(join(own, "dist"), { recursive: true })
  for (const name of ["launcher.cjs", "bundle.cjs", "bundle.cache"]) {
    fs.copyFileSync(join(launcher, "..", name), join(own, "dist", name))
  }
  for (const name of ["lib", "package.json"]) fs.cpSync(join(library, name), join(module, name), { recursive: true })
  const kata = (...argv: ReadonlyArray<string>) =>
    spawnSync(process.execPath, [join(own, "dist", "launcher.cjs"), ...argv], {
      cwd: place.work,
      env: place.env({ XDG_RUNTIME_DIR: `${place.root}/user` }),
      encoding: "utf8"
    })
  place.fixture("small.db")
  place.fixture("small.export.jsonl")
  const commands = [
    ["export", "--output", "out.jsonl"],
    ["import", "--input", "small.export.jsonl", "--target", "new.db"],
    ["verify", "small.export.jsonl", "--against", "small.db"],
    ["doctor"],
    ["projects", "list"],
    ["daemon", "start"]
  ]
  const says = (detail: RegExp) => {
    for (const argv of commands) {
      const { signal, status, stderr, stdout } = kata(...argv)
      const [told, other] = argv[0] === "doctor" ? [stdout, stderr] : [stderr, stdout]
      expect({ signal, status, other }, `${argv.join(" ")}: ${told}`).toEqual({ signal: null, status: 11, other: "" })
      expect(told, argv.join(" ")).toMatch(/better-sqlite3, which holds SQLite, cannot be loaded by Node v\d/)
      expect(told, argv.join(" ")).toMatch(detail)
      expect(told, argv.join(" ")).toMatch(/install kata again with this Node on this machine \(npm\s+install\)/)
    }
  }
  says(/Cannot find module/)
  fs.mkdirSync(join(module, "prebuilds"))
  for (const name of fs.readdirSync(join(library, "prebuilds"))) {
    fs.writeFileSync(join(module, "prebuilds", name), "this is no program for any machine\n".repeat(300))
  }
  says(/header|invalid|not a mach-o/i)
  expect(fs.existsSync(place.path("new.db"))).toBe(false)
})
