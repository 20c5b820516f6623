/**
 * What is installed:
 *
 *   dist/launcher.cjs   what `kata` starts
 *   dist/bundle.cjs     the program in one file; each `import()` in it stays lazy
 *   dist/bundle.cache   V8's compiled form of the bundle, taken after a real command has run
 *   dist/lib/           the library as modules with declarations, for other programs
 */
import { build } from "esbuild"
import { execFileSync } from "node:child_process"
import { createHash } from "node:crypto"
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

/** The command that warms the code cache: of those that touch no file, the one that loads most. */
const warming = ["export", "--help"]

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const inRoot = (...parts) => join(root, ...parts)
const { version } = JSON.parse(readFileSync(inRoot("package.json"), "utf8"))

// Built beside and renamed at the end: a failed build leaves the last good one, and nobody runs half of a new one.
const stage = mkdtempSync(inRoot(".dist-"))
process.on("exit", () => rmSync(stage, { recursive: true, force: true }))

const { outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: ["src/bin.ts"],
  outfile: join(stage, "bundle.cjs"),
  bundle: true,
  write: false,
  format: "cjs",
  platform: "node",
  target: "node20.19",
  external: ["better-sqlite3"],
  // a script that vm runs has no loader for import(): what is outside the bundle is required
  supported: { "dynamic-import": false },
  // the launcher reads the bundle as Latin-1, which V8 keeps in one byte per character
  charset: "ascii",
  legalComments: "none",
  logLevel: "warning"
})
// What Node makes of a module before it runs it; the launcher does that here.
const bundle = Buffer.concat([
  Buffer.from("(function (exports, require, module, __filename, __dirname) { "),
  outputFiles[0].contents,
  Buffer.from("})\n")
])
const digest = createHash("sha256").update(bundle).digest("hex").slice(0, 16)
writeFileSync(join(stage, "bundle.cjs"), bundle)

const launcher = readFileSync(inRoot("src", "launcher.cjs"), "utf8")
  .replaceAll("__KATA_VERSION__", version)
  .replaceAll("__KATA_BUNDLE__", digest)
writeFileSync(join(stage, "launcher.cjs"), launcher)
chmodSync(join(stage, "launcher.cjs"), 0o755)

execFileSync(process.execPath, [
  inRoot("node_modules", "typescript", "bin", "tsc"),
  "-p",
  inRoot(".config", "tsconfig.build.json"),
  "--outDir",
  join(stage, "lib")
], { stdio: "inherit" })

// Without a cache beside the bundle the launcher makes one in the cache directory of the user: here, in ours.
const caches = mkdtempSync(join(tmpdir(), "kata-build-"))
try {
  execFileSync(process.execPath, [join(stage, "launcher.cjs"), ...warming], {
    env: { ...process.env, XDG_CACHE_HOME: caches, NODE_OPTIONS: "" },
    stdio: ["ignore", "ignore", "inherit"]
  })
  const [cache] = readdirSync(join(caches, "kata"))
  writeFileSync(join(stage, "bundle.cache"), readFileSync(join(caches, "kata", cache)))
} finally {
  rmSync(caches, { recursive: true, force: true })
}

chmodSync(stage, 0o755)
const old = mkdtempSync(inRoot(".dist-"))
if (existsSync(inRoot("dist"))) renameSync(inRoot("dist"), join(old, "dist"))
renameSync(stage, inRoot("dist"))
rmSync(old, { recursive: true, force: true })
