#!/usr/bin/env node
/** `npm run fuzz`: bundles `main.ts`, which is written for vitest's resolver like all tests, and runs it. */
import { build } from "esbuild"
import { mkdirSync, rmSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
// in the tree, because packages are looked for from there
const place = join(root, "node_modules", ".cache", "kata")
const outfile = join(place, `fuzz-${process.pid}.mjs`)
mkdirSync(place, { recursive: true })

await build({
  absWorkingDir: root,
  entryPoints: ["test/fuzz/main.ts"],
  outfile,
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node22.14",
  packages: "external",
  logLevel: "warning"
})
try {
  const { main } = await import(pathToFileURL(outfile).href)
  process.exitCode = await main(root, process.argv.slice(2))
} finally {
  rmSync(outfile, { force: true })
}
