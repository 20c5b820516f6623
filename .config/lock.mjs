/**
 * Writes package-lock.json after a change of dependencies.
 *
 * npm leaves a platform's package out of the lock when it sees an installed tree without it, or when the registry does
 * not serve that version; `npm ci` then stops on that platform. So the lock is resolved in an empty directory, and what
 * is still missing is named: pin the package that wants it to a version that is there for all (`overrides`).
 */
import { execFileSync } from "node:child_process"
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const fresh = process.argv.includes("--fresh")
const directory = mkdtempSync(join(tmpdir(), "kata-lock-"))
try {
  for (const name of ["package.json", ".npmrc", ".config/node/package.json", ...(fresh ? [] : ["package-lock.json"])]) {
    if (!existsSync(join(root, name))) continue
    mkdirSync(dirname(join(directory, name)), { recursive: true })
    copyFileSync(join(root, name), join(directory, name))
  }
  execFileSync("npm", ["install", "--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund"], {
    cwd: directory,
    stdio: "inherit"
  })
  const { packages } = JSON.parse(readFileSync(join(directory, "package-lock.json"), "utf8"))
  const names = new Set(Object.keys(packages).map((place) => place.slice(place.lastIndexOf("node_modules/") + 13)))
  const missing = Object.entries(packages).flatMap(([place, entry]) =>
    Object.entries(entry.optionalDependencies ?? {})
      .filter(([name]) => !names.has(name))
      .map(([name, version]) => `${place} wants ${name}@${version}`)
  )
  if (missing.length > 0) {
    console.error(`not served by this registry:\n  ${missing.join("\n  ")}`)
    process.exitCode = 1
  } else copyFileSync(join(directory, "package-lock.json"), join(root, "package-lock.json"))
} finally {
  rmSync(directory, { recursive: true, force: true })
}
